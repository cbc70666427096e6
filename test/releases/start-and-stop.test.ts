import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { ignoresSigterm, lineOf, newestTag, releaseLines } from '../../releases';
import { call, connectClient, LateWriter } from '../support/grpc';
import { type Endpoint, isAllowed } from '../support/network';
import { freePort, startNginx } from '../support/nginx';
import { describeWith } from '../support/programs';
import { development, freshSecret, type Manifest, production, render, type Settings } from '../support/studio';

const release = (tag: string): Settings => {
  const { variables = [] } = lineOf(tag) ?? {};
  const token = variables.some(({ type }) => type === 'token') ? { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() } : {};
  return { JUNJO_K8S_RELEASE: tag, ...token };
};
const studioOf = (tag: string) => render(development(release(tag)));
const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'];

describe('ingestion is probed', () => {
  test.each(['0.70.3', '0.70.4', '0.81.1', '0.81.5', '0.82.0', '0.82.1', '0.83.0', '0.86.0'])(
    'through its health service: %s',
    (tag) => {
      const container = studioOf(tag).container('ingestion');
      for (const probe of probes) expect(container[probe].grpc).toEqual({ port: 50052, service: '' });
    },
  );

  test.each(['0.80.0', '0.81.0'])('on its TCP port where there is none: %s', (tag) => {
    const container = studioOf(tag).container('ingestion');
    for (const probe of probes) {
      expect(container[probe]).not.toHaveProperty('grpc');
      expect(container[probe].tcpSocket).toEqual({ port: 'grpc-internal' });
    }
    expect(container.ports).toContainEqual({ name: 'grpc-internal', containerPort: 50052, protocol: 'TCP' });
  });
});

describe('the start of ingestion', () => {
  const init = (tag: string): Manifest =>
    studioOf(tag)
      .pod('ingestion')
      .spec.initContainers.find(({ name }: Manifest) => name === 'wait-for-backend');

  test.each(['0.80.0', '0.81.0', '0.81.5'])('waits for the backend where it would turn spans away: %s', (tag) => {
    const container = init(tag);
    expect(container.image).toBe(studioOf(tag).container('ingestion').image);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    });
    expect(container).not.toHaveProperty('envFrom');
    expect(container.resources.limits.memory).toBe('32Mi');
  });

  test.each(['0.70.3', '0.82.0', '0.82.1', '0.86.0'])('does not wait where it need not: %s', (tag) => {
    expect(init(tag)).toBeUndefined();
  });

  test('goes on as soon as the port answers, and not before', async () => {
    const [bash = '', flag = '', script = ''] = init('0.81.5').command;
    expect(script).toContain('/dev/tcp/junjo-ai-studio-backend-internal/50053');
    const port = await freePort();
    const local = script.replace('junjo-ai-studio-backend-internal/50053', `127.0.0.1/${port}`);
    const waiting = spawn(bash, [flag, local]);
    const [said] = await once(waiting.stdout, 'data');
    expect(String(said)).toContain('waiting for the backend');
    expect(waiting.exitCode).toBeNull();
    const server = createServer((socket) => socket.end()).listen(port, '127.0.0.1');
    expect(await once(waiting, 'exit')).toEqual([0, null]);
    expect(await promisify(execFile)(bash, [flag, local])).toEqual({ stdout: '', stderr: '' });
    await new Promise((resolve) => server.close(resolve));
  });

  test('ends at once when the pod stops: PID 1 hears only the signals that it handles', async () => {
    const [bash = '', flag = '', script = ''] = init('0.81.5').command;
    // A port on which nothing listens.
    const waiting = spawn(bash, [flag, script.replace('junjo-ai-studio-backend-internal/50053', '127.0.0.1/1')]);
    await once(waiting.stdout, 'data');
    waiting.kill('SIGTERM');
    // What a signal without a handler ends has no exit status.
    expect(await once(waiting, 'exit')).toEqual([143, null]);
  });
});

describe('the stop of ingestion', () => {
  test('takes the time to drain and close where it hears SIGTERM', () => {
    const pod = studioOf('0.70.3').pod('ingestion');
    expect(pod.spec.terminationGracePeriodSeconds).toBe(120);
    expect(pod.spec.containers[0]).not.toHaveProperty('lifecycle');
  });

  test.each(['0.80.0', '0.81.5', '0.82.1'])(
    'outlasts the spans in memory, and little more, where it does not: %s',
    (tag) => {
      const studio = studioOf(tag);
      const { command } = studio.container('ingestion').lifecycle.preStop.exec;
      const { terminationGracePeriodSeconds: grace } = studio.pod('ingestion').spec;
      expect(command).toEqual(['sleep', '16']);
      expect(grace).toBe(20);
    },
  );
});

/** The newest tag of each line whose ingestion ignores SIGTERM. */
const tags = releaseLines.filter(ignoresSigterm).map(newestTag);

describe.each(tags)('the ways of spans to an ingestion that ignores SIGTERM: %s', (tag) => {
  const otlp = lineOf(tag)?.ports.ingestion.otlp;
  const ways: readonly (readonly [string, Settings])[] = [
    ['localhost', development()],
    ['an Ingress', production()],
    ['a Gateway', production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:eg' })],
    ['Caddy, over TLS', production({ JUNJO_K8S_INGRESS_CLASS: 'caddy' })],
    ['a load balancer', production({ JUNJO_PROD_INGESTION_URL: `http://spans.example.com:${otlp}` })],
    ['a node port', production({ JUNJO_K8S_INGESTION_SERVICE: 'NodePort' })],
    [
      'a load balancer, over TLS',
      production({
        JUNJO_PROD_INGESTION_URL: `https://spans.example.com:${otlp}`,
        JUNJO_K8S_TLS_SECRET: 'spans',
      }),
    ],
  ];

  test.each(ways)('lead through the proxy: %s', (_, settings) => {
    const studio = render({ ...settings, ...release(tag) });
    const [ingestion, proxy, ...others] = studio.pod('ingestion').spec.containers;
    expect([ingestion.name, others]).toEqual(['ingestion', []]);
    const open = (container: Manifest): number[] => container.ports.map(({ containerPort }: Manifest) => containerPort);
    expect(open(ingestion)).toEqual([otlp, 50052]);

    const services = studio
      .ofKind('Service')
      .filter(({ spec }) => spec.selector['app.kubernetes.io/component'] === 'ingestion');
    const [internal, ...public_] = services.sort((a, b) => Number(isInternal(b)) - Number(isInternal(a)));
    expect(internal.spec.ports.map(({ targetPort }: Manifest) => targetPort)).toEqual([50052]);
    const targets = public_.flatMap(({ spec }) => spec.ports.map(({ targetPort }: Manifest) => targetPort));
    expect([...new Set(targets)].sort()).toEqual(open(proxy).sort());
    // Clients keep the address that they have.
    const [port] = studio.get('Service', 'junjo-ai-studio-ingestion').spec.ports;
    expect([port.name, port.port]).toEqual(['otlp-grpc', otlp]);

    const { data } = studio.get('ConfigMap', `junjo-ai-studio-ingestion-${proxy.name}`);
    const listening = [...data['nginx.conf'].matchAll(/^ *listen (\d+) /gm)].map(([, each]) => Number(each));
    expect(listening.sort()).toEqual(open(proxy).sort());
    expect(data['nginx.conf']).toContain(`server 127.0.0.1:${otlp};`);
  });

  test.each(ways)('are closed past the proxy, and the pod is ready with it alone: %s', (_, settings) => {
    const studio = render({ ...settings, ...release(tag) });
    const { metadata, spec } = studio.pod('ingestion');
    const to: Endpoint = {
      kind: 'pod',
      name: 'ingestion',
      namespace: 'junjo-ai-studio',
      namespaceLabels: {},
      labels: metadata.labels,
    };
    const from: Endpoint = { kind: 'pod', name: 'client', namespace: 'apps', namespaceLabels: {}, labels: {} };
    const policies = studio.ofKind('NetworkPolicy');
    const [{ targetPort }] = studio.get('Service', 'junjo-ai-studio-ingestion').spec.ports;
    expect(policies.length).toBeGreaterThan(0);
    expect(isAllowed(policies, { from, to, port: Number(otlp) })).toBe(false);
    const entrances = spec.containers[1].ports.filter(({ containerPort: port }: Manifest) =>
      isAllowed(policies, { from, to, port }),
    );
    expect(entrances.length).toBeGreaterThan(0);
    const { readinessProbe, livenessProbe } = spec.containers[1];
    const [{ name }] = spec.containers[1].ports;
    for (const probe of [readinessProbe, livenessProbe]) expect(probe.tcpSocket).toEqual({ port: name });
    expect(spec.containers[1].ports.map(({ containerPort }: Manifest) => containerPort)).toContain(targetPort);
  });

  test('has its nginx from the registry of the studio', () => {
    const registry = { JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com/mirror' };
    const { image } = render(development({ ...registry, ...release(tag) })).pod('ingestion').spec.containers[1];
    expect(image).toMatch(/^registry\.example\.com\/mirror\/library\/nginx:/);
  });
});

function isInternal({ metadata }: Manifest): boolean {
  return metadata.name.endsWith('-internal');
}

test('an ingestion that handles SIGTERM has no proxy without TLS', () => {
  for (const line of releaseLines.filter((each) => !ignoresSigterm(each))) {
    const studio = studioOf(newestTag(line));
    expect(studio.pod('ingestion').spec.containers.map(({ name }: Manifest) => name)).toEqual(['ingestion']);
    const [{ targetPort }] = studio.get('Service', 'junjo-ai-studio-ingestion').spec.ports;
    expect(targetPort).toBe(line.ports.ingestion.otlp);
  }
});

/** How long a second of a pod takes here, in ms. */
const SECOND = 100;

/** What a planned stop of the pod does to a client that sends over one connection all the time. */
async function stopUnderLoad(tag: string, { withProxy = true } = {}) {
  const studio = studioOf(tag);
  const { containers, volumes } = studio.pod('ingestion').spec;
  const [{ targetPort }] = studio.get('Service', 'junjo-ai-studio-ingestion').spec.ports;
  const { name, volumeMounts } = containers.find(({ ports }: Manifest) =>
    ports.some(({ containerPort }: Manifest) => containerPort === targetPort),
  );
  const line = lineOf(tag);
  if (!line || !ignoresSigterm(line)) throw new Error(`${tag} handles SIGTERM`);
  const ingestion = new LateWriter(await freePort(), line.ingestion.unwrittenSeconds * SECOND);
  await ingestion.start();

  const proxied = withProxy && name !== 'ingestion';
  const port = proxied ? await freePort() : ingestion.port;
  const shortened = (): string => {
    const mounted = volumeMounts.map((mount: Manifest) => mount.name);
    const { configMap } = volumes.find((volume: Manifest) => mounted.includes(volume.name) && volume.configMap);
    return studio
      .get('ConfigMap', configMap.name)
      .data['nginx.conf'].replace(`listen ${targetPort} `, `listen ${port} `)
      .replace(/server 127\.0\.0\.1:\d+/, `server 127.0.0.1:${ingestion.port}`)
      .replace(/worker_shutdown_timeout (\d+)s/, (_: string, s: string) => `worker_shutdown_timeout ${+s * SECOND}ms`);
  };
  const nginx = proxied ? await startNginx({ 'nginx.conf': shortened() }, port) : undefined;

  const client = connectClient(port, undefined);
  const acknowledged: string[] = [];
  const send = async (message: string, wait?: number) => {
    const { code } = await call(client, Buffer.from(message), wait ? { 'x-wait': String(wait) } : {});
    if (code === status.OK) acknowledged.push(message);
    return code;
  };
  const end = new AbortController();
  const sending = (async () => {
    for (let count = 0; !end.signal.aborted; count++) {
      if ((await send(`span ${count}`)) !== status.OK) await sleep(10);
    }
  })();
  while (acknowledged.length < 20) await sleep(10);
  // An export over a slow line, which is under way when the pod stops and ends while the proxy does.
  const slow = send('slow span', 5 * SECOND);
  // One that ingestion would acknowledge too late to write it.
  const tooSlow = send('too slow span', 14 * SECOND);
  await sleep(SECOND);

  // As the kubelet does it: the signal of the image, and the hook. At the earliest, ingestion is killed when that ends.
  nginx?.process.kill('SIGQUIT');
  const [, hookSeconds] = studio.container('ingestion').lifecycle.preStop.exec.command;
  await sleep(Number(hookSeconds) * SECOND);
  ingestion.kill();
  end.abort();
  await Promise.all([sending, slow, tooSlow]);
  client.close();
  await nginx?.stop();
  return { acknowledged, lost: acknowledged.filter((message) => !ingestion.written.includes(message)) };
}

describeWith(['nginx'], 'a planned stop under load', () => {
  test.each(tags)('loses no acknowledged span of a client that keeps its connection: %s', async (tag) => {
    const { acknowledged, lost } = await stopUnderLoad(tag);
    expect(acknowledged).toContain('slow span');
    expect(lost).toEqual([]);
  });

  test('would lose some without the proxy', async () => {
    const { lost } = await stopUnderLoad('0.82.1', { withProxy: false });
    expect(lost.length).toBeGreaterThan(0);
  });
});
