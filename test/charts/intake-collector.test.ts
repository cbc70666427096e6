import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type ChannelOptions, Client, credentials, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { makeCertificate } from '../support/certificate';
import { freePort } from '../support/nginx';
import { freshSecret, production, render, type Settings } from '../support/studio';

/** A collector of the version that is pinned, 0.156 or newer. No package registry has one, so that CI does not run these tests. */
const COLLECTOR = process.env.OTELCOL_CONTRIB;
const describeWithCollector = COLLECTOR ? describe : describe.skip;

const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const LIMIT = 4 * 1024 * 1024;
/** Of the line that the tests render. */
const OTLP_PORT = 26155;
const bytes = (value: Buffer) => value;
/** gzip, as a number of grpc-js: compressionAlgorithms of @grpc/grpc-js. */
const GZIP = { 'grpc.default_compression_algorithm': 2 };

/** A field of a protobuf message: length-delimited. */
function field(number: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), body]);
}

/** ExportTraceServiceRequest, with fields in the order of opentelemetry-proto. */
function request(spans: readonly Buffer[]): Buffer {
  return field(1, field(2, Buffer.concat(spans.map((span) => field(2, span)))));
}

const spanOf = (name: string) =>
  Buffer.concat([field(1, Buffer.alloc(16, 7)), field(2, Buffer.alloc(8, 9)), field(5, Buffer.from(`<${name}>`))]);

const inJson = (name: string) =>
  JSON.stringify({
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: '07'.repeat(16), spanId: '09'.repeat(8), name: `<${name}>` }] }] },
    ],
  });

/** In the place of ingestion: takes what is not too large for tonic. */
class Ingestion {
  private server = new Server();
  /** Names of spans that arrived, each with the key beside it. */
  readonly arrived: string[] = [];
  /** Requests that it refused because of their size. */
  tooLarge = 0;

  constructor(private readonly port: number) {}

  async start(): Promise<void> {
    const method = { path: TRACES, requestStream: false, responseStream: false } as const;
    const codec = {
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    this.server = new Server({ 'grpc.max_receive_message_length': 16 * LIMIT });
    this.server.addService(
      { export: { ...method, ...codec } },
      {
        export: (
          call: { request: Buffer; metadata: Metadata },
          done: (error: object | null, answer?: Buffer) => void,
        ) => {
          if (call.request.length > LIMIT) {
            this.tooLarge++;
            done({ code: status.OUT_OF_RANGE });
            return;
          }
          const [key] = call.metadata.get('x-junjo-api-key');
          for (const [, name] of call.request.toString('latin1').matchAll(/<([^>]+)>/g))
            this.arrived.push(`${name} ${key}`);
          done(null, Buffer.alloc(0));
        },
      },
    );
    await new Promise<void>((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

/** A collector with the configuration as rendered, but for addresses and folders. */
class Collector {
  private readonly folder = mkdtempSync(join(tmpdir(), 'intake-'));
  private process: ChildProcess | undefined;

  private constructor(
    readonly ports: Readonly<Record<'grpc' | 'http' | 'health' | 'ingestion', number>>,
    text: string,
    files: Readonly<Record<string, string>>,
  ) {
    writeFileSync(join(this.folder, 'config.yaml'), text.replaceAll('FOLDER', this.folder));
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  static async with(settings: Settings, files: Readonly<Record<string, string>> = {}): Promise<Collector> {
    const { data } = render(
      production({
        JUNJO_K8S_RELEASE: '0.82.1',
        JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
        JUNJO_K8S_INTAKE: 'true',
        ...settings,
      }),
    ).get('ConfigMap', 'junjo-ai-studio-intake');
    const ingestion = await freePort();
    let text = String(data['config.yaml'])
      .replaceAll('/var/lib/otelcol/queue', 'FOLDER')
      .replaceAll(/\/etc\/otelcol\/(?:certificates|keys)/g, 'FOLDER')
      .replaceAll('reload_interval: 10m', 'reload_interval: 1s')
      .replaceAll('read_timeout: 1m', 'read_timeout: 1s')
      .replaceAll('max_connection_age: 30m', 'max_connection_age: 1s')
      .replace(/junjo-ai-studio-ingestion-internal:\d+/, `localhost:${ingestion}`)
      .replace('port: 8888', `port: ${await freePort()}`);
    const local = new Map<string, number>();
    for (const [, port = ''] of text.matchAll(/(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)/g)) local.set(port, await freePort());
    text = text.replaceAll(/(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)/g, (_, port) => `127.0.0.1:${local.get(port)}`);
    const at = (port: number) => local.get(String(port)) ?? 0;
    const ports = { grpc: at(OTLP_PORT), http: at(4318), health: at(13133), ingestion };
    return new Collector(ports, text, files);
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content);
  }

  async start(): Promise<void> {
    this.process = spawn(COLLECTOR ?? '', ['--config', join(this.folder, 'config.yaml')], { stdio: 'ignore' });
    const isReady = () =>
      fetch(`http://127.0.0.1:${this.ports.health}/`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isReady())) {
      if (this.process.exitCode !== null) throw new Error(`the collector ended with ${this.process.exitCode}`);
      await sleep(100);
    }
  }

  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<unknown> {
    const ended = once(this.process as ChildProcess, 'exit');
    this.process?.kill(signal);
    return (await ended)[0];
  }

  async remove(): Promise<void> {
    if (this.process?.exitCode === null && this.process.signalCode === null) await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }

  /** The status of a call. */
  send(message: Buffer, key?: string, trusted?: string, options: ChannelOptions = {}): Promise<status> {
    const secure =
      trusted === undefined
        ? credentials.createInsecure()
        : credentials.createSsl(Buffer.from(trusted), null, null, { checkServerIdentity: () => undefined });
    const client = new Client(`127.0.0.1:${this.ports.grpc}`, secure, {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.ssl_target_name_override': 'spans.example.com',
      ...options,
    });
    const metadata = new Metadata();
    if (key) metadata.set('x-junjo-api-key', key);
    return new Promise((resolve) => {
      client.makeUnaryRequest(TRACES, bytes, bytes, message, metadata, { deadline: Date.now() + 10_000 }, (error) => {
        client.close();
        resolve(error?.code ?? status.OK);
      });
    });
  }

  post(body: Buffer | string, headers: Readonly<Record<string, string>>): Promise<number> {
    const type = typeof body === 'string' ? 'application/json' : 'application/x-protobuf';
    const url = `http://127.0.0.1:${this.ports.http}/v1/traces`;
    return fetch(url, { method: 'POST', headers: { 'content-type': type, ...headers }, body }).then(
      ({ status }) => status,
    );
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(50);
}

describeWithCollector('a real collector', () => {
  let collector: Collector;
  let ingestion: Ingestion;
  const start = async (settings: Settings = {}, files?: Readonly<Record<string, string>>) => {
    collector = await Collector.with(settings, files);
    ingestion = new Ingestion(collector.ports.ingestion);
    await collector.start();
  };
  afterEach(async () => {
    ingestion.stop();
    await collector.remove();
  });

  test('keeps each key with its spans while ingestion is away and it is killed itself', async () => {
    await start();
    const sent: string[] = [];
    for (let i = 0; i < 60; i++) {
      const key = `key-${i % 2}`;
      sent.push(`span-${i} ${key}`);
      if (i % 3 === 0) expect(await collector.send(request([spanOf(`span-${i}`)]), key)).toBe(status.OK);
      else {
        const body = i % 3 === 1 ? request([spanOf(`span-${i}`)]) : inJson(`span-${i}`);
        expect(await collector.post(body, { 'X-Junjo-Api-Key': key })).toBe(200);
      }
    }
    await collector.stop('SIGKILL');
    await collector.start();
    expect(await collector.stop('SIGTERM')).toBe(0);
    await collector.start();
    await ingestion.start();
    await until(() => new Set(ingestion.arrived).size >= sent.length);
    expect([...new Set(ingestion.arrived)].sort()).toEqual([...sent].sort());
  });

  test('still sends after a request that grows beyond what ingestion takes', async () => {
    await start();
    await ingestion.start();
    const empty = request(Array.from({ length: 1_000_000 }, () => Buffer.alloc(0)));
    for (let i = 0; i < 3; i++) expect(await collector.send(empty, 'key')).toBe(status.OK);
    expect(await collector.send(request([spanOf('after')]), 'key')).toBe(status.OK);
    await until(() => ingestion.arrived.includes('after key'));
    expect(ingestion.tooLarge).toBe(0);
  });

  test('refuses at once what is too large for ingestion', async () => {
    await start();
    const large = request([Buffer.concat([spanOf('large'), field(9, field(1, Buffer.alloc(LIMIT)))])]);
    expect(await collector.send(large, 'key')).toBe(status.RESOURCE_EXHAUSTED);
    expect(await collector.post(large, {})).toBe(400);
  });

  test('loses nothing of a full queue when it stops', async () => {
    await start({ JUNJO_K8S_INTAKE_STORAGE_SIZE: '100Mi' });
    const sent: string[] = [];
    for (let round = 0; round < 2; round++) {
      for (let i = 0; ; i++) {
        const name = `span-${round}-${i}`;
        const large = Buffer.concat([spanOf(name), field(9, field(1, Buffer.alloc(500_000)))]);
        if ((await collector.send(request([large]), 'key')) !== status.OK) break;
        sent.push(`${name} key`);
      }
      expect(await collector.stop('SIGTERM')).toBe(0);
      await collector.start();
    }
    await ingestion.start();
    await until(() => ingestion.arrived.length >= sent.length);
    expect([...new Set(ingestion.arrived)].sort()).toEqual([...sent].sort());
  });

  test('takes what is as large as ingestion allows, and nothing larger, over both protocols', async () => {
    await start();
    const frame = request([Buffer.concat([spanOf('exact'), field(9, field(1, Buffer.alloc(LIMIT - 1024)))])]).length;
    const sized = (length: number) =>
      request([Buffer.concat([spanOf('exact'), field(9, field(1, Buffer.alloc(LIMIT - 1024 + length - frame)))])]);
    expect([sized(LIMIT).length, sized(LIMIT + 1).length]).toEqual([LIMIT, LIMIT + 1]);
    expect(await collector.send(sized(LIMIT), 'key')).toBe(status.OK);
    expect(await collector.send(sized(LIMIT + 1), 'key')).toBe(status.RESOURCE_EXHAUSTED);
    expect(await collector.post(sized(LIMIT), {})).toBe(200);
    expect(await collector.post(sized(LIMIT + 1), {})).toBe(400);
    expect(await collector.post(gzipSync(sized(LIMIT + 1)), { 'content-encoding': 'gzip' })).toBe(400);
  });

  test('unpacks what clients compress, and sends it on as it was', async () => {
    await start();
    await ingestion.start();
    const packed = gzipSync(request([spanOf('packed')]));
    expect(await collector.post(packed, { 'content-encoding': 'gzip', 'x-junjo-api-key': 'key' })).toBe(200);
    expect(await collector.send(request([spanOf('gzip')]), 'key', undefined, GZIP)).toBe(status.OK);
    await until(() => ingestion.arrived.length === 2);
    expect([...ingestion.arrived].sort()).toEqual(['gzip key', 'packed key']);
  });

  test('still sends after such requests from a client whose key is in the list', async () => {
    await start({ JUNJO_K8S_INTAKE_KEYS: 'intake-keys' }, { keys: 'key\n' });
    await ingestion.start();
    const empty = request(Array.from({ length: 1_000_000 }, () => Buffer.alloc(0)));
    for (let i = 0; i < 3; i++) expect(await collector.send(empty, 'key')).toBe(status.OK);
    expect(await collector.send(request([spanOf('after')]), 'key')).toBe(status.OK);
    await until(() => ingestion.arrived.includes('after key'));
  });

  test.each([
    ['without an end of the last line', 'key-a\nkey-b'],
    ['with the line ends of Windows', 'key-a\r\nkey-b\r\n'],
    ['with spaces', ' key-a \nkey-b\t\n'],
    ['with empty lines at its end', 'key-a\nkey-b\n\n\n'],
  ])('reads a list of keys %s', async (_, keys) => {
    await start({ JUNJO_K8S_INTAKE_KEYS: 'intake-keys' }, { keys });
    const one = request([spanOf('one')]);
    for (const key of ['key-a', 'key-b']) expect(await collector.send(one, key)).toBe(status.OK);
    expect(await collector.send(one)).toBe(status.UNAUTHENTICATED);
    expect(await collector.post(one, { 'x-junjo-api-key': '' })).toBe(401);
  });

  test('gives no memory for the window that a client names', async () => {
    await start();
    // An empty frame with a window of 64 MiB: sections 3.1.1.1.2 and 3.1.1.2 of RFC 8878.
    const frame = Buffer.from('28b52ffd0080010000', 'hex');
    expect(await collector.post(frame, { 'content-encoding': 'zstd' })).toBe(400);
  });

  test('ends a request that is not whole in time, and keeps idle connections', async () => {
    await start();
    const socket = connect(collector.ports.http, '127.0.0.1');
    const closed = once(socket, 'close');
    const head = 'POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';
    const answers: string[] = [];
    socket.on('data', (data) => answers.push(String(data).slice(0, 12)));
    socket.write(`${head}content-length: 2\r\n\r\n{}`);
    await sleep(2_000);
    socket.write(`${head}content-length: 2\r\n\r\n{`);
    await closed;
    expect(answers).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  test('takes each call of a client that it asks to connect again', async () => {
    await start();
    await ingestion.start();
    const client = new Client(`127.0.0.1:${collector.ports.grpc}`, credentials.createInsecure());
    const call = () =>
      new Promise((resolve) => {
        client.makeUnaryRequest(TRACES, bytes, bytes, request([spanOf('one')]), (error) => resolve(error?.code));
      });
    const codes = new Set<unknown>();
    for (const end = Date.now() + 4_000; Date.now() < end; ) codes.add(await call());
    client.close();
    expect([...codes]).toEqual([undefined]);
  });

  test('refuses at once a key that is not in the list', async () => {
    await start({ JUNJO_K8S_INTAKE_KEYS: 'intake-keys' }, { keys: 'key-a\nkey-b\n' });
    const one = request([spanOf('one')]);
    for (const key of ['key-a', 'key-b']) expect(await collector.send(one, key)).toBe(status.OK);
    for (const key of ['key-c', undefined]) expect(await collector.send(one, key)).toBe(status.UNAUTHENTICATED);
    expect(await collector.post(one, { 'x-junjo-api-key': 'key-b' })).toBe(200);
    expect(await collector.post(one, { 'x-junjo-api-key': 'key-c' })).toBe(401);
  });

  test('answers pages of those origins that are named', async () => {
    const allowed = async (origin: string) => {
      const answer = await fetch(`http://127.0.0.1:${collector.ports.http}/v1/traces`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-junjo-api-key',
        },
      });
      return answer.headers.get('access-control-allow-origin');
    };
    await start();
    expect(await allowed('https://app.example.com')).toBeNull();
    await collector.remove();
    await start(
      {
        JUNJO_K8S_INTAKE_HTTP_HOST: 'otlp.example.com',
        JUNJO_K8S_INTAKE_CORS_ORIGINS: 'https://app.example.com',
        JUNJO_K8S_INTAKE_KEYS: 'intake-keys',
      },
      { keys: 'key-a\n' },
    );
    expect(await allowed('https://app.example.com')).toBe('https://app.example.com');
    expect(await allowed('https://other.example.com')).toBeNull();
  });

  test('shows a renewed certificate', async () => {
    const [first, second] = [makeCertificate({ commonName: 'first' }), makeCertificate({ commonName: 'second' })];
    const filesOf = ({ pem, privateKey }: typeof first) => ({
      'tls.crt': pem,
      'tls.key': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    });
    await start(
      { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:26155', JUNJO_K8S_TLS_SECRET: 'studio-tls' },
      filesOf(first),
    );
    const one = request([spanOf('one')]);
    expect(await collector.send(one, 'key', first.pem)).toBe(status.OK);
    for (const [name, content] of Object.entries(filesOf(second))) collector.write(name, content);
    await sleep(1_500);
    expect(await collector.send(one, 'key', second.pem)).toBe(status.OK);
    expect(await collector.send(one, 'key', first.pem)).toBe(status.UNAVAILABLE);
  });
});
