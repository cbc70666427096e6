import { dataLabels } from '../../../render/rules/data-labels';
import { type BadManifest, lets, refuses } from '../../support/rules';

const ADVICE = 'as objects outside foundation/ have';

refuses(dataLabels, [
  ...['name', 'instance', 'part-of'].map(
    (label) =>
      [
        `the claim with the ${label} of the studio`,
        (s) => {
          s.get('PersistentVolumeClaim', 'data').metadata.labels[`app.kubernetes.io/${label}`] = 'junjo-ai-studio';
        },
        `PersistentVolumeClaim junjo-ai-studio-data: has the label app.kubernetes.io/${label}=junjo-ai-studio, ${ADVICE}`,
      ] as BadManifest,
  ),
  [
    'the volume with the label of the tool',
    (s) => {
      s.get('PersistentVolume', 'data').metadata.labels['app.kubernetes.io/managed-by'] = 'cdk8s';
    },
    `PersistentVolume junjo-ai-studio-data: has the label app.kubernetes.io/managed-by=cdk8s, ${ADVICE}`,
  ],
  [
    'the namespace with labels of the operator that something else has too',
    (s) => {
      s.get('ConfigMap', 'backend-settings').metadata.labels.team = 'ml';
      s.get('Service', 'backend').metadata.labels.stage = '';
      Object.assign(s.get('Namespace', 'junjo-ai-studio').metadata.labels, { team: 'ml', stage: '' });
    },
    `Namespace junjo-ai-studio: has the label team=ml, stage=, ${ADVICE}`,
  ],
]);

lets(dataLabels, [
  [
    'a label that only the namespace has',
    (s) => {
      s.get('ConfigMap', 'backend-settings').metadata.labels.team = 'web';
      s.get('Namespace', 'junjo-ai-studio').metadata.labels.team = 'ml';
    },
  ],
  ['a claim without labels', (s) => delete s.get('PersistentVolumeClaim', 'data').metadata.labels],
]);
