import type { Cause } from '../cause';
import { ofWorkload, waiting } from '../pods';

/** The Secret that a container reads does not exist. */
export const secretMissing: Cause = {
  name: 'secret-missing',
  *findings(state) {
    for (const { workload, message } of waiting(state, ['CreateContainerConfigError'])) {
      const name = /secret "([^"]+)" not found/.exec(message)?.[1];
      if (!name) continue;
      yield ofWorkload(
        workload,
        `its Secret ${name} does not exist`,
        `kubectl apply -f dist/, or look at what writes it: ${state.kubectl} get sealedsecrets,externalsecrets. The pod then starts by itself`,
      );
    }
  },
};
