import { fieldsOf, titleOf } from '../manifest';
import { holdsData, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** No label finds the data together with something else. */
export const dataLabels: Rule = {
  name: 'data-labels',
  asks: 'Namespace, claim and volume have no label in common with any other object',
  reason: 'kubectl apply --prune with a label deletes everything that has it and is not in the files',
  source: 'https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/',
  *violations({ manifests }: RenderedStudio) {
    const labelsOf = (manifest: (typeof manifests)[number]) =>
      Object.entries(fieldsOf(manifest.metadata.labels)).map(([key, value]) => `${key}=${value}`);
    const others = new Set(manifests.filter((manifest) => !holdsData(manifest)).flatMap(labelsOf));
    for (const manifest of manifests.filter(holdsData)) {
      const shared = labelsOf(manifest).filter((label) => others.has(label));
      if (shared.length > 0) {
        const text = `has the label ${shared.join(', ')}, as objects outside foundation/ have`;
        yield { object: titleOf(manifest), text };
      }
    }
  },
};
