import { conditionOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { ofWorkload, referenceOf } from '../pods';

/** The rollout took longer than it may, and nothing else tells why. */
export const deadlineExceeded: Cause = {
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
};
