import type { Cause } from '../cause';
import { ofWorkload, unscheduled } from '../pods';

/** Backend and ingestion belong on one node, and the one with the other has no room or is gone. */
export const unschedulableAffinity: Cause = {
  name: 'unschedulable-affinity',
  *findings(state) {
    for (const { workload, reasons } of unscheduled(state)) {
      if (!/pod (anti-)?affinity( rules)?|topology spread/.test(reasons)) continue;
      yield ofWorkload(
        workload,
        `it must be on the node of the other pod of its volume, and finds no place there (${reasons})`,
        `make room on that node, or bring it back: ${state.kubectl} get pods -o wide`,
      );
    }
  },
};
