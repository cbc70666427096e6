import type { Cause } from '../cause';
import { ofWorkload } from '../pods';

/** A node refused a pod that was meant for it: a sysctl that it does not allow, no room after all, a shutdown. */
export const podRejected: Cause = {
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
};
