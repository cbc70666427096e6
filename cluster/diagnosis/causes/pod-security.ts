import type { Cause } from '../cause';
import { ofWorkload, refused } from '../pods';

/** Pod Security of the namespace refuses the pod. */
export const podSecurity: Cause = {
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
