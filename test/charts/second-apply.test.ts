import { production, render } from '../support/studio';

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
