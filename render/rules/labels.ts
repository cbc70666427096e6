import { fieldsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

const LABELS = ['instance', 'managed-by', 'name', 'part-of'].map((name) => `app.kubernetes.io/${name}`);

/** Everything of a studio is found by its labels. */
export const labels: Rule = {
  name: 'labels',
  asks: 'Every object and pod has the labels `app.kubernetes.io/name`, `instance`, `part-of` and `managed-by`',
  reason: 'what is not labelled is not found by kubectl get -l, dashboards and cost reports',
  source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/',
  *violations({ manifests, pods }: RenderedStudio) {
    const labelled = [
      ...manifests.map((manifest) => ({ object: titleOf(manifest), own: fieldsOf(manifest.metadata.labels) })),
      ...pods.map(({ title, labels: own }) => ({ object: `${title}, its pods`, own })),
    ];
    for (const { object, own } of labelled) {
      const missing = LABELS.filter((label) => !own[label]);
      if (missing.length > 0) yield { object, text: `has no label ${missing.join(', ')}` };
    }
  },
};
