import type { Cause } from '../cause';
import { troubledPods } from '../pods';

/** An image is on its way. */
export const imagePulling: Cause = {
  name: 'image-pulling',
  *findings(state) {
    for (const { workload, pod } of troubledPods(state)) {
      const [event] = state
        .eventsOf(pod.object)
        .filter(({ reason }) => ['Pulling', 'Pulled', 'Failed', 'BackOff'].includes(reason))
        .reverse();
      const waits = pod.containers.some(({ running, ended }) => !running && !ended);
      if (event?.reason !== 'Pulling' || !waits) continue;
      const seconds = Math.round(state.secondsSince(event.last));
      yield {
        severity: 'wait',
        subject: workload.name,
        text: `its image is being pulled, for ${seconds} s so far`,
        fix: `wait: ${state.kubectl} get pods --watch`,
      };
    }
  },
};
