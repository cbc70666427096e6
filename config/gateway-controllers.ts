/** What implements a Gateway class. */
export interface GatewayController {
  /** Its official name. */
  readonly name: string;
  /** Names of the classes that it usually has. */
  readonly classes: RegExp;
  /** Why the `timeouts` of a route have no effect. @default they have an effect */
  readonly ignoresTimeouts?: string;
  /** Filters addresses with a policy that the manifests can write. @default source ranges are an error */
  readonly sourceRanges?: 'envoy-gateway';
  /** Serves every Gateway at its own load balancer, instead of making one for each. @default false */
  readonly oneForAllGateways?: boolean;
  /** Where its pods run, for the network policies. */
  readonly pods: 'own namespace' | "the Gateway's namespace" | 'no pods';
  /** What the controller needs, in full sentences. */
  readonly conditions: readonly string[];
  readonly source: string;
}

/**
 * Where a class of GKE puts its load balancers, or nothing where a class is none of GKE's. They read no
 * `spec.infrastructure`: https://cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources, and
 * conformance/reports/v1.6/gke-gateway of kubernetes-sigs/gateway-api.
 */
export function reachOfGkeClass(className: string): 'internal' | 'internet' | undefined {
  if (!className.startsWith('gke-l7-')) return undefined;
  return /rilb|internal/.test(className) ? 'internal' : 'internet';
}

/** Implementations of the Gateway API that need special settings, by their name in `JUNJO_K8S_INGRESS_CONTROLLER`. */
export const gatewayControllers: Readonly<Record<string, GatewayController>> = {
  'envoy-gateway': {
    name: 'Envoy Gateway',
    classes: /(^|[-.])(envoy|eg)([-.]|$)/,
    sourceRanges: 'envoy-gateway',
    pods: 'own namespace',
    conditions: [
      'On a shared Gateway, no other HTTPS listener on 443 may have a certificate for one of the hosts. Since 1.4, Envoy Gateway offers only `http/1.1` on such overlapping listeners, and every gRPC exporter fails.',
    ],
    source: 'internal/gatewayapi/listener.go and release-notes/v1.4.0.yaml of envoyproxy/gateway',
  },
  traefik: {
    name: 'Traefik',
    classes: /(^|[-.])traefik([-.]|$)/,
    oneForAllGateways: true,
    pods: 'own namespace',
    conditions: [
      'Configure entry points that listen on 80 and 443. Traefik serves a listener only if an entry point has the same port. The entry points of its chart have 8000 and 8443.',
      'Use 3.2 or newer, for GRPCRoute.',
    ],
    source: 'https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/gateway-api/',
  },
  'nginx-gateway-fabric': {
    name: 'NGINX Gateway Fabric',
    classes: /(^|[-.])nginx([-.]|$)/,
    ignoresTimeouts:
      'it ignores the timeouts of routes and cuts answers off after 60 s, unless one of its own policies sets another limit',
    pods: "the Gateway's namespace",
    conditions: [
      'Add a ProxySettingsPolicy or a SnippetsFilter with `proxy_read_timeout 600s`, for answers that take minutes.',
    ],
    source: 'https://docs.nginx.com/nginx-gateway-fabric/overview/gateway-api-compatibility/',
  },
  istio: {
    name: 'Istio',
    classes: /(^|[-.])istio([-.]|$)/,
    pods: "the Gateway's namespace",
    conditions: [],
    source: 'https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/',
  },
  cilium: {
    name: 'Cilium',
    classes: /(^|[-.])cilium([-.]|$)/,
    pods: 'no pods',
    conditions: [
      'Set `gatewayAPI.enableAlpn: true` in its values. By default, its listeners do not offer HTTP/2, and spans fail.',
    ],
    source: 'https://github.com/cilium/cilium/issues/30794',
  },
};
