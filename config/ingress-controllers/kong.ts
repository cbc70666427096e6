import { READ_TIMEOUT_SECONDS } from '../edge-needs';
import type { IngressController } from './ingress-controller';

const SOURCE = 'https://developer.konghq.com/kubernetes-ingress-controller/reference/annotations/';
// Milliseconds, on the Service.
const timeouts = {
  'konghq.com/read-timeout': String(READ_TIMEOUT_SECONDS * 1000),
  'konghq.com/write-timeout': String(READ_TIMEOUT_SECONDS * 1000),
};

/** https://github.com/Kong/kubernetes-ingress-controller; its KongPlugins are in charts/ingress-controllers/kong.ts. */
export const kong: IngressController = {
  name: 'Kong',
  classes: /(^|[-.])kong([-.]|$)/,
  certificates: 'secrets',
  objects: 'kong',
  conditions: ['Its CRDs, because HSTS and source ranges are KongPlugins.'],
  answers: {
    grpc: {
      source: SOURCE,
      spans: () => ({ 'konghq.com/protocols': 'grpcs' }),
      spansService: () => ({ 'konghq.com/protocol': 'grpc' }),
    },
    timeout: {
      source: SOURCE,
      webServices: { ui: timeouts, api: timeouts },
      spansService: () => timeouts,
    },
    body: { source: 'https://developer.konghq.com/gateway/configuration/', by: 'no limit by default' },
    redirect: {
      source: SOURCE,
      // Without the second annotation it answers 426 instead of a redirect.
      web: () => ({ 'konghq.com/protocols': 'https', 'konghq.com/https-redirect-status-code': '301' }),
      // 426, which tells a client in the clear that it must not be: a redirect would turn its POST into a GET.
      otlpHttp: () => ({ 'konghq.com/protocols': 'https' }),
    },
    hsts: { source: 'https://developer.konghq.com/plugins/response-transformer/', by: 'a KongPlugin' },
    sourceRanges: { source: 'https://developer.konghq.com/plugins/ip-restriction/', by: 'a KongPlugin' },
  },
};
