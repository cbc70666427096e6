import type { Cause } from '../cause';
import { ofWorkload, referenceOf, waiting } from '../pods';

/** Whatever else the kubelet finds wrong with a container before it starts. */
export const containerConfig: Cause = {
  name: 'container-config',
  *findings(state) {
    for (const { workload, container, message } of waiting(state, [
      'CreateContainerConfigError',
      'CreateContainerError',
    ])) {
      const fix = `${state.kubectl} describe ${referenceOf(workload)}; undo the patch that changed it`;
      yield ofWorkload(workload, `its container ${container.name} cannot be made: ${message}`, fix);
    }
  },
};
