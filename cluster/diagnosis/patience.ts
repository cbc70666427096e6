import type { Severity } from '../../config/problems';
import type { Manifest } from '../../render/manifest';
import type { ClusterState } from './cluster-state';

/** What a controller has not answered is on its way for so many seconds after it was applied, and then stuck. */
export function unanswered(state: ClusterState, { metadata }: Manifest, seconds: number): Severity {
  return state.secondsSince(metadata.creationTimestamp ?? 0) < seconds ? 'wait' : 'error';
}
