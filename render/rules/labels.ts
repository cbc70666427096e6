import { fieldsOf, titleOf } from '../manifest';
import { holdsData, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

const NAME = 'app.kubernetes.io/name';

const LABELS = ['instance', 'managed-by', 'name', 'part-of'].map((name) => `app.kubernetes.io/${name}`);

/** Everything of a studio is found by its labels. */
export const labels: Rule = {
  name: 'labels',
  asks: 'Every object and pod has the labels `app.kubernetes.io/name`, `instance`, `part-of` and `managed-by`. Namespace, claim and volume need only the first',
  reason: 'kubectl get -l, dashboards and cost reports do not find objects without labels',
  source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/',
  *violations({ manifests, pods }: RenderedStudio) {
    const labelled = [
      ...manifests.map((manifest) => ({
        object: titleOf(manifest),
        own: fieldsOf(manifest.metadata.labels),
        wanted: holdsData(manifest) ? [NAME] : LABELS,
      })),
      ...pods.map(({ title, labels: own }) => ({ object: `${title}, its pods`, own, wanted: LABELS })),
    ];
    for (const { object, own, wanted } of labelled) {
      const missing = wanted.filter((label) => !own[label]);
      if (missing.length > 0) yield { object, text: `has no label ${missing.join(', ')}` };
    }
  },
};
