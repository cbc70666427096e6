import { type Check, error, ok, warning } from '../check';

/** Whether the user may apply every object. */
export const rights: Check = {
  name: 'rights',
  *results({ manifests }, cluster) {
    const { facts, namespace } = cluster;
    const exists = cluster.named('Namespace', namespace) !== undefined;
    // Mostly an administrator made it, and apply of an object that needs no change asks for no more than to read it.
    const unneeded = facts.denied.filter((right) => exists && right.endsWith(' namespaces'));
    const denied = facts.denied.filter((right) => !unneeded.includes(right));
    if (unneeded.length > 0)
      yield warning(
        `you may not: ${unneeded.join(', ')}; ${namespace} is there`,
        'kubectl apply -f dist/foundation/10-storage.k8s.yaml -f dist/, without 00-namespace',
      );
    if (denied.length === 0) {
      const objects = unneeded.length > 0 ? 'other objects' : `${manifests.length} objects`;
      yield ok(`you may create and change all ${objects}`);
      return;
    }
    yield error(
      `you may not: ${denied.join(', ')}`,
      `an administrator of the cluster grants it: kubectl -n ${namespace} create rolebinding junjo --clusterrole=admin --user=<you>; the namespace and volumes are theirs to create`,
    );
  },
};
