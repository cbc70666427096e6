import { App, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { loadAll } from 'js-yaml';
import { digest } from '../../charts/pod/digest';
import { podMeta } from '../../charts/pod/pod';
import { Studio } from '../../charts/studio';
import { renderStudio } from '../../main';
import { filesOf, manifestsBelow } from '../../render/files';
import { development, freshSecret, load, type Manifest, production, render } from '../support/studio';

const service = (settings: Parameters<typeof render>[0], name: string) =>
  render(settings).get('Service', `junjo-ai-studio-${name}`).spec;
const published = ({ ports }: Manifest) => ports.map(({ port }: Manifest) => port);
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

describe('a development studio', () => {
  test.each([
    ['frontend', [5153]],
    ['backend', [1323]],
    ['ingestion', [50051]],
  ])('puts %s on localhost under the ports of compose, for private addresses only', (name, ports) => {
    const spec = service(development(), name);
    expect(spec.type).toBe('LoadBalancer');
    expect(published(spec)).toEqual(ports);
    expect(spec.loadBalancerSourceRanges).toEqual(PRIVATE);
  });

  test('tells browsers to call the API on localhost', () => {
    const { data } = render(development()).get('ConfigMap', 'junjo-ai-studio-frontend-config');
    expect(data).toEqual({ 'config.js': 'window.runtimeConfig = { API_HOST: "http://localhost:1323" };\n' });
  });

  test('allows the origin of its UI when the file names none', () => {
    expect(render(development()).environment('backend').JUNJO_ALLOW_ORIGINS).toBe('http://localhost:5153');
  });
});

describe('a production studio', () => {
  test('keeps everything inside the cluster, where the edge finds it', () => {
    expect(service(production(), 'frontend').type).toBe('ClusterIP');
    expect(service(production(), 'backend').type).toBe('ClusterIP');
    const spans = service(production(), 'ingestion');
    expect([spans.type, published(spans)]).toEqual(['ClusterIP', [50051]]);
  });

  test('tells browsers the public address of the API', () => {
    const { data } = render(production()).get('ConfigMap', 'junjo-ai-studio-frontend-config');
    expect(data).toEqual({ 'config.js': 'window.runtimeConfig = { API_HOST: "https://api.example.com" };\n' });
  });

  test('allows the origin of its UI when the file names none', () => {
    expect(render(production()).environment('backend').JUNJO_ALLOW_ORIGINS).toBe('https://studio.example.com');
  });
});

test.each([
  ['development', development()],
  ['production', production()],
])('%s keeps the internal gRPC ports on ClusterIP Services of their own', (_, settings) => {
  const studio = render(settings);
  const internal = studio.ofKind('Service').filter(({ spec }) => published(spec).some((port: number) => port > 50051));
  expect(internal.map(({ metadata, spec }) => [metadata.name, spec.type, published(spec)])).toEqual([
    ['junjo-ai-studio-backend-internal', 'ClusterIP', [50053]],
    ['junjo-ai-studio-ingestion-internal', 'ClusterIP', [50052]],
  ]);
});

describe('the frontend', () => {
  test('gets config.js read-only from its ConfigMap, as the one file that it is', () => {
    const studio = render(production());
    expect(studio.container('frontend').volumeMounts).toContainEqual({
      name: 'config',
      mountPath: '/usr/share/nginx/html/config.js',
      subPath: 'config.js',
      readOnly: true,
    });
    expect(studio.pod('frontend').spec.volumes).toContainEqual({
      name: 'config',
      configMap: { name: 'junjo-ai-studio-frontend-config' },
    });
  });

  test('serves on for a few seconds after it is told to stop, until nobody is led to it', () => {
    const { lifecycle } = render(production()).container('frontend');
    expect(lifecycle.preStop.exec.command).toEqual(['sleep', '5']);
    expect(render(production()).pod('frontend').spec.terminationGracePeriodSeconds).toBeGreaterThan(10);
  });

  test('with several pods spreads over nodes and keeps all but one through a drain', () => {
    const studio = render(production({ JUNJO_K8S_FRONTEND_REPLICAS: '3' }));
    expect(studio.get('Deployment', 'junjo-ai-studio-frontend').spec.replicas).toBe(3);
    const [spread] = studio.pod('frontend').spec.topologySpreadConstraints;
    expect(spread.topologyKey).toBe('kubernetes.io/hostname');
    // Its own pods, and no others: spreading over the pods of the backend would keep two of these on one node.
    expect(studio.pod('frontend').metadata.labels).toMatchObject(spread.labelSelector.matchLabels);
    for (const other of ['backend', 'ingestion']) {
      expect(studio.pod(other).metadata.labels).not.toMatchObject(spread.labelSelector.matchLabels);
    }
    expect(studio.get('PodDisruptionBudget', 'junjo-ai-studio-frontend').spec.maxUnavailable).toBe(1);
  });
});

test.each([
  ['production, on port 80', {}, [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '80' }]],
  ['development, above 1023', { JUNJO_ENV: 'development', JUNJO_BUILD_TARGET: 'development' }, undefined],
])('the frontend of %s may listen there without a capability', (_, target, sysctls) => {
  const settings = Object.keys(target).length > 0 ? development(target) : production();
  expect(render(settings).pod('frontend').spec.securityContext.sysctls).toEqual(sysctls);
});

test.each([
  ['published images', 'restricted', {}],
  ['development images, which are root', 'baseline', { JUNJO_BUILD_TARGET: 'development' }],
])('the namespace of %s is held to %s, and warns of nothing else', (_, level, settings) => {
  const { labels } = render(development(settings)).ofKind('Namespace')[0].metadata;
  for (const mode of ['enforce', 'audit', 'warn']) {
    expect(labels[`pod-security.kubernetes.io/${mode}`]).toBe(level);
    expect(labels[`pod-security.kubernetes.io/${mode}-version`]).toBe('latest');
  }
});

test('pods that share the volume are told by a label that nothing else has', () => {
  const studio = render(production());
  const label = ({ metadata }: Manifest) => metadata.labels['junjo-ai-studio/volume'];
  expect(['backend', 'ingestion', 'frontend'].map((name) => label(studio.pod(name)))).toEqual([
    'data',
    'data',
    undefined,
  ]);
});

test('a digest is of the values, in whatever order they come', () => {
  expect(digest({ a: '1', b: '2', c: '3' })).toBe(digest({ c: '3', a: '1', b: '2' }));
  expect(digest({ a: '1', b: '2' })).not.toBe(digest({ a: '2', b: '1' }));
});

test('a Secret of the studio itself rolls its pods by a digest, and nobody watches it', () => {
  for (const { metadata } of render(production()).ofKind('Deployment')) {
    expect(metadata.annotations ?? {}).not.toHaveProperty(['secret.reloader.stakater.com/reload']);
  }
});

test.each([
  ['0.80.0', 'backend', [['/tmp', '512Mi']]],
  ['0.80.0', 'ingestion', [['/tmp', '64Mi']]],
])('release %s may write beside the volume of its %s', (JUNJO_K8S_RELEASE, component, folders) => {
  const studio = render(production({ JUNJO_K8S_RELEASE }));
  const scratch = studio.pod(component).spec.volumes.filter(({ emptyDir }: Manifest) => emptyDir);
  const mounts = studio.container(component).volumeMounts;
  const paths = scratch.map(({ name, emptyDir }: Manifest) => [
    mounts.find((mount: Manifest) => mount.name === name)?.mountPath,
    emptyDir.sizeLimit,
  ]);
  expect(paths.filter(([path]: Manifest) => path)).toEqual(folders);
});

test('development images write into their own file system, which is not read-only', () => {
  const studio = render(development({ JUNJO_K8S_RELEASE: '0.80.0', JUNJO_BUILD_TARGET: 'development' }));
  for (const name of ['backend', 'ingestion']) {
    expect(studio.container(name).volumeMounts.map(({ mountPath }: Manifest) => mountPath)).not.toContain('/tmp');
  }
});

test('objects are labelled with the component that they are of', () => {
  const studio = render(production({ JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() }));
  const components = ['backend', 'frontend', 'ingestion', 'qdrant'];
  const named = studio.objects.filter(({ kind, metadata }) => {
    return (
      !['NetworkPolicy', 'PersistentVolumeClaim'].includes(kind) &&
      components.some((name) => metadata.name.split('-').includes(name))
    );
  });
  expect(named.length).toBeGreaterThan(10);
  for (const { metadata } of named) {
    expect(metadata.name).toContain(`-${metadata.labels['app.kubernetes.io/component']}`);
    expect(components).toContain(metadata.labels['app.kubernetes.io/component']);
  }
});

test('a studio of several leaves the Application to the set', () => {
  const config = load(production({ JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studios.git' }));
  const kinds = (inSet: boolean) =>
    manifestsBelow(new Studio(new App(), 'studio', { config, inSet })).map(({ manifest }) => manifest.kind);
  expect(kinds(false)).toEqual(expect.arrayContaining(['Application', 'AppProject']));
  const alone = manifestsBelow(new Studio(new App(), 'studio', { config }));
  expect(alone.map(({ manifest }) => manifest.kind)).toEqual(kinds(false));
  expect(kinds(true)).not.toContain('Application');
  expect(kinds(true)).not.toContain('AppProject');
});

describe('images', () => {
  test('are pulled with the credentials of JUNJO_K8S_IMAGE_PULL_SECRET by every pod', () => {
    const studio = render(production({ JUNJO_K8S_IMAGE_PULL_SECRET: 'registry-credentials' }));
    for (const service of ['backend', 'ingestion', 'frontend']) {
      expect(studio.pod(service).spec.imagePullSecrets).toEqual([{ name: 'registry-credentials' }]);
    }
  });

  const images = (settings: Parameters<typeof render>[0]) => {
    const studio = render(settings);
    return ['backend', 'ingestion', 'frontend'].map((name) => studio.container(name).image);
  };

  test('are the published ones, pinned', () => {
    expect(images(production())).toEqual([
      'docker.io/mdrideout/junjo-ai-studio-backend:0.70.3',
      'docker.io/mdrideout/junjo-ai-studio-ingestion:0.70.3',
      'docker.io/mdrideout/junjo-ai-studio-frontend:0.70.3',
    ]);
  });

  test('come from the mirror and the references that the file names', () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
    const settings = production({
      JUNJO_K8S_RELEASE: '0.70.4',
      JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com/mirror',
      JUNJO_K8S_INGESTION_IMAGE: `registry.example.com:5000/ingestion@${digest}`,
      JUNJO_K8S_IMAGE_PULL_SECRET: 'registry-credentials',
    });
    expect(images(settings)).toEqual([
      'registry.example.com/mirror/mdrideout/junjo-ai-studio-backend:0.70.4',
      `registry.example.com:5000/ingestion@${digest}`,
      'registry.example.com/mirror/mdrideout/junjo-ai-studio-frontend:0.70.4',
    ]);
    expect(render(settings).pod('backend').spec.imagePullSecrets).toEqual([{ name: 'registry-credentials' }]);
  });

  test('of the development target are the ones that the user builds, with the ports of Vite', () => {
    const settings = development({ JUNJO_BUILD_TARGET: 'development' });
    expect(images(settings)).toEqual([
      'junjo-ai-studio-backend:development',
      'junjo-ai-studio-ingestion:development',
      'junjo-ai-studio-frontend:development',
    ]);
    const studio = render(settings);
    expect(studio.container('backend').imagePullPolicy).toBe('IfNotPresent');
    expect(studio.container('frontend').ports[0].containerPort).toBe(5151);
    expect(published(service(settings, 'frontend'))).toEqual([5151, 5152]);
    // The API server wants a name for each, where there are several.
    expect(service(settings, 'frontend').ports.map(({ name }: Manifest) => name)).toEqual(['http', 'http-5152']);
    expect(studio.environment('backend').JUNJO_ALLOW_ORIGINS).toBe('http://localhost:5151');
  });

  test('that may change under their tag are pulled at every start', () => {
    const studio = render(development({ JUNJO_K8S_BACKEND_IMAGE: 'registry.example.com/backend:latest' }));
    expect(studio.container('backend').imagePullPolicy).toBe('Always');
    expect(studio.container('ingestion').imagePullPolicy).toBe('IfNotPresent');
  });
});

describe('storage', () => {
  test('is a claim on the default class of the cluster', () => {
    const { spec } = render(development()).get('PersistentVolumeClaim', 'junjo-ai-studio-data');
    expect(spec).toEqual({
      accessModes: ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
      resources: { requests: { storage: '10Gi' } },
    });
  });

  test('is a claim of the class and size that the file names', () => {
    const settings = production({ JUNJO_K8S_STORAGE_CLASS: 'fast-ssd', JUNJO_K8S_STORAGE_SIZE: '50Gi' });
    const { spec } = render(settings).get('PersistentVolumeClaim', 'junjo-ai-studio-data');
    expect(spec.storageClassName).toBe('fast-ssd');
    expect(spec.resources.requests.storage).toBe('50Gi');
    expect(render(settings).ofKind('PersistentVolume')).toEqual([]);
  });

  test('of an absolute path is that folder of its node, kept for ever and bound to this claim alone', () => {
    const studio = render(
      production({
        JUNJO_K8S_NAMESPACE: 'team',
        JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data',
        JUNJO_K8S_NODE: 'worker-1',
        JUNJO_K8S_STORAGE_SIZE: '50Gi',
      }),
    );
    const volume = studio.get('PersistentVolume', 'team-data').spec;
    const claim = studio.get('PersistentVolumeClaim', 'junjo-ai-studio-data').spec;
    expect(volume).toMatchObject({
      local: { path: '/mnt/junjo-data' },
      persistentVolumeReclaimPolicy: 'Retain',
      capacity: { storage: '50Gi' },
      claimRef: { namespace: 'team', name: 'junjo-ai-studio-data' },
    });
    expect(volume.nodeAffinity.required.nodeSelectorTerms).toEqual([
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['worker-1'] }] },
    ]);
    expect(claim).toMatchObject({ volumeName: 'team-data', storageClassName: '' });
  });

  test.each([
    ['no class, of which the volume says nothing', undefined],
    ['the class that the file names', 'local'],
  ])('of an absolute path has %s', (_, JUNJO_K8S_STORAGE_CLASS) => {
    const studio = render(
      production({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1', JUNJO_K8S_STORAGE_CLASS }),
    );
    const [volume] = studio.ofKind('PersistentVolume');
    const [claim] = studio.ofKind('PersistentVolumeClaim');
    expect('storageClassName' in volume.spec).toBe(JUNJO_K8S_STORAGE_CLASS !== undefined);
    expect(volume.spec.storageClassName).toBe(JUNJO_K8S_STORAGE_CLASS);
    expect(claim.spec.storageClassName).toBe(JUNJO_K8S_STORAGE_CLASS ?? '');
  });

  test('of an absolute path gives way to a storage class that the file names', () => {
    const studio = render(
      production({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_STORAGE_CLASS: 'fast-ssd' }),
    );
    expect(studio.ofKind('PersistentVolume')).toEqual([]);
    expect(studio.ofKind('PersistentVolumeClaim')[0].spec.storageClassName).toBe('fast-ssd');
  });

  test('can be a claim that is there already, which is then not rendered', () => {
    const studio = render(production({ JUNJO_K8S_EXISTING_CLAIM: 'mine' }));
    expect(studio.ofKind('PersistentVolumeClaim')).toEqual([]);
    for (const name of ['backend', 'ingestion']) {
      expect(studio.pod(name).spec.volumes).toContainEqual({
        name: 'data',
        persistentVolumeClaim: { claimName: 'mine' },
      });
    }
  });
});

test('a small studio fits a node of 1 GB: its requests are at most 700 MiB', () => {
  const studio = render(production());
  const requests = studio.ofKind('Deployment').map(({ spec }) => {
    const { memory } = spec.template.spec.containers[0].resources.requests;
    return spec.replicas * Number(/^([0-9]+)Mi$/.exec(memory)?.[1]);
  });
  expect(requests.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(700);
  expect(requests.every((each) => each > 0)).toBe(true);
});

test.each([
  ['small', '300Mi', '450Mi'],
  ['medium', '700Mi', '1200Mi'],
  ['large', '1200Mi', '2500Mi'],
])("a %s studio gives the backend upstream's own memory", (size, request, limit) => {
  const { requests, limits } = render(production({ JUNJO_K8S_SIZE: size })).container('backend').resources;
  expect([requests.memory, limits.memory]).toEqual([request, limit]);
});

test("a studio can be mounted in somebody's own App, beside other studios and charts of their own", () => {
  const [blue, green] = ['blue', 'green'].map((name) => load(production({ JUNJO_K8S_NAMESPACE: name })));
  const app = new App();
  new Chart(app, 'theirs');
  const scope = new Construct(app, 'team');
  for (const config of [blue, green]) {
    if (!config) continue;
    const files = filesOf(manifestsBelow(new Studio(scope, config.namespace, { config })));
    expect(files).toEqual(filesOf(renderStudio(config).manifests));
  }
  const objects = loadAll(app.synthYaml()) as Manifest[];
  const namespaces = objects.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
  expect(namespaces.sort()).toEqual(['blue', 'green']);
});

test('a pod without digests has no annotations, which an empty map would show as a change', () => {
  const props = { studio: 'a', version: '1', extra: { labels: {}, annotations: {} } };
  expect(podMeta(props, { component: 'job' })).not.toHaveProperty('annotations');
  expect(
    podMeta({ ...props, extra: { labels: {}, annotations: { a: 'b' } } }, { component: 'job' }).annotations,
  ).toEqual({
    a: 'b',
  });
});
