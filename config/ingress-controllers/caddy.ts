import type { IngressController } from './ingress-controller';

const SOURCE = 'https://github.com/caddyserver/ingress';

/** https://github.com/caddyserver/ingress */
export const caddy: IngressController = {
  name: 'Caddy',
  classes: /(^|[-.])caddy([-.]|$)/,
  certificates: 'itself',
  tlsToBackend: true,
  conditions: ['Set the e-mail address of the ACME account in the ConfigMap of the controller.'],
  answers: {
    grpc: {
      // It has no h2c: any other value is silently HTTP/1.1, and gRPC fails.
      source: 'internal/caddy/ingress/reverseproxy.go of caddyserver/ingress',
      spans: () => ({ 'caddy.ingress.kubernetes.io/backend-protocol': 'https' }),
      by: 'over TLS, which a sidecar of ingestion terminates',
    },
    timeout: { source: SOURCE, by: 'no limit' },
    body: { source: SOURCE, by: 'no limit' },
    redirect: { source: 'internal/caddy/ingress/matcher.go of caddyserver/ingress', by: 'by itself' },
    hsts: { source: SOURCE, cannot: 'it has no setting for response headers' },
    sourceRanges: { source: SOURCE, cannot: 'it has no setting for addresses' },
  },
};
