import { BODY_LIMIT_MI, READ_TIMEOUT_SECONDS } from '../edge-needs';
import { type Annotations, type IngressController, prefixed } from './ingress-controller';

const SOURCE = 'https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/';
const nginx = (settings: Annotations): Annotations => prefixed('nginx.ingress.kubernetes.io/', settings);
const timeouts = {
  'proxy-read-timeout': String(READ_TIMEOUT_SECONDS),
  'proxy-send-timeout': String(READ_TIMEOUT_SECONDS),
};

/** The controller of the Kubernetes project: https://github.com/kubernetes/ingress-nginx */
export const ingressNginx: IngressController = {
  name: 'ingress-nginx',
  classes: /(^|[-.])nginx([-.]|$)/,
  certificates: 'secrets',
  conditions: [
    'It was retired in March 2026 and gets no security fixes. Plan for a Gateway or another controller.',
    'If applications stream spans for longer than 60 s, raise `client-body-timeout` in its ConfigMap.',
    'For spans, use 1.11 or newer. The read timeout of older versions does not apply to gRPC.',
  ],
  note: 'ingress-nginx was retired in March 2026 and gets no security fixes; plan to move to a Gateway or another controller. If this class belongs to the controller of F5, set JUNJO_K8S_INGRESS_CONTROLLER=f5-nginx. Raise client-body-timeout in its ConfigMap if applications stream spans for longer than 60 s',
  answers: {
    // h2c to the pod; HTTP/1.1 otherwise, and gRPC fails.
    grpc: { source: SOURCE, spans: () => nginx({ 'backend-protocol': 'GRPC' }) },
    timeout: {
      // Without a unit. 60 s by default: longer LLM answers end in 504, and quiet streams are reset.
      source: SOURCE,
      web: () => nginx(timeouts),
      spans: () => nginx(timeouts),
    },
    body: {
      // 1 MiB by default: longer prompts end in 413. The limit of spans counts a whole stream, which has no end.
      source: SOURCE,
      web: () => nginx({ 'proxy-body-size': `${BODY_LIMIT_MI}m` }),
      spans: () => nginx({ 'proxy-body-size': '0' }),
      otlpHttp: () => nginx({ 'proxy-body-size': `${BODY_LIMIT_MI}m` }),
    },
    redirect: {
      // Plain HTTP would lose the session cookie.
      source: SOURCE,
      web: () => nginx({ 'ssl-redirect': 'true' }),
      spans: () => nginx({ 'ssl-redirect': 'true' }),
      otlpHttp: () => nginx({ 'ssl-redirect': 'true' }),
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
