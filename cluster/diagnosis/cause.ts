import type { Finding } from '../../config/problems';
import type { ClusterState } from './cluster-state';

/** A known cause. It looks for the traces of the cause in the cluster, and never compares a whole message of one version. */
export interface Cause {
  /** Also the name of its section in `docs/troubleshooting.md`. */
  readonly name: string;
  readonly findings: (state: ClusterState) => Iterable<Found>;
}

/** What a cause found: a fault, or a wait with the time that is normal for it. */
export type Found = Fault | Waiting;

/** What a cause reports about a subject. */
export type Said = Omit<Fault, 'subject'> | Omit<Waiting, 'subject'>;

/** Something that is broken, or will be. */
export interface Fault extends Required<Finding> {
  readonly severity: 'error' | 'warning';
}

/** Something in progress. It becomes an error when it takes too long. */
export interface Waiting extends Required<Finding> {
  readonly severity: 'wait';
  /** When it began. @default it waits for another workload, which has a finding of its own */
  readonly since: Date | string | undefined;
  /** Seconds that it may take. @default 600 */
  readonly allowedSeconds?: number;
  /** What to do when it took longer. @default `fix` */
  readonly lateFix?: string;
  /** What it becomes then. @default error */
  readonly late?: 'error' | 'warning';
}

/** A finding, the cause that made it, and everything that it explains. */
export interface Diagnosis extends Omit<Required<Finding>, 'subject'> {
  readonly cause: string;
  readonly subjects: readonly string[];
}

/** What to do: one line of sentences, and below it the commands to paste, one per line. */
export function advice(text: string, ...commands: readonly string[]): string {
  return [text, ...commands].join('\n');
}

/** An age in the form that kubectl prints, as `90s`, `5m` or `3d`. @param seconds not negative */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
