import { internalServiceNames } from '../names';
import { mayBePublic } from '../public-addresses';
import type { Secrets } from '../studio-config';
import { list, parseEgress } from '../value-types';
import type { Values } from '../values';

/** An address range, and the port of it that is open. */
export interface Egress {
  readonly cidr: string;
  readonly port: number;
}

const proxies = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** What the backend must not call through a proxy: itself, the cluster, and ingestion by the name that it uses. */
const OWN_NAMES = ['localhost', '127.0.0.1', '.svc', '.cluster.local', internalServiceNames.ingestion];

/**
 * The variables that keep the backend from calling the cluster through a proxy, where it has one. Both spellings: gRPC
 * reads the lower-case one alone (https://github.com/grpc/grpc/blob/master/doc/environment_variables.md).
 */
export function proxyExceptions(values: Values, { readers }: Secrets): Readonly<Record<string, string>> {
  if (!readers.backend.some(({ key }) => proxies.includes(key))) return {};
  const given = values.get('no_proxy') ?? values.get('NO_PROXY');
  // Among other names it means nothing.
  if (given === '*') return { NO_PROXY: given, no_proxy: given };
  const exceptions = [...new Set([...(given ? list(given) : []), ...OWN_NAMES])]
    .filter((name) => name !== '')
    .join(',');
  return { NO_PROXY: exceptions, no_proxy: exceptions };
}

/** What the backend may call beside public addresses on 443. */
export function checkEgress(values: Values): readonly Egress[] {
  const written = values.get('JUNJO_K8S_EGRESS');
  const closed = values.get('JUNJO_K8S_NETWORK_POLICY') !== 'false';
  if (written && !closed) {
    values.note('JUNJO_K8S_EGRESS', 'has no effect without network policies: the backend may call everything');
  }
  for (const name of proxies) {
    const proxy = values.written(name);
    if (proxy && values.isSound(name) && closed && !written && !isOnPublicHttps(new URL(proxy))) {
      values.warning(
        name,
        'the network policies let the backend out to public addresses on port 443 alone. Open the way to the proxy: JUNJO_K8S_EGRESS=<its address>/32:<its port>',
      );
    }
  }
  if (!written || !values.isSound('JUNJO_K8S_EGRESS')) return [];
  return list(written).map((way) => {
    const { cidr, port } = parseEgress(way);
    return { cidr, port: Number(port) };
  });
}

/** Whether the network policies let the backend out to it; the port that its scheme implies is not in a URL. */
function isOnPublicHttps({ protocol, port, hostname }: URL): boolean {
  return (port || (protocol === 'https:' ? '443' : '80')) === '443' && mayBePublic(hostname);
}
