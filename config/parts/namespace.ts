import type { Built } from '../problems';
import type { Values } from '../values';

/** The namespace. It has the name of the studio unless the file gives another. */
export function namespaceOf(values: Values): Built<string> {
  const own = values.inEffect('JUNJO_K8S_NAMESPACE');
  const namespace = own ?? values.inEffect('JUNJO_K8S_NAME');
  if (!/^(default|kube-.*|argocd)$/.test(namespace)) return { value: namespace, problems: [] };
  const owner = namespace === 'argocd' ? 'Argo CD' : 'the cluster';
  const error = values.error(
    own ? 'JUNJO_K8S_NAMESPACE' : 'JUNJO_K8S_NAME',
    `${namespace} belongs to ${owner}; the studio labels its namespace and needs one of its own`,
  );
  return { value: namespace, problems: [error] };
}
