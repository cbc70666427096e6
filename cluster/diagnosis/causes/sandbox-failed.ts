import type { Cause } from '../cause';
import { ofWorkload, troubledPods, unpreparedEvents } from '../pods';

/** The node cannot make a place for the containers, which is mostly the fault of its network plugin. */
export const sandboxFailed: Cause = {
  name: 'sandbox-failed',
  *findings(state) {
    for (const { workload, pod } of troubledPods(state)) {
      const [event] = unpreparedEvents(state, pod)
        .filter(({ reason }) => reason === 'FailedCreatePodSandBox')
        .slice(-1);
      if (!event) continue;
      yield ofWorkload(
        workload,
        `its node cannot set up its network: ${event.message}`,
        'kubectl -n kube-system get pods -o wide: is the network plugin of that node well?',
      );
    }
  },
};
