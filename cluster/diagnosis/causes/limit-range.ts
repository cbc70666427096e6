import type { Cause } from '../cause';
import { ofWorkload, refused } from '../pods';

/** A LimitRange of the namespace allows no pod of this size. */
export const limitRange: Cause = {
  name: 'limit-range',
  *findings(state) {
    for (const { workload, message } of refused(state)) {
      if (!/(maximum|minimum) .* usage per|(cpu|memory) max limit to request ratio/.test(message)) continue;
      yield ofWorkload(
        workload,
        `a LimitRange refuses its pods: ${message}`,
        `change it (${state.kubectl} get limitrange -o yaml), or choose another JUNJO_K8S_SIZE`,
      );
    }
  },
};
