import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get as getPlain } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type Client, type ClientOptions, Metadata, status } from '@grpc/grpc-js';
import {
  certificateMaker,
  type SpansProxyProps,
  spansProxyConfig,
  spansProxyContainer,
  spansProxyVolumes,
} from '../../charts/spans-proxy';
import { makeCertificate, type TestCertificate } from '../support/certificate';
import { call, connectClient, FakeIngestion, spans } from '../support/grpc';
import { freePort, type Nginx, startNginx } from '../support/nginx';
import { describeWith } from '../support/programs';

const MIB = 1024 * 1024;
const secret = { kind: 'secret', name: 'spans-tls' } as const;
const props: SpansProxyProps = {
  studio: 'studio',
  namespace: 'studio',
  image: { image: 'nginx', imagePullPolicy: 'IfNotPresent' },
  otlpPort: 50051,
  tls: { port: 50054, certificate: secret },
  onlyWay: false,
  user: 10001,
};
const selfSigned: SpansProxyProps = {
  ...props,
  tls: { port: 50054, certificate: { kind: 'selfSigned', image: 'backend', imagePullPolicy: 'IfNotPresent' } },
};

/** A Secret as a volume: the kubelet writes a new folder, and moves the link to it into place. */
class SecretVolume {
  readonly path = mkdtempSync(join(tmpdir(), 'certificate-'));
  private current: string | undefined;
  private written = 0;

  constructor() {
    // nginx runs as another user when the tests run as root.
    chmodSync(this.path, 0o755);
    this.publish({});
  }

  show({ pem, privateKey }: TestCertificate): void {
    this.publish({ 'tls.crt': pem, 'tls.key': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() });
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  private publish(files: Record<string, string>): void {
    const folder = `..2026_01_01_00_00_00.${this.written++}`;
    mkdirSync(join(this.path, folder));
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(this.path, folder, name), text);
      if (this.written === 2) symlinkSync(join('..data', name), join(this.path, name));
    }
    symlinkSync(folder, join(this.path, '..data_tmp'));
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'));
    if (this.current) rmSync(join(this.path, this.current), { recursive: true });
    this.current = folder;
  }
}

/** nginx with the configuration as rendered, but for ports and the folder of the certificate. */
function start(
  listens: { readonly tls: number } | { readonly plain: number },
  otlpPort: number,
  certificatesPath: string,
  edit = (text: string) => text,
): Promise<Nginx> {
  const [port, listeners] =
    'tls' in listens
      ? [listens.tls, { tls: { port: listens.tls, certificate: secret } }]
      : [listens.plain, { plainPort: listens.plain }];
  const { 'nginx.conf': text = '' } = spansProxyConfig({ otlpPort, certificatesPath, ...listeners });
  return startNginx({ 'nginx.conf': edit(text) }, port);
}

/** The certificate that a new connection is shown. */
async function shown(
  port: number,
  servername?: string,
): Promise<{ fingerprint: string; protocol: string | false | null }> {
  const socket = connectTls({ port, host: '127.0.0.1', servername, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const result = { fingerprint: socket.getPeerCertificate().fingerprint256, protocol: socket.alpnProtocol };
  socket.destroy();
  return result;
}

/** Whether a new connection gets through its handshake. */
async function ready(port: number): Promise<boolean> {
  return shown(port).then(
    () => true,
    () => false,
  );
}

const fingerprint = ({ pem }: TestCertificate) => new X509Certificate(pem).fingerprint256;

const certificate = makeCertificate({ keyType: 'ec' });
const ways = {
  'over TLS': {
    listens: (port: number) => ({ tls: port }),
    connect: (port: number, options?: ClientOptions) => connectClient(port, [certificate.pem], options),
    scheme: 'https',
  },
  'in the clear': {
    listens: (port: number) => ({ plain: port }),
    connect: (port: number, options?: ClientOptions) => connectClient(port, undefined, options),
    scheme: 'http',
  },
};

for (const [way, { listens, connect, scheme }] of Object.entries(ways))
  describeWith(['nginx'], `spans ${way}`, () => {
    let volume: SecretVolume;
    let ingestion: FakeIngestion;
    let port: number;
    let nginx: Nginx;
    let client: Client;

    beforeAll(async () => {
      volume = new SecretVolume();
      volume.show(certificate);
      ingestion = new FakeIngestion(await freePort());
      await ingestion.start();
      port = await freePort();
      nginx = await start(listens(port), ingestion.port, volume.path);
      client = connect(port);
    });
    afterAll(async () => {
      client?.close();
      await nginx?.stop();
      ingestion?.stop();
      volume?.remove();
    });

    test('nginx finds nothing to complain about but a spelling that old releases need', () => {
      const complaints = nginx
        .log()
        .split('\n')
        .filter((line) => line && !line.includes('"listen ... http2" directive'));
      expect(complaints).toEqual([]);
    });

    test.each([0, 1, 1000, 4 * MIB, 15 * MIB])('a message of %d bytes arrives and comes back', async (size) => {
      const message = Buffer.alloc(size, 'spans ');
      const answer = await call(client, message);
      expect(answer.code).toBe(status.OK);
      expect(answer.message?.equals(message)).toBe(true);
    });

    test('compressed messages pass', async () => {
      const gzip = 2;
      const compressing = connect(port, { 'grpc.default_compression_algorithm': gzip });
      const message = Buffer.alloc(MIB, 'spans ');
      expect((await call(compressing, message)).message?.equals(message)).toBe(true);
      compressing.close();
    });

    test('metadata pass in both directions, with every name and value that gRPC allows', async () => {
      const metadata = {
        'x-junjo-api-key': 'k'.repeat(8 * 1024),
        'x-header-text': 'a, b; c="d"',
        'x-header.with.dots': 'dots',
        x_under_score: 'score',
        'x-header_under_score': 'score',
        'x-header-long': 'v'.repeat(8 * 1024),
        'x-header-bin': Buffer.from([0, 1, 2, 254, 255]),
        'x-trailer-text': 'trailer',
        'x-trailer-long': 'v'.repeat(8 * 1024),
        'x-trailer-bin': Buffer.from([255, 0, 255]),
      };
      const { code, header, trailer } = await call(client, Buffer.from('x'), metadata);
      expect(code).toBe(status.OK);
      const { metadata: arrived } = ingestion.seen.at(-1) ?? {};
      for (const [name, value] of Object.entries(metadata)) {
        expect([name, arrived?.get(name)]).toEqual([name, [value]]);
        if (name.startsWith('x-header')) expect([name, header?.get(name)]).toEqual([name, [value]]);
        if (name.startsWith('x-trailer')) expect([name, trailer.get(name)]).toEqual([name, [value]]);
      }
    });

    test.each([status.UNAUTHENTICATED, status.RESOURCE_EXHAUSTED, status.INTERNAL])(
      'an error with the status %d arrives with its details and trailers',
      async (code) => {
        const answer = await call(client, Buffer.from('x'), { 'x-status': String(code), 'x-trailer-why': 'because' });
        expect([answer.code, answer.details, answer.trailer.get('x-trailer-why')]).toEqual([
          code,
          'as asked',
          ['because'],
        ]);
      },
    );

    test('a method that does not exist is answered by ingestion', async () => {
      const code = await new Promise((resolve) => {
        const { requestSerialize, responseDeserialize } = spans.unary;
        client.makeUnaryRequest('/test.Spans/None', requestSerialize, responseDeserialize, Buffer.from('x'), (error) =>
          resolve(error?.code),
        );
      });
      expect(code).toBe(status.UNIMPLEMENTED);
    });

    test('a deadline reaches ingestion', async () => {
      const before = ingestion.seen.length;
      const pending = call(client, Buffer.from('x'), { 'x-wait': '30000' }, { timeout: 2000 });
      await until(() => ingestion.seen.length > before);
      // Calls of these tests have twenty seconds otherwise.
      expect(Number(ingestion.seen.at(-1)?.deadline)).toBeLessThan(Date.now() + 5000);
      expect((await pending).code).toBe(status.DEADLINE_EXCEEDED);
    });

    test('a cancelled call is cancelled at ingestion', async () => {
      const before = [ingestion.cancelled, ingestion.seen.length];
      const { path, requestSerialize, responseDeserialize } = spans.unary;
      const metadata = new Metadata();
      metadata.set('x-wait', '30000');
      const pending = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        Buffer.from('x'),
        metadata,
        () => {},
      );
      await until(() => ingestion.seen.length > (before[1] ?? 0));
      pending.cancel();
      await until(() => ingestion.cancelled > (before[0] ?? 0));
    });

    test('a client can stream', async () => {
      const { path, requestSerialize, responseDeserialize } = spans.collect;
      const total = await new Promise((resolve, reject) => {
        const stream = client.makeClientStreamRequest(path, requestSerialize, responseDeserialize, (error, answer) =>
          error ? reject(error) : resolve(String(answer)),
        );
        for (let count = 0; count < 100; count++) stream.write(Buffer.alloc(150_000));
        stream.end();
      });
      expect(total).toBe('15000000');
    });

    test('ingestion can stream', async () => {
      const { path, requestSerialize, responseDeserialize } = spans.repeat;
      const message = Buffer.alloc(100_000, 200);
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, message);
      let count = 0;
      for await (const answer of stream) if (message.equals(answer)) count++;
      expect(count).toBe(200);
    });

    test('both can stream, each message as it comes', async () => {
      const stream = echo(client);
      for (let count = 0; count < 50; count++) {
        stream.write(Buffer.from(`message ${count}`));
        const [answer] = await once(stream, 'data');
        expect(String(answer)).toBe(`message ${count}`);
      }
      stream.end();
      const [{ code }] = await once(stream, 'status');
      expect(code).toBe(status.OK);
    });

    test('one connection lasts for thousands of calls and pings', async () => {
      const session = await connectSession(scheme, port);
      const ends: string[] = [];
      for (const end of ['goaway', 'close', 'error']) session.on(end, () => ends.push(end));
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all(Array.from({ length: 250 }, () => callBy(session)));
        expect(answers.filter((answer) => answer !== '0')).toEqual([]);
        for (let pings = 0; pings < 200; pings++) await ping(session);
      }
      expect(ends).toEqual([]);
      session.destroy();
    });

    test('a connection that has made a call lasts, and one that never makes one does not', async () => {
      const shortened = await freePort();
      const impatient = await start(listens(shortened), ingestion.port, volume.path, (text) =>
        text.replace('client_header_timeout 1m', 'client_header_timeout 1s'),
      );
      const [called, silent] = [await connectSession(scheme, shortened), await connectSession(scheme, shortened)];
      expect(await callBy(called)).toBe('0');
      await once(silent, 'close');
      expect(called.closed).toBe(false);
      expect(await callBy(called)).toBe('0');
      called.destroy();
      await impatient.stop();
    });

    test('a thousand calls at once are all answered', async () => {
      const answers = await Promise.all(
        Array.from({ length: 1200 }, (_, n) => call(client, Buffer.from(`call ${n}`), { 'x-wait': '5' })),
      );
      expect(answers.filter(({ message }, n) => String(message) !== `call ${n}`)).toEqual([]);
    });

    test('while ingestion is down clients hear that it is unavailable, so that they try again', async () => {
      expect((await call(client, Buffer.from('x'))).code).toBe(status.OK);
      const before = ingestion.seen.length;
      const pending = call(client, Buffer.from('x'), { 'x-wait': '10000' });
      await until(() => ingestion.seen.length > before);
      ingestion.stop();
      expect((await pending).code).toBe(status.UNAVAILABLE);
      for (const size of [0, 15 * MIB]) {
        expect(await call(client, Buffer.alloc(size))).toMatchObject({
          code: status.UNAVAILABLE,
          details: 'ingestion does not answer',
        });
      }
      await ingestion.start();
      expect((await call(client, Buffer.from('x'))).code).toBe(status.OK);
    });

    test('neither metadata nor messages are logged', async () => {
      ingestion.stop();
      await call(client, Buffer.from('message-of-spans'), { 'x-junjo-api-key': 'key-of-a-client' });
      await ingestion.start();
      await nginx.logged(/connect\(\) failed/);
      expect(nginx.log()).not.toMatch(/key-of-a-client|message-of-spans/);
    });
  });

describeWith(['nginx'], 'TLS', () => {
  let volume: SecretVolume;
  let port: number;
  let nginx: Nginx;

  beforeAll(async () => {
    volume = new SecretVolume();
    volume.show(certificate);
    port = await freePort();
    nginx = await start({ tls: port }, 1, volume.path);
  });
  afterAll(async () => {
    await nginx?.stop();
    volume?.remove();
  });

  test('a name that the client asks for does not matter, nor that it asks for none', async () => {
    for (const name of [undefined, 'spans.example.com', 'ingestion.internal', 'elsewhere.invalid']) {
      expect(await shown(port, name)).toEqual({ fingerprint: fingerprint(certificate), protocol: 'h2' });
    }
  });

  test('plain HTTP is refused', async () => {
    const code = await new Promise((resolve) => {
      getPlain({ port, host: '127.0.0.1' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
    });
    expect(code).toBe(400);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const [error] = await once(session, 'error');
    expect(String(error)).toContain('Protocol error');
  });

  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT:@SECLEVEL=0',
    });
    await expect(once(socket, 'secureConnect')).rejects.toThrow();
  });

  test('no session is resumed', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: version, maxVersion: version };
      const first = connectTls(options);
      let session: Buffer | undefined;
      first.on('session', (value) => {
        session = value;
      });
      await once(first, 'secureConnect');
      await sleep(100);
      first.destroy();
      const second = connectTls({ ...options, session });
      await once(second, 'secureConnect');
      expect(second.isSessionReused()).toBe(false);
      second.destroy();
    }
  });
});

describeWith(['nginx'], 'the certificate', () => {
  let volume: SecretVolume;
  let ingestion: FakeIngestion;
  let port: number;
  let nginx: Nginx;

  beforeEach(async () => {
    volume = new SecretVolume();
    ingestion = new FakeIngestion(await freePort());
    await ingestion.start();
    port = await freePort();
    nginx = await start({ tls: port }, ingestion.port, volume.path);
  });
  afterEach(async () => {
    // First what would keep the tests from ending where nginx did not start.
    ingestion.stop();
    await nginx?.stop();
    volume.remove();
  });

  test('may come later than nginx, which refuses each handshake until then and tells what it misses', async () => {
    expect(await ready(port)).toBe(false);
    await nginx.logged(/cannot load certificate ".*\/tls\.crt"/);
    volume.show(makeCertificate({ keyType: 'ec' }));
    expect(await ready(port)).toBe(true);
    expect(nginx.process.exitCode).toBeNull();
  });

  test('may be one of RSA, or change its kind', async () => {
    for (const keyType of ['ec', 'rsa', 'ec'] as const) {
      const certificate = makeCertificate({ keyType });
      volume.show(certificate);
      expect((await shown(port)).fingerprint).toBe(fingerprint(certificate));
    }
  });

  test('is renewed under load: no call fails, new connections see the new one, old connections go on', async () => {
    const certificates = Array.from({ length: 8 }, (_, n) =>
      makeCertificate({ keyType: 'ec', commonName: `spans ${n}` }),
    );
    const trusted = certificates.map(({ pem }) => pem);
    const [first, ...renewed] = certificates;
    if (!first) throw new Error('no certificate');
    volume.show(first);

    const old = connectClient(port, [first.pem]);
    const stream = echo(old);
    const load = new AbortController();
    const failed: unknown[] = [];
    let calls = 0;
    const loads = Array.from({ length: 4 }, async () => {
      while (!load.signal.aborted) {
        const client = connectClient(port, trusted);
        // nginx before 1.27.4 may drop a handshake in the middle of a swap: the client connects again before it calls.
        const answer = await call(client, Buffer.from('x'), {}, { waitForReady: true });
        client.close();
        calls++;
        if (answer.code !== status.OK) failed.push(answer);
      }
    });
    try {
      for (const certificate of renewed) {
        // Some that began before this renewal, and some after it, however fast the machine is.
        const [before, enough] = [calls, 8];
        await until(() => calls >= before + enough);
        volume.show(certificate);
        expect((await shown(port)).fingerprint).toBe(fingerprint(certificate));
        stream.write(Buffer.from('still here'));
        expect(String((await once(stream, 'data'))[0])).toBe('still here');
        expect((await call(old, Buffer.from('x'))).code).toBe(status.OK);
      }
    } finally {
      load.abort();
    }
    await Promise.all(loads);
    stream.end();
    await once(stream, 'status');
    old.close();

    expect(failed).toEqual([]);
    expect(nginx.process.exitCode).toBeNull();
  });
});

describeWith(['nginx'], 'when the pod stops', () => {
  let volume: SecretVolume;
  let ingestion: FakeIngestion;
  const certificate = makeCertificate({ keyType: 'ec' });

  beforeAll(async () => {
    volume = new SecretVolume();
    volume.show(certificate);
    ingestion = new FakeIngestion(await freePort());
    await ingestion.start();
  });
  afterAll(() => {
    ingestion.stop();
    volume.remove();
  });

  test('calls that are under way are answered', async () => {
    const port = await freePort();
    const nginx = await start({ tls: port }, ingestion.port, volume.path);
    const client = connectClient(port, [certificate.pem]);
    const before = ingestion.seen.length;
    const pending = call(client, Buffer.from('last words'), { 'x-wait': '500' });
    await until(() => ingestion.seen.length > before);
    // STOPSIGNAL of the image.
    nginx.process.kill('SIGQUIT');
    expect(String((await pending).message)).toBe('last words');
    client.close();
    if (nginx.process.exitCode === null) await once(nginx.process, 'exit');
    expect(nginx.process.exitCode).toBe(0);
    await nginx.stop();
  });

  test('a stream without an end does not keep it', async () => {
    const port = await freePort();
    const shorter = (text: string) => text.replace('worker_shutdown_timeout 10s', 'worker_shutdown_timeout 1s');
    const nginx = await start({ tls: port }, ingestion.port, volume.path, shorter);
    const client = connectClient(port, [certificate.pem]);
    const stream = echo(client);
    stream.on('error', () => {});
    stream.write(Buffer.from('x'));
    await once(stream, 'data');
    nginx.process.kill('SIGQUIT');
    await once(nginx.process, 'exit');
    expect(nginx.process.exitCode).toBe(0);
    client.close();
    await nginx.stop();
  });
});

describeWith(['nginx'], 'a self-signed certificate', () => {
  const [init] = certificateMaker(selfSigned);

  test('is made by what the init container runs, and served', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
    const path = init?.volumeMounts?.[0]?.mountPath ?? '';
    const words = [...(init?.command ?? []), ...(init?.args ?? [])];
    const [command = '', ...args] = words.map((word) => word.replace(path, folder));
    expect(spawnSync(command, args, { encoding: 'utf8' })).toMatchObject({ status: 0 });
    spawnSync('chmod', ['-R', 'a+rX', folder]);

    const port = await freePort();
    const nginx = await start({ tls: port }, 1, folder);
    expect(await ready(port)).toBe(true);
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subjectaltname, valid_to, asn1Curve } = socket.getPeerCertificate();
    expect([subjectaltname, asn1Curve]).toEqual(['DNS:ingestion.internal', 'prime256v1']);
    expect(Date.parse(valid_to) - Date.now()).toBeGreaterThan(3649 * 24 * 3600 * 1000);
    socket.destroy();
    await nginx.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('the sidecar', () => {
  test('waits for the Secret without keeping ingestion from its start, or from being ready', () => {
    expect(spansProxyVolumes(props).find(({ secret }) => secret)?.secret).toEqual({
      secretName: 'spans-tls',
      optional: true,
      items: [
        { key: 'tls.crt', path: 'tls.crt' },
        { key: 'tls.key', path: 'tls.key' },
      ],
    });
    const { readinessProbe, livenessProbe } = spansProxyContainer(props);
    expect(readinessProbe).toBeUndefined();
    // Only the connection: no restart brings a certificate.
    expect(livenessProbe).not.toHaveProperty('httpGet');
    expect(certificateMaker(props)).toEqual([]);
  });

  test('can read the key that the pod makes', () => {
    const [init] = certificateMaker(selfSigned);
    const { securityContext, volumeMounts = [] } = spansProxyContainer(selfSigned);
    expect(securityContext).toMatchObject({ runAsUser: props.user, runAsGroup: props.user });
    expect(init?.securityContext).not.toHaveProperty('runAsUser');
    const [written] = init?.volumeMounts ?? [];
    expect(volumeMounts).toContainEqual({ ...written, readOnly: true });
  });

  test('mounts the volumes it has', () => {
    const mounts = (spansProxyContainer(props).volumeMounts ?? []).map(({ name }) => name);
    expect(spansProxyVolumes(props).map(({ name }) => name)).toEqual(mounts);
  });
});

function echo(client: Client) {
  const { path, requestSerialize, responseDeserialize } = spans.echo;
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

async function connectSession(scheme: string, port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await once(session, 'remoteSettings');
  return session;
}

function ping(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error ? reject(error) : resolve()));
  });
}

/** The `grpc-status` of a unary call on this very connection, which a client of gRPC would replace when it ends. */
async function callBy(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': spans.unary.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let code = '';
  stream.on('trailers', (trailers) => {
    code = String(trailers['grpc-status']);
  });
  const compressedAndLength = [0, 0, 0, 0, 1];
  stream.end(Buffer.from([...compressedAndLength, 0x78]));
  stream.resume();
  await once(stream, 'close');
  return code;
}

/** Waits for as long as the test may take. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}
