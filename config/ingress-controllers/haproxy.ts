import { HSTS_SECONDS, READ_TIMEOUT_SECONDS } from '../edge-needs';
import type { IngressController } from './ingress-controller';

const SOURCE = 'https://github.com/haproxytech/kubernetes-ingress/blob/master/documentation/annotations.md';
const timeout = () => ({ 'haproxy.org/timeout-server': `${READ_TIMEOUT_SECONDS}s` });
// The port of the redirect is 8443 by default, whatever the Service of the controller publishes.
const redirect = () => ({
  'haproxy.org/ssl-redirect': 'true',
  'haproxy.org/ssl-redirect-code': '301',
  'haproxy.org/ssl-redirect-port': '443',
});

/** The controller of HAProxy Technologies: https://github.com/haproxytech/kubernetes-ingress */
export const haproxy: IngressController = {
  name: "HAProxy Technologies' controller",
  classes: /(^|[-.])haproxy([-.]|$)/,
  certificates: 'secrets',
  // https://github.com/haproxytech/kubernetes-ingress/issues/791
  rangesHoldForHost: true,
  conditions: [
    'With `JUNJO_K8S_WEB_SOURCE_RANGES`, a certificate by DNS-01 or from another source, because the ranges also apply to the HTTP-01 solver.',
    'Not jcmoraisjr/haproxy-ingress, which often has the same class but none of these annotations. For it, set `JUNJO_K8S_INGRESS_CONTROLLER=other`.',
    '`timeout-client` in its ConfigMap (50 s by default) above the longest pause of applications that stream spans.',
  ],
  answers: {
    // On the Service: all Ingresses of one Service share a backend there.
    grpc: { source: SOURCE, spansService: () => ({ 'haproxy.org/server-proto': 'h2' }) },
    timeout: { source: SOURCE, web: timeout, spans: timeout },
    body: { source: SOURCE, by: 'no limit' },
    redirect: { source: SOURCE, web: redirect, spans: redirect, otlpHttp: redirect },
    hsts: {
      source: SOURCE,
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
