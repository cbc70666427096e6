import { fieldsOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { startOf } from '../starts';

/** A change rolls the pods. */
export const rolloutInProgress: Cause = {
  name: 'rollout-in-progress',
  *findings(state) {
    for (const workload of state.unhealthy) {
      const revision = Number(fieldsOf(workload.object.metadata.annotations)['deployment.kubernetes.io/revision'] ?? 1);
      if (revision < 2) continue;
      yield {
        severity: 'wait',
        subject: workload.name,
        text: `its new version ${startOf(state, workload)}`,
        fix: `wait: ${state.kubectl} rollout status deployment ${workload.object.metadata.name}`,
      };
    }
  },
};
