import type { Cause } from '../cause';
import { unpulled } from '../images';
import { ofWorkload, waiting } from '../pods';

/** Whatever else keeps an image from being there. */
export const imageNotPulled: Cause = {
  name: 'image-not-pulled',
  *findings(state) {
    for (const { workload, container } of waiting(state, ['ErrImageNeverPull'])) {
      const fix =
        'load the image into every node (kind load docker-image, minikube image load), or push it to a registry';
      yield ofWorkload(workload, `${container.image} is not on its node, and may not be pulled`, fix);
    }
    for (const { workload, container, message } of waiting(state, ['ImageInspectError', 'SignatureValidationFailed'])) {
      yield ofWorkload(workload, `${container.image} cannot be used: ${message}`, `${state.kubectl} describe pods`);
    }
    for (const { workload, container, why } of unpulled(state)) {
      yield ofWorkload(
        workload,
        `${container.image} cannot be pulled: ${why}`,
        `${state.kubectl} describe pods | grep -A2 Failed`,
      );
    }
  },
};
