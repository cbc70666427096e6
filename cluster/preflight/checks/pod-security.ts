import { fieldsOf } from '../../../render/manifest';
import { type Check, error, ok, warning } from '../check';

const LEVELS = ['privileged', 'baseline', 'restricted'];
const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The Pod Security of a namespace that is there already. */
export const podSecurity: Check = {
  name: 'pod-security',
  *results(studio, cluster) {
    const live = cluster.named('Namespace', cluster.namespace);
    const wanted = studio.named('Namespace', cluster.namespace);
    if (!live || !wanted) return;
    if (!cluster.canRead('namespaces')) {
      yield warning('the namespace may not be read, so nothing is known of its Pod Security');
      return;
    }
    if (live.metadata.deletionTimestamp) {
      yield error(
        `the namespace ${cluster.namespace} is being deleted`,
        `wait: kubectl get namespace ${cluster.namespace} --watch`,
      );
      return;
    }
    const level = (labels: unknown) => fieldsOf(labels)[ENFORCE] ?? 'privileged';
    const [before, after] = [level(live.metadata.labels), level(wanted.metadata.labels)];
    if (LEVELS.indexOf(before) > LEVELS.indexOf(after))
      yield error(
        `the namespace enforces ${before}, and these images need ${after}`,
        'development images: a namespace of their own (JUNJO_K8S_NAMESPACE)',
      );
    else yield ok(`Pod Security: ${after}${before === after ? '' : `, ${before} so far`}`);
  },
};
