import type { Cause } from '../cause';

/** A node ended a pod because it used too much; it stays in the list, and another took its place. */
export const evicted: Cause = {
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
};
