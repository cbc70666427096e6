import { READ_TIMEOUT_SECONDS } from '../edge-needs';
import type { IngressController } from './ingress-controller';

const SOURCE = 'https://projectcontour.io/docs/main/config/annotations/';
const INGRESS_SOURCE = 'https://projectcontour.io/docs/main/config/ingress/';
const redirect = () => ({ 'ingress.kubernetes.io/force-ssl-redirect': 'true' });

/** https://github.com/projectcontour/contour */
export const contour: IngressController = {
  name: 'Contour',
  classes: /(^|[-.])contour([-.]|$)/,
  certificates: 'secrets',
  conditions: [
    'Set `stream-idle-timeout` in its configuration to ten minutes. By default, it closes a stream that is idle for five.',
    'For HSTS, set a header policy for all of its Ingresses (`applyToIngress`).',
  ],
  answers: {
    // On the Service, by the number of its port.
    grpc: {
      source: SOURCE,
      spansService: ({ spans }) => ({ 'projectcontour.io/upstream-protocol.h2c': String(spans.port) }),
    },
    timeout: {
      // The time of a whole request, 15 s by default; a stream has no end.
      source: SOURCE,
      web: () => ({ 'projectcontour.io/response-timeout': `${READ_TIMEOUT_SECONDS}s` }),
      spans: () => ({ 'projectcontour.io/response-timeout': 'infinity' }),
    },
    body: { source: SOURCE, by: 'no limit' },
    redirect: { source: SOURCE, web: redirect, spans: redirect, otlpHttp: redirect },
    hsts: { source: INGRESS_SOURCE, cannot: 'an Ingress cannot add headers, but a global header policy can' },
    sourceRanges: { source: INGRESS_SOURCE, cannot: 'only its HTTPProxy objects can filter addresses' },
  },
};
