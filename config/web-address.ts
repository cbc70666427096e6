import { isWithin } from './address-range';
import { checkedText, type ValueType } from './value-types';

/** Whether something is wrong, and the message for it. */
type Check = readonly [isWrong: boolean, message: string];

const EXAMPLE = 'Write it as https://host.example.com';

const HOST_EXAMPLE = 'Write only the host name: otlp.example.com';

/** Host names are that long at most, and their labels: section 2.3.4 of https://www.rfc-editor.org/rfc/rfc1035. */
const MOST = { host: 253, label: 63 } as const;

/** The address of UI or API in production. */
export const webAddress = checkedText(
  '`https://` and a host',
  ['https://studio.sample-1.example', 'https://studio.sample-2.example'],
  (written) => addressProblem(written, false),
);

/** The address for spans in production. Its form decides how spans reach the studio: see `SpansWay`. */
export const spansAddress: ValueType<string> = checkedText(
  '`https://host`, `https://host:port` or `http://host:port`',
  ['https://spans.sample-1.example', 'https://spans.sample-2.example:50051', 'http://spans.sample-3.example:50051'],
  (written) => addressProblem(written, true),
);

/** A host at the edge, by itself. */
export const edgeHost: ValueType<string> = checkedText(
  'host of the edge, without scheme and port',
  ['otlp.sample-1.example', 'otlp.sample-2.example'],
  (written) => {
    if (!/^[a-z0-9._-]*$/i.test(written)) return `contains more than a host name. ${HOST_EXAMPLE}`;
    const url = parsedUrl(`https://${written}`);
    if (!url) return `is not a host name. ${HOST_EXAMPLE}`;
    const checks = hostChecks(url, `https://${written}`, false, HOST_EXAMPLE);
    return checks.find(([isWrong]) => isWrong)?.[1];
  },
);

function addressProblem(written: string, isForSpans: boolean): string | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(written)?.[1];
  if (scheme === undefined) return `is not a URL; start it with https://. ${EXAMPLE}`;
  const url = parsedUrl(written);
  const lower = scheme.toLowerCase();
  const checks: readonly Check[] = [
    isForSpans
      ? [lower !== 'https:' && lower !== 'http:', `must start with https:// or http://, not ${lower}//`]
      : [
          lower !== 'https:',
          `must start with https://, not ${lower}//, because browsers send the session cookie only over HTTPS`,
        ],
    [/[\s,;"'<>\\]/.test(written), `contains a character that host names do not allow. ${EXAMPLE}`],
    [url === undefined, `is not a URL. ${EXAMPLE}`],
    ...(url ? [...partChecks(url, written), ...hostChecks(url, written, isForSpans)] : []),
    // The backend compares the beginning of the text: a scheme in capitals stops it.
    [
      scheme !== lower,
      `starts with ${scheme}//, but the backend accepts only lower case. Write ${lower}//${afterScheme(written)}`,
    ],
  ];
  return checks.find(([isWrong]) => isWrong)?.[1];
}

/** Parts of a URL other than scheme, host and port. */
function partChecks(url: URL, written: string): readonly Check[] {
  return [
    // The message does not repeat the user info, which may be a password.
    [written.includes('@'), `contains a user name or password, which browsers drop. ${EXAMPLE}`],
    [written.includes('?'), `has a query. ${EXAMPLE}`],
    [written.includes('#'), `has a fragment. ${EXAMPLE}`],
    [url.pathname !== '/', `has a path, but the studio is served at the root of its host. ${EXAMPLE}`],
    [afterScheme(written).includes('/'), 'ends with a slash. Remove the slash'],
  ];
}

/** What certificates, browsers and the edge cannot do with host and port. */
function hostChecks(
  { hostname, protocol, port: otherPort }: URL,
  written: string,
  isForSpans: boolean,
  example = EXAMPLE,
): readonly Check[] {
  const canonical: Check = [
    afterScheme(written).replace(/:[0-9]*$/, '') !== hostname,
    `has a host that browsers write differently, so origins would not match. Write the host as ${hostname}`,
  ];
  const [, port] = /:([0-9]*)$/.exec(afterScheme(written).replace(/^\[[^\]]*\]/, '')) ?? [];
  const numberOfPort: Check = [
    port !== undefined && otherPort !== '' && port !== otherPort,
    `has the port ${port}. Write it as ${otherPort}`,
  ];
  if (isIpAddress(hostname)) {
    return [
      [protocol === 'https:', `is an IP address, but certificates and cookies need a host name. ${example}`],
      [isOwnMachine(hostname), `is ${hostname}, which in production is each visitor's own machine. ${example}`],
      [isNotOneMachine(hostname), `is ${hostname}, which is not the address of a single machine. ${example}`],
      canonical,
      numberOfPort,
    ];
  }
  const isPortOfSpans = isForSpans && port !== '' && port !== '443';
  const labels = hostname.split('.');
  const isDnsName = labels.every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label));
  const longest = Math.max(...labels.map(({ length }) => length));
  return [
    [isLocalhost(hostname), `is localhost, which in production is each visitor's own machine. ${example}`],
    [hostname.endsWith('.'), 'has a host that ends with a dot, which certificates do not match. Remove the dot'],
    [!isDnsName, `has a host that DNS does not allow. ${example}`],
    [
      longest > MOST.label,
      `has a host with a label of ${longest} characters, but DNS allows ${MOST.label}. Shorten it`,
    ],
    [
      hostname.length > MOST.host,
      `has a host of ${hostname.length} characters, but DNS allows ${MOST.host}. Shorten it`,
    ],
    [!hostname.includes('.'), `has a host without a domain. ${example}`],
    canonical,
    [port !== undefined && !isPortOfSpans, `has a port, but the edge serves HTTPS only on 443. Remove :${port}`],
    numberOfPort,
  ];
}

/** A URL, or nothing where the text is none. */
// Not URL.canParse: once Node.js 20 has optimized the call, it refuses hosts with letters outside ASCII.
export function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function afterScheme(written: string): string {
  return written.slice(written.indexOf('//') + 2);
}

/** Whether a host is an IP address, as URLs write it. */
export function isIpAddress(hostname: string): boolean {
  return /^[0-9.]+$/.test(hostname) || hostname.startsWith('[');
}

/** Whether a host, as URLs write it, is the machine of the client: section 6.3 of https://www.rfc-editor.org/rfc/rfc6761. */
export function isOwnMachine(hostname: string): boolean {
  return (
    isLocalhost(hostname) ||
    /^(127\.|0\.0\.0\.0$)/.test(ipv4Of(hostname)) ||
    hostname === '[::1]' ||
    hostname === '[::]'
  );
}

/** Whether an IP address is one of "this network", of a group, or of all: RFC 1122, RFC 5771, RFC 919 and RFC 4291. */
function isNotOneMachine(hostname: string): boolean {
  const ranges = ['0.0.0.0/8', '224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'];
  return ranges.some((range) => isWithin(ipv4Of(hostname).replace(/^\[|\]$/g, ''), range));
}

function isLocalhost(hostname: string): boolean {
  return /(^|\.)localhost\.?$/.test(hostname);
}

/** The IPv4 address that an IPv6 address stands for, as URLs write it, `[::ffff:7f00:1]`; any other host as it is. */
function ipv4Of(hostname: string): string {
  const [, high, low] = /^\[::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return hostname;
  return [high, low].flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255]).join('.');
}
