import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { acmeSolver } from '../config/names';
import { type IpBlock, internet, isDns, withoutMetadataServices } from '../config/public-addresses';
import { edgeNeedsTls } from '../config/sidecars';
import type { Egress, StudioConfig } from '../config/studio-config';
import type { Component } from '../releases';
import { volSyncPods } from './backup';
import { intakePorts } from './intake-config';
import { objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { qdrantPorts } from './qdrant';
import { SPANS_TLS_PORT, spansProxyOf, spansTarget } from './spans-proxy';

/** The ports and peers that the policies name. */
export interface NetworkPoliciesChartProps extends StudioIdentity {
  /** Ports of the pods. Policies apply to these, not to the ports of Services. */
  readonly ports: {
    /** @default the backend serves the UI, too */
    readonly ui?: number;
    readonly api: number;
    readonly apiKeys: number;
    readonly spanReads: number;
  };
  /** Namespace of the ingress or gateway controller. @default unknown: the edge may be anywhere */
  readonly edgeNamespace?: string;
  /** Port of the pod at which spans arrive through an edge. @default they do not */
  readonly spansFromEdge?: number;
  /** Port of the pod at which spans arrive from a load balancer or node port, and from whom. @default they do not */
  readonly spansPublished?: {
    readonly ports: readonly number[];
    /** CIDRs. Empty: everywhere. */
    readonly sourceRanges: readonly string[];
  };
  /** Port of the intake at which spans arrive over HTTP through an edge. @default they do not */
  readonly httpFromEdge?: number;
  /** Port of the pod of ingestion at which spans arrive from the intake, which takes all of them. @default there is no intake */
  readonly intakeToIngestion?: number;
  /** Whether QDrant runs beside the backend. */
  readonly qdrant: boolean;
  /** Namespace of the pods that may read the metrics of the intake. @default nobody may */
  readonly metricsReaders?: string;
  /** Whether VolSync runs pods in the namespace, which call the storage of the backups. */
  readonly volSync: boolean;
  /** Whether the backend calls addresses outside the cluster. */
  readonly backendCallsOut: boolean;
  /** What the backend, and VolSync, may call beside public addresses on 443; on 53 the DNS servers of every pod. */
  readonly egress: readonly Egress[];
  /** Whether cert-manager runs solver pods in the namespace. */
  readonly solver: boolean;
}

/** Where spans arrive at the pods of ingestion or of the intake, and from whom. */
export function spansEntrances(
  config: StudioConfig,
): Pick<NetworkPoliciesChartProps, 'spansFromEdge' | 'spansPublished' | 'httpFromEdge' | 'intakeToIngestion'> {
  const { edge, intake, line, spansService } = config;
  const { otlp } = line.ports.ingestion;
  const { port: ofIngestion } = spansTarget(otlp, spansProxyOf(config));
  const port = intake ? otlp : ofIngestion;
  const published = !edge || spansService.type !== 'ClusterIP';
  return {
    // Spans that come neither through this edge nor to a published port come through an edge of the operator's own.
    spansFromEdge: edge?.hosts.spans || !published ? (edgeNeedsTls(edge) ? SPANS_TLS_PORT : port) : undefined,
    spansPublished: published
      ? { ports: intake ? [port, intakePorts.http] : [port], sourceRanges: edge ? spansService.sourceRanges : [] }
      : undefined,
    httpFromEdge: edge?.hosts.otlpHttp ? intakePorts.httpFromEdge : undefined,
    intakeToIngestion: intake && ofIngestion,
  };
}

/**
 * Where names are resolved. A policy sees the pod behind a Service, on the port of that pod.
 * - kube-dns and CoreDNS; Gardener's CoreDNS listens on 8053.
 * - NodeLocal DNSCache as a pod of its own network; in the host's network it is one of the addresses below.
 * - OpenShift: https://docs.openshift.com/container-platform/latest/networking/networking_operators/dns-operator.html
 */
const DNS_PODS: readonly { namespace: string; labels: Record<string, string>; ports: readonly number[] }[] = [
  { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' }, ports: [53, 8053] },
  { namespace: 'kube-system', labels: { 'k8s-app': 'node-local-dns' }, ports: [53, 8053] },
  { namespace: 'openshift-dns', labels: { 'dns.operator.openshift.io/daemonset-dns': 'default' }, ports: [5353] },
];

/** Link-local addresses on 53: NodeLocal DNSCache (169.254.20.10, kubespray 169.254.25.10), GKE's Cloud DNS, and others. */
const NODE_DNS: IpBlock = { cidr: '169.254.0.0/16' };

/** Closes the namespace in both directions, then opens what docs/network.md lists. */
export class NetworkPoliciesChart extends Chart {
  constructor(scope: Construct, id: string, props: NetworkPoliciesChartProps) {
    super(scope, id);
    const { ports, intakeToIngestion } = props;
    const pods = (component: Component | 'qdrant' | 'intake'): k8s.NetworkPolicyPeer => ({
      podSelector: { matchLabels: selectorLabels(component) },
    });
    const podsIn = (namespace: string): k8s.NetworkPolicyPeer => ({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    });
    const edge = props.edgeNamespace ? [podsIn(props.edgeNamespace)] : [];
    const policy = (name: string, spec: k8s.NetworkPolicySpec) =>
      new k8s.KubeNetworkPolicy(this, name, { metadata: objectMeta(props, `junjo-ai-studio-${name}`), spec });

    const outside: k8s.NetworkPolicyEgressRule[] = [
      { to: internet.map(peer), ports: tcp(443) },
      ...props.egress
        .filter((way) => !isDns(way))
        .map(({ cidr, port }) => ({ to: [peer(withoutMetadataServices(cidr))], ports: tcp(port) })),
    ];
    const dns = [...dnsPods, { to: [NODE_DNS, ...props.egress.filter(isDns)].map(peer), ports: udpAndTcp([53]) }];

    policy('default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    if (ports.ui) {
      policy('frontend', {
        podSelector: { matchLabels: selectorLabels('frontend') },
        policyTypes: ['Ingress'],
        ingress: [from(edge, tcp(ports.ui))],
      });
    }
    policy('backend', {
      podSelector: { matchLabels: selectorLabels('backend') },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [from(edge, tcp(ports.api)), from([pods('ingestion')], tcp(ports.apiKeys))],
      egress: [
        ...dns,
        { to: [pods('ingestion')], ports: tcp(ports.spanReads) },
        ...(props.qdrant ? [{ to: [pods('qdrant')], ports: qdrantTcp }] : []),
        ...(props.backendCallsOut ? outside : []),
      ],
    });
    policy('ingestion', {
      podSelector: { matchLabels: selectorLabels('ingestion') },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        ...(intakeToIngestion ? [from([pods('intake')], tcp(intakeToIngestion))] : spans(props, edge)),
        from([pods('backend')], tcp(ports.spanReads)),
      ],
      egress: [...dns, { to: [pods('backend')], ports: tcp(ports.apiKeys) }],
    });
    if (intakeToIngestion) {
      policy('intake', {
        podSelector: { matchLabels: selectorLabels('intake') },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [...spans(props, edge), ...(props.httpFromEdge ? [from(edge, tcp(props.httpFromEdge))] : [])],
        egress: [...dns, { to: [pods('ingestion')], ports: tcp(intakeToIngestion) }],
      });
    }
    if (intakeToIngestion && props.metricsReaders) {
      policy('intake-metrics', {
        podSelector: { matchLabels: selectorLabels('intake') },
        policyTypes: ['Ingress'],
        ingress: [from([podsIn(props.metricsReaders)], tcp(intakePorts.metrics))],
      });
    }
    if (props.qdrant) {
      policy('qdrant', {
        podSelector: { matchLabels: selectorLabels('qdrant') },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [from([pods('backend')], qdrantTcp)],
      });
    }
    if (props.volSync) {
      policy('backup', {
        podSelector: { matchLabels: volSyncPods },
        policyTypes: ['Ingress', 'Egress'],
        egress: [...dns, ...outside],
      });
    }
    if (props.solver) {
      policy('acme-solver', {
        podSelector: { matchLabels: acmeSolver.labels },
        policyTypes: ['Ingress'],
        ingress: [from(edge, tcp(acmeSolver.port))],
      });
    }
  }
}

/** Every protocol is written out: ports are a list that is replaced whole, so a defaulted one would show as a change. */
function tcp(port: number): k8s.NetworkPolicyPort[] {
  return [{ port: k8s.IntOrString.fromNumber(port), protocol: 'TCP' }];
}

const qdrantTcp = Object.values(qdrantPorts).flatMap(tcp);

/** A rule for each set of ports, over UDP and TCP. */
const dnsPods: k8s.NetworkPolicyEgressRule[] = DNS_PODS.map(({ namespace, labels, ports }) => ({
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      podSelector: { matchLabels: labels },
    },
  ],
  ports: udpAndTcp(ports),
}));

function peer({ cidr, except }: IpBlock): k8s.NetworkPolicyPeer {
  return { ipBlock: { cidr, ...(except && { except: [...except] }) } };
}

function udpAndTcp(ports: readonly number[]): k8s.NetworkPolicyPort[] {
  return ports.flatMap((port) =>
    ['UDP', 'TCP'].map((protocol) => ({ port: k8s.IntOrString.fromNumber(port), protocol })),
  );
}

/** A rule without peers admits everybody. */
function from(peers: k8s.NetworkPolicyPeer[], ports: k8s.NetworkPolicyPort[]): k8s.NetworkPolicyIngressRule {
  return peers.length > 0 ? { from: peers, ports } : { ports };
}

function spans(
  { spansFromEdge, spansPublished }: NetworkPoliciesChartProps,
  edge: k8s.NetworkPolicyPeer[],
): k8s.NetworkPolicyIngressRule[] {
  const ranges = (spansPublished?.sourceRanges ?? []).map((cidr) => ({ ipBlock: { cidr } }));
  return [
    ...(spansFromEdge ? [from(edge, tcp(spansFromEdge))] : []),
    ...(spansPublished ? [from(ranges, spansPublished.ports.flatMap(tcp))] : []),
  ];
}
