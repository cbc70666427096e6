import { loadAll } from 'js-yaml';
import { committedExample, exampleNames } from '../../commands/example-studios';
import { canonicalQuantity } from '../../config/quantity';
import { development, freshSecret, type Manifest, production, render } from '../support/studio';

/** Every value of an object with the path to it, such as `spec.ports.0.name`. */
function* leaves(value: unknown, path: string): Generator<readonly [path: string, value: unknown]> {
  const isEmpty = value !== null && typeof value === 'object' && Object.keys(value).length === 0;
  if (value === null || typeof value !== 'object' || isEmpty) yield [path, value];
  else for (const [key, child] of Object.entries(value)) yield* leaves(child, `${path}.${key}`);
}

const isQuantity = (path: string) =>
  /\.(resources\.(requests|limits)|capacity)\.(cpu|memory|storage)$|\.sizeLimit$/.test(path);

/** What is empty and stored all the same, because empty says something there. */
const meaningful = [
  // Every pod of the namespace.
  /^NetworkPolicy\.spec\.podSelector$/,
  /\.emptyDir$/,
  // No class, and not the default one.
  /^PersistentVolumeClaim\.spec\.storageClassName$/,
  // The core group, in custom resources, which store what they are given.
  /^(HTTPRoute|GRPCRoute|Gateway)\..*\.group$/,
  /^AppProject\.spec\.(clusterResource|namespaceResource)Whitelist\.[0-9]+\.group$/,
  /^Application(Set)?\..*\.ignoreDifferences\.[0-9]+\.group$/,
  // The whole server, which the API server would write itself.
  /Probe\.grpc\.service$/,
];

const shown = (objects: readonly Manifest[]) =>
  objects.flatMap((object) =>
    [...leaves(object, object.kind)].flatMap(([path, value]) => {
      if (isQuantity(path) && canonicalQuantity(String(value)) !== value) return [`${path} is ${value}`];
      const empty = value === '' || value === null || typeof value === 'object';
      return empty && !meaningful.some((pattern) => pattern.test(path)) ? [`${path} is empty`] : [];
    }),
  );

test.each(exampleNames())(
  'a second apply of examples/%s changes nothing: no quantity in another form, nothing empty',
  (name) => {
    const objects = [...committedExample(name).values()].flatMap((text) => loadAll(text) as Manifest[]);
    expect(objects.length).toBeGreaterThan(10);
    expect(shown(objects)).toEqual([]);
  },
);

test.each([
  [
    'of 0.82, whose spill folder is 2 GiB',
    production({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() }),
  ],
  ['with 1.5Ti of storage', production({ JUNJO_K8S_STORAGE_SIZE: '1.5Ti' })],
  ['on a folder of a node', production({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1' })],
  ['of development images', development({ JUNJO_BUILD_TARGET: 'development' })],
  ['behind a class that nobody knows', production({ JUNJO_K8S_INGRESS_CLASS: 'skipper' })],
  [
    'without secrets of its own',
    production({ JUNJO_K8S_SECRETS: 'existing', JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined }),
  ],
])('nor does a second apply of a studio %s', (_, settings) => {
  expect(shown(render(settings).objects)).toEqual([]);
});

test.each([
  ['a label', { JUNJO_K8S_LABELS: 'team=' }, 'labels', 'team'],
  [
    'the label of a role of nodes',
    { JUNJO_K8S_NODE_SELECTOR: 'node-role.kubernetes.io/worker=' },
    'nodeSelector',
    'node-role.kubernetes.io/worker',
  ],
])('%s may be empty, which is stored', (_, settings, field, name) => {
  const { metadata, spec } = render(production(settings)).pod('frontend');
  expect({ ...metadata, ...spec }[field][name]).toBe('');
});

test('a claim asks for no class where a volume is made for it, and the volume names none', () => {
  const studio = render(production({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1' }));
  expect(studio.get('PersistentVolumeClaim', 'junjo-ai-studio-data').spec.storageClassName).toBe('');
  expect(studio.ofKind('PersistentVolume')[0].spec).not.toHaveProperty('storageClassName');
});

test('what is found empty or in another form would be told', () => {
  const bad = { kind: 'Deployment', spec: { volumes: [], a: { sizeLimit: '2048Mi' }, storageClassName: '' } };
  expect(shown([bad])).toEqual([
    'Deployment.spec.volumes is empty',
    'Deployment.spec.a.sizeLimit is 2048Mi',
    'Deployment.spec.storageClassName is empty',
  ]);
});
