import type { Cause } from '../cause';
import { unpulled } from '../images';
import { ofWorkload } from '../pods';

/** The registry has given this address too many images. */
export const imageRateLimited: Cause = {
  name: 'image-rate-limited',
  *findings(state) {
    for (const { workload, container, why } of unpulled(state)) {
      if (!/toomanyrequests|too many requests|\b429\b|rate limit/i.test(why)) continue;
      yield ofWorkload(
        workload,
        `the registry limits how often ${container.image} is pulled`,
        'wait, or pull with an account (JUNJO_K8S_IMAGE_PULL_SECRET), or from a mirror (JUNJO_K8S_IMAGE_REGISTRY)',
      );
    }
  },
};
