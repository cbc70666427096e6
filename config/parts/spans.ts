import type { ReleaseLine } from '../../releases';
import { tlsSecretNames } from '../names';
import type { Built, Problem } from '../problems';
import type { Edge, SpansCertificate, SpansService } from '../studio-config';
import type { Values } from '../values';
import { isIpAddress } from '../web-address';
import { loadBalancerProblems } from './load-balancer';
import type { Addresses } from './web';

const ADDRESS = 'JUNJO_PROD_INGESTION_URL';
const SERVICE = 'JUNJO_K8S_INGESTION_SERVICE';
const RANGES = 'JUNJO_K8S_INGESTION_SOURCE_RANGES';

/** How spans get in. The form of the address decides that. */
export type SpansWay =
  /** `https://host`: through the edge, on its port 443. */
  | { readonly kind: 'edge'; readonly host: string }
  /** `https://host:50051`: TLS ends in the pod of ingestion. */
  | { readonly kind: 'tls'; readonly host: string; readonly port: number }
  /** `http://host:50051`: in the clear. */
  | { readonly kind: 'clear'; readonly host: string; readonly port: number };

/** How spans get in according to the address; nothing while the address is invalid. */
export function spansWay({ spans }: Addresses): SpansWay | undefined {
  if (!spans) return undefined;
  const { protocol, hostname: host, port } = spans;
  if (protocol === 'http:') return { kind: 'clear', host, port: Number(port || 80) };
  return port === '' ? { kind: 'edge', host } : { kind: 'tls', host, port: Number(port) };
}

/** How the port for spans is published, apart from the edge. */
export function spansServiceOf(
  values: Values,
  line: ReleaseLine,
  addresses: Addresses,
  edge: Edge | undefined,
): Built<SpansService> {
  const { otlp } = line.ports.ingestion;
  const way = spansWay(addresses);
  // Through the edge nothing else need be open.
  const type = values.inEffect(SERVICE) ?? (way?.kind === 'edge' ? 'ClusterIP' : 'LoadBalancer');
  const service: SpansService = {
    type,
    cloud: values.inEffect('JUNJO_K8S_CLOUD'),
    internal: values.inEffect('JUNJO_K8S_LOAD_BALANCER') === 'internal',
    sourceRanges: values.inEffect(RANGES) ?? [],
    externalDns: values.inEffect('JUNJO_K8S_EXTERNAL_DNS') && type === 'LoadBalancer',
  };
  if (values.inEffect('JUNJO_ENV') !== 'production') return { value: service, problems: [] };

  const problems = [...rangeProblems(values, service, way), ...loadBalancerProblems(values, service, edge)];
  if (!way) return { value: service, problems };
  if (way.kind === 'edge') {
    if (type !== 'ClusterIP') {
      const text = `also opens port ${otlp} outside the edge, which accepts API keys and spans unencrypted. Remove the line, or write ${ADDRESS}=https://${way.host}:${otlp} for TLS on that port`;
      problems.push(values.warning(SERVICE, text));
    }
    return { value: service, problems };
  }
  if (type === 'LoadBalancer' && way.port !== otlp) {
    const scheme = way.kind === 'tls' ? 'https' : 'http';
    const text = `names port ${way.port}, but the load balancer listens on ${otlp}. Write ${scheme}://${way.host}:${otlp}`;
    problems.push(values.error(ADDRESS, text));
  }
  if (way.kind === 'clear') {
    const text = `sends API keys and prompts unencrypted over the network. Write https://host to send spans through the edge, or https://host:${otlp} for TLS on this port`;
    problems.push(values.warning(ADDRESS, text));
  }
  const certificate = way.kind === 'tls' && edge ? spansCertificateOf(values, edge, way.host) : undefined;
  const nodePort = type === 'NodePort' && isNodePort(way.port) ? { nodePort: way.port } : {};
  problems.push(...(certificate?.problems ?? []));
  const isOfEdge = edge !== undefined && [edge.hosts.ui, edge.hosts.api].includes(way.host);
  if (service.externalDns && isOfEdge) {
    const text =
      "uses the edge's host name, which external-dns points at the edge. This works only if load balancer and edge share an address, as on k3s. Otherwise give spans a separate host";
    problems.push(values.warning(ADDRESS, text));
  }
  const externalDns = service.externalDns && !isOfEdge && !isIpAddress(way.host);
  return {
    value: { ...service, ...nodePort, host: way.host, externalDns, certificate: certificate?.value },
    problems,
  };
}

/** The default range: https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport */
function isNodePort(port: number): boolean {
  return port >= 30000 && port <= 32767;
}

/** The certificate for the host: that of the edge if it covers the host, otherwise a separate one. */
function spansCertificateOf(values: Values, edge: Edge, host: string): Built<SpansCertificate | undefined> {
  const given = values.inEffect('JUNJO_K8S_TLS_SECRET');
  if (given) return { value: { kind: 'secret', name: given }, problems: [] };
  const issuer = values.inEffect('JUNJO_K8S_CLUSTER_ISSUER');
  const { certificate, hosts } = edge;
  const inNamespace = certificate.kind === 'acme' || certificate.kind === 'clusterIssuer';
  if (inNamespace && [hosts.ui, hosts.api].includes(host)) {
    return { value: { kind: 'secret', name: tlsSecretNames.edge }, problems: [] };
  }
  if (issuer) return { value: { kind: 'issued', by: { kind: 'clusterIssuer', name: issuer } }, problems: [] };
  if (certificate.kind === 'acme') {
    const warning = values.warning(
      ADDRESS,
      `to get a certificate for ${host}, its DNS name must also point at the edge, for the challenge on port 80. It does if load balancer and edge share an address, as on k3s. Otherwise set JUNJO_K8S_CLUSTER_ISSUER to an issuer with DNS-01, or JUNJO_K8S_TLS_SECRET`,
    );
    return { value: { kind: 'issued', by: certificate }, problems: [warning] };
  }
  const error = values.error(
    ADDRESS,
    'needs a certificate in the namespace for TLS on this port, but the certificate of this edge is elsewhere. Name a certificate in JUNJO_K8S_TLS_SECRET or an issuer in JUNJO_K8S_CLUSTER_ISSUER, or write https://host to send spans through the edge',
  );
  return { value: undefined, problems: [error] };
}

function rangeProblems(
  values: Values,
  { type, cloud, sourceRanges }: SpansService,
  way: SpansWay | undefined,
): readonly Problem[] {
  if (sourceRanges.length === 0) return [];
  if (type === 'ClusterIP') {
    const text =
      'has no effect on a ClusterIP Service, because its connections come from the edge. Limit the addresses at the edge, and remove the line';
    return [values.error(RANGES, text)];
  }
  if (cloud === 'hetzner') {
    // https://github.com/hetznercloud/hcloud-cloud-controller-manager/issues/218
    const text =
      'cannot be enforced on Hetzner, whose load balancers do not filter addresses and hide client addresses. Remove the line, and write https://host to send spans through the edge';
    return [values.error(RANGES, text)];
  }
  if (way?.kind === 'edge' && !values.isSet('JUNJO_K8S_INGRESS_NAMESPACE')) {
    const text =
      'would block spans from the edge, because the namespace of its pods is not set. Set JUNJO_K8S_INGRESS_NAMESPACE. If the edge does not run in pods (host network, cloud load balancer), remove this line or JUNJO_K8S_INGESTION_SERVICE';
    return [values.error(RANGES, text)];
  }
  return [];
}
