import type { Recogniser } from '../finding';
import { ofWorkload, referenceOf, waiting } from '../pods';

/** Whatever else the kubelet finds wrong with a container before it starts. */
export const containerConfig: Recogniser = {
  name: 'container-config',
  *findings(state) {
    for (const { workload, container, message } of waiting(state, [
      'CreateContainerConfigError',
      'CreateContainerError',
    ])) {
      const next = `${state.kubectl} describe ${referenceOf(workload)}; undo the patch that changed it`;
      yield ofWorkload(workload, `its container ${container.name} cannot be made: ${message}`, next);
    }
  },
};
