import { type Check, fail, ok } from '../check';

/** Whether the user may apply every object. */
export const rights: Check = {
  name: 'rights',
  *results({ manifests }, { facts, namespace }) {
    if (facts.denied.length === 0) {
      yield ok(`you may create and change all ${manifests.length} objects`);
      return;
    }
    yield fail(
      `you may not: ${facts.denied.join(', ')}`,
      `an administrator of the cluster grants it: kubectl -n ${namespace} create rolebinding junjo --clusterrole=admin --user=<you>; the namespace and volumes are theirs to create`,
    );
  },
};
