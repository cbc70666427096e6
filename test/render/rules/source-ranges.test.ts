import { sourceRanges } from '../../../render/rules/source-ranges';
import { SpoiltStudio } from '../../support/rules';
import { production } from '../../support/studio';

const RANGES = { JUNJO_K8S_WEB_SOURCE_RANGES: '203.0.113.0/24' };
const nginx = production({ ...RANGES, JUNJO_K8S_INGRESS_CLASS: 'nginx' });
const traefik = production(RANGES);
const gateway = production({ ...RANGES, JUNJO_K8S_GATEWAY: 'class:eg', JUNJO_K8S_INGRESS_CLASS: undefined });
const open = production({ JUNJO_K8S_INGRESS_CLASS: 'nginx' });

/** What an App adds to a studio. */
function ingress(annotations: Record<string, string>, name = 'junjo-ai-studio-backend') {
  const backend = { service: { name, port: { number: 1323 } } };
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'more', namespace: 'junjo-ai-studio', annotations },
    spec: { rules: [{ host: 'more.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
  };
}
const nginxRanges = (ranges: string) => ({ 'nginx.ingress.kubernetes.io/whitelist-source-range': ranges });
const middleware = {
  'traefik.ingress.kubernetes.io/router.middlewares': 'junjo-ai-studio-junjo-ai-studio-source-ranges@kubernetescrd',
};

test.each([
  ['nginx', nginx, {}],
  ['nginx, with other ranges', nginx, nginxRanges('0.0.0.0/0')],
  ['Traefik', traefik, {}],
  ['a Gateway', gateway, {}],
])('refuses another Ingress to the API without the source ranges of %s', (_, settings, annotations) => {
  const studio = new SpoiltStudio(settings);
  studio.add(ingress(annotations));
  expect(studio.broken(sourceRanges)).toEqual([
    'Ingress more: points to the Service junjo-ai-studio-backend without its source ranges',
  ]);
});

test.each([
  ['with a part of the ranges', nginx, ingress(nginxRanges('203.0.113.7/32'))],
  ['with the Middleware', traefik, ingress(middleware)],
  ['to a Service of its own', nginx, ingress({}, 'more')],
  ['to the port for spans, which has none', nginx, ingress({}, 'junjo-ai-studio-ingestion')],
  ['where there are no ranges', open, ingress({})],
])('lets another Ingress be %s', (_, settings, more) => {
  const studio = new SpoiltStudio(settings);
  studio.add(more);
  expect(studio.broken(sourceRanges)).toEqual([]);
});
