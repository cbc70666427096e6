import { HSTS_SECONDS, READ_TIMEOUT_SECONDS } from '../edge-needs';
import { OTLP_HTTP_PATH } from '../names';
import { type Annotations, type EdgeFacts, type IngressController, prefixed } from './ingress-controller';

const SOURCE = 'https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/';
const alb = (settings: Annotations): Annotations => prefixed('alb.ingress.kubernetes.io/', settings);
const timeout = () => alb({ 'load-balancer-attributes': `idle_timeout.timeout_seconds=${READ_TIMEOUT_SECONDS}` });
/** Where it can be reached, and pods as targets: the default, `instance`, does not work with ClusterIP Services. */
const reach = ({ internal }: EdgeFacts) => ({
  scheme: internal ? 'internal' : 'internet-facing',
  'target-type': 'ip',
});

/** https://github.com/kubernetes-sigs/aws-load-balancer-controller */
export const awsLoadBalancer: IngressController = {
  name: 'AWS Load Balancer Controller',
  classes: /(^|[-.])alb([-.]|$)/,
  certificates: 'cloud',
  outsideCluster: true,
  conditions: [
    '2.10.1 or newer, for the listener attribute that sends HSTS.',
    'Certificates for all hosts in ACM, where it finds them by host. cert-manager and `JUNJO_K8S_TLS_SECRET` have no effect.',
    'The network plugin of the VPC, because the load balancer connects directly to the pods.',
    'Two load balancers: one for UI and API, one for spans. `JUNJO_K8S_INTAKE_HTTP_HOST` adds a third.',
  ],
  answers: {
    grpc: {
      // Any status is healthy: ingestion answers a question without an API key with one of its own.
      source: SOURCE,
      spans: (facts) =>
        alb({
          ...reach(facts),
          'listen-ports': '[{"HTTPS":443}]',
          'backend-protocol-version': 'GRPC',
          'success-codes': '0-99',
        }),
      // To a question without spans the collectors answer 405, and 401 where they know the keys.
      otlpHttp: (facts) =>
        alb({
          ...reach(facts),
          'listen-ports': '[{"HTTPS":443}]',
          'healthcheck-path': OTLP_HTTP_PATH,
          'success-codes': '401,405',
        }),
    },
    timeout: { source: SOURCE, web: timeout, spans: timeout },
    body: { source: SOURCE, by: 'no limit' },
    redirect: {
      source: SOURCE,
      web: (facts) => alb({ ...reach(facts), 'listen-ports': '[{"HTTP":80},{"HTTPS":443}]', 'ssl-redirect': '443' }),
      // The API does not answer at /, the default path of the health check.
      webServices: { ui: {}, api: alb({ 'healthcheck-path': '/health' }) },
    },
    hsts: {
      source: SOURCE,
      web: () =>
        alb({
          'listener-attributes.HTTPS-443': `routing.http.response.strict_transport_security.header_value=max-age=${HSTS_SECONDS}`,
        }),
    },
    sourceRanges: {
      source: SOURCE,
      web: ({ sourceRanges }) => alb({ 'inbound-cidrs': sourceRanges.join(',') }),
    },
  },
};
