import { listOf } from '../../render/manifest';
import type { ClusterState, WorkloadState } from './cluster-state';

/** How far the start of a workload is. */
export function startOf(state: ClusterState, { pods }: WorkloadState): string {
  const [pod] = pods.filter(({ ready }) => !ready);
  if (!pod) return 'has no pod yet';
  const running = pod.containers.find(({ running: runs, ready }) => runs && !ready);
  const seconds = Math.round(state.secondsSince(pod.object.metadata.creationTimestamp ?? state.now));
  if (!running) return `is being made, for ${seconds} s so far`;
  if (running.init) return `runs its init container ${running.name}, for ${seconds} s so far`;
  const { startupProbe } = listOf(pod.object.spec?.containers).find(({ name }) => name === running.name) ?? {};
  const most = startupProbe
    ? ` of ${startupProbe.failureThreshold * (startupProbe.periodSeconds ?? 10)} s at the most`
    : '';
  return `runs and has not answered its ${running.started ? 'readiness' : 'startup'} probe yet, for ${seconds} s${most}`;
}
