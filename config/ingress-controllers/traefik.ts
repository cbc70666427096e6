import type { IngressController } from './ingress-controller';

const SOURCE = 'https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/';

// Without the first annotation the routes are served over plain HTTP as well. Without the second they are no TLS routes,
// unless TLS is the default of the entry point.
const tls = {
  'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
  'traefik.ingress.kubernetes.io/router.tls': 'true',
};

/** https://github.com/traefik/traefik; its Middlewares are in charts/ingress-controllers/traefik.ts. */
export const traefik: IngressController = {
  name: 'Traefik',
  classes: /(^|[-.])traefik([-.]|$)/,
  certificates: 'secrets',
  objects: 'traefik',
  conditions: [
    'Name the entry points `web` and `websecure`, as its chart and k3s do.',
    'Enable its Kubernetes CRD provider. Use 2.10 or newer, or 2.11 for `JUNJO_K8S_WEB_SOURCE_RANGES`.',
    'Set `respondingTimeouts.readTimeout: 0` on `websecure` if applications stream spans for longer than 60 s.',
  ],
  answers: {
    // On the Service, and for all its ports. Traefik speaks HTTP/1.1 to the pod otherwise, and gRPC fails.
    grpc: {
      source: SOURCE,
      spansService: () => ({ 'traefik.ingress.kubernetes.io/service.serversscheme': 'h2c' }),
    },
    timeout: { source: 'https://doc.traefik.io/traefik/reference/install-configuration/entrypoints/', by: 'no limit' },
    body: { source: SOURCE, by: 'no limit' },
    redirect: {
      source: 'https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/redirectscheme/',
      by: 'a Middleware on a separate Ingress for plain HTTP',
      web: () => tls,
      spans: () => tls,
      otlpHttp: () => tls,
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
