/** Seconds for which the edge waits for an answer: LLM calls through the API take minutes. */
export const READ_TIMEOUT_SECONDS = 600;

/** Largest request body at the edge, in MiB: prompts with long contexts. */
export const BODY_LIMIT_MI = 32;

/** Seconds for which browsers remember to use HTTPS: one year. */
export const HSTS_SECONDS = 31536000;

/** What the edge has to do, as a person would ask for it. */
export const edgeNeeds = {
  grpc: 'speak HTTP/2 without TLS (h2c) to the port for spans',
  timeout: 'wait ten minutes for an answer',
  body: `take bodies of ${BODY_LIMIT_MI} MB`,
  redirect: 'redirect HTTP to HTTPS',
  hsts: 'send HSTS',
  sourceRanges: 'keep JUNJO_K8S_WEB_SOURCE_RANGES',
} as const;

/** One of those. */
export type EdgeNeed = keyof typeof edgeNeeds;

type Annotations = Readonly<Record<string, string>>;

/** What annotations depend on. */
export interface EdgeFacts {
  /** The Service for spans, and the port of it that the edge connects to. */
  readonly spans: { readonly service: string; readonly port: number };
  /** CIDRs from which UI and API may be seen; at least one. */
  readonly sourceRanges: readonly string[];
}

/** How a controller does one of the things that the edge has to do. */
export interface EdgeAnswer {
  /** Where the controller's documentation or source says so. */
  readonly source: string;
  /** Annotations of the Ingress for UI and API. @default none */
  readonly web?: (facts: EdgeFacts) => Annotations;
  /** Annotations of the Ingress for spans. @default none */
  readonly spans?: (facts: EdgeFacts) => Annotations;
  /** Annotations of the Services of UI and API. @default none */
  readonly webServices?: Readonly<Record<'ui' | 'api', Annotations>>;
  /** Annotations of the Service for spans. @default none */
  readonly spansService?: (facts: EdgeFacts) => Annotations;
  /** What does it where annotations alone do not: an object beside the Ingress, the controller by itself, a condition. */
  readonly by?: string;
  /** Why it cannot be done with an Ingress on this controller. @default it can */
  readonly cannot?: string;
}

/** A controller of Ingresses. */
export interface IngressController {
  /** As its makers call it. */
  readonly name: string;
  /** Names of the classes that it usually has. @default none: only `JUNJO_K8S_INGRESS_CONTROLLER` tells */
  readonly classes?: RegExp;
  /** `secrets`: of the namespace, as cert-manager writes them. Else who has them instead. */
  readonly certificates: 'secrets' | 'itself' | 'cloud';
  /** Redirect, HSTS and the like are objects of its own. @default none */
  readonly objects?: 'traefik' | 'kong';
  /** Speaks HTTP/2 to a backend over TLS only, so that spans need a sidecar that ends it. @default false */
  readonly tlsToBackend?: boolean;
  /** Serves a host from one Ingress alone, so that the solver of HTTP-01, with one of its own, is not reached. @default false */
  readonly oneIngressPerHost?: boolean;
  /** Source ranges of one Ingress hold for its hosts in every other, so that the solver of HTTP-01 is shut off. @default false */
  readonly rangesHoldForHost?: boolean;
  /** It connects from outside the cluster, so that no policy can tell it from others. @default false, it runs in pods */
  readonly outsideCluster?: boolean;
  /** What must be there or be set in the controller, in full sentences. */
  readonly conditions: readonly string[];
  /** Said at each render, where a person should reconsider. @default nothing */
  readonly note?: string;
  readonly answers: Readonly<Record<EdgeNeed, EdgeAnswer>>;
}

const NGINX_SOURCE = 'https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/';
const nginx = (settings: Annotations): Annotations => prefixed('nginx.ingress.kubernetes.io/', settings);

const ingressNginx: IngressController = {
  name: 'ingress-nginx',
  classes: /(^|[-.])nginx([-.]|$)/,
  certificates: 'secrets',
  conditions: [
    'Retired in March 2026: it gets no security fixes. Plan for a Gateway or another controller.',
    'Raise `client-body-timeout` in its ConfigMap if applications stream spans for longer than 60 s.',
    '1.11 or newer for spans: before, its read time-out does not hold for gRPC.',
  ],
  note: 'ingress-nginx was retired in March 2026 and gets no security fixes; plan for a Gateway or another controller. Where it is F5 that runs this class, set JUNJO_K8S_INGRESS_CONTROLLER=f5-nginx. Raise client-body-timeout in its ConfigMap if applications stream spans for longer than 60 s',
  answers: {
    // h2c to the pod; HTTP/1.1 otherwise, and gRPC fails.
    grpc: { source: NGINX_SOURCE, spans: () => nginx({ 'backend-protocol': 'GRPC' }) },
    timeout: {
      // Without a unit. 60 s by default: longer LLM answers end in 504, and quiet streams are reset.
      source: NGINX_SOURCE,
      web: () => nginx(nginxTimeouts),
      spans: () => nginx(nginxTimeouts),
    },
    body: {
      // 1 MiB by default: longer prompts end in 413. The limit of spans counts a whole stream, which has no end.
      source: NGINX_SOURCE,
      web: () => nginx({ 'proxy-body-size': `${BODY_LIMIT_MI}m` }),
      spans: () => nginx({ 'proxy-body-size': '0' }),
    },
    redirect: {
      // Plain HTTP would lose the session cookie.
      source: NGINX_SOURCE,
      web: () => nginx({ 'ssl-redirect': 'true' }),
      spans: () => nginx({ 'ssl-redirect': 'true' }),
    },
    hsts: {
      source: 'https://kubernetes.github.io/ingress-nginx/user-guide/tls/',
      by: 'on by default in its ConfigMap',
    },
    sourceRanges: {
      // The name that every release reads; newer ones call it allowlist.
      source: 'internal/ingress/annotations/ipallowlist/main.go of kubernetes/ingress-nginx',
      web: ({ sourceRanges }) => nginx({ 'whitelist-source-range': sourceRanges.join(',') }),
    },
  },
};

const nginxTimeouts = {
  'proxy-read-timeout': String(READ_TIMEOUT_SECONDS),
  'proxy-send-timeout': String(READ_TIMEOUT_SECONDS),
};

const F5_SOURCE =
  'https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/';
const f5 = (settings: Annotations): Annotations => prefixed('nginx.org/', settings);
const f5Timeouts = {
  'proxy-read-timeout': `${READ_TIMEOUT_SECONDS}s`,
  'proxy-send-timeout': `${READ_TIMEOUT_SECONDS}s`,
};

const f5Nginx: IngressController = {
  name: "F5's NGINX Ingress Controller",
  certificates: 'secrets',
  oneIngressPerHost: true,
  conditions: [
    '`http2: "true"` in its ConfigMap, or spans find no gRPC.',
    'A certificate by DNS-01 or from elsewhere: it gives a host to one Ingress alone, and drops that of the HTTP-01 solver.',
    'Exports of spans of at most 1 MB through the edge: it has no setting for the body of gRPC. Larger ones need `https://host:50051`.',
  ],
  note: 'exports of spans above 1 MB end in 413 at this edge, which has no setting for the body of gRPC: write JUNJO_PROD_INGESTION_URL with the port of the release if there are such. Its ConfigMap needs http2: "true"',
  answers: {
    grpc: { source: F5_SOURCE, spans: ({ spans }) => f5({ 'grpc-services': spans.service }) },
    // With a unit; for gRPC the same values count.
    timeout: { source: F5_SOURCE, web: () => f5(f5Timeouts), spans: () => f5(f5Timeouts) },
    body: { source: F5_SOURCE, web: () => f5({ 'client-max-body-size': `${BODY_LIMIT_MI}m` }) },
    redirect: { source: F5_SOURCE, web: () => ({ 'ingress.kubernetes.io/ssl-redirect': 'true' }) },
    hsts: { source: F5_SOURCE, web: () => f5({ hsts: 'true', 'hsts-max-age': String(HSTS_SECONDS) }) },
    sourceRanges: {
      source: 'https://docs.nginx.com/nginx-ingress-controller/configuration/access-control/',
      cannot: 'an Ingress has no such annotation there; its Policy objects reach one in the newest releases alone',
    },
  },
};

const TRAEFIK_SOURCE = 'https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/';

const traefik: IngressController = {
  name: 'Traefik',
  classes: /(^|[-.])traefik([-.]|$)/,
  certificates: 'secrets',
  objects: 'traefik',
  conditions: [
    'Entry points called `web` and `websecure`, as in its chart and on k3s.',
    'Its Kubernetes CRD provider, 2.10 or newer; 2.11 for `JUNJO_K8S_WEB_SOURCE_RANGES`.',
    '`respondingTimeouts.readTimeout: 0` on `websecure` if applications stream spans for longer than 60 s.',
  ],
  answers: {
    // On the Service, and for all its ports. Traefik speaks HTTP/1.1 to the pod otherwise, and gRPC fails.
    grpc: {
      source: TRAEFIK_SOURCE,
      spansService: () => ({ 'traefik.ingress.kubernetes.io/service.serversscheme': 'h2c' }),
    },
    timeout: { source: 'https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/', by: 'no limit' },
    body: { source: TRAEFIK_SOURCE, by: 'no limit' },
    redirect: {
      source: 'https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/redirectscheme/',
      by: 'a Middleware, on an Ingress of its own for plain HTTP',
      // Without the first the routes are served over plain HTTP as well. The certificate alone does not make a route a TLS
      // route, unless the entry point happens to have TLS by default.
      web: () => traefikTls,
      spans: () => traefikTls,
    },
    hsts: {
      source: 'https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/headers/',
      by: 'a Middleware',
    },
    sourceRanges: {
      source: 'https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/ipallowlist/',
      by: 'a Middleware',
    },
  },
};

const traefikTls = {
  'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
  'traefik.ingress.kubernetes.io/router.tls': 'true',
};

const HAPROXY_SOURCE = 'https://github.com/haproxytech/kubernetes-ingress/blob/master/documentation/annotations.md';
const haproxyTimeout = () => ({ 'haproxy.org/timeout-server': `${READ_TIMEOUT_SECONDS}s` });
// The port of the redirect is 8443 by default, whatever the Service of the controller publishes.
const haproxyRedirect = () => ({
  'haproxy.org/ssl-redirect': 'true',
  'haproxy.org/ssl-redirect-code': '301',
  'haproxy.org/ssl-redirect-port': '443',
});

const haproxy: IngressController = {
  name: "HAProxy Technologies' controller",
  classes: /(^|[-.])haproxy([-.]|$)/,
  certificates: 'secrets',
  // https://github.com/haproxytech/kubernetes-ingress/issues/791
  rangesHoldForHost: true,
  conditions: [
    'With `JUNJO_K8S_WEB_SOURCE_RANGES`, a certificate by DNS-01 or from elsewhere: the ranges hold for the HTTP-01 solver too.',
    'Not jcmoraisjr/haproxy-ingress, which often has the same class and none of these annotations: set `JUNJO_K8S_INGRESS_CONTROLLER=other` there.',
    '`timeout-client` in its ConfigMap above the pauses of applications that stream spans (50 s by default).',
  ],
  answers: {
    // On the Service: all Ingresses of one Service share a backend there.
    grpc: { source: HAPROXY_SOURCE, spansService: () => ({ 'haproxy.org/server-proto': 'h2' }) },
    timeout: { source: HAPROXY_SOURCE, web: haproxyTimeout, spans: haproxyTimeout },
    body: { source: HAPROXY_SOURCE, by: 'no limit' },
    redirect: { source: HAPROXY_SOURCE, web: haproxyRedirect, spans: haproxyRedirect },
    hsts: {
      source: HAPROXY_SOURCE,
      web: () => ({ 'haproxy.org/response-set-header': `Strict-Transport-Security "max-age=${HSTS_SECONDS}"` }),
    },
    sourceRanges: {
      // Releases up to 1.10 know the second name alone, and let everybody in without it (haproxytech/kubernetes-ingress#580);
      // newer ones read it only where the first is missing.
      source: 'pkg/annotations/ingress/accessControl.go of haproxytech/kubernetes-ingress',
      web: ({ sourceRanges }) => ({
        'haproxy.org/allow-list': sourceRanges.join(','),
        'haproxy.org/whitelist': sourceRanges.join(','),
      }),
    },
  },
};

const CONTOUR_SOURCE = 'https://projectcontour.io/docs/main/config/annotations/';
const CONTOUR_INGRESS = 'https://projectcontour.io/docs/main/config/ingress/';
const contourRedirect = () => ({ 'ingress.kubernetes.io/force-ssl-redirect': 'true' });

const contour: IngressController = {
  name: 'Contour',
  classes: /(^|[-.])contour([-.]|$)/,
  certificates: 'secrets',
  conditions: [
    '`stream-idle-timeout` of its configuration at ten minutes: by default it cuts what is silent for five.',
    'A header policy for all of its Ingresses (`applyToIngress`), if HSTS is wanted.',
  ],
  answers: {
    // On the Service, by the number of its port.
    grpc: {
      source: CONTOUR_SOURCE,
      spansService: ({ spans }) => ({ 'projectcontour.io/upstream-protocol.h2c': String(spans.port) }),
    },
    timeout: {
      // The time of a whole request, 15 s by default; a stream has no end.
      source: CONTOUR_SOURCE,
      web: () => ({ 'projectcontour.io/response-timeout': `${READ_TIMEOUT_SECONDS}s` }),
      spans: () => ({ 'projectcontour.io/response-timeout': 'infinity' }),
    },
    body: { source: CONTOUR_SOURCE, by: 'no limit' },
    redirect: { source: CONTOUR_SOURCE, web: contourRedirect, spans: contourRedirect },
    hsts: { source: CONTOUR_INGRESS, cannot: 'an Ingress cannot add headers there; a global header policy can' },
    sourceRanges: { source: CONTOUR_INGRESS, cannot: 'only its HTTPProxy objects filter addresses' },
  },
};

const KONG_SOURCE = 'https://developer.konghq.com/kubernetes-ingress-controller/reference/annotations/';
// Milliseconds, on the Service.
const kongTimeouts = {
  'konghq.com/read-timeout': String(READ_TIMEOUT_SECONDS * 1000),
  'konghq.com/write-timeout': String(READ_TIMEOUT_SECONDS * 1000),
};

const kong: IngressController = {
  name: 'Kong',
  classes: /(^|[-.])kong([-.]|$)/,
  certificates: 'secrets',
  objects: 'kong',
  conditions: ['Its CRDs: redirect and the rest are annotations, HSTS and source ranges are KongPlugins.'],
  answers: {
    grpc: {
      source: KONG_SOURCE,
      spans: () => ({ 'konghq.com/protocols': 'grpcs' }),
      spansService: () => ({ 'konghq.com/protocol': 'grpc' }),
    },
    timeout: {
      source: KONG_SOURCE,
      webServices: { ui: kongTimeouts, api: kongTimeouts },
      spansService: () => kongTimeouts,
    },
    body: { source: 'https://developer.konghq.com/gateway/configuration/', by: 'no limit by default' },
    redirect: {
      source: KONG_SOURCE,
      // Without the second it answers 426 instead of a redirect.
      web: () => ({ 'konghq.com/protocols': 'https', 'konghq.com/https-redirect-status-code': '301' }),
    },
    hsts: { source: 'https://developer.konghq.com/plugins/response-transformer/', by: 'a KongPlugin' },
    sourceRanges: { source: 'https://developer.konghq.com/plugins/ip-restriction/', by: 'a KongPlugin' },
  },
};

const ALB_SOURCE = 'https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/';
const alb = (settings: Annotations): Annotations => prefixed('alb.ingress.kubernetes.io/', settings);
const albTimeout = () => alb({ 'load-balancer-attributes': `idle_timeout.timeout_seconds=${READ_TIMEOUT_SECONDS}` });
/** An address on the internet, and pods as targets: Services of type ClusterIP are none for the default, `instance`. */
const albReach = { scheme: 'internet-facing', 'target-type': 'ip' };

const awsLoadBalancer: IngressController = {
  name: 'AWS Load Balancer Controller',
  classes: /(^|[-.])alb([-.]|$)/,
  certificates: 'cloud',
  outsideCluster: true,
  conditions: [
    '2.10.1 or newer, for the listener attribute that sends HSTS.',
    'Certificates for all hosts in ACM, where it finds them by the host; cert-manager and `JUNJO_K8S_TLS_SECRET` have no effect.',
    "The VPC's own network plugin: the load balancer connects to the pods themselves.",
    'Two load balancers: one for UI and API, one for spans.',
  ],
  answers: {
    grpc: {
      // Any status is healthy: ingestion answers a question without an API key with one of its own.
      source: ALB_SOURCE,
      spans: () =>
        alb({
          ...albReach,
          'listen-ports': '[{"HTTPS":443}]',
          'backend-protocol-version': 'GRPC',
          'success-codes': '0-99',
        }),
    },
    timeout: { source: ALB_SOURCE, web: albTimeout, spans: albTimeout },
    body: { source: ALB_SOURCE, by: 'no limit' },
    redirect: {
      source: ALB_SOURCE,
      web: () => alb({ ...albReach, 'listen-ports': '[{"HTTP":80},{"HTTPS":443}]', 'ssl-redirect': '443' }),
      // What the targets answer at / is no matter of health for the API.
      webServices: { ui: {}, api: alb({ 'healthcheck-path': '/health' }) },
    },
    hsts: {
      source: ALB_SOURCE,
      web: () =>
        alb({
          'listener-attributes.HTTPS-443': `routing.http.response.strict_transport_security.header_value=max-age=${HSTS_SECONDS}`,
        }),
    },
    sourceRanges: {
      source: ALB_SOURCE,
      web: ({ sourceRanges }) => alb({ 'inbound-cidrs': sourceRanges.join(',') }),
    },
  },
};

const CADDY_SOURCE = 'https://github.com/caddyserver/ingress';

const caddy: IngressController = {
  name: 'Caddy',
  classes: /(^|[-.])caddy([-.]|$)/,
  certificates: 'itself',
  tlsToBackend: true,
  conditions: ['The e-mail address of the ACME account in the ConfigMap of the controller.'],
  answers: {
    grpc: {
      // It has no h2c: any other value is silently HTTP/1.1, and gRPC fails.
      source: 'internal/caddy/ingress/reverseproxy.go of caddyserver/ingress',
      spans: () => ({ 'caddy.ingress.kubernetes.io/backend-protocol': 'https' }),
      by: 'over TLS, which a sidecar of ingestion ends',
    },
    timeout: { source: CADDY_SOURCE, by: 'no limit' },
    body: { source: CADDY_SOURCE, by: 'no limit' },
    redirect: { source: 'internal/caddy/ingress/matcher.go of caddyserver/ingress', by: 'by itself' },
    hsts: { source: CADDY_SOURCE, cannot: 'it has no setting for response headers' },
    sourceRanges: { source: CADDY_SOURCE, cannot: 'it has no setting for addresses' },
  },
};

function prefixed(prefix: string, settings: Annotations): Annotations {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${prefix}${key}`, value]));
}

/** Every controller that gets what it needs beyond a plain Ingress, by its name in `JUNJO_K8S_INGRESS_CONTROLLER`. */
export const ingressControllers: Readonly<Record<string, IngressController>> = {
  traefik,
  haproxy,
  contour,
  kong,
  alb: awsLoadBalancer,
  'f5-nginx': f5Nginx,
  'ingress-nginx': ingressNginx,
  caddy,
};

/** What implements a Gateway class. */
export interface GatewayController {
  /** As its makers call it. */
  readonly name: string;
  /** Names of the classes that it usually has. */
  readonly classes: RegExp;
  /** Why `timeouts` of a route have no effect. @default they have */
  readonly ignoresTimeouts?: string;
  /** Filters addresses by a policy that the manifests can write. @default they cannot: an error */
  readonly sourceRanges?: 'envoy-gateway';
  /** Where its pods are, which network policies have to know. */
  readonly pods: 'own namespace' | "the Gateway's namespace" | 'no pods';
  /** What must be there or be set, in full sentences. */
  readonly conditions: readonly string[];
  readonly source: string;
}

/** Implementations of the Gateway API with something to know, by their name in `JUNJO_K8S_INGRESS_CONTROLLER`. */
export const gatewayControllers: Readonly<Record<string, GatewayController>> = {
  'envoy-gateway': {
    name: 'Envoy Gateway',
    classes: /(^|[-.])(envoy|eg)([-.]|$)/,
    sourceRanges: 'envoy-gateway',
    pods: 'own namespace',
    conditions: [
      'On a shared Gateway: no other HTTPS listener on 443 whose certificate covers one of the hosts. Since 1.4 it offers `http/1.1` alone on listeners that overlap, and every gRPC exporter fails.',
    ],
    source: 'internal/gatewayapi/listener.go and release-notes/v1.4.0.yaml of envoyproxy/gateway',
  },
  traefik: {
    name: 'Traefik',
    classes: /(^|[-.])traefik([-.]|$)/,
    pods: 'own namespace',
    conditions: [
      'Entry points that listen on 80 and 443 themselves: it serves a listener only if an entry point has its port, and those of its chart have 8000 and 8443.',
      '3.2 or newer, for GRPCRoute.',
    ],
    source: 'https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/gateway-api/',
  },
  'nginx-gateway-fabric': {
    name: 'NGINX Gateway Fabric',
    classes: /(^|[-.])nginx([-.]|$)/,
    ignoresTimeouts:
      'it passes over time-outs of routes, so that answers are cut after 60 s unless a policy of its own says otherwise',
    pods: "the Gateway's namespace",
    conditions: ['A ProxySettingsPolicy or SnippetsFilter with `proxy_read_timeout 600s`, for answers of minutes.'],
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
      '`gatewayAPI.enableAlpn: true` in its values: by default its listeners offer no HTTP/2, and spans fail.',
    ],
    source: 'https://github.com/cilium/cilium/issues/30794',
  },
};
