import { claimsOf, fieldsOf, listOf, matches, type Pod, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

const HOST = 'kubernetes.io/hostname';

/** ReadWriteOnce is per node, so all pods of the volume must run on the node of the first one. */
export const besideTheVolume: Rule = {
  name: 'beside-the-volume',
  asks: 'Pods of one claim have required affinity to each other on `kubernetes.io/hostname`, and can run on the same nodes',
  reason: 'a ReadWriteOnce volume is available on one node only, so a pod on another node waits for it forever',
  source: 'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes',
  *violations(studio: RenderedStudio) {
    const claims = new Set(studio.pods.flatMap(claimsOf));
    for (const claim of claims) {
      const together = studio.pods.filter((pod) => claimsOf(pod).includes(claim));
      const [first, ...others] = together;
      if (!first || others.length === 0) continue;
      for (const pod of together) yield* apart(pod, together, studio.pods);
      for (const pod of others) yield* elsewhere(pod, first);
      const manifest = studio.named('PersistentVolumeClaim', claim);
      if (manifest && fieldsOf(manifest.spec).accessModes?.includes?.('ReadWriteOncePod')) {
        yield { object: titleOf(manifest), text: 'ReadWriteOncePod allows only one pod' };
      }
    }
  },
};

function* apart(pod: Pod, together: readonly Pod[], pods: readonly Pod[]): Generator<Violation> {
  const { podAffinity } = fieldsOf(pod.spec.affinity);
  const terms = listOf(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
  // Namespaces and further keys of the labels would have it look for other pods.
  const term = terms.find(({ topologyKey, labelSelector, ...others }) => {
    return topologyKey === HOST && labelSelector && Object.keys(others).length === 0;
  });
  if (!term) {
    yield { object: pod.title, text: `has no required pod affinity on ${HOST} to the other pods of its volume` };
    return;
  }
  const found = pods.filter(({ labels }) => matches(term.labelSelector, labels));
  for (const { title } of together.filter((each) => !found.includes(each))) {
    yield { object: pod.title, text: `its pod affinity does not find ${title}, which mounts the same volume` };
  }
  for (const { title } of found.filter((each) => !together.includes(each))) {
    yield { object: pod.title, text: `its pod affinity finds ${title}, which does not mount the volume` };
  }
}

/** A pod that no node of the first one takes never gets there, although it must. */
function* elsewhere(pod: Pod, first: Pod): Generator<Violation> {
  const nodes = ({ spec }: Pod) => ({
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations,
    nodeAffinity: fieldsOf(spec.affinity).nodeAffinity,
  });
  const wanted = nodes(first);
  for (const [field, value] of Object.entries(nodes(pod))) {
    if (JSON.stringify(value) !== JSON.stringify(wanted[field as keyof typeof wanted])) {
      yield { object: pod.title, text: `${field} must be the same as in ${first.title}, because both run on one node` };
    }
  }
}
