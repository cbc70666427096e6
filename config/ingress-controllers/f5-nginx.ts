import { BODY_LIMIT_MI, HSTS_SECONDS, READ_TIMEOUT_SECONDS } from '../edge-needs';
import { type Annotations, type IngressController, prefixed } from './ingress-controller';

const SOURCE =
  'https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/';
const f5 = (settings: Annotations): Annotations => prefixed('nginx.org/', settings);
const timeouts = {
  'proxy-read-timeout': `${READ_TIMEOUT_SECONDS}s`,
  'proxy-send-timeout': `${READ_TIMEOUT_SECONDS}s`,
};

const bodies = () => f5({ 'client-max-body-size': `${BODY_LIMIT_MI}m` });
const redirect = () => ({ 'ingress.kubernetes.io/ssl-redirect': 'true' });

/** The controller of the makers of NGINX: https://github.com/nginx/kubernetes-ingress */
export const f5Nginx: IngressController = {
  name: "F5's NGINX Ingress Controller",
  certificates: 'secrets',
  oneIngressPerHost: true,
  conditions: [
    'Set `http2: "true"` in its ConfigMap. Without it, gRPC fails, and spans do not arrive.',
    'Use DNS-01 or your own certificate. The controller gives each host to a single Ingress, and ignores the Ingress of the HTTP-01 challenge.',
    'Keep exports of spans through the edge below 1 MB, because the controller has no setting for gRPC bodies. For larger exports, use `https://host:50051`.',
  ],
  note: 'this edge answers 413 to exports of spans above 1 MB, because it has no setting for gRPC bodies. If you have such exports, write JUNJO_PROD_INGESTION_URL with the port of the release. Set http2: "true" in the ConfigMap of the controller',
  answers: {
    grpc: { source: SOURCE, spans: ({ spans }) => f5({ 'grpc-services': spans.service }) },
    // With a unit; for gRPC the same values count.
    timeout: { source: SOURCE, web: () => f5(timeouts), spans: () => f5(timeouts) },
    body: { source: SOURCE, web: bodies, otlpHttp: bodies },
    redirect: { source: SOURCE, web: redirect, otlpHttp: redirect },
    hsts: { source: SOURCE, web: () => f5({ hsts: 'true', 'hsts-max-age': String(HSTS_SECONDS) }) },
    sourceRanges: {
      source: 'https://docs.nginx.com/nginx-ingress-controller/configuration/access-control/',
      cannot: 'it has no annotation for that, and its Policy objects apply to an Ingress only in the newest releases',
    },
  },
};
