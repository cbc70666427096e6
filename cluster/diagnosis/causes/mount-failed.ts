import type { Cause } from '../cause';
import { ofWorkload, unmounted } from '../pods';

/** Whatever else keeps a volume from being mounted. */
export const mountFailed: Cause = {
  name: 'mount-failed',
  *findings(state) {
    for (const { workload, message } of unmounted(state)) {
      yield ofWorkload(
        workload,
        `a volume cannot be mounted: ${message}`,
        `${state.kubectl} describe pods | grep -B2 -A4 Failed`,
      );
    }
  },
};
