import { type EdgeNeed, edgeNeeds } from '../../config/edge-needs';
import { gatewayControllers } from '../../config/gateway-controllers';
import { ingressControllers } from '../../config/ingress-controllers';
import type { EdgeAnswer, EdgeFacts, IngressController } from '../../config/ingress-controllers/ingress-controller';
import { workloadNames } from '../../config/names';

/** What stands for the studio's own names and addresses on the page. */
const facts: EdgeFacts = {
  spans: { service: workloadNames.ingestion, port: 50051 },
  sourceRanges: ['203.0.113.0/24'],
};

/** The page of controllers: `docs/edge.md`. */
export function edgePage(): string {
  const controllers = Object.entries(ingressControllers);
  return [
    '# The edge',
    '',
    '<!-- Written by `npm run docs` from config/ingress-controllers/ and config/gateway-controllers.ts; edit those. -->',
    '',
    'A production studio is reached through a Gateway (`JUNJO_K8S_GATEWAY`) or an ingress controller (`JUNJO_K8S_INGRESS_CLASS`).',
    'Without one of your own yet, take Envoy Gateway or Traefik. What runs a class is known by its name;',
    '`JUNJO_K8S_INGRESS_CONTROLLER` says so where the name does not tell, and `other` where it misleads. A class of something else',
    'gets a plain Ingress, and synth prints what the controller itself must do.',
    '',
    '## Spans',
    '',
    'The address alone decides how spans come in. The port is that of the [release](releases.md).',
    '',
    '| `JUNJO_PROD_INGESTION_URL` | way | needs |',
    '| --- | --- | --- |',
    '| `https://spans.example.com` | through the edge, on its port 443 | gRPC at the edge: the first column below |',
    '| `https://spans.example.com:50051` | TLS on a load balancer of its own; it ends in the pod of ingestion, and a renewed certificate needs no restart | a certificate for the host, by an issuer with DNS-01 or in `JUNJO_K8S_TLS_SECRET`; HTTP-01 works where load balancer and edge share an address, as on k3s |',
    '| `http://spans.example.com:50051` | in the clear, with a warning: API keys and prompts can be read on the way | nothing |',
    '',
    'The load balancer exists for the last two only, unless `JUNJO_K8S_INGESTION_SERVICE` asks for it beside the edge. On a `NodePort`',
    'Service the port answers on the node of the pod alone, because clients keep their address (`externalTrafficPolicy: Local`).',
    '`JUNJO_K8S_CLOUD=aws` needs AWS Load Balancer Controller 2.9 or newer, for the attribute of the listener.',
    '',
    '## Gateways',
    '',
    'A Gateway of the studio (`JUNJO_K8S_GATEWAY=class:NAME`) has two listeners, `http` on 80 and `https` on 443; the routes carry the',
    'hosts. On a Gateway that is there (`namespace/name`) the routes attach to its listeners by name: `https` and `http`, or what',
    '`JUNJO_K8S_GATEWAY_HTTPS_LISTENER` and `JUNJO_K8S_GATEWAY_HTTP_LISTENER` say.',
    '',
    '| `JUNJO_K8S_INGRESS_CONTROLLER` | name | ten minutes for an answer | `JUNJO_K8S_WEB_SOURCE_RANGES` | its pods run in |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(gatewayControllers).map(
      ([id, { name, ignoresTimeouts, sourceRanges, pods }]) =>
        `| \`${id}\` | ${name} | ${ignoresTimeouts ? `no: ${ignoresTimeouts}` : '`timeouts` of the route'} | ${sourceRanges ? 'a SecurityPolicy on the routes' : 'an error'} | ${pods} |`,
    ),
    '',
    ...Object.values(gatewayControllers).flatMap(({ name, conditions, source }) => [
      ...conditions.map((condition) => `- ${name}: ${condition}`),
      `- ${name}: read in ${linked(source)}.`,
    ]),
    '',
    '## Ingress controllers',
    '',
    `| controller | ${Object.keys(columns).join(' | ')} |`,
    `| --- | ${Object.keys(columns)
      .map(() => '---')
      .join(' | ')} |`,
    ...controllers.map(([id, controller]) => row(id, controller)),
    '',
    'What they need:',
    '',
    ...controllers.flatMap(([, { name, conditions }]) => conditions.map((condition) => `- ${name}: ${condition}`)),
    '',
    'Where each cell comes from:',
    '',
    ...controllers.map(([, controller]) => `- ${controller.name}: ${sources(controller)}`),
    '',
  ].join('\n');
}

const columns: Readonly<Record<string, EdgeNeed>> = {
  gRPC: 'grpc',
  'ten minutes': 'timeout',
  '32 MB': 'body',
  redirect: 'redirect',
  HSTS: 'hsts',
  'source ranges': 'sourceRanges',
};

function row(id: string, { name, answers }: IngressController): string {
  return `| ${name} (\`${id}\`) | ${Object.values(columns)
    .map((need) => cell(answers[need]))
    .join(' | ')} |`;
}

function cell({ web, spans, spansService, webServices, by, cannot }: EdgeAnswer): string {
  if (cannot) return `**no**: ${cannot}`;
  const keys = new Set(
    [web?.(facts), spans?.(facts), spansService?.(facts), webServices?.ui, webServices?.api].flatMap((annotations) =>
      Object.keys(annotations ?? {}),
    ),
  );
  return [...(by ? [by] : []), ...[...keys].map((key) => `\`${key}\``)].join(', ');
}

function sources({ answers }: IngressController): string {
  return [...new Set(Object.keys(edgeNeeds).map((need) => answers[need as EdgeNeed].source))].map(linked).join(', ');
}

function linked(source: string): string {
  return source.startsWith('https://') ? `<${source}>` : source;
}
