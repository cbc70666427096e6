import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, status } from '@grpc/grpc-js';
import type { k8s } from 'cdk8s-plus-27';
import { apiGuardConfig, apiGuardContainer } from '../../charts/api-guard';
import { type SpansProxyProps, spansProxyConfig, spansProxyContainer } from '../../charts/spans-proxy';
import { releaseLines } from '../../releases';
import { makeCertificate } from './certificate';
import { FakeBackend, SIGNED_IN } from './fake-backend';
import { call, connectClient, FakeIngestion } from './grpc';
import { HostileClients, type Hostility, ingestionWithoutWindow, type Origin } from './hostile-clients';
import { freePort, type Nginx, startNginx } from './nginx';
import { describeWith } from './programs';

/** What each connection does, how many there are, and where they come from. */
export type Attack<Shape = Hostility> = readonly [Shape, number, Origin];

const image = { image: 'nginx', imagePullPolicy: 'IfNotPresent' } as const;

/** What a container may have, in MiB. */
function memoryLimit({ resources }: k8s.Container): number {
  return Number(/^([0-9]+)Mi$/.exec(String(resources?.limits?.memory?.value))?.[1]);
}

/** A proxy for spans over TLS, as it is rendered. */
class AttackedProxy {
  static async start(otlpPort: number, edit = (text: string) => text): Promise<AttackedProxy> {
    const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
    chmodSync(folder, 0o755);
    const { pem, privateKey } = makeCertificate({ keyType: 'ec' });
    writeFileSync(join(folder, 'tls.crt'), pem);
    writeFileSync(join(folder, 'tls.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const port = await freePort();
    const tls = { port, certificate: { kind: 'secret', name: 'spans-tls' } } as const;
    const { 'nginx.conf': text = '' } = spansProxyConfig({ otlpPort, tls, certificatesPath: folder });
    const props: SpansProxyProps = {
      ...{ studio: 'studio', namespace: 'studio', image, otlpPort, tls, user: 10001 },
      onlyWay: true,
    };
    const nginx = await startNginx({ 'nginx.conf': edit(text) }, port);
    return new AttackedProxy(folder, pem, port, nginx, memoryLimit(spansProxyContainer(props)));
  }

  private constructor(
    private readonly folder: string,
    private readonly pem: string,
    readonly port: number,
    readonly nginx: Nginx,
    readonly memoryLimitMi: number,
  ) {}

  connect(): Client {
    return connectClient(this.port, [this.pem]);
  }

  async stop(): Promise<void> {
    await this.nginx.stop();
    rmSync(this.folder, { recursive: true });
  }
}

/** Exports that are sent one after the other, by a client from before the attack and by new ones. @returns those that failed */
async function exportsThatFail(proxy: AttackedProxy, old: Client): Promise<readonly unknown[]> {
  const failed: unknown[] = [];
  for (let count = 0; count < 20; count++) {
    const fresh = proxy.connect();
    for (const client of [old, fresh]) {
      const message = Buffer.alloc(100_000, `export ${count}`);
      const answer = await call(client, message);
      if (answer.code !== status.OK || !answer.message?.equals(message)) failed.push(answer);
    }
    fresh.close();
  }
  return failed;
}

/** Tests that spans arrive during attacks on their proxy. */
export function describeAttacksOnSpans(attacks: readonly Attack[]): void {
  describeWith(['nginx'], 'the proxy for spans, attacked without a key', () => {
    let ingestion: FakeIngestion;
    let proxy: AttackedProxy;
    let noWindow: Server | undefined;

    beforeEach(async () => {
      ingestion = new FakeIngestion(await freePort());
      await ingestion.start();
    });
    afterEach(async () => {
      ingestion.stop();
      noWindow?.close();
      noWindow = undefined;
      await proxy.stop();
    });

    test.each(attacks)('by %s on %d connections from %s, takes every export', async (shape, count, origin) => {
      proxy = await AttackedProxy.start(ingestion.port);
      const exporter = proxy.connect();
      expect((await call(exporter, Buffer.from('x'))).code).toBe(status.OK);
      const hostile = new HostileClients(proxy.port, origin);
      await hostile.attackSpans(count, shape);
      expect(await exportsThatFail(proxy, exporter)).toEqual([]);

      expect(proxy.nginx.peakMemoryOfBoth()).toBeLessThan(proxy.memoryLimitMi);
      hostile.close();
      exporter.close();
    });

    test('needs less memory than it may have for bodies that ingestion does not read', async () => {
      const port = await freePort();
      noWindow = await ingestionWithoutWindow(port);
      proxy = await AttackedProxy.start(port);
      const hostile = new HostileClients(proxy.port, 'many addresses');
      await hostile.attackSpans(300, 'large calls');
      await sleep(1000);

      expect(proxy.nginx.peakMemoryOfBoth()).toBeLessThan(proxy.memoryLimitMi);
      hostile.close();
    });

    test('tells a client with too many calls that it may send them again, and takes those of others', async () => {
      proxy = await AttackedProxy.start(ingestion.port, (text) => text.replace(/(limit_conn clients) \d+/, '$1 16'));
      const same = proxy.connect();
      expect((await call(same, Buffer.from('x'))).code).toBe(status.OK);
      const hostile = new HostileClients(proxy.port, 'the same address');
      await hostile.attackSpans(16, 'calls without a body');
      expect(await call(same, Buffer.from('x'))).toMatchObject({
        code: status.UNAVAILABLE,
        details: 'too many calls at one time',
      });
      hostile.close();
      while ((await call(same, Buffer.from('x'))).code !== status.OK) await sleep(20);
      same.close();
    });

    test('ends a call whose body does not come', async () => {
      proxy = await AttackedProxy.start(ingestion.port, (text) =>
        text.replace('client_body_timeout 1m', 'client_body_timeout 3s').replace(/(limit_conn clients) \d+/, '$1 2'),
      );
      const exporter = proxy.connect();
      const hostile = new HostileClients(proxy.port, 'the same address');
      await hostile.attackSpans(1, 'calls without a body');
      expect((await call(exporter, Buffer.from('x'))).code).toBe(status.UNAVAILABLE);
      while ((await call(exporter, Buffer.from('x'))).code !== status.OK) await sleep(20);
      hostile.close();
      exporter.close();
    });
  });
}

/** Tests that the API answers during attacks on its guard. */
export function describeAttacksOnApi(attacks: readonly Attack<Exclude<Hostility, 'half a handshake'>>[]): void {
  describeWith(['nginx'], 'the guard of the API, attacked', () => {
    const backend = new FakeBackend();
    const [{ api }] = releaseLines;
    let port: number;
    let nginx: Nginx;

    beforeAll(async () => backend.listen(await freePort()));
    beforeEach(async () => {
      port = await freePort();
      nginx = await startNginx(apiGuardConfig({ api, port, backendPort: backend.port }), port);
    });
    afterEach(() => nginx.stop());
    afterAll(() => backend.close());

    const ask = (client: string) =>
      fetch(`http://127.0.0.1:${port}${api.spansPath}/services`, {
        headers: { cookie: SIGNED_IN, 'x-forwarded-for': client },
      });

    test.each(attacks)('by %s on %d connections from %s, answers everybody', async (shape, count, origin) => {
      const hostile = new HostileClients(port, origin);
      await hostile.attackApi(count, shape, '192.0.2.66');
      for (const client of ['192.0.2.66', '192.0.2.1']) {
        for (let requests = 0; requests < 20; requests++) expect((await ask(client)).status).toBe(200);
      }
      expect(nginx.peakMemoryOfBoth()).toBeLessThan(memoryLimit(apiGuardContainer({ image })));
      hostile.close();
    });

    test('refuses a client with too many requests, and answers others', async () => {
      const hostile = new HostileClients(port, 'the same address');
      await hostile.attackApi(450, 'calls without a body', '198.51.100.1, 192.0.2.66');
      expect((await ask('203.0.113.9, 192.0.2.66')).status).toBe(429);
      expect((await ask('192.0.2.66, 192.0.2.1')).status).toBe(200);
      hostile.close();
    });
  });
}
