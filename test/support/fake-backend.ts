import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** In every span that the fake serves, and nowhere else. */
export const SPAN = 'the-prompt-of-somebody-else';

/** The cookie of somebody who is signed in. */
export const SIGNED_IN = 'session=signed-in';

/** The one origin that may read answers. */
export const ORIGIN = 'https://studio.example.com';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  readonly target: string;
  /** `name: value`, names in lower case, sorted, without those that are for one hop: how the body is framed, and so on. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** What `/auth-test` answers, whoever asks. */
export interface AuthAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A backend with the routing of uvicorn and Starlette and without a sign-in before its spans. Where their versions
 * differ, it does what would give spans away: `#` ends a path and does not, and every method but OPTIONS reads.
 */
export class FakeBackend {
  seen: Seen[] = [];
  authAnswer?: AuthAnswer;
  /** How many requests asked for another protocol. */
  upgrades = 0;
  /** The answer to `/stream`, once somebody asks. */
  stream?: ServerResponse;
  private listening = 0;
  private readonly server = createServer({ insecureHTTPParser: true, maxHeaderSize: 1 << 20 }, (request, response) =>
    this.answer(request, response),
  );

  async listen(port: number): Promise<void> {
    this.listening = port;
    this.server.listen(port, '127.0.0.1', 1024);
    await once(this.server, 'listening');
  }

  /** Where it listens. */
  get port(): number {
    return this.listening;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** How often spans were served. */
  get spansServed(): number {
    return this.seen.filter(({ method, target }) => method !== 'OPTIONS' && readsSpans(target)).length;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '' } = request;
    const path = paths(target)[0];
    if (request.headers.upgrade) this.upgrades++;
    // Before the body has arrived, so that a test can see that it is passed on at once.
    const hash = createHash('sha256');
    const seen = { method, target, headers: headers(request.rawHeaders), body: '' };
    this.seen.push(seen);
    let length = 0;
    request.on('data', (data) => {
      length += data.length;
      hash.update(data);
      seen.body = `${length} bytes`;
    });
    cors(request, response);

    if (path === '/stream') {
      this.stream = response;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      return;
    }
    const arrived = await once(request, 'end').then(
      () => true,
      () => false,
    );
    if (!arrived) return;
    seen.body = `${length} bytes ${hash.digest('hex')}`;

    if (method === 'OPTIONS') {
      const preflight = request.headers.origin && request.headers['access-control-request-method'];
      response.writeHead(preflight ? 200 : 405, { 'access-control-allow-methods': 'GET, POST' }).end('OK');
    } else if (readsSpans(target)) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([{ prompt: SPAN }]));
    } else if (path === '/auth-test') {
      const signedIn = method === 'GET' && session(request.rawHeaders) === SIGNED_IN.split('=')[1];
      const { status, headers } = this.authAnswer ?? { status: signedIn ? 200 : 401 };
      response.writeHead(status, { 'set-cookie': 'session=of-auth-test', ...headers }).end('{"user_email":"a@b.c"}');
    } else if (path === '/large') {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      for (let mebibyte = 0; mebibyte < 100; mebibyte++) {
        if (!response.write(Buffer.alloc(1 << 20, mebibyte))) await once(response, 'drain');
      }
      response.end();
    } else if (path === '/redirect') {
      response.writeHead(307, { location: `http://${request.headers.host}/elsewhere?a=//b` }).end();
    } else if (path === '/plain') {
      // A text that gzip would shrink, without a type, a length or a charset.
      response.write('a'.repeat(20_000));
      response.end();
    } else {
      response.writeHead(path === '/health' ? 200 : 404, 'As I Say', {
        date: 'Sun, 06 Nov 1994 08:49:37 GMT',
        server: 'uvicorn',
        etag: '"1"',
        'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT',
        'cache-control': 'private',
        'set-cookie': ['a=1; Domain=example.com; Path=/', 'b=2; Secure'],
        refresh: `0;url=http://${request.headers.host}/`,
        'content-type': 'text/html; charset=latin1',
        x_odd: '1',
        'x-large': 'x'.repeat(16_000),
      });
      response.end(`<p>${path}</p>`);
    }
  }
}

/** The path in both readings: httptools ends it at `#`, h11 does not. Either decodes it once. */
function paths(target: string): [string, string] {
  const [sent = ''] = target.replace(/^https?:\/\/[^/?#]*/i, '').split('?');
  const decode = (text: string) =>
    text.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return [decode(sent.split('#')[0] ?? ''), decode(sent)];
}

function readsSpans(target: string): boolean {
  return paths(target).some((path) => path.startsWith('/api/v1/observability'));
}

/** Starlette's parser: what comes last wins, over all headers. */
function session(rawHeaders: readonly string[]): string | undefined {
  return pairs(rawHeaders)
    .filter(([name]) => name === 'cookie')
    .flatMap(([, value]) => value.split(';'))
    .map((cookie) => cookie.split('=').map((part) => part.trim()))
    .findLast(([name]) => name === 'session')?.[1];
}

/** Starlette's CORSMiddleware with credentials and one origin. */
function cors({ headers: { origin } }: IncomingMessage, response: ServerResponse): void {
  if (!origin) return;
  response.setHeader('access-control-allow-credentials', 'true');
  if (origin !== ORIGIN) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('vary', 'Origin');
}

const HOP = /^(connection|content-length|expect|http2-settings|keep-alive|te|transfer-encoding|upgrade)$/;

function headers(rawHeaders: readonly string[]): string[] {
  return pairs(rawHeaders)
    .filter(([name]) => !HOP.test(name))
    .map((pair) => pair.join(': '))
    .sort();
}

function pairs(rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ''] as [string, string]] : [],
  );
}
