import { type EdgeNeed, edgeNeeds } from '../../config/edge-needs';
import { gatewayControllers } from '../../config/gateway-controllers';
import { ingressControllers } from '../../config/ingress-controllers';
import type { EdgeAnswer, EdgeFacts, IngressController } from '../../config/ingress-controllers/ingress-controller';
import { workloadNames } from '../../config/names';
import { type Parts, table } from './page';

/** Sample names and addresses for the annotations on the page. */
const facts: EdgeFacts = {
  spans: { service: workloadNames.ingestion, port: 50051 },
  internal: false,
  sourceRanges: ['203.0.113.0/24'],
};

/** What each controller can do, what it needs, and where that is documented: the generated parts of `docs/edge.md`. */
export function edgePage(): Parts {
  const gateways = Object.entries(gatewayControllers);
  const controllers = Object.entries(ingressControllers);
  return {
    gateways: [
      table(
        ['Gateway controller', 'waits ten minutes', '`JUNJO_K8S_WEB_SOURCE_RANGES`', 'its pods run in'],
        gateways.map(([id, { name, ignoresTimeouts, sourceRanges, pods }]) => [
          `${name} (\`${id}\`)`,
          ignoresTimeouts ? '**no**' : 'yes',
          sourceRanges ? 'yes, as a SecurityPolicy' : '**no**: an error',
          pods,
        ]),
      ),
      ...gateways.map(([, { name, conditions, ignoresTimeouts }]) => {
        const limits = ignoresTimeouts ? [`No wait of ten minutes: ${ignoresTimeouts}.`] : [];
        return section(gatewayHeading(name), [...conditions, ...limits]);
      }),
    ].join('\n\n'),
    controllers: [
      table(
        ['controller', ...Object.keys(columns)],
        controllers.map(([id, { name, answers }]) => [
          `${name} (\`${id}\`)`,
          ...Object.values(columns).map((need) => (answers[need].cannot ? '**no**' : 'yes')),
        ]),
      ),
      ...controllers.map(([, { name, conditions, answers }]) => {
        const limits = Object.entries(columns).flatMap(([title, need]) => {
          const { cannot } = answers[need];
          return cannot ? [`No ${title}: ${cannot}.`] : [];
        });
        return section(name, [...conditions, ...limits]);
      }),
    ].join('\n\n'),
    annotations: table(
      ['controller', ...Object.keys(columns)],
      controllers.map(([, { name, answers }]) => [name, ...Object.values(columns).map((need) => cell(answers[need]))]),
    ),
    sources: [
      ...gateways.map(([, { name, source }]) => `- ${gatewayHeading(name)}: ${linked(source)}`),
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

/** The heading of a Gateway controller. It differs from the headings of ingress controllers. */
function gatewayHeading(name: string): string {
  const isShared = Object.values(ingressControllers).some((controller) => controller.name === name);
  return isShared ? `${name} as a Gateway` : name;
}

/** A heading, and what a user of this controller must set or know. */
function section(name: string, items: readonly string[]): string {
  return [`### ${name}`, '', ...(items.length > 0 ? items.map((item) => `- ${item}`) : ['Nothing to set.'])].join('\n');
}

function cell({ web, spans, otlpHttp, spansService, webServices, by, cannot }: EdgeAnswer): string {
  if (cannot) return '**no**';
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
