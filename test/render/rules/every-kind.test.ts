import { readdirSync } from 'node:fs';
import { podsOf } from '../../../render/manifest';
import { brokenRules, rules } from '../../../render/rules';
import { SpoiltStudio, workload } from '../../support/rules';
import type { Manifest } from '../../support/studio';

test('each rule has the name of its file, by which a patch waives it', () => {
  const files = readdirSync('render/rules').map((file) => file.replace(/\.ts$/, ''));
  const others = ['index', 'rendered-studio', 'rule'];
  expect(rules.map(({ name }) => name).sort()).toEqual(files.filter((file) => !others.includes(file)).sort());
});

const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob', 'Pod', 'Rollout'];

/** Everything that is wrong with a studio that has one more object, as `rule: object: text`. */
function broken(manifest: Manifest): string[] {
  const { placed, facts } = new SpoiltStudio();
  const all = brokenRules([...placed, { file: '90-more.k8s.yaml', manifest }], facts);
  return all.map(({ rule, object, text }) => `${rule.name}: ${object}: ${text}`);
}

function spoilt(kind: string, spoil: (pod: Manifest) => void): Manifest {
  const manifest = workload(kind);
  for (const { spec } of podsOf(manifest)) spoil(spec);
  return manifest;
}

const initContainer = (more: object) => ({
  ...structuredClone(podsOf(workload('Job'))[0]?.spec.containers[0]),
  name: 'init',
  ...more,
});

/** One line for each rule that is about pods, whatever carries them. */
const bad: readonly (readonly [rule: string, where: string, spoil: (pod: Manifest) => void])[] = [
  ['service-links', '', (pod) => delete pod.enableServiceLinks],
  ['service-account-token', '', (pod) => delete pod.automountServiceAccountToken],
  ['pod-security', '', (pod) => Object.assign(pod, { hostNetwork: true })],
  ['pod-security', ', container extra', (pod) => delete pod.containers[0].securityContext.capabilities],
  [
    'pod-security',
    ', container init',
    (pod) =>
      Object.assign(pod, {
        initContainers: [
          initContainer({ securityContext: { ...pod.containers[0].securityContext, privileged: true } }),
        ],
      }),
  ],
  ['pod-security', '', (pod) => Object.assign(pod, { ephemeralContainers: [{ name: 'shell' }] })],
  [
    'secrets-key-by-key',
    ', container extra',
    (pod) => Object.assign(pod.containers[0], { envFrom: [{ secretRef: { name: 'any' } }] }),
  ],
  [
    'no-inline-values',
    ', container extra',
    (pod) => Object.assign(pod.containers[0], { env: [{ name: 'A', value: '$(B)' }] }),
  ],
  [
    'references',
    ', container extra',
    (pod) => Object.assign(pod.containers[0], { envFrom: [{ configMapRef: { name: 'none' } }] }),
  ],
  ['resources', ', container extra', (pod) => delete pod.containers[0].resources],
  [
    'resources',
    ', container init',
    (pod) => Object.assign(pod, { initContainers: [initContainer({ resources: { requests: { cpu: '10m' } } })] }),
  ],
  ['cpu-limits', ', container extra', (pod) => Object.assign(pod.containers[0].resources.limits, { cpu: '1' })],
  [
    'probes',
    ', container extra',
    (pod) => Object.assign(pod.containers[0], { livenessProbe: { exec: { command: ['true'] } } }),
  ],
  ['names', '', (pod) => pod.containers.push(pod.containers[0])],
];

describe.each(kinds)('a %s', (kind) => {
  test('that keeps every rule is let be', () => {
    expect(broken(workload(kind))).toEqual([]);
  });

  test.each(bad)('that breaks %s%s is refused', (rule, where, spoil) => {
    const told = broken(spoilt(kind, spoil));
    expect(told.length).toBeGreaterThan(0);
    for (const line of told) expect(line).toMatch(new RegExp(`^${rule}: ${kind} junjo-ai-studio-extra${where}: `));
  });
});

test('what runs for ever has probes, whatever carries it', () => {
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Pod', 'Rollout']) {
    const manifest = spoilt(kind, (pod) => delete pod.containers[0].livenessProbe);
    expect(broken(manifest)).toEqual([`probes: ${kind} junjo-ai-studio-extra, container extra: has no livenessProbe`]);
  }
});
