import { isIP } from 'node:net';
import { fieldsOf, listOf } from '../../../render/manifest';
import { type Check, ok, type PreflightView, warning } from '../check';

/** Annotations by which external-dns learns the hosts of an object; releases from 0.22 on read only the second. */
const EXTERNAL_DNS = ['external-dns.alpha.kubernetes.io/hostname', 'external-dns.kubernetes.io/hostname'];

/** Whether the hosts lead to the edge, as this machine sees them. */
export const dns: Check = {
  name: 'dns',
  *results(studio, cluster) {
    const edge = addressesOf(cluster);
    const annotated = studio.manifests.flatMap(({ metadata }) =>
      EXTERNAL_DNS.flatMap((name) => String(fieldsOf(metadata.annotations)[name] ?? '').split(',')),
    );
    for (const [host, addresses] of cluster.facts.hosts) {
      const written = annotated.includes(host) ? 'external-dns writes it after the first apply' : undefined;
      const target = edge.length > 0 ? edge.join(', ') : 'the address of the edge, once it has one';
      if (addresses.length === 0) yield warning(`${host} leads nowhere yet`, written ?? `point it at ${target}`);
      else if (edge.length === 0)
        yield ok(`${host} leads to ${addresses.join(', ')}; the edge has no address yet to compare`);
      else if (addresses.some((address) => edge.includes(address))) yield ok(`${host} leads to the edge`);
      // A cloud that names its load balancer gives it other addresses from day to day.
      else if (!edge.some((address) => isIP(address)))
        yield ok(`${host} leads to ${addresses.join(', ')}; it must be an alias of ${edge.join(', ')}`);
      else
        yield warning(
          `${host} leads to ${addresses.join(', ')}, and the edge is at ${edge.join(', ')}`,
          'right where a proxy or CDN is in front of it; else correct the record',
        );
    }
  },
};

/** Where what is applied already is reached. */
function addressesOf(cluster: PreflightView): readonly string[] {
  const balancers = ['Ingress', 'Service'].flatMap((kind) => cluster.own(kind));
  const gateways = cluster
    .ofKind('Gateway')
    .flatMap(({ status }) => listOf(status?.addresses).map(({ value }) => value));
  const own = balancers.flatMap(({ status }) =>
    listOf(status?.loadBalancer?.ingress).map(({ ip, hostname }) => ip ?? hostname),
  );
  return [...new Set([...own, ...gateways])];
}
