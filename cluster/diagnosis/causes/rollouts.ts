import { conditionOf, fieldsOf, listOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import type { ClusterState, WorkloadState } from '../cluster-state';
import { ofWorkload, referenceOf } from '../pods';

/** An old pod has this long to be gone after its time is over. */
const OLD_POD_ENDING_LATE_SECONDS = 60;

export const rolloutCauses: readonly Cause[] = [
  // The next pod starts when the last one is gone, so that there is never a second writer.
  {
    name: 'old-pod-ending',
    *findings(state) {
      for (const workload of state.unhealthy) {
        const [old] = workload.allPods.filter(({ ending, over }) => ending && !over);
        if (!old || workload.pods.length > 0) continue;
        // The time of the deletion plus the grace period, so it can be in the future.
        const deadline = new Date(old.object.metadata.deletionTimestamp);
        const grace = old.object.metadata.deletionGracePeriodSeconds ?? 0;
        const late = state.secondsSince(deadline);
        const since = Math.max(0, Math.round(late + grace));
        const finalizers = old.object.metadata.finalizers ?? [];
        yield late > OLD_POD_ENDING_LATE_SECONDS
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
  },
  // A node ended a pod because it used too much; it stays in the list, and another took its place.
  {
    name: 'evicted',
    *findings(state) {
      for (const workload of state.workloads) {
        for (const { object, over, name } of workload.allPods) {
          if (!over) continue;
          const event = state.eventsOf(object, 'Evicted').pop();
          // Where its containers ended by themselves the pod has succeeded, and only the event tells.
          const why = event?.message ?? (object.status?.reason === 'Evicted' ? object.status.message : undefined);
          if (why === undefined) continue;
          yield {
            severity: workload.healthy || workload.pods.length > 0 ? 'warning' : 'error',
            subject: `${workload.name}, pod ${name}`,
            text: `was evicted: ${why.trim().replace(/\.$/, '')}`,
            fix: `give it more room (a larger JUNJO_K8S_SIZE, a node with more disk), then: ${state.kubectl} delete pod ${name}`,
          };
        }
      }
    },
  },
  // A node refused a pod that was meant for it: a sysctl that it does not allow, no room after all, a shutdown.
  {
    name: 'pod-rejected',
    *findings(state) {
      for (const workload of state.unhealthy) {
        const refusals = workload.allPods.filter(({ object }) => {
          const { phase, reason } = object.status ?? {};
          return phase === 'Failed' && reason && reason !== 'Evicted';
        });
        const madeAt = ({ object }: (typeof refusals)[number]) => String(object.metadata.creationTimestamp ?? '');
        const [last] = [...refusals].sort((a, b) => madeAt(b).localeCompare(madeAt(a)));
        // One that was made after it goes its own way: the refusal is history, as after a node's shutdown.
        if (!last || workload.pods.some((pod) => madeAt(pod) > madeAt(last))) continue;
        const { reason, message = '' } = last.object.status ?? {};
        yield ofWorkload(
          workload,
          `its node ${last.object.spec?.nodeName ?? ''} refused the pod ${last.name} (${reason}): ${message.trim().replace(/\.$/, '')}`,
          `look at the node (kubectl describe node ${last.object.spec?.nodeName ?? '<node>'}), then: ${state.kubectl} delete pods --field-selector=status.phase=Failed`,
        );
      }
    },
  },
  // The rollout took longer than it may, and nothing else tells why.
  {
    name: 'deadline-exceeded',
    *findings(state) {
      for (const workload of state.unhealthy) {
        if (conditionOf(workload.object, 'Progressing')?.reason !== 'ProgressDeadlineExceeded') continue;
        yield ofWorkload(
          workload,
          'its rollout did not finish in time',
          `${state.kubectl} describe ${referenceOf(workload)}`,
        );
      }
    },
  },
  // A change rolls the pods.
  {
    name: 'rollout-in-progress',
    *findings(state) {
      for (const workload of state.unhealthy) {
        const revision = Number(
          fieldsOf(workload.object.metadata.annotations)['deployment.kubernetes.io/revision'] ?? 1,
        );
        if (revision < 2) continue;
        yield {
          severity: 'wait',
          subject: workload.name,
          text: `its new version ${startOf(state, workload)}`,
          fix: `wait: ${state.kubectl} rollout status deployment ${workload.object.metadata.name}`,
        };
      }
    },
  },
  // Nothing is wrong so far: it was applied a moment ago.
  {
    name: 'starting',
    *findings(state) {
      for (const workload of state.unhealthy) {
        yield {
          severity: 'wait',
          subject: workload.name,
          text: startOf(state, workload),
          fix: `wait: ${state.kubectl} get pods --watch`,
        };
      }
    },
  },
];

/** How far the start of a workload is. */
function startOf(state: ClusterState, { pods }: WorkloadState): string {
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
