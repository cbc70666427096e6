import type { Cause } from '../cause';
import { unpulled } from '../images';
import { ended, ofWorkload } from '../pods';

/** The image is for another processor than the node has. */
export const imagePlatform: Cause = {
  name: 'image-platform',
  *findings(state) {
    const fix =
      'use an image for the processor of the node, or a node for the image: kubectl get nodes -L kubernetes.io/arch';
    for (const { workload, container, why } of unpulled(state)) {
      if (/no match for platform|no matching manifest/.test(why))
        yield ofWorkload(workload, `${container.image} is not made for the processor of its node`, fix);
    }
    for (const trouble of ended(state)) {
      const log = state.logOf(trouble.pod, trouble.container) ?? '';
      if (/exec format error/.test(`${trouble.how.message} ${log}`))
        yield ofWorkload(trouble.workload, `${trouble.container.image} is not made for the processor of its node`, fix);
    }
  },
};
