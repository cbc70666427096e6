import { load as parse } from 'js-yaml';
import { REQUEST_LIMIT_MI } from '../../charts/intake-config';
import { quantityBytes } from '../../config/quantity';
import { newestTag, type ReleaseLine, releaseLines } from '../../releases';
import { type Endpoint, isAllowed } from '../support/network';
import {
  development,
  envText,
  freshSecret,
  type Manifest,
  problemsOf,
  production,
  type Rendered,
  render,
  type Settings,
} from '../support/studio';

const NAME = 'junjo-ai-studio-intake';
const NAMESPACE = 'junjo-ai-studio';
const CLAIMS = [`queue-${NAME}-0`, `queue-${NAME}-1`];

/** Releases whose ingestion answers UNAVAILABLE while it cannot check a key, and the others. */
const [lines, others] = [true, false].map((works) =>
  releaseLines.filter(({ ingestion }) => (ingestion.uncheckedKey === 'UNAVAILABLE') === works),
) as [ReleaseLine[], ReleaseLine[]];
const [oldest, newest] = [lines[0], lines.at(-1)] as [ReleaseLine, ReleaseLine];

/** A studio of a line behind collectors. */
function behind(line: ReleaseLine, settings: Settings = {}, base = production): Settings {
  const cookies = line.name === '0.86' ? { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined } : {};
  return base({
    JUNJO_K8S_RELEASE: newestTag(line),
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_K8S_INTAKE: 'true',
    ...cookies,
    ...settings,
  });
}

const ways = {
  'through the edge': {},
  'through an edge that needs TLS': { JUNJO_K8S_INGRESS_CLASS: 'caddy' },
  'over TLS': { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:26155' },
  'in the clear': { JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:26155' },
};
const options = {
  'with the defaults': {},
  'with a list of keys': { JUNJO_K8S_INTAKE_KEYS: 'intake-keys' },
  'with the smallest volume': { JUNJO_K8S_INTAKE_STORAGE_SIZE: '100Mi' },
  'with a large volume': { JUNJO_K8S_INTAKE_STORAGE_SIZE: '1Ti' },
};
const combinations = [
  ...lines.flatMap((line) =>
    Object.entries(ways).flatMap(([way, one]) =>
      Object.entries(options).map(([option, other]) => {
        return [`${line.name} ${way} ${option}`, behind(line, { ...one, ...other })] as const;
      }),
    ),
  ),
  ['on localhost', behind(oldest, {}, development)] as const,
];

function configOf(studio: Rendered): Manifest {
  return parse(studio.get('ConfigMap', NAME).data['config.yaml']);
}

function collectorOf(studio: Rendered): Manifest {
  return studio.get('StatefulSet', NAME).spec.template.spec.containers[0];
}

describe.each(combinations)('%s', (_, settings) => {
  const studio = render(settings);
  const config = configOf(studio);
  const queue = config.exporters['otlp_grpc/queue'];
  const pipelines: Manifest[] = Object.values(config.service.pipelines);

  test('nothing batches or compresses', () => {
    expect(pipelines.flatMap(({ processors = [] }) => processors)).toEqual(['memory_limiter']);
    for (const exporter of Object.values<Manifest>(config.exporters)) {
      expect(exporter.compression).toBe('none');
      expect(exporter.sending_queue.batch ?? { enabled: false }).toEqual({ enabled: false });
    }
  });

  test('every request is on the disk before it is acknowledged, and stays there until ingestion has it', () => {
    for (const { receivers, exporters } of pipelines.filter((each) => !each.receivers.includes('otlp/queued'))) {
      expect(receivers).toContain('otlp');
      expect(exporters).toEqual(['otlp_grpc/queue']);
    }
    expect(queue.sending_queue).toMatchObject({
      enabled: true,
      storage: 'file_storage',
      sizer: 'bytes',
      block_on_overflow: false,
      wait_for_result: false,
    });
    expect(queue.retry_on_failure).toMatchObject({ enabled: true, max_elapsed_time: 0 });
  });

  test('what comes out of the queue passes the limit of ingestion first, and is not acknowledged before ingestion has it', () => {
    const { endpoint } = config.receivers['otlp/queued'].protocols.grpc;
    expect([endpoint, queue.endpoint]).toEqual(['127.0.0.1:4319', '127.0.0.1:4319']);
    const rest = pipelines.filter(({ receivers }) => receivers.includes('otlp/queued'));
    expect(rest).toEqual([{ receivers: ['otlp/queued'], exporters: ['otlp_grpc/ingestion'] }]);
    expect(config.exporters['otlp_grpc/ingestion']).toMatchObject({
      sending_queue: { enabled: false },
      retry_on_failure: { enabled: false },
    });
    const [host, port] = config.exporters['otlp_grpc/ingestion'].endpoint.split(':');
    const service = studio.get('Service', host).spec;
    expect(service.selector['app.kubernetes.io/component']).toBe('ingestion');
    const { targetPort } = service.ports.find((each: Manifest) => each.port === Number(port));
    const { containers } = studio.pod('ingestion').spec;
    const open = containers.flatMap((container: Manifest) =>
      container.ports.map((each: Manifest) => each.containerPort),
    );
    expect(open).toContain(targetPort);
  });

  test('every receiver takes what ingestion takes, no less and no more, and keeps the key', () => {
    const protocols = Object.values<Manifest>(config.receivers).flatMap((receiver) =>
      Object.entries(receiver.protocols),
    );
    for (const [protocol, { include_metadata, ...limits }] of protocols as [string, Manifest][]) {
      expect(include_metadata).toBe(true);
      const limit = protocol === 'http' ? limits.max_request_body_size : limits.max_recv_msg_size_mib * 1024 * 1024;
      expect(limit).toBe(REQUEST_LIMIT_MI * 1024 * 1024);
    }
    const { headers } = config.extensions.headers_setter;
    expect(headers).toEqual([{ action: 'upsert', key: 'x-junjo-api-key', from_context: 'x-junjo-api-key' }]);
    for (const { auth } of Object.values<Manifest>(config.exporters)) {
      expect(auth).toEqual({ authenticator: 'headers_setter' });
    }
  });

  test('an unfinished request ends, whatever the client does, and takes no memory that a client names', () => {
    const receivers = Object.entries<Manifest>(config.receivers).filter(([name]) => name !== 'otlp/queued');
    for (const { grpc, http } of receivers.map(([, { protocols }]) => protocols)) {
      if (grpc) expect(Object.keys(grpc.keepalive.server_parameters)).toContain('max_connection_age_grace');
      if (http) expect(http.compression_algorithms).toEqual(['', 'gzip']);
      if (http) expect([http.read_timeout, http.idle_timeout]).toEqual(['1m', '1h']);
    }
  });

  test('two files of the queue fit on its volume, and the queue is full before its file is', () => {
    const { max_size, compaction, directory } = config.extensions.file_storage;
    const volume = quantityBytes(settings.JUNJO_K8S_INTAKE_STORAGE_SIZE ?? '4Gi') ?? 0;
    expect(2 * max_size).toBeLessThan(volume);
    // 16 MiB are what bbolt keeps free, and requests take up to twice their size.
    expect(2 * queue.sending_queue.queue_size + 16 * 1024 * 1024).toBeLessThanOrEqual(max_size);
    expect(queue.sending_queue.queue_size).toBeGreaterThan(2 * REQUEST_LIMIT_MI * 1024 * 1024);
    expect(compaction.rebound_needed_threshold_mib * 1024 * 1024).toBeLessThanOrEqual(max_size);
    expect(compaction.rebound_trigger_threshold_mib).toBeLessThan(compaction.rebound_needed_threshold_mib);
    const [claim] = CLAIMS.map((name) => studio.get('PersistentVolumeClaim', name));
    expect(quantityBytes(claim.spec.resources.requests.storage)).toBe(volume);
    const mount = collectorOf(studio).volumeMounts.find(({ name }: Manifest) => name === 'queue');
    expect([directory, compaction.directory]).toEqual([mount.mountPath, mount.mountPath]);
  });

  test('everything that is used is there, and what is there is used', () => {
    const used = pipelines.flatMap(({ receivers, processors = [], exporters }) => [receivers, processors, exporters]);
    const known = ['receivers', 'processors', 'exporters'].flatMap((kind) => Object.keys(config[kind]));
    expect([...new Set(used.flat())].sort()).toEqual(known.sort());
    expect([...config.service.extensions].sort()).toEqual(Object.keys(config.extensions).sort());
    const listens = JSON.stringify(config).matchAll(/"endpoint":"0\.0\.0\.0:([0-9]+)"/g);
    const open = collectorOf(studio).ports.map(({ containerPort }: Manifest) => containerPort);
    expect(new Set([...[...listens].map(([, port]) => Number(port)), 8888])).toEqual(new Set(open));
  });

  test('applications find the collectors where they found ingestion, and at 4318', () => {
    const { selector, ports } = studio.get('Service', 'junjo-ai-studio-ingestion').spec;
    expect(selector['app.kubernetes.io/component']).toBe('intake');
    expect(ports.map(({ port }: Manifest) => port)).toEqual([26155, 4318]);
  });
});

test('is off unless it is asked for', () => {
  const { JUNJO_K8S_INTAKE: _, ...without } = behind(oldest);
  const names = render(without).objects.map(({ metadata }) => metadata.name);
  expect(names.filter((name) => name.includes('intake'))).toEqual([]);
  expect(render(without).get('Service', 'junjo-ai-studio-ingestion-internal').spec.ports).toHaveLength(1);
});

test('the queue keeps its file: its exporter has always had this name', () => {
  expect(Object.keys(configOf(render(behind(oldest))).exporters)).toContain('otlp_grpc/queue');
});

describe('the collectors', () => {
  const studio = render(behind(oldest));
  const { metadata, spec } = studio.get('StatefulSet', NAME);
  const pod = spec.template.spec;

  test('run as the user of their image under restricted, and write into the queue alone', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001 });
    expect(collectorOf(studio).securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    const writable = collectorOf(studio).volumeMounts.filter(({ readOnly }: Manifest) => !readOnly);
    expect(writable.map(({ name }: Manifest) => name)).toEqual(['queue']);
    expect(collectorOf(studio).image).toMatch(/^docker\.io\/otel\/opentelemetry-collector-contrib:[0-9.]+$/);
    expect(metadata.labels['app.kubernetes.io/version']).toBe(collectorOf(studio).image.split(':')[1]);
  });

  test('no folder is mounted in another one', () => {
    const paths = collectorOf(
      render(behind(oldest, { ...ways['over TLS'], JUNJO_K8S_INTAKE_KEYS: 'k' })),
    ).volumeMounts.map(({ mountPath }: Manifest) => `${mountPath}/`);
    expect(paths).toHaveLength(4);
    for (const path of paths) expect(paths.filter((other: string) => path.startsWith(other))).toEqual([path]);
  });

  test('find the claims that outlive them, which can grow', () => {
    expect(CLAIMS).toEqual(
      Array.from(
        { length: spec.replicas },
        (_, index) => `${spec.volumeClaimTemplates[0].metadata.name}-${NAME}-${index}`,
      ),
    );
    const [file] = studio.files.filter(({ text }) => text.includes(CLAIMS[0] ?? ''));
    expect(file?.path).toBe('foundation/12-intake-storage.k8s.yaml');
    for (const name of CLAIMS) {
      const claim = studio.get('PersistentVolumeClaim', name);
      expect(claim.metadata.annotations['argocd.argoproj.io/sync-options']).toBe('Delete=false,Prune=false');
    }
    expect(spec.persistentVolumeClaimRetentionPolicy).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
    const larger = behind(oldest, { JUNJO_K8S_INTAKE_STORAGE_SIZE: '20Gi', JUNJO_K8S_STORAGE_CLASS: 'fast' });
    expect(render(larger).get('StatefulSet', NAME).spec.volumeClaimTemplates).toEqual(spec.volumeClaimTemplates);
    expect(render(larger).get('PersistentVolumeClaim', CLAIMS[0] ?? '').spec).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '20Gi' } },
    });
  });

  test('collect garbage, and then refuse requests, before the kernel ends them', () => {
    const { limits } = collectorOf(studio).resources;
    const limit = quantityBytes(limits.memory) ?? 0;
    const [{ name, value }] = collectorOf(studio).env;
    const garbage = quantityBytes(value.replace('MiB', 'Mi')) ?? 0;
    const { limit_percentage, spike_limit_percentage } = configOf(studio).processors.memory_limiter;
    expect(name).toBe('GOMEMLIMIT');
    expect(garbage).toBeLessThan(limit);
    expect((limit * limit_percentage) / 100).toBeLessThan(garbage);
    expect(spike_limit_percentage).toBeLessThan(limit_percentage);
  });

  test('start side by side, have time to compact the queue, and to end a call', () => {
    const { periodSeconds, failureThreshold } = collectorOf(studio).startupProbe;
    expect(spec.podManagementPolicy).toBe('Parallel');
    expect(periodSeconds * failureThreshold).toBe(300);
    const [, seconds] = /^(\d+)s$/.exec(configOf(studio).exporters['otlp_grpc/queue'].timeout) ?? [];
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(seconds));
  });

  test('put a damaged queue aside, make its file small again, and put few requests at risk', () => {
    const { extensions, exporters } = configOf(studio);
    const { recreate, compaction } = extensions.file_storage;
    expect([recreate, compaction.on_start, compaction.on_rebound, compaction.cleanup_on_start]).toEqual(
      Array(4).fill(true),
    );
    expect(exporters['otlp_grpc/queue'].sending_queue.num_consumers).toBe(2);
  });

  test('show their metrics to other pods', () => {
    const [{ pull }] = configOf(studio).service.telemetry.metrics.readers;
    expect(pull.exporter.prometheus).toMatchObject({ host: '0.0.0.0', port: 8888 });
  });

  test('notice a lost node and a renewed certificate', () => {
    const { exporters, receivers } = configOf(render(behind(newest, ways['over TLS'])));
    expect(exporters['otlp_grpc/ingestion'].keepalive).toEqual({ time: '30s', timeout: '10s' });
    expect(receivers.otlp.protocols.grpc.tls.reload_interval).toBe('10m');
  });

  test('are on two nodes where there are two, and go one at a time', () => {
    expect(pod.topologySpreadConstraints).toMatchObject([{ topologyKey: 'kubernetes.io/hostname' }]);
    const budget = studio.get('PodDisruptionBudget', NAME).spec;
    expect(budget).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
    expect(spec.updateStrategy.type).toBe('RollingUpdate');
  });

  test('a change of their configuration rolls them', () => {
    const digest = (settings: Settings) =>
      render(settings).get('StatefulSet', NAME).spec.template.metadata.annotations['checksum/config'];
    expect(digest(behind(oldest, { JUNJO_K8S_INTAKE_STORAGE_SIZE: '20Gi' }))).not.toBe(digest(behind(oldest)));
    expect(digest(behind(oldest))).toBe(digest(behind(oldest)));
  });

  test('have a headless Service that no address leads to', () => {
    const service = studio.get('Service', spec.serviceName).spec;
    expect(service.clusterIP).toBe('None');
    expect(service.selector).toEqual(spec.selector.matchLabels);
  });

  test('leave the folder on a node to the studio', () => {
    const node = { JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'worker-1', JUNJO_K8S_STORAGE_CLASS: 'local' };
    const claim = render(behind(oldest, node)).get('PersistentVolumeClaim', CLAIMS[0] ?? '');
    expect(claim.spec).not.toHaveProperty('storageClassName');
  });

  test('have claims of the class that is named, also beside a claim that is there already', () => {
    const existing = { JUNJO_K8S_EXISTING_CLAIM: 'data', JUNJO_K8S_STORAGE_CLASS: 'fast' };
    const claim = render(behind(oldest, existing)).get('PersistentVolumeClaim', CLAIMS[0] ?? '');
    expect(claim.spec.storageClassName).toBe('fast');
  });

  test('come from the mirror of the studio, or are what a person names', () => {
    const image = (settings: Settings) => collectorOf(render(behind(oldest, settings))).image;
    expect(image({ JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com/hub' })).toMatch(
      /^registry\.example\.com\/hub\/otel\/opentelemetry-collector-contrib:/,
    );
    expect(image({ JUNJO_K8S_INTAKE_IMAGE: 'r.example.com/otelcol:0.160.0' })).toBe('r.example.com/otelcol:0.160.0');
  });

  test('Argo CD may show their pods', () => {
    const git = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/studio.git', JUNJO_K8S_SECRETS: 'existing' };
    const secrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
    const token = { JUNJO_INTERNAL_GRPC_TOKEN: undefined };
    const [project] = render(behind(oldest, { ...git, ...secrets, ...token })).ofKind('AppProject');
    for (const kind of ['StatefulSet', 'PodDisruptionBudget', 'PersistentVolumeClaim', 'Pod']) {
      expect(project.spec.namespaceResourceWhitelist.map((each: Manifest) => each.kind)).toContain(kind);
    }
  });
});

describe('TLS ends in the collectors', () => {
  test('for the address with a port: gRPC and HTTP show the certificate, and the pod waits for it', () => {
    const studio = render(behind(newest, ways['over TLS']));
    const { grpc, http } = configOf(studio).receivers.otlp.protocols;
    expect(grpc.tls).toEqual(http.tls);
    const pod = studio.get('StatefulSet', NAME).spec.template.spec;
    const { mountPath } = collectorOf(studio).volumeMounts.find(({ name }: Manifest) => name === 'tls-certificates');
    expect(grpc.tls).toMatchObject({ cert_file: `${mountPath}/tls.crt`, key_file: `${mountPath}/tls.key` });
    const volume = pod.volumes.find(({ name }: Manifest) => name === 'tls-certificates');
    expect(volume.secret.optional).toBeUndefined();
    const [certificate] = studio
      .ofKind('Certificate')
      .filter(({ spec }) => spec.secretName === volume.secret.secretName);
    expect(certificate.spec.dnsNames).toEqual(['spans.example.com']);
    const [port] = studio.get('Service', 'junjo-ai-studio-ingestion').spec.ports;
    expect(port).not.toHaveProperty('appProtocol');
    expect(JSON.stringify(studio.pod('ingestion'))).not.toContain('nginx');
  });

  test('for an edge that needs it: with a certificate that the pod makes', () => {
    const studio = render(behind(newest, ways['through an edge that needs TLS']));
    const { endpoint, tls } = configOf(studio).receivers['otlp/edge'].protocols.grpc;
    const service = studio.get('Service', 'junjo-ai-studio-ingestion-tls').spec;
    expect(service.selector['app.kubernetes.io/component']).toBe('intake');
    expect(endpoint).toBe(`0.0.0.0:${service.ports[0].targetPort}`);
    const [maker] = studio.get('StatefulSet', NAME).spec.template.spec.initContainers;
    const mount = (container: Manifest) =>
      container.volumeMounts.find(({ name }: Manifest) => name === 'tls-certificates').mountPath;
    expect(maker.args).toContain(`${mount(maker)}/tls.key`);
    expect(tls.key_file).toBe(`${mount(collectorOf(studio))}/tls.key`);
    expect(configOf(studio).receivers.otlp.protocols.grpc).not.toHaveProperty('tls');
    expect(JSON.stringify(studio.pod('ingestion'))).not.toContain('nginx');
  });

  test('the proxy stays in front of an ingestion that ignores SIGTERM, and takes spans from the collectors alone', () => {
    const studio = render(behind(oldest, ways['over TLS']));
    const names = studio.pod('ingestion').spec.containers.map(({ name }: Manifest) => name);
    expect(names).toEqual(['ingestion', 'proxy']);
    const port = studio
      .get('Service', 'junjo-ai-studio-ingestion-internal')
      .spec.ports.find(({ name }: Manifest) => name === 'otlp-grpc');
    expect(port.targetPort).toBe(4317);
    expect(studio.get('ConfigMap', 'junjo-ai-studio-ingestion-proxy').data['nginx.conf']).not.toContain('zone=clients');
  });
});

test('a list of keys is a file from the Secret, which both ports check', () => {
  const studio = render(behind(oldest, { JUNJO_K8S_INTAKE_KEYS: 'intake-keys' }));
  const config = configOf(studio);
  const { header, scheme, filename } = config.extensions.bearertokenauth;
  expect([header, scheme]).toEqual(['x-junjo-api-key', '']);
  for (const { auth } of Object.values<Manifest>(config.receivers.otlp.protocols)) {
    expect(auth).toEqual({ authenticator: 'bearertokenauth' });
  }
  const volume = studio
    .get('StatefulSet', NAME)
    .spec.template.spec.volumes.find(({ name }: Manifest) => name === 'keys');
  expect(volume.secret).toEqual({ secretName: 'intake-keys', items: [{ key: 'keys', path: 'keys' }] });
  const { mountPath } = collectorOf(studio).volumeMounts.find(({ name }: Manifest) => name === 'keys');
  expect(filename).toBe(`${mountPath}/keys`);
  expect(Object.values(studio.get('StatefulSet', NAME).metadata.annotations)).toContain('intake-keys');
});

describe('policies', () => {
  const studio = render(behind(oldest, ways['in the clear']));
  const policies = studio.ofKind('NetworkPolicy');
  const own = (name: string, labels: Record<string, string>): Endpoint => {
    return { kind: 'pod', name, namespace: NAMESPACE, namespaceLabels: {}, labels };
  };
  const collector = own('collector', studio.get('StatefulSet', NAME).spec.template.metadata.labels);
  const [backend, ingestion, frontend] = ['backend', 'ingestion', 'frontend'].map((service) =>
    own(service, studio.pod(service).metadata.labels),
  ) as [Endpoint, Endpoint, Endpoint];
  const client: Endpoint = { kind: 'address', name: 'client', ip: '203.0.113.7' };
  const allowed = (from: Endpoint, to: Endpoint, port: number) => isAllowed(policies, { from, to, port });

  test('only the collectors reach the port of ingestion for spans', () => {
    expect(allowed(collector, ingestion, 4317)).toBe(true);
    for (const from of [client, backend, frontend, own('stranger', {})]) {
      for (const port of [4317, 26155]) expect(allowed(from, ingestion, port)).toBe(false);
    }
    expect(allowed(collector, ingestion, 50052)).toBe(false);
  });

  test('applications reach the collectors at both ports, and nothing else of them', () => {
    expect([26155, 4318].map((port) => allowed(client, collector, port))).toEqual([true, true]);
    expect([8888, 13133, 4319, 50052].map((port) => allowed(client, collector, port))).toEqual(Array(4).fill(false));
  });

  test('the collectors reach ingestion alone', () => {
    for (const to of [backend, frontend, client]) {
      for (const port of [443, 26154, 50053]) expect(allowed(collector, to, port)).toBe(false);
    }
  });
});

test('the load balancer of AWS keeps quiet connections of both ports', () => {
  const aws = { ...ways['in the clear'], JUNJO_K8S_CLOUD: 'aws' };
  const { annotations } = render(behind(oldest, aws)).get('Service', 'junjo-ai-studio-ingestion').metadata;
  for (const port of [26155, 4318]) {
    expect(annotations).toHaveProperty([
      `service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TCP-${port}`,
    ]);
  }
});

describe('settings', () => {
  const told = (settings: Settings) => problemsOf(envText(settings)).filter((line) => !/^note/.test(line));

  test.each(lines.map((line) => [line.name, line] as const))('%s takes them', (_, line) => {
    expect(told(behind(line))).toEqual([]);
  });

  test.each(others.map((line) => [line.name, line] as const))('%s says once why it does not', (_, line) => {
    const all = { JUNJO_K8S_INTAKE_KEYS: 'keys', JUNJO_K8S_INTAKE_STORAGE_SIZE: '8Gi' };
    const token = line.variables.some(({ name }) => name === 'JUNJO_INTERNAL_GRPC_TOKEN');
    const settings = behind(line, { ...all, ...(!token && { JUNJO_INTERNAL_GRPC_TOKEN: undefined }) });
    const errors = told(settings).filter((text) => !text.startsWith('warning'));
    expect(errors).toEqual([
      expect.stringMatching(
        new RegExp(
          `JUNJO_K8S_INTAKE: does not work with release line ${line.name}\\. .*${line.ingestion.uncheckedKey}`,
        ),
      ),
    ]);
  });

  test.each([
    [
      'keys without collectors',
      { JUNJO_K8S_INTAKE: undefined, JUNJO_K8S_INTAKE_KEYS: 'keys' },
      'has no effect without',
    ],
    ['a floating image', { JUNJO_K8S_INTAKE_IMAGE: 'otel/opentelemetry-collector-contrib' }, 'which means latest'],
    ['an old image', { JUNJO_K8S_INTAKE_IMAGE: 'otel/opentelemetry-collector-contrib:0.155.0' }, 'is older than 0.156'],
    [
      'the distribution without the queue',
      { JUNJO_K8S_INTAKE_IMAGE: 'ghcr.io/team/opentelemetry-collector:0.159.0' },
      'is the core distribution',
    ],
    ['a volume larger than any', { JUNJO_K8S_INTAKE_STORAGE_SIZE: '8Ei' }, 'is 8Ei or more, which no volume can have'],
    [
      'an image of the studio',
      { JUNJO_K8S_INTAKE_IMAGE: 'mdrideout/junjo-ai-studio-ingestion:0.82.1' },
      'is an image of Junjo AI Studio',
    ],
    [
      'the Secret of the studio as the one with keys',
      { JUNJO_K8S_INTAKE_KEYS: 'junjo-ai-studio-secrets' },
      'is already used by the Secret',
    ],
    [
      'the claim of a queue as the one of the studio',
      { JUNJO_K8S_EXISTING_CLAIM: CLAIMS[0] },
      'is already used by the PersistentVolumeClaim',
    ],
    ['file storage', { JUNJO_K8S_STORAGE_CLASS: 'efs-sc' }, 'is file storage'],
  ])('%s is an error', (_, settings, says) => {
    expect(told(behind(oldest, settings))).toEqual([expect.stringContaining(says)]);
  });

  test('with settings of their own, the advice names them all', () => {
    const settings = { JUNJO_INTERNAL_GRPC_TOKEN: undefined, JUNJO_K8S_INTAKE_KEYS: 'keys' };
    const errors = told(behind(others[0] as ReleaseLine, settings)).filter((text) =>
      text.includes('JUNJO_K8S_INTAKE:'),
    );
    expect(errors.join()).toContain(
      'Remove the lines JUNJO_K8S_INTAKE, JUNJO_K8S_INTAKE_KEYS, or set JUNJO_K8S_RELEASE',
    );
  });

  test('an image of nginx has an effect only where nginx still runs', () => {
    const nginx = { JUNJO_K8S_NGINX_IMAGE: 'registry.example.com/nginx:1.30.4', ...ways['over TLS'] };
    const notes = (line: ReleaseLine) =>
      problemsOf(envText(behind(line, nginx))).filter((text) => text.includes('JUNJO_K8S_NGINX_IMAGE'));
    expect(notes(oldest)).toEqual([]);
    expect(notes(newest)).toEqual([expect.stringContaining('has no effect')]);
  });

  test('a note says that wrong keys are not refused, and a list of keys ends it', () => {
    const notes = (settings: Settings) =>
      problemsOf(envText(behind(oldest, settings))).filter((line) => line.includes('any API key'));
    expect(notes({})).toHaveLength(1);
    expect(notes({ JUNJO_K8S_INTAKE_KEYS: 'keys' })).toEqual([]);
  });
});
