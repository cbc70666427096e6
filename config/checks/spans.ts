import type { ReleaseLine } from '../../releases';
import { tlsSecretNames } from '../names';
import type { Cloud, Edge, SpansCertificate, SpansService } from '../studio-config';
import { list } from '../value-types';
import type { Values } from '../values';

const URL_SETTING = 'JUNJO_PROD_INGESTION_URL';

/** The three ways of spans, which the address alone decides. */
export type SpansWay =
  /** `https://host`: through the edge, on its port 443. */
  | { readonly kind: 'edge'; readonly host: string }
  /** `https://host:50051`: TLS ends in the pod of ingestion. */
  | { readonly kind: 'tls'; readonly host: string; readonly port: number }
  /** `http://host:50051`: in the clear. */
  | { readonly kind: 'clear'; readonly host: string; readonly port: number };

/** The way that the address names; nothing while it has a problem of its own. */
export function spansWay(values: Values): SpansWay | undefined {
  const written = values.get(URL_SETTING);
  if (written === undefined || !values.isSound(URL_SETTING)) return undefined;
  const { protocol, hostname: host, port } = new URL(written);
  if (protocol === 'http:') return { kind: 'clear', host, port: Number(port || 80) };
  return port === '' ? { kind: 'edge', host } : { kind: 'tls', host, port: Number(port) };
}

/** How the port for spans is published, apart from the edge. */
export function checkSpansService(values: Values, line: ReleaseLine, edge: Edge | undefined): SpansService {
  const cloud = values.get('JUNJO_K8S_CLOUD') as Cloud | undefined;
  const ranges = values.isSound('JUNJO_K8S_INGESTION_SOURCE_RANGES')
    ? values.get('JUNJO_K8S_INGESTION_SOURCE_RANGES')
    : undefined;
  const way = spansWay(values);
  const written = values.isSound('JUNJO_K8S_INGESTION_SERVICE')
    ? (values.get('JUNJO_K8S_INGESTION_SERVICE') as SpansService['type'] | undefined)
    : undefined;
  // Through the edge nothing else need be open.
  const type = written ?? (way?.kind === 'edge' ? 'ClusterIP' : 'LoadBalancer');
  const service: SpansService = {
    type,
    cloud,
    sourceRanges: ranges ? list(ranges) : [],
    externalDns: values.get('JUNJO_K8S_EXTERNAL_DNS') === 'true' && type === 'LoadBalancer',
  };
  if (values.get('JUNJO_ENV') !== 'production') return service;

  if (ranges) checkRanges(values, service, way);
  if (cloud && values.isSound('JUNJO_K8S_CLOUD')) noteCloud(values, cloud, type);
  if (!way) return service;
  if (way.kind === 'edge') {
    if (type !== 'ClusterIP') {
      values.warning(
        'JUNJO_K8S_INGESTION_SERVICE',
        `opens port ${line.ports.ingestion.otlp} beside the edge, where API keys and spans are sent unencrypted. Remove the line, or write ${URL_SETTING}=https://${way.host}:${line.ports.ingestion.otlp} for TLS on that port`,
      );
    }
    return service;
  }
  if (type === 'LoadBalancer' && way.port !== line.ports.ingestion.otlp) {
    const scheme = way.kind === 'tls' ? 'https' : 'http';
    values.error(
      URL_SETTING,
      `names port ${way.port}, but the load balancer listens on ${line.ports.ingestion.otlp}. Write ${scheme}://${way.host}:${line.ports.ingestion.otlp}`,
    );
  }
  if (way.kind === 'clear') {
    values.warning(
      URL_SETTING,
      `sends API keys and prompts over the network unencrypted, for everybody on the way to read. Write https://host to send spans through the edge, or https://host:${line.ports.ingestion.otlp} for TLS on this port`,
    );
  }
  const certificate = way.kind === 'tls' && edge ? spansCertificate(values, edge, way.host) : undefined;
  const nodePort = type === 'NodePort' && isNodePort(way.port) ? { nodePort: way.port } : {};
  const isOfEdge = edge !== undefined && [edge.hosts.ui, edge.hosts.api].includes(way.host);
  if (service.externalDns && isOfEdge) {
    values.warning(
      URL_SETTING,
      'has a host of the edge, to which external-dns leads it: the port answers there only where load balancer and edge share an address, as on k3s. Elsewhere give spans a host of their own',
    );
  }
  const externalDns = service.externalDns && !isOfEdge && !isAddress(way.host);
  return { ...service, ...nodePort, host: way.host, externalDns, certificate };
}

/** Whether a host is an IP address, as URLs write it. */
function isAddress(host: string): boolean {
  return /^[0-9.]+$/.test(host) || host.startsWith('[');
}

/** The default range: https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport */
function isNodePort(port: number): boolean {
  return port >= 30000 && port <= 32767;
}

/** The certificate that covers the host: the edge's own where it does, else one more. */
function spansCertificate(values: Values, edge: Edge, host: string): SpansCertificate | undefined {
  const given = values.get('JUNJO_K8S_TLS_SECRET');
  if (given) return { kind: 'secret', name: given };
  const issuer = values.get('JUNJO_K8S_CLUSTER_ISSUER');
  const { certificate, hosts } = edge;
  const inNamespace = certificate.kind === 'acme' || certificate.kind === 'clusterIssuer';
  if (inNamespace && [hosts.ui, hosts.api].includes(host)) return { kind: 'secret', name: tlsSecretNames.edge };
  if (issuer) return { kind: 'issued', by: { kind: 'clusterIssuer', name: issuer } };
  if (certificate.kind === 'acme') {
    values.warning(
      URL_SETTING,
      `the certificate of ${host} is proven on port 80 of the edge, to which the name must lead as well; it does where load balancer and edge share an address, as on k3s. Elsewhere set JUNJO_K8S_CLUSTER_ISSUER to an issuer with DNS-01, or JUNJO_K8S_TLS_SECRET`,
    );
    return { kind: 'issued', by: certificate };
  }
  values.error(
    URL_SETTING,
    'needs a certificate in the namespace for TLS on this port, and this edge keeps its own. Name one with JUNJO_K8S_TLS_SECRET, or an issuer with JUNJO_K8S_CLUSTER_ISSUER; or write https://host to send spans through the edge',
  );
  return undefined;
}

function checkRanges(values: Values, { type, cloud }: SpansService, way: SpansWay | undefined): void {
  const setting = 'JUNJO_K8S_INGESTION_SOURCE_RANGES';
  if (type === 'ClusterIP') {
    values.error(
      setting,
      'has no effect on a ClusterIP Service, where the edge connects for everybody. Limit the addresses at the edge, and remove the line',
    );
  } else if (cloud === 'hetzner') {
    // https://github.com/hetznercloud/hcloud-cloud-controller-manager/issues/218
    values.error(
      setting,
      'cannot be kept on Hetzner: its load balancers filter no addresses and hide those of their clients. Remove the line, and write https://host to send spans through the edge',
    );
  } else if (way?.kind === 'edge' && !values.get('JUNJO_K8S_INGRESS_NAMESPACE')) {
    values.error(
      setting,
      'would drop the spans that come through the edge, unless its pods are known. Set JUNJO_K8S_INGRESS_NAMESPACE to their namespace; for an edge that is no pod (host network, a load balancer of the cloud) remove this line or JUNJO_K8S_INGESTION_SERVICE',
    );
  }
}

function noteCloud(values: Values, cloud: Cloud, type: SpansService['type']): void {
  if (type !== 'LoadBalancer') {
    values.note('JUNJO_K8S_CLOUD', `has no effect on a ${type} Service`);
  } else if (cloud === 'hetzner') {
    values.note(
      'JUNJO_K8S_CLOUD',
      'the cloud controller makes no load balancer until it knows where: set HCLOUD_LOAD_BALANCERS_LOCATION in it',
    );
  }
}
