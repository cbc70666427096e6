import { listOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { ofWorkload, unscheduled } from '../pods';

/** Taints keep the pod away; which ones they are is written on the nodes. */
export const nodeTainted: Cause = {
  name: 'node-tainted',
  *findings(state) {
    const taints = state.ofKind('Node').flatMap(({ metadata, spec }) =>
      listOf(spec?.taints)
        .filter(({ effect }) => effect !== 'PreferNoSchedule')
        .map(({ key, value, effect }) => `${metadata.name}: ${key}${value ? `=${value}` : ''}:${effect}`),
    );
    for (const { workload, reasons } of unscheduled(state)) {
      if (!/untolerated taint|had taint/.test(reasons)) continue;
      yield ofWorkload(
        workload,
        `taints keep it from every node (${taints.join(', ') || reasons})`,
        'a taint that a person set: tolerate it with JUNJO_K8S_TOLERATIONS. One of node.kubernetes.io/…: mend the node',
      );
    }
  },
};
