import { type Container, claimsOf, type Fields, fieldsOf, listOf, type Pod, titleOf } from '../manifest';
import { isOfSources } from './host-paths';
import type { RenderedStudio, StudioFacts } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Kinds of volumes that no pod can use to reach its node. */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
/** Versions whose `restricted` checks everything: the last check of those here came with 1.25, in k8s.io/pod-security-admission. */
const CHECKS = /^(latest|v1\.(2[5-9]|[3-9][0-9]))$/;

/** Sysctls of the pod's own. */
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_syncookies',
];

/** Types of SELinux under which containers run anyway. */
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

/** Where a container names a host to call, which would be its node. */
const CALLS = [
  ...['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => [probe]),
  ...['postStart', 'preStop'].map((hook) => ['lifecycle', hook]),
];

/** Annotations by which older Kubernetes takes what now are fields, and what they may say. A Pod has them still. */
const PROFILES: readonly (readonly [annotation: RegExp, allowed: RegExp])[] = [
  // https://kubernetes.io/docs/tutorials/security/apparmor/#specifying-apparmor-confinement
  [/^container\.apparmor\.security\.beta\.kubernetes\.io\//, /^(runtime\/default|localhost\/.*)$/],
  // https://kubernetes.io/docs/reference/labels-annotations-taints/#seccomp-security-alpha-kubernetes-io-pod
  [/^(container\.)?seccomp\.security\.alpha\.kubernetes\.io\//, /^(runtime\/default|docker\/default|localhost\/.*)$/],
  // https://github.com/cri-o/cri-o/blob/main/docs/crio.conf.5.md: profiles, and devices of the node.
  [/^seccomp-profile\.kubernetes\.cri-o\.io(\/|$)/, /^runtime\/default$/],
  [/^io\.kubernetes\.cri-o\.(Devices|cgroup2-mount-hierarchy-rw)(\/|$)|^cdi\.k8s\.io\//, /^$/],
];

/** All of `restricted`, set explicitly. This rule also requires what admission does not: ids and a read-only root. */
export const podSecurity: Rule = {
  name: 'pod-security',
  asks: 'Pods set everything that Pod Security `restricted` requires, with uid, gid, fsGroup and a read-only root file system, and the namespace enforces it',
  reason: 'the namespace refuses pods that violate its level, and what is not set explicitly depends on the image',
  source: 'https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted',
  *violations(studio: RenderedStudio) {
    const { facts } = studio;
    for (const pod of studio.pods) {
      yield* ofPod(pod, facts);
      for (const container of pod.containers) yield* ofContainer(container, facts);
    }
    for (const namespace of studio.ofKind('Namespace')) {
      const labels = fieldsOf(namespace.metadata.labels);
      const level = labels['pod-security.kubernetes.io/enforce'];
      const version = labels['pod-security.kubernetes.io/enforce-version'];
      if (version !== undefined && !CHECKS.test(version)) {
        yield { object: titleOf(namespace), text: `enforces the checks of version ${version}, which lacks newer ones` };
      }
      if (level !== facts.podSecurity) {
        yield {
          object: titleOf(namespace),
          text: `enforces ${level ?? 'nothing'}, but must enforce ${facts.podSecurity}`,
        };
      }
    }
  },
};

function* ofPod(pod: Pod, facts: StudioFacts): Generator<Violation> {
  const { podSecurity: level } = facts;
  const { title: object, spec } = pod;
  const security = fieldsOf(spec.securityContext);
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) {
    if (spec[field]) yield { object, text: `${field} must not be true` };
  }
  if (level === 'restricted' && security.runAsNonRoot !== true) yield { object, text: 'runAsNonRoot must be true' };
  for (const field of ['runAsUser', 'runAsGroup', 'fsGroup']) {
    const id = security[field];
    const root = level !== 'restricted' && field !== 'fsGroup' ? 0 : 1;
    if (!(Number.isInteger(id) && id >= root)) yield { object, text: `${field} must be a number of at least ${root}` };
  }
  if (!security.seccompProfile) yield { object, text: 'seccompProfile must be set' };
  if (claimsOf(pod).length > 0 && security.fsGroupChangePolicy !== 'OnRootMismatch') {
    yield { object, text: 'fsGroupChangePolicy must be OnRootMismatch, or every start checks all files of the volume' };
  }
  if (level === 'restricted' && security.supplementalGroups?.includes?.(0)) {
    yield { object, text: 'supplementalGroups must not contain 0, the group of root' };
  }
  yield* ofBoth(object, security);
  for (const { name } of listOf(security.sysctls)) {
    if (!SYSCTLS.includes(name)) yield { object, text: `the sysctl ${name} is not among the safe ones` };
  }
  for (const volume of listOf(spec.volumes)) {
    if (isOfSources(pod, volume, facts)) continue;
    const { name, ...source } = volume;
    const kinds = Object.keys(source);
    if (kinds.length !== 1 || !VOLUMES.includes(kinds[0] ?? '')) {
      yield { object, text: `the volume ${name} is of a kind that is not allowed: ${kinds.join(', ') || 'none'}` };
    }
  }
  for (const [key, value] of Object.entries(fieldsOf(pod.metadata.annotations))) {
    if (PROFILES.some(([annotation, allowed]) => annotation.test(key) && !allowed.test(String(value)))) {
      yield {
        object,
        text: `the annotation ${key} is ${value}, which allows a container more than runtime/default does`,
      };
    }
  }
  if (listOf(spec.ephemeralContainers).length > 0)
    yield { object, text: 'ephemeralContainers do not belong in manifests' };
}

function* ofContainer({ fields, title: object }: Container, { podSecurity: level }: StudioFacts): Generator<Violation> {
  const security = fieldsOf(fields.securityContext);
  if (security.allowPrivilegeEscalation !== false) yield { object, text: 'allowPrivilegeEscalation must be false' };
  if (security.privileged) yield { object, text: 'privileged must not be true' };
  if (!security.capabilities?.drop?.includes?.('ALL')) yield { object, text: 'capabilities.drop must contain ALL' };
  if (security.capabilities?.add?.length > 0) yield { object, text: 'capabilities.add must be empty' };
  if (level === 'restricted' && security.readOnlyRootFilesystem !== true) {
    yield { object, text: 'readOnlyRootFilesystem must be true: write to a volume instead' };
  }
  if (
    level === 'restricted' &&
    (security.runAsUser === 0 || security.runAsGroup === 0 || security.runAsNonRoot === false)
  ) {
    yield { object, text: 'it must not run as root' };
  }
  yield* ofBoth(object, security);
  if ((security.procMount ?? 'Default') !== 'Default') yield { object, text: 'procMount must be Default' };
  for (const path of CALLS) {
    const { httpGet, tcpSocket } = path.reduce<Fields>((value, key) => fieldsOf(value[key]), fields);
    if (httpGet?.host || tcpSocket?.host)
      yield { object, text: `${path.join('.')} must call its own pod, not another host` };
  }
  for (const { hostPort } of listOf(fields.ports)) {
    if (hostPort) yield { object, text: `hostPort ${hostPort} is not allowed` };
  }
}

/** What a pod may say for all of its containers, and each of them for itself. */
function* ofBoth(object: string, security: Fields): Generator<Violation> {
  for (const field of ['seccompProfile', 'appArmorProfile']) {
    const type = fieldsOf(security[field]).type ?? 'RuntimeDefault';
    if (type !== 'RuntimeDefault' && type !== 'Localhost')
      yield { object, text: `${field}.type must be RuntimeDefault` };
  }
  const { type = '', user, role } = fieldsOf(security.seLinuxOptions);
  if (!SELINUX_TYPES.includes(type) || user || role) {
    yield { object, text: 'seLinuxOptions must not set a user, a role or a custom type' };
  }
  if (fieldsOf(security.windowsOptions).hostProcess)
    yield { object, text: 'windowsOptions.hostProcess must not be true' };
}
