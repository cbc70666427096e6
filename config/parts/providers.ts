import { BlockList, isIP } from 'node:net';
import type { ReleaseLine } from '../../releases';
import type { Problem } from '../problems';
import { mayBePublic } from '../public-addresses';
import type { Egress } from '../studio-config';
import type { Values } from '../values';
import { apiBaseNames, certificateNames, proxyNames, type Variable } from '../variables';

/** Where the images of the backend, of Debian, have the certificates of public authorities. */
const OF_IMAGE = '/etc/ssl/certs';

/** What a person should know of the servers that the backend calls in place of the providers' own, and of how it trusts them. */
export function checkProviders(
  values: Values,
  table: readonly Variable[],
  line: ReleaseLine,
  egress: readonly Egress[],
): readonly Problem[] {
  const read = new Set(table.filter(({ readers }) => readers?.includes('backend')).map(({ name }) => name));
  const hasProxy = proxyNames.some((name) => values.inEffect(name) !== undefined);
  const closed = line.callsOut && values.inEffect('JUNJO_K8S_NETWORK_POLICY') && !hasProxy;
  return [
    ...apiBaseNames
      .filter((name) => read.has(name) && closed)
      .flatMap((name) => wayProblem(values, name, values.inEffect(name), egress)),
    ...certificateNames.filter((name) => read.has(name)).flatMap((name) => fileProblem(values, name)),
    ...(read.has('SSL_VERIFY') && values.inEffect('SSL_VERIFY') === false
      ? [
          values.warning(
            'SSL_VERIFY',
            'lets anybody on the way read prompts and keys: name the authority with SSL_CERT_FILE instead',
          ),
        ]
      : []),
  ];
}

function wayProblem(
  values: Values,
  name: (typeof apiBaseNames)[number],
  url: URL | undefined,
  egress: readonly Egress[],
): readonly Problem[] {
  if (!url || isOpen(url, egress)) return [];
  const port = portOf(url);
  const address = isIP(hostOf(url)) ? `${hostOf(url)}/${isIP(hostOf(url)) === 6 ? 128 : 32}` : '<its addresses>';
  const text = `the network policies let the backend out to public addresses on port 443, and not to this one. Open the way: JUNJO_K8S_EGRESS=${address}:${port}`;
  return [values.warning(name, text)];
}

/** Whether the network policies let the backend out to an address. A name may have any address of a range with its port. */
export function isOpen(url: URL, egress: readonly Egress[]): boolean {
  const [host, port] = [hostOf(url), portOf(url)];
  // Names of Services lead to pods, which are in no public range.
  const isInCluster = !host.includes('.') || /\.(?:svc|cluster\.local)$/.test(host);
  if (port === 443 && !isInCluster && mayBePublic(host)) return true;
  const version = isIP(host);
  return egress.filter((way) => way.port === port).some(({ cidr }) => version === 0 || isWithin(host, version, cidr));
}

function isWithin(address: string, version: number, cidr: string): boolean {
  const [network = '', prefix] = cidr.split('/');
  if (isIP(network) !== version) return false;
  const range = new BlockList();
  const family = version === 6 ? 'ipv6' : 'ipv4';
  range.addSubnet(network, Number(prefix), family);
  return range.check(address, family);
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf({ protocol, port }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

/** httpx ends every call with an error when the file is not there: create_ssl_context of httpx 0.28, httpx/_config.py. */
function fileProblem(values: Values, name: (typeof certificateNames)[number]): readonly Problem[] {
  const path = values.inEffect(name);
  // A patch brings the file.
  if (!path || path.startsWith(OF_IMAGE) || values.isSet('JUNJO_K8S_PATCHES')) return [];
  const text =
    'names a file that the image does not have, and calls to the providers fail without it. Mount it with a patch: docs/runbook.md, "An authority of your own"';
  return [values.warning(name, text)];
}
