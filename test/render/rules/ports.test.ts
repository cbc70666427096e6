import { ports } from '../../../render/rules/ports';
import { lets, refuses, SpoiltStudio } from '../../support/rules';
import { type Manifest, production } from '../../support/studio';

const CONTAINER = 'Deployment junjo-ai-studio-backend, container backend';
const policy = (studio: SpoiltStudio, name: string) => studio.get('NetworkPolicy', name).spec;
const backend = (studio: SpoiltStudio): Manifest =>
  studio.get('Ingress', 'junjo-ai-studio').spec.rules[0].http.paths[0].backend.service;

refuses(ports, [
  [
    'a probe of a port that the container has not',
    (s) => Object.assign(s.container('backend').readinessProbe.httpGet, { port: 8000 }),
    `${CONTAINER}: readinessProbe uses the port 8000, which the container does not have`,
  ],
  [
    'a probe of a name that another container has',
    (s) => Object.assign(s.container('backend').livenessProbe.httpGet, { port: 'http-guard' }),
    `${CONTAINER}: livenessProbe uses the port http-guard, which the container does not have`,
  ],
  [
    'a gRPC probe of a port that the container has not',
    (s) => Object.assign(s.container('ingestion').startupProbe.grpc, { port: 50099 }),
    'Deployment junjo-ai-studio-ingestion, container ingestion: startupProbe uses the port 50099, which the container does not have',
  ],
  [
    'a TCP probe of a port that the container has not',
    (s) => Object.assign(s.pod('backend').containers[1].livenessProbe.tcpSocket, { port: 'none' }),
    'Deployment junjo-ai-studio-backend, container guard: livenessProbe uses the port none, which the container does not have',
  ],
  [
    'a Service that leads nowhere',
    (s) => Object.assign(s.get('Service', 'backend').spec.ports[0], { targetPort: 8000 }),
    'Service junjo-ai-studio-backend: points to the port 8000, which its pods do not have',
  ],
  [
    'a Service that leads to its own port, which the pods have not',
    (s) => {
      const [port] = s.get('Service', 'backend').spec.ports;
      delete port.targetPort;
      port.port = 8000;
      for (const { http } of s.placed
        .filter(({ manifest }) => manifest.kind === 'Ingress')
        .flatMap(({ manifest }) => manifest.spec.rules ?? [])) {
        for (const { backend: to } of http.paths)
          if (to.service.name === 'junjo-ai-studio-backend') to.service.port = { number: 8000 };
      }
    },
    'Service junjo-ai-studio-backend: points to the port 8000, which its pods do not have',
  ],
  [
    'a Service with a named target port',
    (s) => Object.assign(s.get('Service', 'frontend').spec.ports[0], { targetPort: 'http' }),
    'Service junjo-ai-studio-frontend: has the named target port http: use a number',
  ],
  [
    'an Ingress before a Service that is not there',
    (s) => Object.assign(backend(s), { name: 'junjo-ai-studio-fronted' }),
    'Ingress junjo-ai-studio: points to the Service junjo-ai-studio-fronted, port 5153, which does not exist',
  ],
  [
    'an Ingress before a port that the Service has not',
    (s) => Object.assign(backend(s), { port: { number: 1 } }),
    'Ingress junjo-ai-studio: points to the Service junjo-ai-studio-frontend, port 1, which does not exist',
  ],
  [
    'an Ingress before a name that the Service has not',
    (s) => Object.assign(backend(s), { port: { name: 'none' } }),
    'Ingress junjo-ai-studio: points to the Service junjo-ai-studio-frontend, port none, which does not exist',
  ],
  [
    'an Ingress that leads all the rest to nowhere',
    (s) =>
      Object.assign(s.get('Ingress', 'junjo-ai-studio').spec, {
        defaultBackend: { service: { name: 'junjo-ai-studio-fronted', port: { number: 80 } } },
      }),
    'Ingress junjo-ai-studio: points to the Service junjo-ai-studio-fronted, port 80, which does not exist',
  ],
  [
    'a policy for a port that its pods have not',
    (s) => Object.assign(policy(s, 'frontend').ingress[0].ports[0], { port: 8081 }),
    'NetworkPolicy junjo-ai-studio-frontend: opens the port 8081, which its pods do not have',
  ],
  [
    'a policy with a way out to a port that nobody has',
    (s) => {
      const rule = policy(s, 'ingestion').egress.find(({ to }: Manifest) =>
        to?.some((peer: Manifest) => peer.podSelector && !peer.namespaceSelector),
      );
      rule.ports[0].port = 50099;
    },
    'NetworkPolicy junjo-ai-studio-ingestion: allows the port 50099, which those pods do not have',
  ],
  [
    "another port of cert-manager's solver",
    (s) => Object.assign(policy(s, 'acme-solver').ingress[0].ports[0], { port: 8088 }),
    'NetworkPolicy junjo-ai-studio-acme-solver: opens the port 8088, which its pods do not have',
  ],
]);

lets(ports, [
  ['an Ingress by the name of the port', (s) => Object.assign(backend(s), { port: { name: 'http' } })],
  [
    'a policy by the name of the port',
    (s) => Object.assign(policy(s, 'frontend').ingress[0].ports[0], { port: 'http' }),
  ],
]);

test.each([
  ['HTTPRoute', 'ui'],
  ['GRPCRoute', 'spans'],
])('the rule ports refuses a %s to a port that the Service has not', (kind, name) => {
  const studio = new SpoiltStudio(production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:eg' }));
  expect(studio.broken(ports)).toEqual([]);
  const [reference] = studio.get(kind, name).spec.rules[0].backendRefs;
  reference.port = 1;
  expect(studio.broken(ports)).toEqual([
    `${kind} junjo-ai-studio-${name}: points to the Service ${reference.name}, port 1, which does not exist`,
  ]);
});
