import type { Finding } from '../../config/problems';
import type { ClusterState, PodState } from './cluster-state';
import { ofWorkload, referenceOf, STABLE_SECONDS } from './pods';

/** Containers that the kubelet kills because a probe fails; they look like programs that ended by themselves. */
export function* killedByProbe(state: ClusterState, probe: 'liveness' | 'startup'): Generator<Required<Finding>> {
  for (const workload of state.workloads) {
    for (const pod of workload.pods) {
      const kill = state
        .eventsOf(pod.object, 'Killing')
        .filter(({ message }) => message.includes(`failed ${probe} probe`))
        .pop();
      if (!kill || state.secondsSince(kill.last) > STABLE_SECONDS) continue;
      const container = /Container (\S+)/.exec(kill.message)?.[1] ?? '';
      const text = `the kubelet restarts ${container} because its ${probe} probe fails${complaint(state, pod, probe)}`;
      const fix = `${state.kubectl} logs ${referenceOf(workload)} -c ${container} --previous; undo any patch of its probes`;
      if (!workload.healthy) yield ofWorkload(workload, text, fix);
      else yield { severity: 'warning', subject: workload.name, text, fix };
    }
  }
}

/** What a probe said last, in brackets. */
export function complaint(state: ClusterState, pod: PodState, probe: string): string {
  const said = state
    .eventsOf(pod.object, 'Unhealthy')
    .filter(({ message }) => message.toLowerCase().startsWith(`${probe} probe`))
    .pop();
  const words = said?.message.replace(/^\w+ probe (failed|errored)[^:]*: /, '');
  return words ? ` (${words})` : '';
}
