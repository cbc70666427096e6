import type { Built, Problem } from '../problems';
import type { Placement, Storage } from '../studio-config';
import type { Values } from '../values';

const HOST = 'kubernetes.io/hostname';

/** Which nodes take the pods, and how much they matter there. */
export function placementOf(values: Values, storage: Storage | undefined): Built<Placement> {
  const problems: Problem[] = [];
  const nodeSelector = values.inEffect('JUNJO_K8S_NODE_SELECTOR') ?? {};
  const host = nodeSelector[HOST];
  if (host && storage?.kind === 'node' && host !== storage.node) {
    const text = `selects the node ${host}, but the data is on ${storage.node} (JUNJO_K8S_NODE). Remove ${HOST}: the pods run where the data is`;
    problems.push(values.error('JUNJO_K8S_NODE_SELECTOR', text));
  }
  return {
    value: {
      nodeSelector,
      tolerations: values.inEffect('JUNJO_K8S_TOLERATIONS') ?? [],
      priorityClassName: values.inEffect('JUNJO_K8S_PRIORITY_CLASS'),
    },
    problems,
  };
}
