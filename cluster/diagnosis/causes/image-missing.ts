import type { Cause } from '../cause';
import { unpulled } from '../images';
import { ofWorkload } from '../pods';

/** The registry has no such image, or no such tag. */
export const imageMissing: Cause = {
  name: 'image-missing',
  *findings(state) {
    for (const { workload, container, why } of unpulled(state)) {
      if (!/not found|manifest unknown|NotFound|name unknown/i.test(why) || /no such host/.test(why)) continue;
      yield ofWorkload(
        workload,
        `${container.image} does not exist in its registry`,
        'correct JUNJO_K8S_RELEASE, JUNJO_K8S_IMAGE_REGISTRY or the image setting, synth and apply',
      );
    }
  },
};
