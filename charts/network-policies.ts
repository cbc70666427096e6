import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { Egress } from '../config/checks/proxy';
import type { Service } from '../releases';
import { objectMeta, type StudioIdentity, selectorLabels } from './metadata';

/** Who is where, as far as it is known when rendering. */
export interface NetworkPoliciesChartProps extends StudioIdentity {
  /** Ports of the pods, which is what policies are about, whatever a Service maps to them. */
  readonly ports: {
    readonly ui: number;
    readonly api: number;
    readonly apiKeys: number;
    readonly spans: number;
    /** Where spans arrive from the edge. */
    readonly spansFromEdge: number;
    readonly spanReads: number;
  };
  /** Namespace of the ingress or gateway controller. @default unknown: the edge may be anywhere */
  readonly edgeNamespace?: string;
  /** Whether spans reach the pod past the edge, from the load balancer or node port. */
  readonly spansPublished: boolean;
  /** Whether spans reach the pod through the edge. */
  readonly spansThroughEdge: boolean;
  /** CIDRs from which published spans may come. Empty: everywhere. */
  readonly spansSourceRanges: readonly string[];
  /** What the backend may call beside public addresses on 443. */
  readonly egress: readonly Egress[];
  /** Whether cert-manager runs solver pods in the namespace. */
  readonly solver: boolean;
}

/** What the backend may not call: private, shared and link-local addresses, where the cluster and the cloud's metadata are. */
const NOT_THE_INTERNET_IPV4 = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
];
const NOT_THE_INTERNET_IPV6 = ['::1/128', 'fc00::/7', 'fe80::/10'];

/** DNS servers of nodes, which no selector of pods matches: NodeLocal DNSCache, and Cloud DNS of GKE. */
const NODE_DNS = ['169.254.20.10/32', '169.254.169.254/32'];

/** Port on which cert-manager's HTTP-01 solver listens: https://cert-manager.io/docs/configuration/acme/http01/ */
const SOLVER_PORT = 8089;

/** Closes the namespace in both directions, then opens what docs/network.md lists. */
export class NetworkPoliciesChart extends Chart {
  constructor(scope: Construct, id: string, props: NetworkPoliciesChartProps) {
    super(scope, id);
    const { ports } = props;
    const pods = (service: Service): k8s.NetworkPolicyPeer => ({
      podSelector: { matchLabels: selectorLabels(service) },
    });
    const edge: k8s.NetworkPolicyPeer[] = props.edgeNamespace
      ? [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': props.edgeNamespace } } }]
      : [];
    const policy = (name: string, spec: k8s.NetworkPolicySpec) =>
      new k8s.KubeNetworkPolicy(this, name, { metadata: objectMeta(props, `junjo-ai-studio-${name}`), spec });

    policy('default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    policy('frontend', {
      podSelector: { matchLabels: selectorLabels('frontend') },
      policyTypes: ['Ingress'],
      ingress: [from(edge, tcp(ports.ui))],
    });
    policy('backend', {
      podSelector: { matchLabels: selectorLabels('backend') },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [from(edge, tcp(ports.api)), from([pods('ingestion')], tcp(ports.apiKeys))],
      egress: [
        dns,
        { to: [pods('ingestion')], ports: tcp(ports.spanReads) },
        {
          to: [
            { ipBlock: { cidr: '0.0.0.0/0', except: NOT_THE_INTERNET_IPV4 } },
            { ipBlock: { cidr: '::/0', except: NOT_THE_INTERNET_IPV6 } },
          ],
          ports: tcp(443),
        },
        ...props.egress.map(({ cidr, port }) => ({ to: [{ ipBlock: { cidr } }], ports: tcp(port) })),
      ],
    });
    policy('ingestion', {
      podSelector: { matchLabels: selectorLabels('ingestion') },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [...spans(props, edge), from([pods('backend')], tcp(ports.spanReads))],
      egress: [dns, { to: [pods('backend')], ports: tcp(ports.apiKeys) }],
    });
    if (props.solver) {
      policy('acme-solver', {
        podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
        policyTypes: ['Ingress'],
        ingress: [from(edge, tcp(SOLVER_PORT))],
      });
    }
  }
}

/** Every protocol is written out: ports are a list that is replaced whole, so a defaulted one would show as a change. */
function tcp(port: number): k8s.NetworkPolicyPort[] {
  return [{ port: k8s.IntOrString.fromNumber(port), protocol: 'TCP' }];
}

const dns: k8s.NetworkPolicyEgressRule = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
    ...NODE_DNS.map((cidr) => ({ ipBlock: { cidr } })),
  ],
  ports: [
    { port: k8s.IntOrString.fromNumber(53), protocol: 'UDP' },
    { port: k8s.IntOrString.fromNumber(53), protocol: 'TCP' },
  ],
};

/** A rule without peers admits everybody. */
function from(peers: k8s.NetworkPolicyPeer[], ports: k8s.NetworkPolicyPort[]): k8s.NetworkPolicyIngressRule {
  return peers.length > 0 ? { from: peers, ports } : { ports };
}

function spans(props: NetworkPoliciesChartProps, edge: k8s.NetworkPolicyPeer[]): k8s.NetworkPolicyIngressRule[] {
  const { ports, spansSourceRanges, spansPublished, spansThroughEdge } = props;
  const ranges = spansSourceRanges.map((cidr) => ({ ipBlock: { cidr } }));
  const filtered = spansPublished && ranges.length > 0 && ports.spansFromEdge === ports.spans;
  // An edge of unknown namespace is at least a pod of the cluster; as anybody it would undo the source ranges.
  const edgePeers = edge.length === 0 && filtered ? [{ namespaceSelector: {} }] : edge;
  return [
    // Unpublished spans that do not come over TLS come through an edge of the operator's own.
    ...(spansThroughEdge || !spansPublished ? [from(edgePeers, tcp(ports.spansFromEdge))] : []),
    ...(spansPublished ? [from(ranges, tcp(ports.spans))] : []),
  ];
}
