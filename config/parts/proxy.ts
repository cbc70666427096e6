import type { ReleaseLine } from '../../releases';
import { WIDTH } from '../address-range';
import { internalServiceNames, qdrantName } from '../names';
import type { Built, Problem } from '../problems';
import { hostAddress, isDns, isMetadataService, isOpen, withoutMetadataServices } from '../public-addresses';
import type { Backup, Egress, Secrets } from '../studio-config';
import { listed } from '../text';
import type { Values } from '../values';
import { proxyNames } from '../variables';
import { isOnlyInPod, problemsInPod } from './in-pod';

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

const EGRESS = 'JUNJO_K8S_EGRESS';

/** What the backend, and VolSync, may call beside public addresses on 443. */
export function egressOf(values: Values, { callsOut }: ReleaseLine, backup: Backup): Built<readonly Egress[]> {
  const value = values.inEffect(EGRESS) ?? [];
  const inPod = callsOut
    ? proxyNames.flatMap((name) => {
        const proxy = values.inEffect(name);
        return proxy ? problemsInPod(values, name, proxy) : [];
      })
    : [];
  if (!values.inEffect('JUNJO_K8S_NETWORK_POLICY')) {
    const text = 'has no effect without network policies: the backend can call every address';
    return { value, problems: [...inPod, ...(values.isSet(EGRESS) ? [values.note(EGRESS, text)] : [])] };
  }
  const calls = value.filter((way) => !isDns(way));
  if (calls.length > 0 && !callsOut && backup.kind !== 'volsync') {
    const what = calls.length < value.length ? `${listed(calls.map(textOf))} ` : '';
    const text = `${what}${what && calls.length > 1 ? 'have' : 'has'} no effect: this release calls nothing outside the cluster, and VolSync does not back up the data`;
    return { value, problems: [values.note(EGRESS, text)] };
  }
  const proxies = callsOut ? proxyProblems(values, value) : [];
  return { value, problems: [...inPod, ...proxies, ...calls.flatMap((way) => metadataProblems(values, way))] };
}

/** Through an open range, the backend and anybody who breaks into it could get the credentials of the node. */
function metadataProblems(values: Values, way: Egress): readonly Problem[] {
  if (isMetadataService(way.cidr)) {
    const text = `${textOf(way)} allows calls to the metadata service of a cloud, which returns credentials of the node. Remove it, unless the backend gets its own credentials there`;
    return [values.warning(EGRESS, text)];
  }
  const { except } = withoutMetadataServices(way.cidr);
  if (!except) return [];
  const text = `${textOf(way)} contains metadata services of clouds, which return credentials of the node. These stay blocked: ${listed(except)}`;
  return [values.note(EGRESS, text)];
}

/** Warns about each proxy that the policies block. */
function proxyProblems(values: Values, egress: readonly Egress[]): readonly Problem[] {
  const more = egress.length > 0 ? ` and what ${EGRESS} allows` : '';
  const text = `the network policies allow the backend to call only public addresses on port 443${more}. Allow the proxy: ${EGRESS}=<its address>`;
  return proxyNames.flatMap((name) => {
    const proxy = values.inEffect(name);
    if (!proxy || isOnlyInPod(proxy) || isOpen(proxy, egress)) return [];
    const bits = WIDTH[hostAddress(proxy.hostname)?.version ?? 4];
    return [values.warning(name, `${text}/${bits}:<its port>`)];
  });
}

function textOf({ cidr, port }: Egress): string {
  return `${cidr}:${port}`;
}
