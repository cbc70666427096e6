import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { k8s } from 'cdk8s-plus-27';
import { apiGuardConfig, apiGuardContainer, apiGuardVolumes } from '../../charts/api-guard';
import { releaseLines } from '../../releases';
import { FakeBackend, ORIGIN, type Seen, SIGNED_IN, SPAN } from '../support/fake-backend';
import { freePort, hasIpv6, type Nginx, type NginxFolders, startNginx, talk } from '../support/nginx';
import { describeWith } from '../support/programs';

const SPANS = '/api/v1/observability/services';
const [{ api }] = releaseLines;
const image = {
  image: 'registry.example.com/library/nginx:1.30.4-alpine-slim',
  imagePullPolicy: 'IfNotPresent',
} as const;
const identity = { studio: 'studio', namespace: 'studio', image, api };
const REFUSAL = '{"detail":"Unauthorized: No valid session"}';

/** A request, header by header. */
function request(method: string, target: string, headers: readonly string[] = [], body = ''): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: api.example.com', ...headers, 'Connection: close', '', body].join(
    '\r\n',
  );
}
const get = (target: string, ...headers: string[]) => request('GET', target, headers);
const post = (target: string, headers: string[], body: string) => request('POST', target, headers, body);
const encoded = (text: string) =>
  [...text].map((letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

/** Requests for spans without a sign-in, in every way that a backend may understand. */
const refused: [string, string][] = [
  ['the plain path', get(SPANS)],
  ['a trace', get('/api/v1/observability/traces/0123456789abcdef0123456789abcdef/spans')],
  ['the prefix alone', get('/api/v1/observability')],
  ['a query', get(`${SPANS}?limit=1`)],
  ['a query with a second question mark', get(`${SPANS}??/health`)],
  ['a trailing slash', get(`${SPANS}/`)],
  ['two slashes at the start', get(`/${SPANS}`)],
  ['two slashes within', get('/api/v1//observability//services')],
  ['/./', get('/api/v1/./observability/./services')],
  ['/%2e/', get('/api/v1/%2e/observability/services')],
  ['/../', get('/api/v1/x/../observability/services')],
  ['/%2e%2e%2f', get('/api/v1/x/%2e%2e%2fobservability/services')],
  ['dots that lead away again', get('/api/v1/observability/services/a/../../../../../health')],
  ['encoded dots that lead away again', get('/api/v1/observability/%2e%2e/%2e%2e/%2e%2e/health')],
  ['%2F for slashes', get('%2Fapi%2Fv1%2Fobservability%2Fservices'.replace('%2F', '/'))],
  ['%6f for a letter', get('/api/v1/%6fbservability/services')],
  ['%6F for a letter', get('/api/v1/%6Fbservability/services')],
  ['%4f for a letter', get('/api/v1/%4fbservability/services')],
  ['an encoded letter in the middle', get('/api/v1/observ%61bility/services')],
  ['every second letter encoded', get('/api/v1/o%62s%65r%76a%62i%6ci%74y/services')],
  ['the word encoded', get(`/api/v1/${encoded('observability')}/services`)],
  ['the whole path encoded', get(`/${encoded(SPANS.slice(1))}`)],
  ['the whole path encoded in upper case', get(`/${encoded(SPANS.slice(1)).toUpperCase()}`)],
  ['upper case', get('/api/v1/OBSERVABILITY/services')],
  ['mixed case', get('/API/V1/Observability/Services')],
  ['trailing dots', get('/api/v1/observability./services..')],
  ['a semicolon', get('/api/v1/observability;a=1/services;b')],
  ['/..;/', get('/health/..;/api/v1/observability/services')],
  ['an encoded semicolon', get('/api/v1/observability%3b/services')],
  ['backslashes', get('/health\\..\\api\\v1\\observability\\services')],
  ['encoded backslashes', get('/health%5c..%5capi/v1/observability/services')],
  ['letters of another width', get('/api/v1/observability/%ef%bd%8f%ef%bd%82%ef%bd%93')],
  ['an encoding within an encoding', get('/api/v1/observability%25%32%65/services')],
  ['an encoded tab', get('/api/v1/observability%09/services')],
  ['an encoded line break', get('/api/v1/observability/services%0d%0aX: y'.replace(' ', '%20'))],
  ['an encoded space at the end', get(`${SPANS}%20`)],
  ['a fragment', get(`${SPANS}#/health`)],
  ['a fragment before', get(`/health#/..${SPANS}`)],
  ['a fragment before the query', get(`${SPANS}#a?b`)],
  ['an encoded question mark before', get(`/health%3f${SPANS}`)],
  ['an encoded question mark after', get(`${SPANS}%3fa`)],
  ['an encoded fragment', get(`/health%23${SPANS}`)],
  ['bytes beyond ASCII', get(`${SPANS}/\xff\xfe`)],
  ['encoded bytes that are no UTF-8', get('/api/v1/observability/services%ff%c0%af')],
  ['an absolute URI', get(`http://api.example.com${SPANS}`)],
  ['an absolute URI of another host', get(`http://elsewhere.example.org${SPANS}`)],
  ['an absolute URI with a port', get(`http://api.example.com:1323${SPANS}`)],
  ['an absolute URI with https', get(`https://api.example.com${SPANS}`)],
  ['an absolute URI in upper case', get(`HTTP://API.EXAMPLE.COM${SPANS}`)],
  ['an absolute URI with an encoded letter', get('http://api.example.com/api/v1/%6fbservability/services')],
  ['an absolute URI of an address', get(`http://[::1]:80${SPANS}`)],
  ['HTTP/1.0', `GET ${SPANS} HTTP/1.0\r\n\r\n`],
  ['HTTP/1.0 with a host', `GET ${SPANS} HTTP/1.0\r\nHost: api.example.com\r\n\r\n`],
  ['line feeds alone', `GET ${SPANS} HTTP/1.1\nHost: api.example.com\nConnection: close\n\n`],
  ['empty lines before', `\r\n\r\n${get(SPANS)}`],
  ['HEAD', request('HEAD', SPANS)],
  ['POST', post(SPANS, ['Content-Length: 3'], 'abc')],
  ['POST in chunks', post(SPANS, ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n')],
  [
    'POST of a form',
    post(SPANS, ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 11'], '_method=GET'),
  ],
  ['PUT', request('PUT', SPANS, ['Content-Length: 3'], 'abc')],
  ['PATCH', request('PATCH', SPANS)],
  ['DELETE', request('DELETE', SPANS)],
  ['PROPFIND', request('PROPFIND', SPANS)],
  ['a method that nobody knows', request('FETCH', SPANS)],
  ['a method that begins like a preflight', request('OPTIONSX', SPANS)],
  ['X-HTTP-Method-Override: OPTIONS', get(SPANS, 'X-HTTP-Method-Override: OPTIONS', 'X-Method-Override: OPTIONS')],
  ['X-Original-Method: OPTIONS', get(SPANS, 'X-Original-Method: OPTIONS')],
  ['X-Original-URI', get(SPANS, 'X-Original-URI: /health', 'X-Original-URL: /health')],
  ['X-Rewrite-URL', get(SPANS, 'X-Rewrite-URL: /health')],
  ['X-Forwarded-Uri', get(SPANS, 'X-Forwarded-Uri: /health', 'X-Forwarded-Prefix: /health', 'X-Forwarded-Path: /')],
  [
    'X-Forwarded-For: 127.0.0.1',
    get(SPANS, 'X-Forwarded-For: 127.0.0.1', 'X-Real-IP: 127.0.0.1', 'Forwarded: for=::1'),
  ],
  ['X-Accel-Redirect', get(SPANS, 'X-Accel-Redirect: /health', 'X-Accel-Internal: /health')],
  ['Range', get(SPANS, 'Range: bytes=0-0')],
  ['If-None-Match', get(SPANS, 'If-None-Match: *')],
  ['If-Modified-Since', get(SPANS, 'If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT')],
  ['If-Match', get(SPANS, 'If-Match: "a"', 'If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT', 'If-Range: "a"')],
  ['Expect: 100-continue', post(SPANS, ['Content-Length: 3', 'Expect: 100-continue'], 'abc')],
  ['an upgrade to a WebSocket', get(SPANS, 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13')],
  [
    'an upgrade to HTTP/2',
    get(SPANS, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
  ],
  ['Connection: cookie', get(SPANS, 'Connection: cookie, origin, host')],
  ['TE: trailers', get(SPANS, 'TE: trailers', 'Trailer: Cookie')],
  ['Authorization', get(SPANS, 'Authorization: Bearer signed-in', 'X-API-Key: signed-in')],
  ['an empty Cookie header', get(SPANS, 'Cookie:')],
  ['an empty cookie', get(SPANS, 'Cookie: session=')],
  ['a wrong cookie', get(SPANS, 'Cookie: session=made-up')],
  ['a cookie of another name', get(SPANS, 'Cookie: Session=signed-in; xsession=signed-in; session2=signed-in')],
  ['two cookies of the name, the wrong one last', get(SPANS, `Cookie: ${SIGNED_IN}; session=made-up`)],
  ['two Cookie headers, the wrong one last', get(SPANS, `Cookie: ${SIGNED_IN}`, 'Cookie: session=made-up')],
  [
    'a header that is almost Cookie',
    get(SPANS, `X-Cookie: ${SIGNED_IN}`, `Cookie_: ${SIGNED_IN}`, `Cookie2: ${SIGNED_IN}`),
  ],
  ['a cookie in the query', get(`${SPANS}?Cookie=${SIGNED_IN}&${SIGNED_IN}`)],
  ['a header of 32 kB', get(SPANS, `X-Long: ${'x'.repeat(32_000)}`)],
  ['a path of 32 kB', get(`${SPANS}/${'x'.repeat(32_000)}`)],
];

/** What is no proper request for spans: whatever the answer is, it holds none. */
const harmless: [string, string][] = [
  ['double encoding', get('/api/v1/%256fbservability/services')],
  ['a letter in two bytes', get('/api/v1/%c1%afbservability/services')],
  ['a letter in three bytes', get('/api/v1/%e0%81%afbservability/services')],
  ['a letter of another width', get('/api/v1/%ef%bd%8fbservability/services')],
  ['a letter that folds to one of ASCII', get('/api/v1/ob%c5%bfervability/services')],
  ['a slash in two bytes', get('/api%c0%afv1/observability%c0%afservices')],
  ['a vertical tab before the version', `GET ${SPANS}\x0bHTTP/1.1\r\nHost: a\r\n\r\n`],
  ['two spaces and a tab around the path', `GET  ${SPANS}\t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`],
  ['a line feed alone before a chunked request', post('/health', ['Transfer-Encoding: chunked'], `0\n\n${get(SPANS)}`)],
  ['two chunked codings', post('/health', ['Transfer-Encoding: chunked, chunked'], `0\r\n\r\n${get(SPANS)}`)],
  ['a chunk of negative size', post('/health', ['Transfer-Encoding: chunked'], `-1\r\n${get(SPANS)}`)],
  ['a tab before the version', `GET ${SPANS}\tHTTP/1.1\r\nHost: a\r\n\r\n`],
  ['a tab after the method', `GET\t${SPANS} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ['a space in the path', get('/health /api/v1/observability/services')],
  ['a space before the path', get(` ${SPANS}`)],
  ['HTTP/0.9', `GET ${SPANS}\r\n`],
  ['HTTP/1.2', `GET ${SPANS} HTTP/1.2\r\nHost: a\r\nConnection: close\r\n\r\n`],
  ['HTTP/2.0', `GET ${SPANS} HTTP/2.0\r\nHost: a\r\n\r\n`],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00'],
  ['a TLS handshake', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00'],
  ['the header of the PROXY protocol', `PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n${get(SPANS)}`],
  ['TRACE', request('TRACE', SPANS)],
  ['CONNECT to a host', request('CONNECT', '127.0.0.1:1323')],
  ['CONNECT to a path', request('CONNECT', SPANS)],
  ['OPTIONS that is no preflight', request('OPTIONS', SPANS)],
  ['OPTIONS of everything', request('OPTIONS', '*')],
  ['a method in lower case', request('get', SPANS)],
  ['a preflight in lower case', request('options', SPANS)],
  ['a path without a slash', get('api/v1/observability/services')],
  ['an absolute URI without a path', get('http://api.example.com?/api/v1/observability/services')],
  ['an absolute URI with a fragment alone', get('http://api.example.com#/api/v1/observability/services')],
  ['an absolute URI without a host', get(`http://${SPANS}`)],
  ['an absolute URI with a user', get(`http://user@api.example.com${SPANS}`)],
  ['an absolute URI of another scheme', get(`file://api.example.com${SPANS}`)],
  ['an absolute URI within a path', get(`/http://api.example.com${SPANS}`)],
  ['the word as a host', get('http://observability/services')],
  ['a NUL byte', get(`${SPANS}\0`)],
  ['an encoded NUL byte', get('/api/v1/observability%00/services')],
  ['an encoded NUL byte before', get(`/health%00${SPANS}`)],
  ['an encoding that is none', get('/api/v1/%zzobservability/services')],
  ['an encoding cut short', get('/api/v1/observability/services%6')],
  ['an encoding of %u', get('/api/v1/%u006fbservability/services')],
  ['dots that lead above the root', get('/../../api/v1/observability/services')],
  ['encoded dots that lead above the root', get('/%2e%2e/api/v1/observability/services')],
  [
    'both lengths, the first by number',
    post('/health', ['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${get(SPANS)}`),
  ],
  [
    'both lengths, the first in chunks',
    post('/health', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${get(SPANS)}\r\n0\r\n\r\n`),
  ],
  ['two lengths', post('/health', ['Content-Length: 0', 'Content-Length: 80'], get(SPANS))],
  ['a length with a sign', post('/health', ['Content-Length: +0'], get(SPANS))],
  ['a list of lengths', post('/health', ['Content-Length: 0, 80'], get(SPANS))],
  ['chunked in disguise', post('/health', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${get(SPANS)}`)],
  [
    'chunked twice',
    post('/health', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${get(SPANS)}`),
  ],
  ['chunked after a vertical tab', post('/health', ['Transfer-Encoding: \x0bchunked'], `0\r\n\r\n${get(SPANS)}`)],
  [
    'chunked with an underscore',
    post('/health', ['Transfer_Encoding: chunked', 'Content-Length: 0'], `0\r\n\r\n${get(SPANS)}`),
  ],
  ['chunked before HTTP/1.1', `POST /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get(SPANS)}`],
  ['a folded Transfer-Encoding', post('/health', ['Transfer-Encoding:\r\n chunked'], `0\r\n\r\n${get(SPANS)}`)],
  ['a space before the colon', post('/health', ['Transfer-Encoding : chunked'], `0\r\n\r\n${get(SPANS)}`)],
  [
    'a chunk size that overflows',
    post('/health', ['Transfer-Encoding: chunked'], `fffffffffffffffff\r\n${get(SPANS)}`),
  ],
  ['a chunk extension with a line feed', post('/health', ['Transfer-Encoding: chunked'], `0;\n\r\n${get(SPANS)}`)],
  ['a body on a GET', request('GET', '/health', ['Content-Length: 9'], `abcdefghi${get(SPANS)}`)],
  ['a request as the body of another', post('/health', [`Content-Length: ${get(SPANS).length}`], get(SPANS))],
  ['a folded header', get(SPANS, `X-Long: a\r\n Cookie: ${SIGNED_IN}`)],
  ['a folded cookie', get(SPANS, `Cookie: a=b;\r\n\t${SIGNED_IN.replace('signed', 'not-signed')}`)],
  ['a carriage return in a header', get(SPANS, `X-Odd: a\rCookie: ${SIGNED_IN}`)],
  ['a header without a name', get(SPANS, `: a`)],
  ['two hosts', get(SPANS, 'Host: elsewhere')],
  ['no host', `GET ${SPANS} HTTP/1.1\r\nConnection: close\r\n\r\n`],
  ['a path in the host', `GET /health HTTP/1.1\r\nHost: a${SPANS}?\r\nConnection: close\r\n\r\n`],
  ['a line of 100 kB', get(`${SPANS}/${'x'.repeat(100_000)}`)],
  ['headers of 1 MB', get(SPANS, ...Array.from({ length: 20 }, (_, index) => `X-${index}: ${'x'.repeat(50_000)}`))],
  ['the inner name of the guarded path', get('guarded')],
  ['the inner name of the guarded path, with a slash', get(`/guarded${SPANS.replace('observability', 'x')}`)],
  ['the inner name of the question', get('sign-in')],
  ['the inner name of a refusal', get('/@refused')],
];

/** Requests that need no sign-in, and those for spans that have one. */
const passing: [string, string][] = [
  ['GET', get('/health')],
  ['HEAD', request('HEAD', '/health')],
  ['PUT', request('PUT', '/users/1', ['Content-Length: 3'], 'abc')],
  ['DELETE', request('DELETE', '/users/1')],
  ['POST', post('/sign-in', ['Content-Type: application/json', 'Content-Length: 2'], '{}')],
  ['POST in chunks', post('/llm/generate', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n')],
  ['PROPFIND', request('PROPFIND', '/health')],
  ['the word in a query', get('/health?next=/api/v1/observability/services')],
  ['a second question mark', get('/health?a=?b#c')],
  ['odd paths', get('/a//b/./c/../d;e=f/%2F%2f%41\\g/...//?x=%zz&y=%')],
  ['encoded bytes that are no UTF-8', get('/%c3%a4%FF')],
  ['a path that nginx uses itself', get('/guarded')],
  ['another path that nginx uses itself', get('/sign-in?a')],
  ['an answer of no type and no length', get('/plain', 'Accept-Encoding: gzip, br')],
  ['a redirect', get('/redirect')],
  ['a preflight', request('OPTIONS', SPANS, [`Origin: ${ORIGIN}`, 'Access-Control-Request-Method: GET'])],
  ['OPTIONS that is no preflight', request('OPTIONS', SPANS)],
  [
    'headers of every kind',
    get('/health', 'X_Under_Score: 1', 'x.dot: 2', 'X-Same: 1', 'X-Same: 2', 'X-Space:  a  b ', 'X-Empty:'),
  ],
  [
    'headers about caches and parts',
    get('/health', 'Range: bytes=0-0', 'If-None-Match: "1"', 'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT'),
  ],
  [
    'headers of an edge',
    get('/health', 'X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https', 'X-Real-IP: 192.0.2.1', 'Via: 1.1 edge'),
  ],
  ['headers of 32 kB', get('/health', `X-Long: ${'x'.repeat(32_000)}`, `X-Longer: ${'x'.repeat(50_000)}`)],
  ['two Cookie headers', get('/health', 'Cookie: a=b', 'Cookie: c=d')],
  ['an origin', get('/health', `Origin: ${ORIGIN}`)],
  ['spans', get(`${SPANS}?limit=1`, `Cookie: a=b; ${SIGNED_IN}`, `Origin: ${ORIGIN}`)],
  ['spans in odd paths', get('/api//v1/x/../%6fbservability/./a%2Fb%20c;d/spans?x=%zz#y', `Cookie: ${SIGNED_IN}`)],
  [
    'spans with headers of every kind',
    get(SPANS, `Cookie: ${SIGNED_IN}`, 'Range: bytes=0-0', 'If-None-Match: *', 'X_Under.Score: 1'),
  ],
  ['spans with the right cookie last', get(SPANS, `Cookie: session=made-up; ${SIGNED_IN}`)],
  ['spans by POST', post(SPANS, [`Cookie: ${SIGNED_IN}`, 'Content-Length: 3'], 'abc')],
  [
    'spans by POST in chunks',
    post(SPANS, [`Cookie: ${SIGNED_IN}`, 'Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'),
  ],
  ['spans by DELETE', request('DELETE', SPANS, [`Cookie: ${SIGNED_IN}`])],
  ['spans that a WebSocket asks for', get(SPANS, `Cookie: ${SIGNED_IN}`, 'Connection: Upgrade', 'Upgrade: websocket')],
];

/** A request without the header that says who the client is. */
function withoutClient({ headers, ...seen }: Seen): Seen {
  return { ...seen, headers: headers.filter((line) => !line.startsWith('x-forwarded-for: ')) };
}

/** An answer without what ends at each hop, and without the order of its headers. */
function answer(text: string) {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const [status, ...lines] = head.split('\r\n');
  const headers = lines
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .filter((line) => !/^(connection|keep-alive|transfer-encoding):/.test(line));
  return {
    status,
    // Two answers of this moment may have different dates; one of the past stays as it is.
    headers: headers.map((line) => line.replace(/^(date: ).* 2[0-9]{3} .*/, '$1now')).sort(),
    body: /^transfer-encoding: chunked/im.test(head) ? body.replace(/(?:^|\r\n)[0-9a-f]+\r\n(?:\r\n$)?/g, '') : body,
  };
}

describeWith(['nginx'], 'the guard before the API', () => {
  const backend = new FakeBackend();
  let nginx: Nginx;
  let ports: { backendPort: number; port: number };
  let config: Readonly<Record<string, string>>;

  beforeAll(async () => {
    ports = { backendPort: await freePort(), port: await freePort() };
    config = apiGuardConfig({ ...ports, ...identity });
    await backend.listen(ports.backendPort);
    nginx = await startNginx(config, ports.port);
  });
  beforeEach(() => {
    backend.seen = [];
    backend.upgrades = 0;
    backend.authAnswer = undefined;
  });
  afterAll(async () => {
    await nginx?.stop();
    await backend.close();
  });
  const ask = (text: string) => talk(ports.port, text);

  describe('without a sign-in', () => {
    test.each(refused)('refuses %s', async (_, text) => {
      const received = await ask(text);
      expect(received).toMatch(/^(HTTP\/1.1 100 Continue\r\n\r\n)?HTTP\/1\.1 401 Unauthorized\r\n/);
      expect(received).not.toContain(SPAN);
      expect(backend.spansServed).toBe(0);
    });

    test.each(harmless)('serves no span for %s', async (_, text) => {
      expect(await ask(text)).not.toContain(SPAN);
      expect(backend.spansServed).toBe(0);
    });

    test('shows nothing to a client that begins with HTTP/2', async () => {
      const session = connectHttp2(`http://127.0.0.1:${ports.port}`).on('error', () => {});
      const stream = session.request({ ':path': SPANS }).on('error', () => {});
      let received = '';
      stream.setEncoding('utf8').on('data', (data) => {
        received += data;
      });
      await new Promise((resolve) => stream.once('close', resolve));
      session.destroy();
      expect(received).not.toContain(SPAN);
      expect(backend.spansServed).toBe(0);
    });

    test.each(['chunked', 'by number'])('refuses the second request after a body %s', async (framed) => {
      const [header, body] =
        framed === 'chunked' ? ['Transfer-Encoding: chunked', '1\r\na\r\n0\r\n\r\n'] : ['Content-Length: 1', 'a'];
      const first = post('/upload', [header], body).replace('Connection: close', 'Connection: keep-alive');
      const received = await ask(first + get(SPANS));
      expect(received.match(/^HTTP\/1\.1 [0-9]+/gm)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 401']);
      expect(backend.spansServed).toBe(0);
    });

    test('refuses the second request of a connection that began with a harmless one', async () => {
      const first = get('/health').replace('Connection: close', 'Connection: keep-alive');
      const received = await ask(first + get(SPANS));
      expect(received.match(/^HTTP\/1\.1 [0-9]+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
      expect(backend.spansServed).toBe(0);
    });

    test('refuses the second request of a connection that began with a sign-in', async () => {
      const first = get(SPANS, `Cookie: ${SIGNED_IN}`).replace('Connection: close', 'Connection: keep-alive');
      const received = await ask(first + get(SPANS));
      expect(received.match(/^HTTP\/1\.1 [0-9]+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
      expect(backend.spansServed).toBe(1);
    });

    test('refuses a large upload before it has arrived', async () => {
      const received = await ask(post(SPANS, ['Content-Length: 1000000000'], 'x'.repeat(1000)));
      expect(received).toMatch(/^HTTP\/1\.1 401/);
      expect(backend.seen.map(({ target }) => target)).toEqual(['/auth-test']);
    });
  });

  describe('the question', () => {
    test('has the cookie and the origin, and nothing else of the client', async () => {
      await ask(
        post(
          SPANS,
          [
            'Cookie: a=b',
            'Cookie: c=d',
            `Origin: ${ORIGIN}`,
            'Range: bytes=0-0',
            'If-None-Match: *',
            'X-HTTP-Method-Override: POST',
            'Content-Length: 3',
          ],
          'abc',
        ),
      );
      expect(backend.seen).toEqual([
        {
          method: 'GET',
          target: '/auth-test',
          headers: ['cookie: a=b; c=d', `host: 127.0.0.1:${ports.backendPort}`, `origin: ${ORIGIN}`],
          body: `0 bytes ${createHash('sha256').digest('hex')}`,
        },
      ]);
    });

    test('has the same cookie as the request that it is about', async () => {
      await ask(get(SPANS, 'Cookie: session=made-up', `Cookie: ${SIGNED_IN}`, 'Connection: cookie'));
      const cookies = backend.seen.map(({ headers }) => headers.filter((line) => line.startsWith('cookie')));
      expect(cookies).toEqual(Array(2).fill([`cookie: session=made-up; ${SIGNED_IN}`]));
    });

    test.each([403])('answered with %d means a refusal', async (status) => {
      backend.authAnswer = { status };
      expect(await ask(get(SPANS, `Cookie: ${SIGNED_IN}`))).toMatch(/^HTTP\/1\.1 401/);
      expect(backend.spansServed).toBe(0);
    });

    test.each([
      [201, {}],
      [204, {}],
      [206, { 'content-range': 'bytes 0-0/9' }],
      [302, { location: '/health' }],
      [304, { etag: '"a"' }],
      [400, {}],
      [404, {}],
      [500, {}],
      [503, { 'retry-after': '1' }],
      [500, { 'x-accel-redirect': '/health' }],
    ])('answered with %d %o means 502', async (status, headers) => {
      backend.authAnswer = { status, headers };
      const received = await ask(get(SPANS, `Cookie: ${SIGNED_IN}`));
      expect(received).toMatch(/^HTTP\/1\.1 502/);
      expect(received).not.toContain(SPAN);
      expect(backend.spansServed).toBe(0);
    });

    test('is not redirected by the backend', async () => {
      backend.authAnswer = { status: 401, headers: { 'x-accel-redirect': '/health' } };
      expect(await ask(get(SPANS))).toMatch(/^HTTP\/1\.1 401/);
    });
  });

  describe('a refusal', () => {
    test('reads like that of the backend, and leaks nothing of the question', async () => {
      const { status, headers, body } = answer(await ask(get(SPANS)));
      expect(status).toBe('HTTP/1.1 401 Unauthorized');
      expect(body).toBe(REFUSAL);
      expect(headers.filter((line) => !/^(date|server): /.test(line))).toEqual([
        `content-length: ${REFUSAL.length}`,
        'content-type: application/json',
      ]);
    });

    test('can be read by the origin of the UI', async () => {
      const { headers } = answer(await ask(get(SPANS, `Origin: ${ORIGIN}`)));
      expect(headers).toContain(`access-control-allow-origin: ${ORIGIN}`);
      expect(headers).toContain('access-control-allow-credentials: true');
      expect(headers).toContain('vary: Origin');
    });

    test.each(['https://elsewhere.example.org', 'null'])('cannot be read by the origin %s', async (origin) => {
      expect(await ask(get(SPANS, `Origin: ${origin}`))).not.toMatch(/access-control-allow-origin|vary/i);
    });
  });

  describe('what passes', () => {
    test.each(passing)('is unchanged: %s', async (_, text) => {
      const direct = await talk(ports.backendPort, text);
      const wanted = backend.seen;
      backend.seen = [];
      const guarded = await ask(text);
      expect(answer(guarded)).toEqual(answer(direct));
      const arrived = backend.seen.filter(({ target }) => target !== '/auth-test');
      expect(arrived.map(withoutClient)).toEqual(wanted.map(withoutClient));
      expect(wanted).toHaveLength(1);
    });

    test.each([
      ['of anything', '/health', []],
      ['with a sign-in', SPANS, [`Cookie: ${SIGNED_IN}`]],
    ])('names the client that connects, and none that somebody makes up: a request %s', async (_, target, headers) => {
      for (const forged of [[], ['X-Forwarded-For: 192.0.2.1'], ['X-Forwarded-For: a', 'x-forwarded-for: 192.0.2.1']]) {
        backend.seen = [];
        await ask(get(target, ...headers, ...forged));
        const clients = backend.seen.at(-1)?.headers.filter((line) => line.startsWith('x-forwarded-for'));
        expect(clients).toEqual(['x-forwarded-for: 127.0.0.1']);
      }
    });

    test('has its absolute URI made a path, as the backend would', async () => {
      expect(await ask(get('http://api.example.com/health?a=b'))).toMatch(/^HTTP\/1\.1 200/);
      expect(backend.seen.map(({ target }) => target)).toEqual(['/health?a=b']);
    });

    test('never asks for another protocol', async () => {
      await ask(get('/health', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'));
      expect(backend.upgrades).toBe(0);
    });

    test('is not asked about', async () => {
      await ask(get('/health', `Cookie: ${SIGNED_IN}`));
      expect(backend.seen.map(({ target }) => target)).toEqual(['/health']);
    });
  });

  describe.each([
    ['of anything', '/upload', []],
    ['with a sign-in', SPANS, [`Cookie: ${SIGNED_IN}`]],
  ])('an upload %s', (_, target, headers) => {
    test('of 100 MB arrives whole and needs no memory', async () => {
      const block = Buffer.alloc(1 << 20, 'x');
      const hash = createHash('sha256');
      const socket = connect(ports.port, '127.0.0.1');
      socket.resume();
      socket.write(post(target, [...headers, `Content-Length: ${100 << 20}`], ''));
      for (let mebibyte = 0; mebibyte < 100; mebibyte++) {
        hash.update(block);
        if (!socket.write(block)) await once(socket, 'drain');
      }
      await once(socket, 'close');
      expect(backend.seen.at(-1)?.body).toBe(`${100 << 20} bytes ${hash.digest('hex')}`);
      expect(nginx.peakMemory()).toBeLessThan(32);
    });

    test('arrives as it is sent', async () => {
      const socket = connect(ports.port, '127.0.0.1');
      socket.resume();
      socket.write(post(target, [...headers, 'Transfer-Encoding: chunked'], '3\r\nabc\r\n'));
      await until(() => backend.seen.at(-1)?.body === '3 bytes');
      socket.write('0\r\n\r\n');
      await once(socket, 'close');
    });
  });

  test('a download of 100 MB arrives whole and needs no memory', async () => {
    const response = await fetch(`http://127.0.0.1:${ports.port}/large`);
    let length = 0;
    for await (const data of response.body ?? []) length += data.length;
    expect(length).toBe(100 << 20);
    expect(nginx.peakMemory()).toBeLessThan(32);
  });

  test('what anybody can send at one time needs less memory than the container may have', async () => {
    const second = { backendPort: ports.backendPort, port: await freePort() };
    const text = apiGuardConfig({ ...second, ...identity });
    const alone = await startNginx(text, second.port);
    const connections = Number(/worker_connections ([0-9]+);/.exec(text['nginx.conf'] ?? '')?.[1]);
    // Each takes a connection to the backend as well. Once less than a sixteenth is free, nginx drops who is still sending.
    const requests = Math.floor((connections / 2) * 0.9);
    const unfinished = post(
      '/stream',
      ['Content-Length: 100000', `X: ${'x'.repeat(60_000)}`, `Y: ${'y'.repeat(60_000)}`],
      'a',
    );
    const sockets: Socket[] = [];
    const arrived = () => backend.seen.length === sockets.length;
    while (sockets.length < requests) {
      const socket = connect(second.port, '127.0.0.1').on('error', () => {});
      socket.write(unfinished);
      sockets.push(socket);
      // More at once than the queues of the kernel hold would be turned away.
      if (sockets.length % 20 === 0) await until(arrived);
    }
    await until(arrived);
    const { limits } = apiGuardContainer(identity).resources ?? {};
    const limitMi = Number(/^([0-9]+)Mi$/.exec(String(limits?.memory?.value))?.[1]);
    // The main process takes a few MiB more.
    expect(alone.peakMemory()).toBeLessThan(limitMi - 8);
    for (const socket of sockets) socket.destroy();
    await alone.stop();
  });

  test('an answer that takes seconds arrives chunk by chunk, and is completed when the pod stops', async () => {
    const second = { backendPort: ports.backendPort, port: await freePort() };
    const stopping = await startNginx(apiGuardConfig({ ...second, ...identity }), second.port);
    let received = '';
    const socket = connect(second.port, '127.0.0.1', () => socket.write(get('/stream')));
    socket.on('data', (data) => {
      received += data;
    });
    await until(() => backend.stream !== undefined && received.includes('text/event-stream'));
    backend.stream?.write('data: 1\n\n');
    await until(() => received.includes('data: 1'));
    stopping.process.kill('SIGQUIT');
    await sleep(2000);
    const isOpen = () => fetch(`http://127.0.0.1:${second.port}/health`).then(Boolean, () => false);
    while (await isOpen()) await sleep(20);
    backend.stream?.end('data: 2\n\n');
    await Promise.all([once(socket, 'close'), once(stopping.process, 'exit')]);
    expect(received).toContain('data: 2');
    expect(stopping.process.exitCode).toBe(0);
    await stopping.stop();
  });

  test.each([
    ['spans', SPANS, [`Cookie: ${SIGNED_IN}`]],
    ['anything', '/health', []],
  ])('answers 502 for %s while the backend is down', async (_, target, headers) => {
    const down = { backendPort: await freePort(), port: await freePort() };
    const alone = await startNginx(apiGuardConfig({ ...down, ...identity }), down.port);
    expect(await talk(down.port, get(target, ...headers))).toMatch(/^HTTP\/1\.1 502/);
    await alone.stop();
  });

  test.each(['127.0.0.1', ...(hasIpv6 ? ['[::1]'] : [])])('listens on %s', async (host) => {
    expect((await fetch(`http://${host}:${ports.port}/health`)).status).toBe(200);
  });

  test.each(hasIpv6 ? [true, false] : [false])(
    'starts as its container does, on a kernel with IPv6: %s',
    async (withIpv6) => {
      const second = { backendPort: ports.backendPort, port: await freePort() };
      const alone = await startNginx(apiGuardConfig({ ...second, ...identity }), second.port, (paths) =>
        commandIn(apiGuardContainer(identity), paths, withIpv6),
      );
      expect(await talk(second.port, get('/health'))).toMatch(/^HTTP\/1\.1 200/);
      const answersIpv6 = await fetch(`http://[::1]:${second.port}/health`).then(Boolean, () => false);
      expect(answersIpv6).toBe(withIpv6);
      await alone.stop();
      expect(alone.process.exitCode).toBe(0);
    },
  );

  test('completes answers when the container gets the signal of the image', async () => {
    const second = { backendPort: ports.backendPort, port: await freePort() };
    const stopping = await startNginx(apiGuardConfig({ ...second, ...identity }), second.port, (paths) =>
      commandIn(apiGuardContainer(identity), paths, hasIpv6),
    );
    const earlier = backend.stream;
    const answer = talk(second.port, get('/stream'), 5000);
    await until(() => backend.stream !== earlier);
    stopping.process.kill('SIGQUIT');
    const isOpen = () => fetch(`http://127.0.0.1:${second.port}/health`).then(Boolean, () => false);
    while (await isOpen()) await sleep(20);
    backend.stream?.end('data: last\n\n');
    expect(await answer).toContain('data: last');
    if (stopping.process.exitCode === null) await once(stopping.process, 'exit');
    expect(stopping.process.exitCode).toBe(0);
    await stopping.stop();
  });

  test('the container fails where nginx does not start', async () => {
    const broken = startNginx({ 'nginx.conf': 'unknown;' }, await freePort(), (paths) =>
      commandIn(apiGuardContainer(identity), paths, hasIpv6),
    );
    await expect(broken).rejects.toThrow('unknown directive');
  });

  test('opens more connections than the container runtime allows files', async () => {
    const second = { backendPort: ports.backendPort, port: await freePort() };
    const limited = await startNginx(apiGuardConfig({ ...second, ...identity }), second.port, (paths) => [
      ...['sh', '-c', `ulimit -Sn 32; ${commandIn(apiGuardContainer(identity), paths, hasIpv6)[2]}`],
    ]);
    const idle = Array.from({ length: 64 }, () => connect(second.port, '127.0.0.1').on('error', () => {}));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    expect(await talk(second.port, get('/health'))).toMatch(/^HTTP\/1\.1 200/);
    for (const socket of idle) socket.destroy();
    await limited.stop();
  });

  test('resets the connection of a client that falls silent', async () => {
    const second = { backendPort: ports.backendPort, port: await freePort() };
    const text = apiGuardConfig({ ...second, ...identity })['nginx.conf'] ?? '';
    const hasty = text.replace('client_body_timeout 1m', 'client_body_timeout 1s');
    const alone = await startNginx({ 'nginx.conf': hasty }, second.port);
    const socket = connect(second.port, '127.0.0.1', () => socket.write(post('/health', ['Content-Length: 9'], 'a')));
    const [error] = await once(socket, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    await alone.stop();
  });

  test('does not tell its version', async () => {
    expect(await ask('nonsense\r\n\r\n')).toMatch(/^(?!.*nginx\/[0-9]).*400 Bad Request/s);
  });

  // What is written plainly, or with dots, slashes and encoded letters, either check finds alone.
  test.each(['$spans_as_sent', '$spans_as_read'])('still refuses spans without %s', async (check) => {
    const one = { backendPort: ports.backendPort, port: await freePort() };
    const text = apiGuardConfig({ ...one, ...identity })['nginx.conf'] ?? '';
    const half = text.replace(new RegExp(`(\\${check} {\\s+default 0;).*?}`, 's'), '$1}');
    expect(half.length).toBeLessThan(text.length);
    const alone = await startNginx({ 'nginx.conf': half }, one.port);
    for (const target of [SPANS, `/${SPANS}`, '/api/v1/./%6fbservability/services', `http://a${SPANS}#b`]) {
      expect(await talk(one.port, get(target))).toMatch(/^HTTP\/1\.1 401/);
    }
    await alone.stop();
  });

  test('writes neither a request nor a cookie to its log', async () => {
    await ask(get(`${SPANS}?key=hidden`, 'Cookie: session=hidden'));
    await ask(get('/health?key=hidden', 'Cookie: session=hidden'));
    expect(nginx.log()).not.toContain('hidden');
  });
});

test('waits an hour for the backend, and a minute for a client', () => {
  const text = apiGuardConfig({ ...identity, backendPort: 1323 })['nginx.conf'];
  for (const name of ['proxy_read_timeout', 'proxy_send_timeout']) expect(text).toContain(`${name} 1h;`);
  for (const name of ['client_header_timeout', 'client_body_timeout', 'send_timeout']) {
    expect(text).toContain(` ${name} 1m;`);
  }
  // Longer than Google's load balancers keep a connection.
  expect(text).toContain(' keepalive_timeout 11m;');
});

test('has a connection of its own for every request, where nginx would keep them by itself since 1.29.7', () => {
  const text = apiGuardConfig({ ...identity, backendPort: 1323 })['nginx.conf'] ?? '';
  // Each block that sets a header of its own forgets those of the block around it.
  const blocks = text
    .split(/(?=\n {2}server \{|\n {4}location )/)
    .filter((block) => block.includes('proxy_set_header'));
  expect(blocks.map((block) => block.includes('proxy_set_header Connection close;'))).toEqual([true, true, true]);
});

test('runs without root, with nothing to write but one small folder', () => {
  const container = apiGuardContainer(identity);
  expect(container).toMatchObject(image);
  expect(container.securityContext).toMatchObject({
    runAsNonRoot: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  });
  expect(container.volumeMounts?.map(({ name }) => name)).toEqual(apiGuardVolumes.map(({ name }) => name));
  expect(container.volumeMounts?.filter(({ readOnly }) => !readOnly)).toHaveLength(1);
});

/** What the container runs, with folders of this machine; without IPv6, the file that tells of it is not there. */
function commandIn({ command = [] }: k8s.Container, { config, run }: NginxFolders, withIpv6: boolean): string[] {
  return command.map((word) =>
    word
      .replaceAll('/etc/nginx/junjo', config)
      .replaceAll('/run/nginx', run)
      .replaceAll('/proc/net/if_inet6', withIpv6 ? '/dev/null' : '/nowhere'),
  );
}

/** Waits for what a test waits for, and keeps no test from ending for which it never comes. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10, undefined, { ref: false });
}
