import type { Annotations, EdgeAnswer } from '../config/ingress-controllers/ingress-controller';
import { otlpHttpName, workloadNames } from '../config/names';
import { edgeNeedsTls } from '../config/sidecars';
import type { Edge, StudioConfig } from '../config/studio-config';
import { hasOneHost, uiOf } from '../releases';
import type { SolverPodsProps } from './certificates';
import { intakePorts } from './intake-config';
import type { StudioIdentity } from './metadata';
import { SPANS_TLS_PORT, spansTlsName } from './spans-proxy';

/** A Service, and the port of it that the edge connects to. */
export interface EdgeService {
  readonly service: string;
  readonly port: number;
}

/** The Services behind the edge; without one for the API where the UI's serves it too. */
export interface EdgeServices {
  readonly ui: EdgeService;
  readonly api?: EdgeService;
  readonly spans: EdgeService;
  readonly otlpHttp: EdgeService;
}

/** A host at the edge, and the Service behind it. */
export interface EdgeBackend extends EdgeService {
  readonly host: string;
  /** The only path for that Service. @default all paths */
  readonly path?: string;
}

/** What the charts of Ingresses and of Gateways have in common. */
export interface EdgeChartProps extends StudioIdentity, SolverPodsProps {
  readonly edge: Edge;
  readonly services: EdgeServices;
}

/** The hosts at the edge. */
export function edgeHosts({ hosts: { ui, api, spans, otlpHttp } }: Edge): readonly string[] {
  return [ui, api, spans, otlpHttp].filter((host) => host !== undefined);
}

/** The hosts of UI and API, and what is behind each. */
export function webBackends(
  { hosts }: Edge,
  services: EdgeServices,
): readonly (EdgeBackend & { readonly name: 'ui' | 'api' })[] {
  return (['ui', 'api'] as const).flatMap((name) => {
    const [host, service] = [hosts[name], services[name]];
    return host && service ? [{ name, host, ...service }] : [];
  });
}

/** The Services that an edge connects to. */
export function edgeServices({
  edge,
  imageTarget,
  line,
}: Pick<StudioConfig, 'edge' | 'imageTarget' | 'line'>): EdgeServices {
  const { ports } = line;
  const ui = uiOf(line, imageTarget);
  return {
    ui: { service: workloadNames[ui.component], port: ui.published[0] },
    ...(!hasOneHost(line) && { api: { service: workloadNames.backend, port: ports.backend.http } }),
    spans: edgeNeedsTls(edge)
      ? { service: spansTlsName, port: SPANS_TLS_PORT }
      : { service: workloadNames.ingestion, port: ports.ingestion.otlp },
    otlpHttp: { service: otlpHttpName, port: intakePorts.http },
  };
}

/** The annotations for the ingress controller, by the object that has them; none without a controller that is known. */
export function controllerAnnotations(edge: Edge | undefined, { spans }: EdgeServices) {
  const controller = edge?.route.kind === 'ingress' ? edge.route.controller : undefined;
  const facts = { spans, sourceRanges: edge?.webSourceRanges ?? [], internal: edge?.internal ?? false };
  const { sourceRanges, ...others } = controller?.answers ?? {};
  const answers = [...Object.values(others), ...(sourceRanges && facts.sourceRanges.length > 0 ? [sourceRanges] : [])];
  const all = (of: (answer: EdgeAnswer) => Annotations | undefined): Annotations =>
    Object.assign({}, ...answers.map(of));
  return {
    web: all((answer) => answer.web?.(facts)),
    spans: all((answer) => answer.spans?.(facts)),
    otlpHttp: all((answer) => answer.otlpHttp?.(facts)),
    uiService: all(({ webServices }) => webServices?.ui),
    apiService: all(({ webServices }) => webServices?.api),
    spansService: edge?.hosts.spans ? all((answer) => answer.spansService?.(facts)) : {},
  };
}
