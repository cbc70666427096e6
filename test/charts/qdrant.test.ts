import { loadStudio } from '../../config/load-studio';
import { type Endpoint, isAllowed } from '../support/network';
import {
  development,
  envText,
  freshSecret,
  isOfEveryStudio,
  load,
  type Manifest,
  problemsOf,
  production,
  render,
  type Settings,
} from '../support/studio';

const NAME = 'junjo-ai-studio-qdrant';
const on = (more: Settings = {}) => ({ JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret(), ...more });

test('is off unless it is asked for, whatever key the file has', () => {
  for (const settings of [production(), production({ QDRANT_API_KEY: freshSecret() }), development()]) {
    const names = render(settings).objects.map(({ metadata }) => metadata.name);
    expect(names).not.toContain(NAME);
    expect(render(settings).environment('backend')).not.toHaveProperty('QDRANT_URL');
    expect(JSON.stringify(load(settings).secrets.readers)).not.toContain('QDRANT');
    expect(problemsOf(envText(settings)).filter((line) => line.includes('QDRANT'))).toEqual([]);
  }
});

describe('asked for', () => {
  const settings = production(on({ JUNJO_K8S_STORAGE_CLASS: 'fast' }));
  const studio = render(settings);
  const { spec } = studio.get('Deployment', NAME);
  const pod = spec.template.spec;
  const [container] = pod.containers;

  test('sends nothing home', () => {
    expect(container.env).toContainEqual({ name: 'QDRANT__TELEMETRY_DISABLED', value: 'true' });
  });

  test('its claim is for one node, and its objects are told from those of others', () => {
    expect(studio.get('PersistentVolumeClaim', NAME).spec).toMatchObject({
      accessModes: ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
    });
    const named = studio.objects.filter(({ metadata }) => metadata.name === NAME);
    expect(named.map(({ kind }) => kind).sort()).toEqual([
      'Deployment',
      'NetworkPolicy',
      'PersistentVolumeClaim',
      'Service',
    ]);
    for (const { metadata } of named.filter(({ kind }) => ['Deployment', 'Service'].includes(kind)))
      expect(metadata.labels['app.kubernetes.io/component']).toBe('qdrant');
  });

  test('its policy is for its own pods', () => {
    expect(studio.get('NetworkPolicy', NAME).spec.podSelector.matchLabels).toMatchObject({
      'app.kubernetes.io/component': 'qdrant',
    });
  });

  test('is one pod that the next one replaces', () => {
    expect([spec.replicas, spec.strategy]).toEqual([1, { type: 'Recreate' }]);
    expect(container.image).toMatch(/^docker\.io\/qdrant\/qdrant:v[0-9]+\.[0-9]+\.[0-9]+-unprivileged$/);
  });

  test('runs under restricted, and writes into its own claim alone', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 });
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    const { mountPath } = container.volumeMounts.find(({ name }: Manifest) => name === 'data');
    expect(pod.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: NAME } });
    const value = (name: string) => container.env.find((each: Manifest) => each.name === name).value;
    for (const name of ['QDRANT__STORAGE__STORAGE_PATH', 'QDRANT__STORAGE__SNAPSHOTS_PATH', 'QDRANT_INIT_FILE_PATH']) {
      expect(value(name)).toMatch(new RegExp(`^${mountPath}/`));
    }
  });

  test('its claim outlives it', () => {
    const file = studio.files.find(({ text }) => text.includes('PersistentVolumeClaim') && text.includes(NAME));
    expect(file?.path).toBe('foundation/11-qdrant-storage.k8s.yaml');
    const claim = studio.get('PersistentVolumeClaim', NAME);
    expect(claim.metadata.annotations['argocd.argoproj.io/sync-options']).toBe('Delete=false,Prune=false');
    expect(claim.spec).toMatchObject({ storageClassName: 'fast', resources: { requests: { storage: '5Gi' } } });
  });

  test('asks for the key that the backend has, and no other pod has it', () => {
    const reference = { name: 'junjo-ai-studio-secrets', key: 'QDRANT_API_KEY' };
    expect(container.env).toContainEqual({
      name: 'QDRANT__SERVICE__API_KEY',
      valueFrom: { secretKeyRef: reference },
    });
    expect(studio.environment('backend')).toMatchObject({
      QDRANT_API_KEY: 'secret junjo-ai-studio-secrets/QDRANT_API_KEY',
      QDRANT_URL: `http://${NAME}:6333`,
    });
    for (const service of ['ingestion', 'frontend']) {
      expect(JSON.stringify(studio.environment(service))).not.toContain('QDRANT');
    }
    const secret = studio.get('Secret', 'junjo-ai-studio-secrets');
    expect(Buffer.from(secret.data.QDRANT_API_KEY, 'base64').toString()).toBe(settings.QDRANT_API_KEY);
  });

  test('a new key rolls it and the backend; another secret of the backend does not', () => {
    const digest = (more: Settings) => {
      return render({ ...settings, ...more }).get('Deployment', NAME).spec.template.metadata.annotations;
    };
    expect(digest({ QDRANT_API_KEY: freshSecret() })).not.toEqual(digest({}));
    expect(digest({ OPENAI_API_KEY: 'sk-another-one-0123456789' })).toEqual(digest({}));
  });

  test('the Service is inside the cluster, and on the port that the backend is told', () => {
    const service = studio.get('Service', NAME).spec;
    expect(service.type).toBe('ClusterIP');
    expect(service.ports.map(({ port }: Manifest) => port)).toEqual([6333, 6334]);
  });

  test('the backend reaches it and nobody else does; it reaches nothing', () => {
    const policies = studio.ofKind('NetworkPolicy');
    const own = (name: string, labels: Record<string, string>, namespace = 'junjo-ai-studio'): Endpoint => ({
      kind: 'pod',
      name,
      namespace,
      namespaceLabels: {},
      labels,
    });
    const qdrant = own('qdrant', spec.template.metadata.labels);
    const backend = own('backend', studio.pod('backend').metadata.labels);
    const others = [
      own('ingestion', studio.pod('ingestion').metadata.labels),
      own('frontend', studio.pod('frontend').metadata.labels),
      own('stranger', {}),
      own('neighbour', {}, 'other'),
      { kind: 'address', name: 'internet', ip: '8.8.8.8' } as const,
    ];
    for (const port of [6333, 6334]) {
      expect(isAllowed(policies, { from: backend, to: qdrant, port })).toBe(true);
      for (const from of others) expect(isAllowed(policies, { from, to: qdrant, port })).toBe(false);
    }
    for (const to of [backend, ...others]) expect(isAllowed(policies, { from: qdrant, to, port: 443 })).toBe(false);
    const without = render(production()).ofKind('NetworkPolicy');
    expect(isAllowed(without, { from: backend, to: qdrant, port: 6333 })).toBe(false);
  });

  test('is probed where no key is asked for', () => {
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'http' });
  });

  test('is in the backups, as the owner of its files', () => {
    const volsync = { JUNJO_K8S_BACKUP: 'volsync', JUNJO_K8S_BACKUP_REPOSITORY: 'repository' };
    const source = render({ ...settings, ...volsync }).get('ReplicationSource', NAME);
    expect(source.spec.sourcePVC).toBe(NAME);
    expect(source.spec.restic.moverSecurityContext).toEqual(pod.securityContext);
  });

  test('leaves the folder on a node to the studio', () => {
    const node = { JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'worker-1' };
    const claim = render(development(on(node))).get('PersistentVolumeClaim', NAME);
    expect(claim.spec).not.toHaveProperty('storageClassName');
    expect(claim.spec).not.toHaveProperty('volumeName');
  });
});

test('with a proxy the backend calls it directly', () => {
  const settings = on({ HTTPS_PROXY: 'https://proxy.example.com' });
  expect(render(production(settings)).environment('backend').no_proxy).toContain(NAME);
});

test.each([
  ['without a key', { JUNJO_K8S_QDRANT: 'true' }, 'QDRANT_API_KEY: is missing. Generate one'],
  ['with a short key', on({ QDRANT_API_KEY: 'short' }), 'QDRANT_API_KEY: is shorter than 32'],
  ['with the key of the example', on({ QDRANT_API_KEY: 'your_qdrant_api_key_here' }), 'still holds a placeholder'],
  ['with a size alone', { JUNJO_K8S_QDRANT_STORAGE_SIZE: '20Gi' }, 'has no effect without JUNJO_K8S_QDRANT=true'],
  [
    'with its claim as the one of the studio',
    on({ JUNJO_K8S_EXISTING_CLAIM: NAME }),
    'is already used by the PersistentVolumeClaim',
  ],
])('%s it is not rendered', (_, settings, says) => {
  const { config, problems } = loadStudio([{ path: '.env', text: envText(production(settings)) }]);
  expect(config).toBeUndefined();
  const told = problems
    .filter((problem) => !isOfEveryStudio(problem))
    .map(({ variable, text }) => `${variable}: ${text}`);
  expect(told).toEqual(expect.arrayContaining([expect.stringContaining(says)]));
});

test('a Secret from elsewhere must have the key', () => {
  const cleared = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
  const settings = production({ ...cleared, JUNJO_K8S_QDRANT: 'true', JUNJO_K8S_SECRETS: 'existing' });
  expect(problemsOf(envText(settings)).join()).toMatch(/must have the keys [A-Z_, ]*QDRANT_API_KEY/);
  expect(render(settings).get('Deployment', NAME).metadata.annotations).toEqual({
    'secret.reloader.stakater.com/reload': 'junjo-ai-studio-secrets',
  });
});
