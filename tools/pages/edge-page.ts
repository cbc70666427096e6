import { type EdgeNeed, edgeNeeds } from '../../config/edge-needs';
import { gatewayControllers } from '../../config/gateway-controllers';
import { ingressControllers } from '../../config/ingress-controllers';
import type { EdgeAnswer, EdgeFacts, IngressController } from '../../config/ingress-controllers/ingress-controller';
import { workloadNames } from '../../config/names';
import { type Parts, table } from './page';

/** What stands for the studio's own names and addresses on the page. */
const facts: EdgeFacts = {
  spans: { service: workloadNames.ingestion, port: 50051 },
  internal: false,
  sourceRanges: ['203.0.113.0/24'],
};

/** What each controller can do: the generated parts of `docs/edge.md`. */
export function edgePage(): Parts {
  const controllers = Object.entries(ingressControllers);
  return {
    gateways: [
      table(
        [
          '`JUNJO_K8S_INGRESS_CONTROLLER`',
          'name',
          'ten minutes for an answer',
          '`JUNJO_K8S_WEB_SOURCE_RANGES`',
          'its pods run in',
        ],
        Object.entries(gatewayControllers).map(([id, { name, ignoresTimeouts, sourceRanges, pods }]) => [
          `\`${id}\``,
          name,
          ignoresTimeouts ? `no: ${ignoresTimeouts}` : '`timeouts` of the route',
          sourceRanges ? 'a SecurityPolicy on the routes' : 'an error',
          pods,
        ]),
      ),
      '',
      ...Object.values(gatewayControllers).flatMap(({ name, conditions, source }) => [
        ...conditions.map((condition) => `- ${name}: ${condition}`),
        `- ${name}: read in ${linked(source)}.`,
      ]),
    ].join('\n'),
    controllers: [
      table(
        ['controller', ...Object.keys(columns)],
        controllers.map(([id, controller]) => row(id, controller)),
      ),
      '',
      'What they need:',
      '',
      ...controllers.flatMap(([, { name, conditions }]) => conditions.map((condition) => `- ${name}: ${condition}`)),
      '',
      'Where each cell comes from:',
      '',
      ...controllers.map(([, controller]) => `- ${controller.name}: ${sources(controller)}`),
    ].join('\n'),
  };
}

const columns: Readonly<Record<string, EdgeNeed>> = {
  gRPC: 'grpc',
  'ten minutes': 'timeout',
  '32 MB': 'body',
  redirect: 'redirect',
  HSTS: 'hsts',
  'source ranges': 'sourceRanges',
};

function row(id: string, { name, answers }: IngressController): readonly string[] {
  return [`${name} (\`${id}\`)`, ...Object.values(columns).map((need) => cell(answers[need]))];
}

function cell({ web, spans, otlpHttp, spansService, webServices, by, cannot }: EdgeAnswer): string {
  if (cannot) return `**no**: ${cannot}`;
  const keys = new Set(
    [web?.(facts), spans?.(facts), otlpHttp?.(facts), spansService?.(facts), webServices?.ui, webServices?.api].flatMap(
      (annotations) => Object.keys(annotations ?? {}),
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
