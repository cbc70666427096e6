import { readFileSync } from 'node:fs';
import { ClusterState, type Diagnosis, diagnose, type StateOptions } from '../../cluster/diagnosis';
import type { Manifest } from '../../render/manifest';

/** A state of a real cluster, or one that was made from it. */
export interface RecordedState {
  readonly namespace: string;
  /** When it was recorded: what "now" is. */
  readonly recorded: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests change anything in it
  readonly objects: any[];
  /** What containers wrote before they ended, by `pod/container`. */
  readonly logs?: Readonly<Record<string, string>>;
  /** What the user may not do, for example `list events`. */
  readonly forbidden?: readonly string[];
}

/** A state that was made from a recording: what differs, as JSON merge patches (RFC 7386). */
interface MadeState extends Partial<RecordedState> {
  readonly base?: string;
  readonly changed?: Readonly<Record<string, unknown>>;
  readonly removed?: readonly string[];
  readonly added?: RecordedState['objects'];
}

/** Reads a state as it was recorded. */
export function recording(name: string): RecordedState {
  return read(`states/${name}`);
}

/** Reads a state that was made from a recording with the words of the components themselves. */
export function madeState(name: string): RecordedState {
  const { base, changed = {}, removed = [], added = [], ...made }: MadeState = read(`made/${name}`);
  if (base === undefined) return made as RecordedState;
  const recorded = recording(base);
  const objects = recorded.objects
    .filter((object) => !removed.includes(nameOf(object)))
    .map((object) => merged(object, changed[nameOf(object)] ?? {}));
  return { ...recorded, ...made, objects: [...objects, ...added] };
}

function read(file: string) {
  return JSON.parse(readFileSync(`test/cluster/diagnosis/${file}.json`, 'utf8'));
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

/** A value with a merge patch applied. */
function merged(value: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const fields: Record<string, unknown> = { ...(value as object) };
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) delete fields[name];
    else fields[name] = merged(fields[name], change);
  }
  return fields;
}

/** What the API server calls the resources that a user may not read. */
const RESOURCES: Readonly<Record<string, string>> = {
  deployments: 'deployments.apps',
  replicasets: 'replicasets.apps',
  storageclasses: 'storageclasses.storage.k8s.io',
};

/** A state as the reader of a cluster gives it: without what the user may not read. */
export function clusterState(state: RecordedState, options: Partial<StateOptions> = {}): ClusterState {
  const { namespace, recorded, objects, logs = {}, forbidden = [] } = state;
  const plurals = forbidden.map((each) => each.split(' ')[1] ?? '');
  const isForbidden = ({ kind }: Manifest) => plurals.includes(`${kind.toLowerCase()}s`);
  return new ClusterState(
    (objects as Manifest[]).filter((object) => !isForbidden(object)),
    {
      namespace,
      now: new Date(recorded),
      logs: new Map(Object.entries(logs)),
      unread: plurals.map((plural) => RESOURCES[plural] ?? plural),
      ...options,
    },
  );
}

/** What is said of a state. */
export function diagnosisOf(state: RecordedState, options: Partial<StateOptions> = {}): readonly Diagnosis[] {
  return diagnose(clusterState(state, options));
}

/** The same as `severity cause: subjects`, a line each. */
export function summaryOf(state: RecordedState, options: Partial<StateOptions> = {}): string[] {
  return diagnosisOf(state, options).map(
    ({ severity, cause, subjects }) => `${severity} ${cause}: ${subjects.join(', ')}`,
  );
}
