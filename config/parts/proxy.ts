import type { ReleaseLine } from '../../releases';
import { internalServiceNames, qdrantName } from '../names';
import type { Built, Problem } from '../problems';
import { mayBePublic } from '../public-addresses';
import type { Backup, Egress, Secrets } from '../studio-config';
import type { Values } from '../values';
import { proxyNames } from '../variables';

/** What the backend must not call through a proxy: itself, the cluster, and ingestion by the name that it uses. */
const OWN_NAMES = ['localhost', '127.0.0.1', '.svc', '.cluster.local', internalServiceNames.ingestion];

/**
 * The variables that keep the backend from calling the cluster through a proxy, where it has one. Both spellings: gRPC
 * reads the lower-case one alone (https://github.com/grpc/grpc/blob/master/doc/environment_variables.md).
 */
export function proxyExceptions(values: Values, { readers }: Secrets): Readonly<Record<string, string>> {
  const proxies: readonly string[] = proxyNames;
  if (!readers.backend.some(({ key }) => proxies.includes(key))) return {};
  const given = values.inEffect('no_proxy') ?? values.inEffect('NO_PROXY') ?? [];
  // Among other names the * has no effect.
  if (given.length === 1 && given[0] === '*') return { NO_PROXY: '*', no_proxy: '*' };
  const store = values.inEffect('JUNJO_K8S_QDRANT') ? [qdrantName] : [];
  const exceptions = [...new Set([...given, ...OWN_NAMES, ...store])].join(',');
  return { NO_PROXY: exceptions, no_proxy: exceptions };
}

/** What the backend, and VolSync, may call beside public addresses on 443. */
export function egressOf(values: Values, { callsOut }: ReleaseLine, backup: Backup): Built<readonly Egress[]> {
  const problems: Problem[] = [];
  const isSet = values.isSet('JUNJO_K8S_EGRESS');
  const closed = values.inEffect('JUNJO_K8S_NETWORK_POLICY');
  if (isSet && !closed) {
    problems.push(
      values.note('JUNJO_K8S_EGRESS', 'has no effect without network policies: the backend may call everything'),
    );
  }
  if (isSet && closed && !callsOut && backup.kind !== 'volsync') {
    const text = 'has no effect: this release calls nothing outside the cluster, and no VolSync copies the data';
    problems.push(values.note('JUNJO_K8S_EGRESS', text));
  }
  for (const name of callsOut ? proxyNames : []) {
    const proxy = values.inEffect(name);
    if (proxy && closed && !isSet && !isOnPublicHttps(proxy)) {
      const text =
        'the network policies let the backend out to public addresses on port 443 alone. Open the way to the proxy: JUNJO_K8S_EGRESS=<its address>/32:<its port>';
      problems.push(values.warning(name, text));
    }
  }
  return { value: values.inEffect('JUNJO_K8S_EGRESS') ?? [], problems };
}

/** Whether the network policies let the backend out to it; the port that its scheme implies is not in a URL. */
function isOnPublicHttps({ protocol, port, hostname }: URL): boolean {
  return (port || (protocol === 'https:' ? '443' : '80')) === '443' && mayBePublic(hostname);
}
