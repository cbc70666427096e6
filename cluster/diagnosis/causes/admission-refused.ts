import type { Recogniser } from '../finding';
import { ofWorkload, refused } from '../pods';

/** Whatever else keeps the API server from taking the pods: a webhook, a policy, a missing priority class. */
export const admissionRefused: Recogniser = {
  name: 'admission-refused',
  *findings(state) {
    for (const { workload, message } of refused(state)) {
      const next = `${state.kubectl} describe replicasets | grep FailedCreate; whoever runs that policy must allow the pods`;
      yield ofWorkload(workload, `the API server refuses its pods: ${message}`, next);
    }
  },
};
