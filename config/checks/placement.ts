import { parseAnnotations, parsePairs, parseToleration } from '../kubectl-syntax';
import type { Extra, Placement, Storage } from '../studio-config';
import { list } from '../value-types';
import type { Values } from '../values';

const HOST = 'kubernetes.io/hostname';

/** Which nodes take the pods, and how much they matter there. */
export function checkPlacement(values: Values, storage: Storage): Placement {
  const selector = values.get('JUNJO_K8S_NODE_SELECTOR');
  const taints = values.get('JUNJO_K8S_TOLERATIONS');
  const nodeSelector = selector ? parsePairs(selector) : {};
  const host = nodeSelector[HOST];
  if (host && storage.kind === 'node' && host !== storage.node) {
    values.error(
      'JUNJO_K8S_NODE_SELECTOR',
      `wants the node ${host}, but the data is on ${storage.node} (JUNJO_K8S_NODE). Leave out ${HOST}: the pods follow the data`,
    );
  }
  return {
    nodeSelector,
    tolerations: taints ? list(taints).map(parseToleration) : [],
    priorityClassName: values.get('JUNJO_K8S_PRIORITY_CLASS'),
  };
}

/** What every object of the studio carries beside its own labels and annotations. */
export function checkExtra(values: Values): Extra {
  const [labels, annotations] = [values.get('JUNJO_K8S_LABELS'), values.get('JUNJO_K8S_ANNOTATIONS')];
  return {
    labels: labels ? parsePairs(labels) : {},
    annotations: annotations ? parseAnnotations(annotations) : {},
  };
}
