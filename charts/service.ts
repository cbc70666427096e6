import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { Annotations } from '../config/ingress-controllers/ingress-controller';
import { internalServiceNames, otlpHttpName, workloadNames } from '../config/names';
import type { Cloud, SpansService } from '../config/studio-config';
import { intakePorts } from './intake-config';
import { annotated, objectMeta, type StudioIdentity, selectorLabels } from './metadata';

/** The private address ranges of RFC 1918. */
const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** HTTP/2 without TLS, for meshes and Gateways: https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol */
export const H2C = 'kubernetes.io/h2c';

/**
 * The load balancer of a development studio, which local clusters put on localhost. If the studio is applied to a cloud
 * by mistake, the source ranges block the internet.
 */
export const localService: Pick<k8s.ServiceSpec, 'type' | 'loadBalancerSourceRanges'> = {
  type: 'LoadBalancer',
  loadBalancerSourceRanges: PRIVATE_RANGES,
};

/**
 * A port of a Service. The target is a number: the Caddy ingress controller serves no route to a named one
 * (internal/caddy/ingress/reverseproxy.go of caddyserver/ingress).
 * Every field that the API server would set inside the list is written out, or each apply would show a change.
 */
export function servicePort(name: string, port: number, targetPort = port, appProtocol?: string): k8s.ServicePort {
  return {
    name,
    port,
    targetPort: k8s.IntOrString.fromNumber(targetPort),
    protocol: 'TCP',
    ...(appProtocol && { appProtocol }),
  };
}

/** Where spans arrive: the pods behind the Service, the port of it, and the one of the pods. */
export interface SpansServiceProps extends StudioIdentity {
  readonly component: 'ingestion' | 'intake';
  readonly port: number;
  readonly target: { readonly port: number; readonly isTls: boolean };
  /** How it is published. @default on localhost, for a studio without an edge */
  readonly published?: SpansService;
  /** What the controller of the edge reads on it. */
  readonly annotations: Annotations;
  /** Ports beside the one for gRPC. @default none */
  readonly otherPorts?: readonly k8s.ServicePort[];
}

/** The Service to which applications send spans. Its name, and so its address, is the same whatever pods are behind it. */
export function addSpansService(scope: Construct, props: SpansServiceProps): void {
  const { component, port, target, published, annotations, otherPorts = [] } = props;
  new k8s.KubeService(scope, 'service', {
    metadata: annotated(objectMeta(props, workloadNames.ingestion, component), {
      ...(published && spansServiceAnnotations(published, [port, ...otherPorts.map((other) => other.port)])),
      ...annotations,
    }),
    spec: {
      ...(published ? spansServiceSpec(published) : localService),
      selector: selectorLabels(component),
      ports: [
        {
          ...servicePort('otlp-grpc', port, target.port, target.isTls ? undefined : H2C),
          ...(published?.nodePort && { nodePort: published.nodePort }),
        },
        ...otherPorts,
      ],
    },
  });
}

/**
 * OTLP/HTTP for the edge. It is not on the Service for gRPC: some controllers read the protocol of a backend there, for all ports,
 * and a load balancer would publish the port, on which nothing is encrypted.
 */
export function addOtlpHttpService(scope: Construct, identity: StudioIdentity): void {
  new k8s.KubeService(scope, 'otlp-http-service', {
    metadata: objectMeta(identity, otlpHttpName, 'intake'),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels('intake'),
      ports: [servicePort('otlp-http', intakePorts.http, intakePorts.httpFromEdge)],
    },
  });
}

/**
 * The gRPC port that only the other pod may reach. A separate Service, so no change to the public one can ever
 * publish it.
 */
export function addInternalService(
  scope: Construct,
  identity: StudioIdentity,
  component: 'backend' | 'ingestion',
  port: number,
  otherPorts: readonly k8s.ServicePort[] = [],
): void {
  new k8s.KubeService(scope, 'internal-service', {
    metadata: objectMeta(identity, internalServiceNames[component], component),
    spec: {
      type: 'ClusterIP',
      selector: selectorLabels(component),
      ports: [servicePort('grpc-internal', port, port, H2C), ...otherPorts],
    },
  });
}

/** How the port for spans is published in production: type, source ranges, and preserved client addresses. */
export function spansServiceSpec({ type, sourceRanges }: SpansService): Partial<k8s.ServiceSpec> {
  if (type === 'ClusterIP') return { type };
  return {
    type,
    // Without it the node replaces the client's address, and network policies cannot filter by it.
    externalTrafficPolicy: 'Local',
    ...(type === 'LoadBalancer' && sourceRanges.length > 0 && { loadBalancerSourceRanges: [...sourceRanges] }),
  };
}

/** Annotations of the Service for spans: for the cloud's load balancer, and for external-dns. */
export function spansServiceAnnotations(service: SpansService, ports: readonly number[]): Record<string, string> {
  const { host, externalDns } = service;
  return { ...cloudAnnotations(service, ports), ...(host && externalDns && externalDnsAnnotations([host])) };
}

// A network load balancer of the AWS Load Balancer Controller; without it, the legacy one of the cloud provider.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
const AWS_CONTROLLER = { 'service.beta.kubernetes.io/aws-load-balancer-type': 'external' };

/** What keeps a cloud's load balancer off the internet. MetalLB takes addresses from its pools. */
const INTERNAL: Readonly<Record<Cloud, Annotations>> = {
  aws: { ...AWS_CONTROLLER, 'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internal' },
  // https://cloud.google.com/kubernetes-engine/docs/how-to/internal-load-balancing
  gcp: { 'networking.gke.io/load-balancer-type': 'Internal' },
  // https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/
  azure: { 'service.beta.kubernetes.io/azure-load-balancer-internal': 'true' },
  // https://docs.digitalocean.com/products/kubernetes/how-to/configure-load-balancers/#internal-load-balancer
  digitalocean: { 'service.beta.kubernetes.io/do-loadbalancer-network': 'INTERNAL' },
  // https://github.com/hetznercloud/hcloud-cloud-controller-manager/blob/main/docs/reference/load_balancer_annotations.md:
  // without its public network it reaches nodes at their private addresses only.
  hetzner: {
    'load-balancer.hetzner.cloud/disable-public-network': 'true',
    'load-balancer.hetzner.cloud/use-private-ip': 'true',
  },
  metallb: {},
};

/** Annotations that keep the load balancer of a Service off the internet. Without a known cloud there are none. */
export function internalAnnotations(cloud: Cloud | undefined): Annotations {
  return cloud ? INTERNAL[cloud] : {};
}

/** What each cloud's load balancer needs for a gRPC stream that stays open: layer 4, and a long idle time-out. */
function cloudAnnotations({ type, cloud, internal }: SpansService, ports: readonly number[]): Annotations {
  if (type !== 'LoadBalancer') return {};
  return { ...streamAnnotations(cloud, ports, internal), ...(internal && internalAnnotations(cloud)) };
}

function streamAnnotations(cloud: Cloud | undefined, ports: readonly number[], internal: boolean): Annotations {
  switch (cloud) {
    case 'aws':
      return {
        ...AWS_CONTROLLER,
        // Instance targets keep the client's address, so that source ranges hold.
        'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'instance',
        // The controller's default is internal: no address on the internet.
        'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internet-facing',
        // Idle streams are dropped after 350 s otherwise.
        ...Object.fromEntries(
          ports.map((port) => [
            `service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TCP-${port}`,
            'tcp.idle_timeout.seconds=3600',
          ]),
        ),
      };
    case 'gcp':
      // https://cloud.google.com/kubernetes-engine/docs/how-to/service-parameters: a backend-service-based passthrough
      // load balancer instead of a target pool. Passthrough has no idle time-out of its own.
      return internal ? {} : { 'cloud.google.com/l4-rbs': 'enabled' };
    case 'azure':
      // https://cloud-provider-azure.sigs.k8s.io/topics/loadbalancer/: minutes; four by default, which drops quiet streams.
      return { 'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout': '30' };
    case 'digitalocean':
      // https://docs.digitalocean.com/products/kubernetes/how-to/configure-load-balancers/: the network load balancer
      // works on layer 4 and keeps the client's address; older clusters make an HTTP proxy by default.
      return { 'service.beta.kubernetes.io/do-loadbalancer-type': 'REGIONAL_NETWORK' };
    case 'hetzner':
      // https://github.com/hetznercloud/hcloud-cloud-controller-manager/blob/main/docs/reference/load_balancer_annotations.md
      return {
        'load-balancer.hetzner.cloud/protocol': 'tcp',
        // A plain gRPC server does not understand the header that would carry the client's address.
        'load-balancer.hetzner.cloud/uses-proxyprotocol': 'false',
        'load-balancer.hetzner.cloud/health-check-protocol': 'tcp',
      };
    // MetalLB moves packets and keeps no streams: it announces the address from the node of the pod, and needs no more.
    case 'metallb':
    case undefined:
      return {};
  }
}

/**
 * Names of an object for external-dns. Releases from 0.22 on read only the second prefix, older ones only the first:
 * https://github.com/kubernetes-sigs/external-dns/releases/tag/v0.22.0
 */
export function externalDnsAnnotations(hosts: readonly string[]): Record<string, string> {
  const names = hosts.join(',');
  return {
    'external-dns.alpha.kubernetes.io/hostname': names,
    'external-dns.kubernetes.io/hostname': names,
  };
}
