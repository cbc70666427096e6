import type { Recogniser } from '../finding';
import { startOf } from '../starts';

/** Nothing is wrong so far: it was applied a moment ago. */
export const starting: Recogniser = {
  name: 'starting',
  *findings(state) {
    for (const workload of state.unhealthy) {
      yield {
        severity: 'wait',
        subject: workload.name,
        text: startOf(state, workload),
        next: `wait: ${state.kubectl} get pods --watch`,
      };
    }
  },
};
