import { podSecurity } from '../../../render/rules/pod-security';
import { lets, refuses, SpoiltStudio } from '../../support/rules';
import { development } from '../../support/studio';

const POD = 'Deployment junjo-ai-studio-backend';
const CONTAINER = `${POD}, container backend`;
const pod = (studio: SpoiltStudio) => studio.pod('backend').securityContext;
const container = (studio: SpoiltStudio) => studio.container('backend').securityContext;
const volume = (studio: SpoiltStudio, source: object) =>
  studio.pod('backend').volumes.push({ name: 'more', ...source });

refuses(podSecurity, [
  [
    'a namespace that enforces less',
    (s) => {
      s.get('Namespace', 'junjo-ai-studio').metadata.labels['pod-security.kubernetes.io/enforce'] = 'baseline';
    },
    'Namespace junjo-ai-studio: enforces baseline, but must enforce restricted',
  ],
  [
    'a namespace that enforces nothing',
    (s) => {
      delete s.get('Namespace', 'junjo-ai-studio').metadata.labels['pod-security.kubernetes.io/enforce'];
    },
    'Namespace junjo-ai-studio: enforces nothing, but must enforce restricted',
  ],
  [
    'the network of the node',
    (s) => Object.assign(s.pod('backend'), { hostNetwork: true }),
    `${POD}: hostNetwork must not be true`,
  ],
  [
    'the processes of the node',
    (s) => Object.assign(s.pod('backend'), { hostPID: true }),
    `${POD}: hostPID must not be true`,
  ],
  [
    'the memory of the node',
    (s) => Object.assign(s.pod('backend'), { hostIPC: true }),
    `${POD}: hostIPC must not be true`,
  ],
  [
    'no security context',
    (s) => delete s.pod('backend').securityContext,
    [
      `${POD}: runAsNonRoot must be true`,
      `${POD}: runAsUser must be a number of at least 1`,
      `${POD}: runAsGroup must be a number of at least 1`,
      `${POD}: fsGroup must be a number of at least 1`,
      `${POD}: seccompProfile must be set`,
      `${POD}: fsGroupChangePolicy must be OnRootMismatch, or every start checks all files of the volume`,
    ],
  ],
  ['root', (s) => Object.assign(pod(s), { runAsUser: 0 }), `${POD}: runAsUser must be a number of at least 1`],
  [
    'the group of root',
    (s) => Object.assign(pod(s), { runAsGroup: 0 }),
    `${POD}: runAsGroup must be a number of at least 1`,
  ],
  ['a volume of nobody', (s) => delete pod(s).fsGroup, `${POD}: fsGroup must be a number of at least 1`],
  [
    'a walk over the volume at every start',
    (s) => Object.assign(pod(s), { fsGroupChangePolicy: 'Always' }),
    `${POD}: fsGroupChangePolicy must be OnRootMismatch, or every start checks all files of the volume`,
  ],
  [
    'every system call',
    (s) => Object.assign(pod(s), { seccompProfile: { type: 'Unconfined' } }),
    `${POD}: seccompProfile.type must be RuntimeDefault`,
  ],
  [
    'every system call for one container',
    (s) => Object.assign(container(s), { seccompProfile: { type: 'Unconfined' } }),
    `${CONTAINER}: seccompProfile.type must be RuntimeDefault`,
  ],
  [
    'no AppArmor',
    (s) => Object.assign(container(s), { appArmorProfile: { type: 'Unconfined' } }),
    `${CONTAINER}: appArmorProfile.type must be RuntimeDefault`,
  ],
  [
    'an SELinux type of its own',
    (s) => Object.assign(pod(s), { seLinuxOptions: { type: 'spc_t' } }),
    `${POD}: seLinuxOptions must not set a user, a role or a custom type`,
  ],
  [
    'an SELinux role',
    (s) => Object.assign(container(s), { seLinuxOptions: { role: 'system_r' } }),
    `${CONTAINER}: seLinuxOptions must not set a user, a role or a custom type`,
  ],
  [
    'an SELinux user',
    (s) => Object.assign(container(s), { seLinuxOptions: { user: 'root' } }),
    `${CONTAINER}: seLinuxOptions must not set a user, a role or a custom type`,
  ],
  [
    'a process of a Windows node',
    (s) => Object.assign(container(s), { windowsOptions: { hostProcess: true } }),
    `${CONTAINER}: windowsOptions.hostProcess must not be true`,
  ],
  [
    'a sysctl of the node',
    (s) => Object.assign(pod(s), { sysctls: [{ name: 'kernel.msgmax', value: '65536' }] }),
    `${POD}: the sysctl kernel.msgmax is not among the safe ones`,
  ],
  [
    'a folder on the node',
    (s) => volume(s, { hostPath: { path: '/' } }),
    `${POD}: the volume more is of a kind that is not allowed: hostPath`,
  ],
  [
    'a volume of two kinds',
    (s) => volume(s, { emptyDir: {}, nfs: {} }),
    `${POD}: the volume more is of a kind that is not allowed: emptyDir, nfs`,
  ],
  ['a volume of no kind', (s) => volume(s, {}), `${POD}: the volume more is of a kind that is not allowed: none`],
  [
    'containers that are there for debugging',
    (s) => Object.assign(s.pod('backend'), { ephemeralContainers: [{ name: 'shell' }] }),
    `${POD}: ephemeralContainers do not belong in manifests`,
  ],
  [
    'a container without a security context',
    (s) => delete s.container('backend').securityContext,
    [
      `${CONTAINER}: allowPrivilegeEscalation must be false`,
      `${CONTAINER}: capabilities.drop must contain ALL`,
      `${CONTAINER}: readOnlyRootFilesystem must be true: write to a volume instead`,
    ],
  ],
  [
    'a privileged container',
    (s) => Object.assign(container(s), { privileged: true }),
    `${CONTAINER}: privileged must not be true`,
  ],
  [
    'escalation',
    (s) => Object.assign(container(s), { allowPrivilegeEscalation: true }),
    `${CONTAINER}: allowPrivilegeEscalation must be false`,
  ],
  [
    'some capabilities',
    (s) => Object.assign(container(s).capabilities, { drop: ['NET_RAW'] }),
    `${CONTAINER}: capabilities.drop must contain ALL`,
  ],
  [
    'a further capability',
    (s) => Object.assign(container(s).capabilities, { add: ['NET_ADMIN'] }),
    `${CONTAINER}: capabilities.add must be empty`,
  ],
  [
    'a root file system that can be written',
    (s) => Object.assign(container(s), { readOnlyRootFilesystem: false }),
    `${CONTAINER}: readOnlyRootFilesystem must be true: write to a volume instead`,
  ],
  [
    'root in one container',
    (s) => Object.assign(container(s), { runAsUser: 0 }),
    `${CONTAINER}: it must not run as root`,
  ],
  [
    'perhaps root in one container',
    (s) => Object.assign(container(s), { runAsNonRoot: false }),
    `${CONTAINER}: it must not run as root`,
  ],
  [
    'the whole /proc',
    (s) => Object.assign(container(s), { procMount: 'Unmasked' }),
    `${CONTAINER}: procMount must be Default`,
  ],
  [
    'a port of the node',
    (s) => Object.assign(s.container('backend').ports[0], { hostPort: 80 }),
    `${CONTAINER}: hostPort 80 is not allowed`,
  ],
  [
    'a probe of another host',
    (s) => Object.assign(s.container('backend').livenessProbe.httpGet, { host: '10.0.0.1' }),
    `${CONTAINER}: livenessProbe must call its own pod, not another host`,
  ],
  [
    'a hook that calls another host',
    (s) => {
      s.container('backend').lifecycle = { preStop: { tcpSocket: { host: '10.0.0.1', port: 80 } } };
    },
    `${CONTAINER}: lifecycle.preStop must call its own pod, not another host`,
  ],
  [
    'an init container that may do more',
    (s) => {
      const { securityContext, ...init } = s.container('backend');
      s.pod('backend').initContainers = [
        { ...init, name: 'first', securityContext: { ...securityContext, privileged: true } },
      ];
    },
    `${POD}, container first: privileged must not be true`,
  ],
]);

lets(podSecurity, [
  [
    'a seccomp profile of the node',
    (s) => Object.assign(pod(s), { seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } }),
  ],
  ['an SELinux level', (s) => Object.assign(pod(s), { seLinuxOptions: { level: 's0:c123,c456' } })],
  ['an ephemeral volume', (s) => volume(s, { ephemeral: { volumeClaimTemplate: {} } })],
]);

describe('development images, which are root in their containers', () => {
  const settings = development({ JUNJO_BUILD_TARGET: 'development' });

  test('are let be', () => {
    expect(new SpoiltStudio(settings).broken(podSecurity)).toEqual([]);
  });

  test('may do nothing else that baseline forbids', () => {
    const studio = new SpoiltStudio(settings);
    Object.assign(container(studio), { privileged: true, allowPrivilegeEscalation: true, capabilities: {} });
    Object.assign(pod(studio), { fsGroup: 0 });
    expect(studio.broken(podSecurity)).toEqual([
      `${POD}: fsGroup must be a number of at least 1`,
      `${CONTAINER}: allowPrivilegeEscalation must be false`,
      `${CONTAINER}: privileged must not be true`,
      `${CONTAINER}: capabilities.drop must contain ALL`,
    ]);
  });

  test('are not in a namespace that enforces nothing', () => {
    const studio = new SpoiltStudio(settings);
    studio.get('Namespace', 'junjo-ai-studio').metadata.labels['pod-security.kubernetes.io/enforce'] = 'privileged';
    expect(studio.broken(podSecurity)).toEqual([
      'Namespace junjo-ai-studio: enforces privileged, but must enforce baseline',
    ]);
  });
});
