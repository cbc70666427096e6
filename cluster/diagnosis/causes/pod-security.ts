import type { Recogniser } from '../finding';
import { ofWorkload, refused } from '../pods';

/** Pod Security of the namespace refuses the pod. */
export const podSecurity: Recogniser = {
  name: 'pod-security',
  *findings(state) {
    for (const { workload, message } of refused(state)) {
      if (!/violates PodSecurity/.test(message)) continue;
      yield ofWorkload(
        workload,
        `Pod Security refuses its pods: ${message.replace(/^.*?violates PodSecurity/, 'violates')}`,
        'remove the patch or admission rule that changes its security context; what synth renders passes restricted',
      );
    }
  },
};
