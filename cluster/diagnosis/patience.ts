import type { ClusterObject, ClusterState } from './cluster-state';
import type { Severity } from './finding';

/** What a controller has not answered is on its way for so many seconds after it was applied, and then stuck. */
export function unanswered(state: ClusterState, { metadata }: ClusterObject, seconds: number): Severity {
  return state.secondsSince(metadata.creationTimestamp ?? 0) < seconds ? 'wait' : 'fail';
}
