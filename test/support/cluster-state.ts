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
}

/** Reads a state as it was recorded. */
export function recording(name: string): RecordedState {
  return JSON.parse(readFileSync(`test/cluster/diagnosis/states/${name}.json`, 'utf8'));
}

/** What is said of a state. */
export function diagnosisOf(
  { namespace, recorded, objects }: RecordedState,
  options: Partial<StateOptions> = {},
): readonly Diagnosis[] {
  return diagnose(new ClusterState(objects as Manifest[], { namespace, now: new Date(recorded), ...options }));
}

/** The same as `severity cause: subjects`, a line each. */
export function summaryOf(state: RecordedState, options: Partial<StateOptions> = {}): string[] {
  return diagnosisOf(state, options).map(
    ({ severity, cause, subjects }) => `${severity} ${cause}: ${subjects.join(', ')}`,
  );
}
