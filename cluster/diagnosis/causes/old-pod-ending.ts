import type { Cause } from '../cause';

/** An old pod has this long to be gone after its time is over. */
const LATE_SECONDS = 60;

/** The next pod starts when the last one is gone, so that there is never a second writer. */
export const oldPodEnding: Cause = {
  name: 'old-pod-ending',
  *findings(state) {
    for (const workload of state.unhealthy) {
      const [old] = workload.allPods.filter(({ ending, over }) => ending && !over);
      if (!old || workload.pods.length > 0) continue;
      // It lies in the future: when the pod was told to end, and its grace period.
      const deadline = new Date(old.object.metadata.deletionTimestamp);
      const grace = old.object.metadata.deletionGracePeriodSeconds ?? 0;
      const late = state.secondsSince(deadline);
      const since = Math.max(0, Math.round(late + grace));
      const finalizers = old.object.metadata.finalizers ?? [];
      yield late > LATE_SECONDS
        ? {
            severity: 'error',
            subject: workload.name,
            text: `its old pod ${old.name} should have ended ${Math.round(late)} s ago${finalizers.length > 0 ? `; finalizers hold it: ${finalizers.join(', ')}` : ''}`,
            fix: `is its node ${old.object.spec?.nodeName} alive (kubectl get nodes)? Only when that machine is off: ${state.kubectl} delete pod ${old.name} --force`,
          }
        : {
            severity: 'wait',
            subject: workload.name,
            text: `waits for its old pod ${old.name} to end, for ${since} s so far; it has until ${deadline.toISOString()}`,
            fix: `wait: ${state.kubectl} get pods --watch`,
          };
    }
  },
};
