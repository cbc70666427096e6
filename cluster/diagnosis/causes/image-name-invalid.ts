import type { Cause } from '../cause';
import { ofWorkload, waiting } from '../pods';

/** The image has a name that no registry allows. */
export const imageNameInvalid: Cause = {
  name: 'image-name-invalid',
  *findings(state) {
    for (const { workload, container, message } of waiting(state, ['InvalidImageName'])) {
      const why = message.split('invalid reference format: ')[1];
      yield ofWorkload(
        workload,
        `${container.image} is not the name of an image${why ? `: ${why}` : ''}`,
        'correct the image (JUNJO_K8S_…_IMAGE, or the patch that sets it), synth and apply',
      );
    }
  },
};
