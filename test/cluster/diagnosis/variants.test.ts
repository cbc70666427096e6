import { readdirSync } from 'node:fs';
import { screen } from '../../../cli/status-screen';
import { diagnose } from '../../../cluster/diagnosis';
import { overviewOf } from '../../../cluster/diagnosis/overview';
import { quantityBytes } from '../../../config/quantity';
import { conditionOf, fieldsOf, type Manifest, matches } from '../../../render/manifest';
import { clusterState, madeState, type RecordedState, recording } from '../../support/cluster-state';

/** Variants of each state, and what other ones begin with: `VARIANTS=400 SEED=7 npx jest …` looks further. */
const { VARIANTS: variants = 80, SEED: seed = 7 } = process.env;
const VARIANTS = Number(variants);

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

/** A place in an object: a field, or a part of a list. */
type Place = readonly [holder: Record<string, unknown>, key: string];

/** A place somewhere in an object, but not its kind or its name, without which it is none. */
function placeIn(object: object, random: (limit: number) => number): Place | undefined {
  const places: Place[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      if (!['apiVersion', 'kind', 'name', 'metadata'].includes(key)) places.push([value as Place[0], key]);
      visit((value as Place[0])[key]);
    }
  };
  visit(object);
  return places[random(places.length)];
}

function removeField(object: object, random: (limit: number) => number): void {
  const [holder, key = ''] = placeIn(object, random) ?? [];
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else if (holder) delete holder[key];
}

/** What no API server of a known kind sends, but one of a custom resource, or a reader that cuts off, may. */
const ODD: readonly unknown[] = [null, '', 'odd', 0, -1, true, {}, [], [null], ['odd'], [{}], { odd: null }];
const ODD_TIMES: readonly unknown[] = ['', 'odd', null, '0001-01-01T00:00:00Z', '2999-01-01T00:00:00Z', 1e20];

/** Puts something of another type in one place of an object. */
function garble(object: object, random: (limit: number) => number): string {
  const [holder, key = ''] = placeIn(object, random) ?? [];
  if (!holder) return 'nothing';
  const values = /Time|Timestamp$|At$/.test(key) ? ODD_TIMES : ODD;
  holder[key] = structuredClone(values[random(values.length)]);
  return `${key}: ${JSON.stringify(holder[key])}`;
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

/** Whether the objects say by themselves that something does not work, whatever the diagnosis makes of it. */
function isBroken({ objects, recorded }: RecordedState): boolean {
  const isOfStudio = (name: unknown) => /^junjo-ai-studio/.test(String(name));
  const isTrue = (object: Manifest, type: string, status = 'True') => conditionOf(object, type)?.status === status;
  return objects.some((object: Manifest) => {
    const { kind, spec, status, metadata } = object;
    switch (kind) {
      case 'Deployment':
        return isOfStudio(metadata.name) && (status?.readyReplicas ?? 0) < (spec?.replicas ?? 1);
      case 'PersistentVolumeClaim':
        return isOfStudio(metadata.name) && (metadata.deletionTimestamp !== undefined || isSmall(object));
      case 'Certificate': {
        const age = Date.parse(recorded) - Date.parse(metadata.creationTimestamp);
        return !isTrue(object, 'Ready') && !(age < 3600_000);
      }
      case 'Pod': {
        const component = fieldsOf(metadata.labels)['app.kubernetes.io/component'];
        // A pod of which no workload is known is nobody's.
        const owned = objects.some(
          (owner: Manifest) => owner.kind === 'Deployment' && owner.metadata.name === `junjo-ai-studio-${component}`,
        );
        return owned && metadata.deletionTimestamp === undefined && isTrue(object, 'PodScheduled', 'False');
      }
      case 'Service':
        return isOfStudio(metadata.name) && leadsNowhere(object, objects);
      case 'Namespace':
        return status?.phase === 'Terminating';
      default:
        return false;
    }
  });
}

/** Whether a claim is bound to less than it asks for. */
function isSmall({ spec, status }: Manifest): boolean {
  const bytes = (of: unknown) => quantityBytes(String(fieldsOf(of).storage)) ?? Number.NaN;
  return status?.phase === 'Bound' && bytes(status?.capacity) < bytes(spec?.resources?.requests);
}

/** Whether a Service has a selector that fits none of the pods of its component, which is in the cluster and serves. */
function leadsNowhere({ metadata, spec }: Manifest, objects: readonly Manifest[]): boolean {
  const component = fieldsOf(metadata.labels)['app.kubernetes.io/component'];
  const selector = fieldsOf(spec?.selector);
  const pods = objects.filter(
    (each) => each.kind === 'Pod' && fieldsOf(each.metadata.labels)['app.kubernetes.io/component'] === component,
  );
  const deployment = objects.find(
    (each) => each.kind === 'Deployment' && each.metadata.name === `junjo-ai-studio-${component}`,
  );
  // A pod that its own workload does not find is nobody's.
  const ready = pods.some(
    (each) =>
      conditionOf(each, 'Ready')?.status === 'True' &&
      matches(deployment?.spec?.selector ?? { none: '' }, fieldsOf(each.metadata.labels)),
  );
  const fits = (pod: Manifest) =>
    Object.entries(selector).every(([key, value]) => fieldsOf(pod.metadata.labels)[key] === value);
  return ready && Object.keys(selector).length > 0 && !pods.some(fits);
}

/** What a person sees of a state. */
function seenOf(state: RecordedState, unread: readonly string[]) {
  const seen = clusterState(state, { unread: [...clusterState(state).unread, ...unread] });
  const findings = diagnose(seen);
  const target = { context: 'c', server: 's', namespace: state.namespace };
  return {
    seen,
    findings,
    text: screen({ target, overview: overviewOf(seen), findings, backupCommand: '', now: seen.now }),
  };
}

test.each(states)(
  '%s: with objects missing, no cause is invented and nothing broken is called healthy',
  (name, read) => {
    const random = randomNumbers(
      [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), Number(seed)) >>> 0,
    );
    const known = diagnose(clusterState(read())).map(({ cause }) => cause);
    for (let count = 0; count < VARIANTS; count++) {
      const { state, unread, removed } = variantOf(read(), random);
      const { seen, findings, text } = seenOf(state, unread);
      const told = { name, removed, findings: findings.map(({ severity, cause }) => `${severity} ${cause}`) };
      if (isBroken(state) || seen.unread.length > 0) {
        expect({ ...told, well: text.includes('All is well') }).toEqual({ ...told, well: false });
      }
      if (seen.unread.length > 0) expect(told.findings).toContain('error not-readable');
      // Where only permissions are missing, no cause appears that is not there.
      if (removed.every((each) => each.startsWith('permission'))) {
        const invented = findings.map(({ cause }) => cause).filter((cause) => ![...known, ...SYMPTOMS].includes(cause));
        expect({ ...told, invented }).toEqual({ ...told, invented: [] });
      }
    }
  },
);

test.each(states)('%s: with garbled objects, there is still a finding', (name, read) => {
  const random = randomNumbers(
    [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), Number(seed) + 1) >>> 0,
  );
  for (let count = 0; count < VARIANTS; count++) {
    const state = read();
    const garbled: string[] = [];
    for (let left = 1 + random(2); left > 0; left--) {
      const object = state.objects[random(state.objects.length)];
      garbled.push(`${object.kind} ${object.metadata.name} ${garble(object, random)}`);
    }
    const look = () => {
      try {
        const { text } = seenOf(state, []);
        // What is garbled may stand in a quotation, and never in the words around it.
        return /\bNaN|Invalid Date/.exec(text)?.[0];
      } catch (error) {
        return String((error as Error).stack)
          .split('\n')
          .slice(0, 4)
          .join('\n');
      }
    };
    expect({ garbled, wrong: look() }).toEqual({ garbled, wrong: undefined });
  }
});

test('there are enough variants to find rare faults', () => {
  expect(states.length * VARIANTS).toBeGreaterThanOrEqual(5000);
});
