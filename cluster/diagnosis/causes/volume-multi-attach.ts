import type { Cause } from '../cause';
import { ofWorkload, unmounted } from '../pods';

/** The storage still has the volume attached to another node. */
export const volumeMultiAttach: Cause = {
  name: 'volume-multi-attach',
  *findings(state) {
    for (const { workload, message } of unmounted(state)) {
      if (!/Multi-Attach|already (used|exclusively attached)/i.test(message)) continue;
      yield ofWorkload(
        workload,
        'its volume is still attached to another node, which lets it go about six minutes after it died',
        `wait. If that node is gone for good: kubectl delete node <node>; else ${state.kubectl} get pods -o wide shows who holds it`,
      );
    }
  },
};
