import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { spans } from './grpc';

/** What a hostile client does with each of its connections, none of which has a key. */
export type Hostility = 'calls without a body' | 'large calls' | 'no call' | 'half a handshake' | 'half a header';

/** Where connections come from; Linux gives this machine every address of 127.0.0.0/8. */
export type Origin = 'the same address' | 'another address' | 'many addresses';

const addressOf = (origin: Origin, index: number) =>
  ({
    'the same address': '127.0.0.1',
    'another address': '127.0.0.2',
    'many addresses': `127.0.1.${1 + (index % 250)}`,
  })[origin];

/** More than any proxy should keep in memory for one call. */
const LARGE = Buffer.alloc(512 * 1024, 1);
const BODY_TO_COME = Buffer.from([0, 0, 1, 0, 0]);

/** Connections that stay until they are closed. */
export class HostileClients {
  private readonly sockets: Socket[] = [];

  constructor(
    private readonly port: number,
    private readonly origin: Origin,
  ) {}

  /** Opens connections to the proxy for spans over TLS. Each makes as many calls as the proxy allows. */
  async attackSpans(count: number, hostility: Hostility): Promise<void> {
    await this.open(count, async (socket) => {
      if (hostility === 'half a handshake') {
        const helloOf512 = Buffer.from('160301020001', 'hex');
        socket.write(helloOf512);
        return;
      }
      const tls = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ['h2'] }).on('error', () => {});
      await settled(tls, 'secureConnect');
      if (hostility === 'no call') return;
      if (hostility === 'half a header') {
        // The preface, settings, and headers that do not end here.
        tls.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        tls.write(Buffer.from('000000040000000000' + '000001010000000001' + '83', 'hex'));
        return;
      }
      const session = connectHttp2(`https://127.0.0.1:${this.port}`, { createConnection: () => tls });
      session.on('error', () => {});
      await settled(session, 'remoteSettings');
      const calls = Math.min(session.remoteSettings?.maxConcurrentStreams ?? 0, 1000);
      for (let call = 0; call < calls; call++) startCall(session, hostility === 'large calls');
    });
  }

  /** Opens connections to the guard, with a request each. */
  async attackApi(count: number, hostility: Exclude<Hostility, 'half a handshake'>, client?: string): Promise<void> {
    const request = [
      'POST /upload HTTP/1.1',
      'Host: api.example.com',
      ...(client ? [`X-Forwarded-For: ${client}`] : []),
      'Content-Length: 1000000000',
      ...(hostility === 'large calls' ? [`X-Large: ${'x'.repeat(60_000)}`, `X-Larger: ${'y'.repeat(60_000)}`] : []),
    ].join('\r\n');
    await this.open(count, async (socket) => {
      if (hostility === 'no call') return;
      socket.write(hostility === 'half a header' ? request : `${request}\r\n\r\n`);
      if (hostility === 'large calls') socket.write(LARGE);
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private async open(count: number, begin: (socket: Socket) => Promise<void>): Promise<void> {
    for (let index = 0; index < count; index += 16) {
      // More at once than the queues of the kernel hold would be turned away.
      const some = Array.from({ length: Math.min(16, count - index) }, async (_, n) => {
        const localAddress = addressOf(this.origin, index + n);
        const socket = connectTcp({ port: this.port, host: '127.0.0.1', localAddress }).on('error', () => {});
        this.sockets.push(socket);
        await settled(socket, 'connect');
        await begin(socket);
      });
      await Promise.all(some);
    }
    // What they have sent arrives.
    await sleep(500);
  }
}

/** Waits until something happens, or can no longer. */
async function settled(emitter: NodeJS.EventEmitter, event: string): Promise<void> {
  await Promise.race([once(emitter, event), once(emitter, 'close')]).catch(() => {});
}

function startCall(session: ClientHttp2Session, isLarge: boolean): void {
  const call = session.request({
    ':method': 'POST',
    ':path': spans.collect.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(isLarge && { 'x-large': 'x'.repeat(9_000), 'x-larger': 'y'.repeat(9_000), 'x-largest': 'z'.repeat(9_000) }),
  });
  call.on('error', () => {}).resume();
  call.write(isLarge ? LARGE : BODY_TO_COME);
}

/** An ingestion that takes connections, and lets nobody send a byte of a body: SETTINGS with a window of 0. */
export async function ingestionWithoutWindow(port: number): Promise<Server> {
  const settings = Buffer.from('000006040000000000' + '000400000000', 'hex');
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
    socket.write(settings);
  });
  server.listen(port, '127.0.0.1', 4096);
  await once(server, 'listening');
  return server;
}
