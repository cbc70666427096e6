/** Seconds for which the edge waits for an answer: LLM calls through the API take minutes. */
export const READ_TIMEOUT_SECONDS = 600;

/** Largest request body at the edge, in MiB: prompts with long contexts. */
const BODY_LIMIT_MI = 32;

/** Seconds for which browsers remember to use HTTPS: one year. */
export const HSTS_SECONDS = 31536000;

/** What an ingress class needs beyond a plain Ingress. */
export interface IngressController {
  /** Annotations of the Ingress for UI and API. */
  readonly web: Readonly<Record<string, string>>;
  /** Annotations of the Ingress for spans. */
  readonly spans: Readonly<Record<string, string>>;
  /** Annotations of the Service for spans. */
  readonly spansService: Readonly<Record<string, string>>;
  /** Redirect and HSTS are Middlewares, and plain HTTP has an Ingress of its own. */
  readonly middlewares: boolean;
  /** Speaks HTTP/2 to a backend over TLS only, so that spans need a sidecar that ends it. */
  readonly tlsToBackend: boolean;
}

const plain: IngressController = {
  web: {},
  spans: {},
  spansService: {},
  middlewares: false,
  tlsToBackend: false,
};

// https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/
const traefik: IngressController = {
  ...plain,
  web: {
    // Without it the routes are served over plain HTTP as well, and the session cookie is lost there.
    'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
    // The certificate alone does not make the route a TLS route, unless the entry point happens to have TLS by default.
    'traefik.ingress.kubernetes.io/router.tls': 'true',
  },
  spans: {
    'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
    'traefik.ingress.kubernetes.io/router.tls': 'true',
  },
  // On the Service, and for all its ports. Traefik speaks HTTP/1.1 to the pod otherwise, and gRPC fails.
  spansService: { 'traefik.ingress.kubernetes.io/service.serversscheme': 'h2c' },
  middlewares: true,
};

// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
const nginx: IngressController = {
  ...plain,
  web: {
    // 60 s by default: longer LLM answers end in 504.
    'nginx.ingress.kubernetes.io/proxy-read-timeout': String(READ_TIMEOUT_SECONDS),
    'nginx.ingress.kubernetes.io/proxy-send-timeout': String(READ_TIMEOUT_SECONDS),
    // 1 MiB by default: longer prompts end in 413.
    'nginx.ingress.kubernetes.io/proxy-body-size': `${BODY_LIMIT_MI}m`,
    // Plain HTTP would lose the session cookie. HSTS is on by default in the controller's ConfigMap.
    'nginx.ingress.kubernetes.io/ssl-redirect': 'true',
  },
  spans: {
    // h2c to the pod; HTTP/1.1 otherwise, and gRPC fails.
    'nginx.ingress.kubernetes.io/backend-protocol': 'GRPC',
    // They set the time-outs of gRPC too; 60 s by default, which resets quiet streams.
    'nginx.ingress.kubernetes.io/proxy-read-timeout': String(READ_TIMEOUT_SECONDS),
    'nginx.ingress.kubernetes.io/proxy-send-timeout': String(READ_TIMEOUT_SECONDS),
    // The limit counts a whole stream, which has no end.
    'nginx.ingress.kubernetes.io/proxy-body-size': '0',
    'nginx.ingress.kubernetes.io/ssl-redirect': 'true',
  },
};

// https://github.com/caddyserver/ingress: it redirects to HTTPS by itself and limits neither time nor bodies. It has no
// setting for response headers, so no HSTS.
const caddy: IngressController = {
  ...plain,
  // It has no h2c: any other value is silently HTTP/1.1, and gRPC fails. The sidecar of ingestion ends this TLS.
  spans: { 'caddy.ingress.kubernetes.io/backend-protocol': 'https' },
  tlsToBackend: true,
};

const controllers: Readonly<Record<string, IngressController>> = { traefik, nginx, caddy };

/** The controller of a class; one that is not known gets a plain Ingress. */
export function controllerOf(className: string | undefined): IngressController {
  return (className && controllers[className]) || plain;
}
