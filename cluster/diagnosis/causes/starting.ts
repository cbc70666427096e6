import type { Cause } from '../cause';
import { startOf } from '../starts';

/** Nothing is wrong so far: it was applied a moment ago. */
export const starting: Cause = {
  name: 'starting',
  *findings(state) {
    for (const workload of state.unhealthy) {
      yield {
        severity: 'wait',
        subject: workload.name,
        text: startOf(state, workload),
        fix: `wait: ${state.kubectl} get pods --watch`,
      };
    }
  },
};
