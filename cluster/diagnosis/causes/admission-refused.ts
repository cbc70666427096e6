import type { Cause } from '../cause';
import { ofWorkload, refused } from '../pods';

/** Whatever else keeps the API server from taking the pods: a webhook, a policy, a missing priority class. */
export const admissionRefused: Cause = {
  name: 'admission-refused',
  *findings(state) {
    for (const { workload, message } of refused(state)) {
      const fix = `${state.kubectl} describe replicasets | grep FailedCreate; whoever runs that policy must allow the pods`;
      yield ofWorkload(workload, `the API server refuses its pods: ${message}`, fix);
    }
  },
};
