import type { Cause } from '../cause';
import { ofWorkload, unscheduled } from '../pods';

/** Nodes are cordoned, and no other takes the pod. */
export const nodeCordoned: Cause = {
  name: 'node-cordoned',
  *findings(state) {
    const names = state
      .ofKind('Node')
      .filter(({ spec }) => spec?.unschedulable)
      .map(({ metadata }) => metadata.name);
    for (const { workload, reasons } of unscheduled(state)) {
      if (!/were unschedulable|node\.kubernetes\.io\/unschedulable/.test(reasons)) continue;
      const which = names.length > 0 ? names.join(' ') : '<node>';
      yield ofWorkload(workload, `no node takes new pods (${reasons})`, `kubectl uncordon ${which}, or add a node`);
    }
  },
};
