import { randomBytes } from 'node:crypto';
import { App } from 'cdk8s';
import { Studio } from '../../charts/studio';
import { renderStudio } from '../../main';
import { filesOf, manifestsBelow } from '../../render/files';
import {
  development,
  files,
  freshSecret,
  load,
  type Manifest,
  production,
  Rendered,
  render,
  type Settings,
} from '../support/studio';

const stateful = ['backend', 'ingestion'] as const;
const workloads = ['backend', 'ingestion', 'frontend'] as const;
const onNode = { JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1' };

/** Every way a studio can be set up that changes its pods or volumes. */
const variants = {
  development: development(),
  production: production(),
  'development images': development({ JUNJO_BUILD_TARGET: 'development' }),
  'a folder on a node': production(onNode),
  'an existing claim': production({ JUNJO_K8S_EXISTING_CLAIM: 'mine' }),
  'the class caddy': production({ JUNJO_K8S_INGRESS_CLASS: 'caddy' }),
  'everything set': production({
    JUNJO_K8S_NAME: 'team',
    JUNJO_K8S_NAMESPACE: 'team-space',
    JUNJO_K8S_SIZE: 'large',
    JUNJO_K8S_FRONTEND_REPLICAS: '3',
    JUNJO_K8S_IMAGE_PULL_SECRET: 'registry-credentials',
    JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com:5000/mirror',
    JUNJO_K8S_STORAGE_CLASS: 'fast-ssd',
    JUNJO_K8S_STORAGE_SIZE: '50Gi',
    OPENAI_API_KEY: freshSecret(),
    SPAN_POLL_INTERVAL: '30',
  }),
};
const rendered = Object.entries(variants).map(([name, settings]) => [name, render(settings)] as const);

describe.each(rendered)('%s', (_, studio) => {
  test('backend and ingestion have minutes to close their stores', () => {
    for (const service of stateful) {
      expect(studio.pod(service).spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
    }
  });

  test('backend and ingestion mount one claim', () => {
    const claims = stateful.map((service) => claimOf(studio.pod(service)));
    expect(claims[0]).toBe(claims[1]);
    expect(claims[0]).toEqual(expect.any(String));
  });

  test('a claim can be mounted by two pods of a node', () => {
    for (const { spec } of studio.ofKind('PersistentVolumeClaim')) expect(spec.accessModes).toEqual(['ReadWriteOnce']);
  });

  test('gRPC probes of the kubelet on the internal port, and none that runs a binary', () => {
    const probes = (service: string) => {
      const { startupProbe, readinessProbe, livenessProbe } = studio.container(service);
      return [startupProbe, readinessProbe, livenessProbe];
    };
    for (const probe of probes('ingestion')) expect(probe.grpc).toEqual({ port: 50052, service: '' });
    for (const probe of probes('backend')) expect(probe.httpGet).toEqual({ path: '/health', port: 'http' });
    for (const probe of probes('frontend')) expect(probe.httpGet).toEqual({ path: '/', port: 'http' });
    expect(workloads.flatMap(probes).filter((probe) => probe.exec || probe.tcpSocket)).toEqual([]);
  });

  test('migrations have ten minutes, and ingestion outwaits the start of the backend', () => {
    const seconds = (service: string) => {
      const { periodSeconds, failureThreshold } = studio.container(service).startupProbe;
      return periodSeconds * failureThreshold;
    };
    expect(seconds('backend')).toBeGreaterThanOrEqual(600);
    expect(seconds('ingestion')).toBeGreaterThanOrEqual(2 * seconds('backend'));
  });

  test('user values are never inline, where Kubernetes would expand them', () => {
    const fixed = new Set([
      'INGESTION_HOST',
      'INGESTION_PORT',
      'RUN_MIGRATIONS',
      'JUNJO_SQLITE_PATH',
      'JUNJO_DUCKDB_PATH',
      'HOME',
      'BACKEND_GRPC_HOST',
      'BACKEND_GRPC_PORT',
      'JUNJO_BADGERDB_PATH',
    ]);
    for (const service of workloads) {
      const inline = (studio.container(service).env ?? []).filter(({ value }: Manifest) => value !== undefined);
      expect(inline.filter(({ name }: Manifest) => !fixed.has(name))).toEqual([]);
    }
  });

  test('secrets reach the backend alone', () => {
    for (const service of ['ingestion', 'frontend']) {
      expect(Object.values(studio.environment(service)).filter((value) => value.startsWith('secret '))).toEqual([]);
    }
    expect(studio.environment('backend')).toMatchObject({
      JUNJO_SESSION_SECRET: 'secret junjo-ai-studio-secrets/JUNJO_SESSION_SECRET',
      JUNJO_SECURE_COOKIE_KEY: 'secret junjo-ai-studio-secrets/JUNJO_SECURE_COOKIE_KEY',
    });
  });

  test('everything is called after the studio, as the services of compose are', () => {
    for (const { kind, metadata } of studio.objects.filter(({ metadata: { namespace } }) => namespace)) {
      expect(`${kind} ${metadata.name}`).toMatch(/^[A-Za-z]+ junjo-ai-studio(-[a-z-]+)?$/);
    }
  });

  test('the Secret is alone in its file, which only its owner may read', () => {
    const secret = studio.files.filter(({ text }) => /^kind: Secret$/m.test(text));
    expect(secret.map(({ path, mode }) => [path, mode])).toEqual([['30-secrets.k8s.yaml', 0o600]]);
    expect(new Rendered(secret).objects).toHaveLength(1);
    expect(studio.files.filter(({ mode }) => mode === 0o600)).toEqual(secret);
  });
});

describe('Pod Security', () => {
  test('development images may write to their own tree as root, and nothing else is loosened', () => {
    const studio = render(development({ JUNJO_BUILD_TARGET: 'development' }));
    expect(studio.ofKind('Namespace')[0].metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'baseline',
      // A level above the enforced one would warn at every apply.
      'pod-security.kubernetes.io/warn': 'baseline',
      'pod-security.kubernetes.io/audit': 'baseline',
    });
    for (const service of workloads) {
      expect(studio.pod(service).spec.securityContext.runAsUser).toBe(0);
      expect(studio.container(service).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: false,
      });
    }
  });

  test('backend and ingestion write as one user and group, so that each reads what the other wrote', () => {
    const studio = render(production());
    const owner = stateful.map((service) => {
      const { runAsUser, runAsGroup, fsGroup } = studio.pod(service).spec.securityContext;
      return { runAsUser, runAsGroup, fsGroup };
    });
    expect(owner[0]).toEqual(owner[1]);
  });

  test('the frontend opens port 80 through a sysctl instead of a capability', () => {
    expect(render(production()).pod('frontend').spec.securityContext.sysctls).toEqual([
      { name: 'net.ipv4.ip_unprivileged_port_start', value: '80' },
    ]);
  });
});

describe('each container gets what it reads', () => {
  const everything = production({
    JUNJO_LOG_LEVEL: 'warn',
    JUNJO_LOG_FORMAT: 'text',
    JUNJO_BACKEND_PORT: '1323',
    JUNJO_ALLOW_ORIGINS: 'https://studio.example.com',
    SPAN_BATCH_SIZE: '50',
    OPENAI_API_KEY: freshSecret(),
    SOMEBODY_ELSES: 'value',
  });
  const urls = {
    JUNJO_PROD_FRONTEND_URL: 'https://studio.example.com',
    JUNJO_PROD_BACKEND_URL: 'https://api.example.com',
    JUNJO_PROD_INGESTION_URL: 'https://spans.example.com',
  };

  test('the backend', () => {
    expect(render(everything).environment('backend')).toEqual({
      JUNJO_ENV: 'production',
      ...urls,
      JUNJO_ALLOW_ORIGINS: 'https://studio.example.com',
      JUNJO_BACKEND_PORT: '1323',
      JUNJO_LOG_LEVEL: 'WARNING',
      JUNJO_LOG_FORMAT: 'text',
      SPAN_BATCH_SIZE: '50',
      INGESTION_HOST: 'junjo-ai-studio-ingestion-internal',
      INGESTION_PORT: '50052',
      RUN_MIGRATIONS: 'true',
      JUNJO_SQLITE_PATH: '/app/.dbdata/sqlite/junjo.db',
      JUNJO_DUCKDB_PATH: '/app/.dbdata/duckdb/traces.duckdb',
      HOME: '/tmp',
      JUNJO_SESSION_SECRET: 'secret junjo-ai-studio-secrets/JUNJO_SESSION_SECRET',
      JUNJO_SECURE_COOKIE_KEY: 'secret junjo-ai-studio-secrets/JUNJO_SECURE_COOKIE_KEY',
      OPENAI_API_KEY: 'secret junjo-ai-studio-secrets/OPENAI_API_KEY',
    });
  });

  test('ingestion', () => {
    expect(render(everything).environment('ingestion')).toEqual({
      JUNJO_ENV: 'production',
      JUNJO_LOG_LEVEL: 'warn',
      JUNJO_LOG_FORMAT: 'text',
      BACKEND_GRPC_HOST: 'junjo-ai-studio-backend-internal',
      BACKEND_GRPC_PORT: '50053',
      JUNJO_BADGERDB_PATH: '/app/.dbdata/badgerdb',
    });
  });

  test('the frontend', () => {
    expect(render(everything).environment('frontend')).toEqual({
      JUNJO_ENV: 'production',
      JUNJO_BUILD_TARGET: 'production',
      ...urls,
    });
  });

  test('a Secret is in standard base64, which alone the API server decodes', () => {
    // Every value has characters that the URL-safe alphabet writes differently.
    const keys = ['>>>???', '~~~~~~', '\u00ff\u00fe\u00fb'].map((odd) => `${odd}${randomBytes(9).toString('hex')}`);
    for (const key of keys) {
      const { data } = render(production({ OPENAI_API_KEY: key })).get('Secret', 'junjo-ai-studio-secrets');
      for (const value of Object.values(data)) expect(value).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
      expect(Buffer.from(data.OPENAI_API_KEY, 'base64').toString('base64')).toBe(data.OPENAI_API_KEY);
      expect(data.OPENAI_API_KEY).toMatch(/[+/]/);
    }
  });

  test('a dollar sign in a value arrives as it is', () => {
    const origin = 'https://studio.example.com';
    const key = `a$(HOME)${randomBytes(8).toString('hex')}`;
    const studio = render(production({ JUNJO_ALLOW_ORIGINS: origin, OPENAI_API_KEY: key }));
    const { data } = studio.get('Secret', 'junjo-ai-studio-secrets');
    expect(Buffer.from(data.OPENAI_API_KEY, 'base64').toString()).toBe(key);
  });
});

describe('a change rolls the pods that read it, and no other', () => {
  const base = production({ OPENAI_API_KEY: freshSecret(), JUNJO_LOG_LEVEL: 'info' });
  const template = (studio: Rendered, service: string) => JSON.stringify(studio.pod(service));
  const tokenStudio = { ...base, JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
  const rolled = (change: Record<string, string>, of: Settings) => {
    const [before, after] = [render(of), render({ ...of, ...change })];
    return workloads.filter((service) => template(before, service) !== template(after, service));
  };

  test.each([
    ['a secret of the backend', { JUNJO_SESSION_SECRET: freshSecret() }, ['backend']],
    ['a provider key', { OPENAI_API_KEY: freshSecret() }, ['backend']],
    ['the log level', { JUNJO_LOG_LEVEL: 'debug' }, ['backend', 'ingestion']],
    ['the address of the API', { JUNJO_PROD_BACKEND_URL: 'https://a.example.com' }, ['backend', 'frontend']],
    ['the poll interval', { SPAN_POLL_INTERVAL: '7' }, ['backend']],
    ['the size of the volume', { JUNJO_K8S_STORAGE_SIZE: '20Gi' }, []],
    ['a secret that ingestion reads', { JUNJO_SESSION_SECRET: freshSecret() }, ['backend', 'ingestion'], tokenStudio],
    ['a provider key beside it', { OPENAI_API_KEY: freshSecret() }, ['backend'], tokenStudio],
  ])('%s', (_, change, expected, of: Settings = base) => {
    expect(rolled(change, of)).toEqual(expected);
  });

  test('another config.js gives the frontend a new digest, even where its settings stay as they are', () => {
    // The address of the API is among the settings too, and would hide a config.js that the digest leaves out.
    const config = load(base);
    const digests = [config, { ...config, apiUrl: 'https://a.example.com' }].map((each) => {
      const studio = new Rendered(filesOf(renderStudio(each).manifests));
      return studio.pod('frontend').metadata.annotations['checksum/settings'];
    });
    expect(digests[0]).not.toBe(digests[1]);
  });

  test.each(['backend', 'ingestion'])(
    'the digest of the secrets of %s cannot be computed without the session secret',
    (service) => {
      const shared = { JUNJO_SECURE_COOKIE_KEY: freshSecret(), JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
      const digest = () =>
        render(production({ ...shared, JUNJO_K8S_RELEASE: '0.82.1' })).pod(service).metadata.annotations[
          'checksum/secrets'
        ];
      expect(digest()).toMatch(/^[0-9a-f]{64}$/);
      expect(digest()).not.toBe(digest());
    },
  );
});

test('the same input gives the same bytes', () => {
  for (const settings of Object.values(variants)) expect(files(settings)).toEqual(files(settings));
});

test('a second render of one studio gives the same bytes', () => {
  const studio = new Studio(new App(), 'studio', { config: load(production()) });
  expect(filesOf(manifestsBelow(studio))).toEqual(filesOf(manifestsBelow(studio)));
});

function claimOf(pod: Manifest): string | undefined {
  return pod.spec.volumes.find(({ persistentVolumeClaim }: Manifest) => persistentVolumeClaim)?.persistentVolumeClaim
    .claimName;
}
