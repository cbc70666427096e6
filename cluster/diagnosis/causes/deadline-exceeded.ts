import { conditionOf } from '../cluster-state';
import type { Recogniser } from '../finding';
import { ofWorkload, referenceOf } from '../pods';

/** The rollout took longer than it may, and nothing else tells why. */
export const deadlineExceeded: Recogniser = {
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
