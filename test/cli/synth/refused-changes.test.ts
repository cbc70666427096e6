import { manifestsIn, type OutputFile } from '../../../cli/synth/left-behind';
import { refusedChanges as refusedChangesOf } from '../../../cli/synth/refused-changes';
import { formatProblem } from '../../../config/problems';
import { development, files, freshSecret, production, type Settings } from '../../support/studio';

const refusedChanges = (folder: string, before: readonly OutputFile[], after: readonly OutputFile[]) =>
  refusedChangesOf(folder, before, after.flatMap(manifestsIn));

const secrets = production();
const settings = (more: Settings = {}) => ({ ...secrets, JUNJO_K8S_STORAGE_CLASS: 'fast', ...more });
const refused = (before: Settings, after: Settings) =>
  refusedChanges('dist', files(settings(before)), files(settings(after))).map(formatProblem);

const node = (more: Settings = {}) => ({
  JUNJO_K8S_STORAGE_CLASS: undefined,
  JUNJO_HOST_DB_DATA_PATH: '/mnt/data',
  JUNJO_K8S_NODE: 'worker-1',
  ...more,
});

test.each([
  [
    'a smaller claim',
    { JUNJO_K8S_STORAGE_SIZE: '50Gi' },
    { JUNJO_K8S_STORAGE_SIZE: '49Gi' },
    'cannot shrink from 50Gi to 49Gi',
  ],
  [
    'a claim that the new default makes smaller',
    { JUNJO_K8S_STORAGE_SIZE: '1Ti' },
    {},
    'cannot shrink from 1Ti to 10Gi',
  ],
  ['another class', {}, { JUNJO_K8S_STORAGE_CLASS: 'slow' }, 'spec.storageClassName cannot change from fast to slow'],
  ['a class that is left out', {}, { JUNJO_K8S_STORAGE_CLASS: undefined }, 'from fast to nothing'],
  ['another access mode', {}, { JUNJO_K8S_STORAGE_ACCESS_MODE: 'ReadWriteMany' }, 'spec.accessModes cannot change'],
  ['a folder on a node instead of the class', {}, node(), 'spec.storageClassName cannot change from fast to ""'],
])('%s is refused, with the way around', (_, before, after, says) => {
  const printed = refused(before, after);
  expect(printed.join('\n')).toContain(says);
  for (const line of printed) {
    expect(line).toMatch(/^dist\/foundation\/10-storage\.k8s\.yaml: PersistentVolumeClaim junjo-ai-studio-data: /);
    expect(line).toContain('docs/runbook.md, "A claim that should shrink or move"');
    expect(line).toContain('delete this file and render again');
  }
});

test.each([
  ['path', node({ JUNJO_HOST_DB_DATA_PATH: '/mnt/other' }), 'spec.local cannot change'],
  ['node', node({ JUNJO_K8S_NODE: 'worker-2' }), 'spec.nodeAffinity cannot change'],
])('another %s of the data is refused', (_, after, says) => {
  expect(refused(node(), after)).toEqual([expect.stringContaining(says)]);
  expect(refused(node(), after).join()).toContain('docs/runbook.md, "A changed data path"');
});

test.each([
  ['the same', {}, {}],
  ['a larger claim', { JUNJO_K8S_STORAGE_SIZE: '10Gi' }, { JUNJO_K8S_STORAGE_SIZE: '20Gi' }],
  ['the same size in other words', { JUNJO_K8S_STORAGE_SIZE: '1Ti' }, { JUNJO_K8S_STORAGE_SIZE: '1024Gi' }],
  ['a class where the cluster chose one', { JUNJO_K8S_STORAGE_CLASS: undefined }, {}],
  ['a claim of somebody else', {}, { JUNJO_K8S_STORAGE_CLASS: undefined, JUNJO_K8S_EXISTING_CLAIM: 'mine' }],
  ['another namespace', {}, { JUNJO_K8S_NAMESPACE: 'other', JUNJO_K8S_STORAGE_SIZE: '1Gi' }],
  ['another release', {}, { JUNJO_K8S_RELEASE: '0.80.0' }],
  ['another edge', {}, { JUNJO_K8S_INGRESS_CLASS: 'haproxy' }],
])('%s is not refused', (_, before, after) => {
  expect(refused(before, after)).toEqual([]);
});

test('another selector of a workload is refused', () => {
  const rendered = files(settings());
  const older = rendered.map((file) => ({
    ...file,
    text: file.text.replace(/(matchLabels:\n\s+)(app\.kubernetes\.io\/component: backend)/, '$1app: old\n      $2'),
  }));
  expect(refusedChanges('dist', older, rendered).map(formatProblem)).toEqual([
    expect.stringMatching(
      /^dist\/40-backend\.k8s\.yaml: Deployment junjo-ai-studio-backend: spec\.selector cannot change/,
    ),
  ]);
});

test('a file of the output that is no YAML any more keeps nobody from rendering', () => {
  const broken = [
    { path: 'foundation/10-storage.k8s.yaml', text: 'kind: [' },
    { path: 'notes.k8s.yaml', text: '- 1\n- x' },
  ];
  expect(refusedChanges('dist', broken, files(settings()))).toEqual([]);
});

describe('the claims of an intake', () => {
  const intake = development({ JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });
  const sized = (size: string) => files({ ...intake, JUNJO_K8S_INTAKE: 'true', JUNJO_K8S_INTAKE_STORAGE_SIZE: size });
  const changes = (before: string, after: string) => refusedChanges('dist', sized(before), sized(after));

  test('can grow, and their StatefulSet takes the change', () => {
    expect(changes('4Gi', '8Gi')).toEqual([]);
  });

  test('cannot shrink, and the way around is not a backup', () => {
    const texts = changes('8Gi', '4Gi').map(({ text }) => text);
    expect(texts).toHaveLength(2);
    for (const text of texts)
      expect(text).toMatch(/queue-junjo-ai-studio-intake-[01].*Wait until the queue of the intake is empty/);
    expect(texts.join()).not.toContain('backup');
  });
});
