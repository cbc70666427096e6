import { conditionOf } from '../../../render/manifest';
import type { Cause } from '../cause';

/** The node of a pod answers no more. Its pods are replaced after five minutes, its volume is let go after some more. */
export const nodeLost: Cause = {
  name: 'node-lost',
  *findings(state) {
    for (const workload of state.unhealthy) {
      for (const { object } of workload.allPods.filter(({ over }) => !over)) {
        const name = object.spec?.nodeName;
        const node = state.named('Node', name);
        const ready = node && conditionOf(node, 'Ready');
        if (!name || !ready || ready.status === 'True') continue;
        yield {
          severity: 'error',
          subject: workload.name,
          text: `its node ${name} is not ready: ${ready.message ?? ready.reason}`,
          fix: `kubectl describe node ${name}. If it is gone for good: kubectl delete node ${name}, which lets the volume go`,
        };
      }
    }
  },
};
