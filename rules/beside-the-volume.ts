import { claimsOf, listOf, matches, type Pod, type RenderedStudio, titleOf } from './rendered-studio';
import type { Rule, Violation } from './rule';

const HOST = 'kubernetes.io/hostname';

/** ReadWriteOnce is per node: whichever pod of the volume comes first, the others must follow it. */
export const besideTheVolume: Rule = {
  name: 'beside-the-volume',
  reason: 'on another node than the first, a pod waits for ever for a volume that is ReadWriteOnce',
  source: 'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes',
  *violations(studio: RenderedStudio) {
    const claims = new Set(studio.pods.flatMap(claimsOf));
    for (const claim of claims) {
      const together = studio.pods.filter((pod) => claimsOf(pod).includes(claim));
      if (together.length < 2) continue;
      for (const pod of together) yield* apart(pod, together, studio.pods);
      const manifest = studio.named('PersistentVolumeClaim', claim);
      if (manifest && listOf([manifest.spec]).some(({ accessModes }) => accessModes?.includes('ReadWriteOncePod'))) {
        yield { object: titleOf(manifest), text: 'ReadWriteOncePod locks out all pods but one' };
      }
    }
  },
};

function* apart(pod: Pod, together: readonly Pod[], pods: readonly Pod[]): Generator<Violation> {
  const { podAffinity } = pod.spec.affinity ?? {};
  const terms = listOf(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution);
  const term = terms.find(({ topologyKey }) => topologyKey === HOST);
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
