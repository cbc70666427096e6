import { readdirSync } from 'node:fs';
import { screen } from '../../../cli/status-screen';
import { diagnose } from '../../../cluster/diagnosis';
import { overviewOf } from '../../../cluster/diagnosis/overview';
import { clusterState, madeState, type RecordedState, recording } from '../../support/cluster-state';

/** Variants of each state. */
const VARIANTS = 80;

const namesIn = (folder: string) =>
  readdirSync(`test/cluster/diagnosis/${folder}`).map((file) => file.replace('.json', ''));

const states: readonly (readonly [string, () => RecordedState])[] = [
  ...namesIn('states').map((name) => [name, () => recording(name)] as const),
  ...namesIn('made').map((name) => [`made/${name}`, () => madeState(name)] as const),
];

/** Kinds that a user may lack the permission to list, as the API server names them. */
const RESOURCES: Readonly<Record<string, string>> = {
  Deployment: 'deployments.apps',
  ReplicaSet: 'replicasets.apps',
  Pod: 'pods',
  Service: 'services',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  ResourceQuota: 'resourcequotas',
  LimitRange: 'limitranges',
  Event: 'events',
  Ingress: 'ingresses.networking.k8s.io',
  Secret: 'secrets',
  Certificate: 'certificates.cert-manager.io',
  Issuer: 'issuers.cert-manager.io',
  Order: 'orders.acme.cert-manager.io',
  Challenge: 'challenges.acme.cert-manager.io',
  ExternalSecret: 'externalsecrets.external-secrets.io',
  Node: 'nodes',
  PersistentVolume: 'persistentvolumes',
  StorageClass: 'storageclasses.storage.k8s.io',
  IngressClass: 'ingressclasses.networking.k8s.io',
};

/** Causes that say what is seen, and claim nothing of what is not. */
const SYMPTOMS = [
  'not-readable',
  'starting',
  'rollout-in-progress',
  'waits-for-backend',
  'deadline-exceeded',
  'crash-loop',
  'restarting',
  'init-failed',
  'guard-crashed',
  'claim-unbound',
  'mount-failed',
  'unschedulable',
  'unschedulable-resources',
  'admission-refused',
  'image-not-pulled',
];

/** Numbers below a limit, the same ones in each run. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Removes one field somewhere in an object. */
function removeField(object: object, random: (limit: number) => number): void {
  const paths: (readonly [holder: Record<string, unknown>, key: string])[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      // An object without a kind or a name is no object.
      if (key !== 'kind' && key !== 'name' && key !== 'metadata') paths.push([value as Record<string, unknown>, key]);
      visit((value as Record<string, unknown>)[key]);
    }
  };
  visit(object);
  const [holder, key] = paths[random(paths.length)] ?? [];
  if (!holder || key === undefined) return;
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}

interface Variant {
  readonly state: RecordedState;
  readonly unread: readonly string[];
  readonly removed: readonly string[];
}

function variantOf(state: RecordedState, random: (limit: number) => number): Variant {
  const unread: string[] = [];
  const removed: string[] = [];
  for (let left = 1 + random(3); left > 0; left--) {
    const { objects } = state;
    const index = random(objects.length);
    const { kind, metadata } = objects[index] ?? {};
    if (!kind) break;
    const way = random(3);
    if (way === 0) {
      objects.splice(index, 1);
      removed.push(`${kind} ${metadata.name}`);
    } else if (way === 1) {
      removeField(objects[index], random);
      removed.push(`a field of ${kind} ${metadata.name}`);
    } else if (RESOURCES[kind] && !unread.includes(RESOURCES[kind])) {
      objects.splice(0, Infinity, ...objects.filter((object) => object.kind !== kind));
      unread.push(RESOURCES[kind]);
      removed.push(`permission for ${kind}`);
    }
  }
  return { state, unread, removed };
}

/** Whether a Deployment says by itself that pods are missing. */
const isShort = ({ objects }: RecordedState) =>
  objects.some(
    ({ kind, spec, status, metadata }) =>
      kind === 'Deployment' &&
      /^junjo-ai-studio-/.test(metadata.name) &&
      (status?.readyReplicas ?? 0) < (spec?.replicas ?? 1),
  );

test.each(states)('%s: whatever is missing, nothing is made up and nothing broken is well', (name, read) => {
  const random = randomNumbers([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) >>> 0);
  const known = diagnose(clusterState(read())).map(({ cause }) => cause);
  for (let count = 0; count < VARIANTS; count++) {
    const { state, unread, removed } = variantOf(read(), random);
    const before = clusterState(state);
    const seen = clusterState(state, { unread: [...before.unread, ...unread] });
    const findings = diagnose(seen);
    const target = { context: 'c', server: 's', namespace: state.namespace };
    const text = screen({ target, overview: overviewOf(seen), findings, now: seen.now });
    const told = { name, removed, findings: findings.map(({ severity, cause }) => `${severity} ${cause}`) };
    if (isShort(state) || seen.unread.length > 0) {
      expect({ ...told, well: text.includes('All is well') }).toEqual({ ...told, well: false });
    }
    if (seen.unread.length > 0) expect(told.findings).toContain('error not-readable');
    // Where only permissions are missing, no cause appears that is not there.
    if (removed.every((each) => each.startsWith('permission'))) {
      const invented = findings.map(({ cause }) => cause).filter((cause) => ![...known, ...SYMPTOMS].includes(cause));
      expect({ ...told, invented }).toEqual({ ...told, invented: [] });
    }
  }
});

test('there are enough variants to find what one misses', () => {
  expect(states.length * VARIANTS).toBeGreaterThanOrEqual(5000);
});
