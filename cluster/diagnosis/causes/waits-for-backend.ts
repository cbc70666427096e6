import { workloadNames } from '../../../config/names';
import type { Cause } from '../cause';

/** Ingestion runs and waits, because the backend that checks its keys does not answer. */
export const waitsForBackend: Cause = {
  name: 'waits-for-backend',
  *findings(state) {
    const backend = state.workloads.find(({ object }) => object.metadata.name === workloadNames.backend);
    if (!backend || backend.readyPods > 0) return;
    for (const workload of state.unhealthy) {
      if (workload.object.metadata.name !== workloadNames.ingestion) continue;
      const runs = workload.pods.some(({ containers }) => containers.some(({ running }) => running));
      if (!runs) continue;
      yield {
        severity: 'wait',
        subject: workload.name,
        text: 'waits for the backend, which does not answer yet',
        fix: 'see what the backend lacks; ingestion goes on by itself',
      };
    }
  },
};
