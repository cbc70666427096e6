import { fieldsOf, type Manifest, titleOf } from '../manifest';
import { holdsData, isVeleroSchedule, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** No label selects the data together with other objects. */
export const dataLabels: Rule = {
  name: 'data-labels',
  asks: 'Namespace, claim, volume and the backups of a Schedule share no label with any other object',
  reason: 'pruning by label, with kubectl or Argo CD, deletes all objects with that label that are not in the files',
  source: 'https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/',
  *violations({ manifests }: RenderedStudio) {
    const others = new Set(
      manifests.filter((manifest) => !holdsData(manifest)).flatMap(({ metadata }) => written(metadata.labels)),
    );
    const data = manifests.flatMap((manifest) => {
      if (holdsData(manifest)) return [{ object: titleOf(manifest), labels: manifest.metadata.labels }];
      if (!isVeleroSchedule(manifest)) return [];
      return [{ object: `${titleOf(manifest)}, its backups`, labels: labelsOfBackups(manifest) }];
    });
    for (const { object, labels } of data) {
      const shared = written(labels).filter((label) => others.has(label));
      if (shared.length > 0) {
        const text = `has the label ${shared.join(', ')}, like objects outside foundation/`;
        yield { object, text };
      }
    }
  },
};

function written(labels: unknown): readonly string[] {
  return Object.entries(fieldsOf(labels)).map(([key, value]) => `${key}=${value}`);
}

/** Those of the template, or else those of the Schedule: pkg/builder/backup_builder.go of vmware-tanzu/velero. */
function labelsOfBackups({ metadata, spec }: Manifest): unknown {
  return fieldsOf(fieldsOf(fieldsOf(spec).template).metadata).labels ?? metadata.labels;
}
