import { quantityBytes } from '../../../config/quantity';
import { fieldsOf, listOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import type { ClusterState, PodState } from '../cluster-state';
import { ofWorkload, unscheduled } from '../pods';

/** No node has room for what the pod asks for. */
export const unschedulableResources: Cause = {
  name: 'unschedulable-resources',
  *findings(state) {
    for (const { workload, pod, reasons } of unscheduled(state)) {
      const short = [...reasons.matchAll(/Insufficient ([a-z./-]+)/g)].map(([, resource = '']) => resource);
      const tooMany = /Too many pods/.test(reasons);
      if (short.length === 0 && !tooMany) continue;
      const memory = short.includes('memory') ? ` It asks for ${requested(pod)}; ${largest(state)}` : '';
      yield ofWorkload(
        workload,
        `no node has room for it (${reasons}).${memory}`.replace(/\.$/, ''),
        'kubectl describe nodes | grep -A9 "Allocated resources"; then a smaller JUNJO_K8S_SIZE, or a node with more room',
      );
    }
  },
};

function requested({ object }: PodState): string {
  const requests = listOf(object.spec?.containers).map(
    ({ resources }) => fieldsOf(fieldsOf(resources).requests).memory,
  );
  return `${requests.filter(Boolean).join(' + ')} of memory`;
}

function largest(state: ClusterState): string {
  const nodes = state
    .ofKind('Node')
    .map(({ metadata, status }) => ({
      name: metadata.name,
      bytes: quantityBytes(String(status?.allocatable?.memory)) ?? 0,
    }))
    .sort((a, b) => b.bytes - a.bytes);
  const [node] = nodes;
  return node ? `the largest node, ${node.name}, has ${Math.floor(node.bytes / 2 ** 20)}Mi in all` : 'no node is known';
}
