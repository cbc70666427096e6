import { dataLabels } from '../../../render/rules/data-labels';
import { type BadManifest, lets, refuses, SpoiltStudio } from '../../support/rules';
import { type Manifest, production } from '../../support/studio';

const ADVICE = 'like objects outside foundation/';

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

// What Velero makes of a Schedule: FromSchedule in pkg/builder/backup_builder.go of vmware-tanzu/velero.
describe('the backups of a Schedule', () => {
  const settings = production({ JUNJO_K8S_BACKUP: 'velero' });
  const saysOf = (change: (spec: Manifest) => void) => {
    const studio = new SpoiltStudio(settings);
    change(studio.get('Schedule', 'junjo-ai-studio').spec);
    return studio.broken(dataLabels);
  };

  test('are let be as rendered, and with a label of their own', () => {
    expect(saysOf(() => {})).toEqual([]);
    expect(saysOf(({ template }) => Object.assign(template.metadata.labels, { team: 'ml' }))).toEqual([]);
  });

  test.each([
    ['no metadata', ({ template }: Manifest) => delete template.metadata],
    ['no labels', ({ template }: Manifest) => delete template.metadata.labels],
  ])('get the labels of the Schedule where the template has %s', (_, change) => {
    const labels = [
      'name=junjo-ai-studio',
      'instance=junjo-ai-studio',
      'part-of=junjo-ai-studio',
      'managed-by=cdk8s',
    ].sort();
    const shared = labels.map((label) => `app.kubernetes.io/${label}`).join(', ');
    expect(saysOf(change)).toEqual([`Schedule junjo-ai-studio, its backups: has the label ${shared}, ${ADVICE}`]);
  });

  test('have no label by which Argo CD tracks', () => {
    const says = saysOf(({ template }) => {
      template.metadata.labels['app.kubernetes.io/instance'] = 'junjo-ai-studio';
    });
    const label = 'app.kubernetes.io/instance=junjo-ai-studio';
    expect(says).toEqual([`Schedule junjo-ai-studio, its backups: has the label ${label}, ${ADVICE}`]);
  });
});
