import type { ClusterState } from './cluster-state';

/** `fail` is broken, `warn` works and will hurt, `wait` mends itself. */
export type Severity = 'fail' | 'warn' | 'wait';

/** What is wrong with one thing, and what to do about it. */
export interface Finding {
  readonly severity: Severity;
  /** What it is about, for example `backend`, or `claim junjo-ai-studio-data`. */
  readonly subject: string;
  /** What is wrong, without a full stop. */
  readonly text: string;
  /** The next command, or the setting to change. */
  readonly next: string;
}

/** Knows one cause. It looks at what the cause leaves in the cluster, never at a whole message of some version. */
export interface Recogniser {
  /** Also the name of its file, and of its section in `docs/troubleshooting.md`. */
  readonly name: string;
  readonly findings: (state: ClusterState) => Iterable<Finding>;
}

/** A finding, and the recogniser that made it. */
export interface Diagnosis extends Omit<Finding, 'subject'> {
  readonly cause: string;
  /** Everything that it explains. */
  readonly subjects: readonly string[];
}
