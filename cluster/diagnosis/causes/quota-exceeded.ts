import type { Cause } from '../cause';
import { ofWorkload, refused } from '../pods';

/** A quota of the namespace is used up, or asks for what the pod does not say. */
export const quotaExceeded: Cause = {
  name: 'quota-exceeded',
  *findings(state) {
    for (const { workload, message } of refused(state)) {
      if (!/exceeded quota|failed quota/.test(message)) continue;
      yield ofWorkload(
        workload,
        `a quota refuses its pods: ${message}`,
        `raise it (${state.kubectl} get resourcequota), or choose a smaller JUNJO_K8S_SIZE`,
      );
    }
  },
};
