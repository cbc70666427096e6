import type { Cause } from '../cause';
import { ofWorkload, waiting } from '../pods';

/** The ConfigMap with the settings of a container does not exist. */
export const configmapMissing: Cause = {
  name: 'configmap-missing',
  *findings(state) {
    for (const { workload, message } of waiting(state, ['CreateContainerConfigError'])) {
      const name = /configmap "([^"]+)" not found/.exec(message)?.[1];
      if (!name) continue;
      const fix = 'kubectl apply -f dist/ (the whole folder). The pod then starts by itself';
      yield ofWorkload(workload, `its ConfigMap ${name} does not exist`, fix);
    }
  },
};
