import { randomBytes } from 'node:crypto';
import { App } from 'cdk8s';
import { Studio } from '../../charts/studio';
import { filesOf, manifestsBelow } from '../../render/rendered-file';
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
  'a folder of a node': production(onNode),
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
  test('one writer, replaced and never doubled, with time to close its stores', () => {
    for (const service of stateful) {
      const { spec } = studio.get('Deployment', `junjo-ai-studio-${service}`);
      expect(spec.replicas).toBe(1);
      expect(spec.strategy).toEqual({ type: 'Recreate' });
      expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
    }
  });

  test('no disruption budget blocks the drain of a single pod', () => {
    for (const budget of studio.ofKind('PodDisruptionBudget')) {
      const selected = studio
        .ofKind('Deployment')
        .filter(({ spec }) => selects(budget.spec.selector.matchLabels, spec.template.metadata.labels));
      expect(selected.map(({ spec }) => spec.replicas > 1)).toEqual([true]);
    }
  });

  test('both pods of the volume follow each other to one node, and no other pod does', () => {
    const [backend, ingestion] = stateful.map((service) => studio.pod(service));
    for (const pod of [backend, ingestion]) {
      const [term, ...more] = pod.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
      expect(more).toEqual([]);
      expect(term.topologyKey).toBe('kubernetes.io/hostname');
      expect(selects(term.labelSelector.matchLabels, backend.metadata.labels)).toBe(true);
      expect(selects(term.labelSelector.matchLabels, ingestion.metadata.labels)).toBe(true);
      expect(selects(term.labelSelector.matchLabels, studio.pod('frontend').metadata.labels)).toBe(false);
    }
    const claims = [backend, ingestion].map((pod) => claimOf(pod));
    expect(claims[0]).toBe(claims[1]);
    expect(claims[0]).toEqual(expect.any(String));
  });

  test('the claim can be mounted by two pods', () => {
    for (const { spec } of studio.ofKind('PersistentVolumeClaim')) expect(spec.accessModes).toEqual(['ReadWriteOnce']);
  });

  test('no service links and no service account token in any pod', () => {
    for (const { spec } of studio.ofKind('Deployment')) {
      expect(spec.template.spec.enableServiceLinks).toBe(false);
      expect(spec.template.spec.automountServiceAccountToken).toBe(false);
    }
  });

  test('every pod states user, group, seccomp, capabilities and the owner of its volume', () => {
    for (const service of workloads) {
      const { securityContext, volumes } = studio.pod(service).spec;
      expect(securityContext).toMatchObject({
        runAsUser: expect.any(Number),
        runAsGroup: expect.any(Number),
        fsGroup: expect.any(Number),
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(studio.container(service).securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      for (const volume of volumes ?? []) {
        expect(Object.keys(volume).filter((key) => key !== 'name')).toHaveLength(1);
        if (volume.emptyDir) expect(volume.emptyDir.sizeLimit).toMatch(/^[0-9]+Mi$/);
      }
    }
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
    for (const service of stateful) {
      const { progressDeadlineSeconds } = studio.get('Deployment', `junjo-ai-studio-${service}`).spec;
      expect(progressDeadlineSeconds).toBeGreaterThan(seconds(service));
    }
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

  test('secrets reach the backend alone, and nothing but the Secret holds one', () => {
    const secrets = studio.ofKind('Secret').flatMap(({ data }) => Object.values<string>(data));
    const plain = secrets.map((value) => Buffer.from(value, 'base64').toString());
    const others = studio.files.filter(({ path }) => !path.endsWith('secrets.k8s.yaml')).map(({ text }) => text);
    expect(plain.length).toBeGreaterThan(1);
    for (const value of [...secrets, ...plain]) expect(others.filter((text) => text.includes(value))).toEqual([]);
    for (const service of ['ingestion', 'frontend']) {
      expect(Object.values(studio.environment(service)).filter((value) => value.startsWith('secret '))).toEqual([]);
    }
    expect(studio.environment('backend')).toMatchObject({
      JUNJO_SESSION_SECRET: 'secret junjo-ai-studio-secrets/JUNJO_SESSION_SECRET',
      JUNJO_SECURE_COOKIE_KEY: 'secret junjo-ai-studio-secrets/JUNJO_SECURE_COOKIE_KEY',
    });
  });

  test('what holds the data is in the foundation, and Argo CD neither prunes nor deletes it', () => {
    const foundation = studio.files.filter(({ path }) => path.startsWith('foundation/'));
    const kinds = ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim'];
    const inFoundation = new Rendered(foundation).objects;
    expect(studio.objects.filter(({ kind }) => kinds.includes(kind))).toEqual(inFoundation);
    for (const { metadata } of inFoundation) {
      expect(metadata.annotations['argocd.argoproj.io/sync-options'].split(',').sort()).toEqual([
        'Delete=false',
        'Prune=false',
      ]);
    }
  });

  test('no object waits in a sync wave', () => {
    const annotations = studio.objects.flatMap(({ metadata }) => Object.keys(metadata.annotations ?? {}));
    expect(annotations.filter((name) => name.startsWith('argocd.argoproj.io/sync-wave'))).toEqual([]);
  });

  test('a second apply changes nothing: Secrets carry data, and every port names its protocol', () => {
    expect(studio.ofKind('Secret').filter(({ stringData }) => stringData)).toEqual([]);
    const servicePorts = studio.ofKind('Service').flatMap(({ spec }) => spec.ports);
    const containerPorts = workloads.flatMap((service) => studio.container(service).ports);
    expect([...servicePorts, ...containerPorts].filter(({ protocol }) => protocol !== 'TCP')).toEqual([]);
  });

  test('Services lead to the ports of the pods that they select', () => {
    for (const { spec } of studio.ofKind('Service')) {
      const pods = studio.ofKind('Deployment').map((deployment) => deployment.spec.template);
      const selected = pods.filter((pod) => selects(spec.selector, pod.metadata.labels));
      expect(selected).toHaveLength(1);
      const numbers = selected[0].spec.containers.flatMap(({ ports }: Manifest) =>
        ports.map(({ containerPort }: Manifest) => containerPort),
      );
      // By number: the Caddy ingress controller passes over Services with named target ports.
      for (const { targetPort } of spec.ports) expect(numbers).toContain(targetPort);
    }
  });

  test('selectors hold name and component, and labels the whole app.kubernetes.io/ set', () => {
    const selectors = [
      ...studio.ofKind('Deployment').map(({ spec }) => spec.selector.matchLabels),
      ...studio.ofKind('Service').map(({ spec }) => spec.selector),
    ];
    for (const selector of selectors) {
      expect(Object.keys(selector).sort()).toEqual(['app.kubernetes.io/component', 'app.kubernetes.io/name']);
    }
    for (const { metadata } of studio.objects) {
      expect(Object.keys(metadata.labels)).toEqual(
        expect.arrayContaining(
          ['name', 'instance', 'part-of', 'managed-by'].map((label) => `app.kubernetes.io/${label}`),
        ),
      );
    }
  });

  test('everything lies in the namespace of the studio, under names of its own', () => {
    const cluster = ['Namespace', 'PersistentVolume'];
    const namespace = studio.ofKind('Namespace')[0].metadata.name;
    for (const { kind, metadata } of studio.objects) {
      expect(metadata.namespace).toBe(cluster.includes(kind) ? undefined : namespace);
      if (!cluster.includes(kind)) expect(metadata.name).toMatch(/^junjo-ai-studio(-[a-z-]+)?$/);
    }
  });

  test('memory is requested and limited, CPU is requested and never limited', () => {
    for (const service of workloads) {
      const { requests, limits } = studio.container(service).resources;
      expect(Object.keys(requests).sort()).toEqual(['cpu', 'memory']);
      expect(Object.keys(limits)).toEqual(['memory']);
      expect(mebibytes(requests.memory)).toBeLessThanOrEqual(mebibytes(limits.memory));
    }
  });

  test('the Secret is alone in its file, which only its owner may read', () => {
    const secret = studio.files.filter(({ text }) => /^kind: Secret$/m.test(text));
    expect(secret.map(({ path, mode }) => [path, mode])).toEqual([['30-secrets.k8s.yaml', 0o600]]);
    expect(new Rendered(secret).objects).toHaveLength(1);
    expect(studio.files.filter(({ mode }) => mode === 0o600)).toEqual(secret);
  });

  test('the YAML is what it was', () => {
    const mask = (text: string) => text.replace(/checksum\/secrets: [0-9a-f]{64}/g, 'checksum/secrets: …');
    const shown = studio.files.filter(({ mode }) => mode !== 0o600).map(({ path, text }) => `# ${path}\n${mask(text)}`);
    expect(shown.join('')).toMatchSnapshot();
  });
});

describe('Pod Security', () => {
  test('published images run under `restricted`, and the namespace enforces it', () => {
    const studio = render(production());
    expect(studio.ofKind('Namespace')[0].metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    for (const service of workloads) {
      const { securityContext } = studio.pod(service).spec;
      expect(securityContext.runAsNonRoot).toBe(true);
      expect(securityContext.runAsUser).toBeGreaterThan(0);
      expect(studio.container(service).securityContext.readOnlyRootFilesystem).toBe(true);
    }
  });

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

  test('another address of the API gives the frontend a new digest, because browsers read it from a mounted file', () => {
    const digests = ['https://api.example.com', 'https://a.example.com'].map((url) => {
      const { annotations } = render({ ...base, JUNJO_PROD_BACKEND_URL: url, JUNJO_K8S_NAME: 'one' }).pod(
        'frontend',
      ).metadata;
      return annotations['checksum/settings'];
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

function selects(selector: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

function claimOf(pod: Manifest): string | undefined {
  return pod.spec.volumes.find(({ persistentVolumeClaim }: Manifest) => persistentVolumeClaim)?.persistentVolumeClaim
    .claimName;
}

function mebibytes(quantity: string): number {
  const match = /^([0-9]+)Mi$/.exec(quantity);
  if (!match) throw new Error(`${quantity} is not in Mi`);
  return Number(match[1]);
}
