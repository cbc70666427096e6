import type { Finding } from '../../config/problems';
import type { ClusterState } from './cluster-state';

/** One cause that is known. It looks for what the cause leaves in the cluster, never for a whole message of some version. */
export interface Cause {
  /** Also the name of its section in `docs/troubleshooting.md`. */
  readonly name: string;
  readonly findings: (state: ClusterState) => Iterable<Required<Finding>>;
}

/** A finding, the cause that made it, and everything that it explains. */
export interface Diagnosis extends Omit<Required<Finding>, 'subject'> {
  readonly cause: string;
  readonly subjects: readonly string[];
}
