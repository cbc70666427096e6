import { conditionOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { ofWorkload, troubledPods, unscheduled } from '../pods';

/** Any other reason for which the scheduler finds no node. */
export const unschedulable: Cause = {
  name: 'unschedulable',
  *findings(state) {
    for (const { workload, reasons } of unscheduled(state)) {
      yield ofWorkload(
        workload,
        `no node takes it: ${reasons}`,
        `${state.kubectl} describe pods | grep -A3 FailedScheduling`,
      );
    }
    for (const { workload, pod } of troubledPods(state)) {
      const silent = !conditionOf(pod.object, 'PodScheduled') && pod.containers.length === 0;
      if (silent && state.secondsSince(pod.object.metadata.creationTimestamp ?? state.now) > 60) {
        yield ofWorkload(
          workload,
          'no scheduler looks at its pod',
          'kubectl -n kube-system get pods: is kube-scheduler running?',
        );
      }
    }
  },
};
