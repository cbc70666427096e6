import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { HSTS_SECONDS } from '../config/edge-needs';
import type { EdgeAnswer, EdgeFacts, IngressController } from '../config/ingress-controllers/ingress-controller';
import { workloadNames } from '../config/names';
import type { Edge } from '../config/studio-config';
import { KongPlugin } from '../imports/configuration.konghq.com';
import { Middleware } from '../imports/traefik.io';
import { addCertificates, type SolverPodsProps, solverPods, tlsSecretName } from './certificates';
import { annotated, objectMeta, type StudioIdentity } from './metadata';
import { externalDnsAnnotations } from './service';
import { SPANS_TLS_PORT, spansTlsName } from './spans-tls';

const REDIRECT = 'junjo-ai-studio-redirect';
const HSTS = 'junjo-ai-studio-hsts';
const SOURCE_RANGES = 'junjo-ai-studio-source-ranges';

type Annotations = Readonly<Record<string, string>>;

/** The ports of the Services behind the edge. */
export interface EdgePorts {
  readonly ui: number;
  readonly api: number;
  readonly spans: number;
}

/** The edge, as Ingresses of one class. */
export interface IngressChartProps extends StudioIdentity, SolverPodsProps {
  readonly edge: Edge;
  /** @default the cluster's default class */
  readonly className?: string;
  /** What runs the class. @default not known: plain Ingresses */
  readonly controller?: IngressController;
  readonly ports: EdgePorts;
}

/** What annotations of this controller depend on. */
export function edgeFacts({
  controller,
  edge,
  ports,
}: Pick<IngressChartProps, 'controller' | 'edge' | 'ports'>): EdgeFacts {
  return {
    spans: controller?.tlsToBackend
      ? { service: spansTlsName, port: SPANS_TLS_PORT }
      : { service: workloadNames.ingestion, port: ports.spans },
    sourceRanges: edge.webSourceRanges,
  };
}

/** All that a controller is told in one place: an Ingress, or a Service. */
export function told(
  controller: IngressController | undefined,
  { sourceRanges }: EdgeFacts,
  where: (answer: EdgeAnswer) => Annotations | undefined,
): Annotations {
  const { sourceRanges: limited, ...answers } = controller?.answers ?? {};
  const asked: (EdgeAnswer | undefined)[] = [...Object.values(answers), ...(sourceRanges.length > 0 ? [limited] : [])];
  return Object.assign({}, ...asked.map((answer) => answer && where(answer)));
}

/** The objects that Ingresses of some controllers name, in a file before them: a route that names a missing one is not served. */
export interface EdgeObjectsChartProps extends StudioIdentity {
  /** CIDRs that may see UI and API. Empty: everybody. */
  readonly sourceRanges: readonly string[];
}

/** Redirect, HSTS and source ranges for Traefik. */
export class TraefikMiddlewaresChart extends Chart {
  constructor(scope: Construct, id: string, props: EdgeObjectsChartProps) {
    super(scope, id);
    new Middleware(this, 'redirect', {
      metadata: objectMeta(props, REDIRECT),
      spec: { redirectScheme: { scheme: 'https', permanent: true } },
    });
    new Middleware(this, 'hsts', {
      metadata: objectMeta(props, HSTS),
      spec: { headers: { stsSeconds: HSTS_SECONDS } },
    });
    if (props.sourceRanges.length > 0) {
      new Middleware(this, 'source-ranges', {
        metadata: objectMeta(props, SOURCE_RANGES),
        spec: { ipAllowList: { sourceRange: [...props.sourceRanges] } },
      });
    }
  }
}

/** HSTS and source ranges for Kong. */
export class KongPluginsChart extends Chart {
  constructor(scope: Construct, id: string, props: EdgeObjectsChartProps) {
    super(scope, id);
    new KongPlugin(this, 'hsts', {
      metadata: objectMeta(props, HSTS),
      plugin: 'response-transformer',
      config: { add: { headers: [`Strict-Transport-Security: max-age=${HSTS_SECONDS}`] } },
    });
    if (props.sourceRanges.length > 0) {
      new KongPlugin(this, 'source-ranges', {
        metadata: objectMeta(props, SOURCE_RANGES),
        plugin: 'ip-restriction',
        config: { allow: [...props.sourceRanges] },
      });
    }
  }
}

/** UI, API and spans over HTTPS through an ingress controller. */
export class IngressChart extends Chart {
  constructor(scope: Construct, id: string, props: IngressChartProps) {
    super(scope, id);
    const { edge, className, controller, ports } = props;
    const { ui, api, spans } = edge.hosts;
    const tlsSecret = tlsSecretName(edge.certificate);
    const facts = edgeFacts(props);

    addCertificates(this, {
      ...props,
      certificate: edge.certificate,
      hosts: spans ? [ui, api, spans] : [ui, api],
      solver: {
        ingress: {
          ...(className && { ingressClassName: className }),
          // The default, NodePort, would open a port on every node while a challenge runs.
          serviceType: 'ClusterIP',
          ...solverPods(props),
        },
      },
    });

    const backends = [
      { host: ui, service: workloadNames.frontend, port: ports.ui },
      { host: api, service: workloadNames.backend, port: ports.api },
    ];
    this.addIngress('web', 'junjo-ai-studio', props, backends, tlsSecret, {
      ...told(controller, facts, ({ web }) => web?.(facts)),
      ...this.named(props, [HSTS, ...(facts.sourceRanges.length > 0 ? [SOURCE_RANGES] : [])]),
    });
    if (controller?.objects === 'traefik') {
      // Plain HTTP: no TLS section, and the solver's longer path wins over the redirect.
      this.addIngress('redirect', REDIRECT, props, backends, undefined, {
        'traefik.ingress.kubernetes.io/router.entrypoints': 'web',
        ...this.named(props, [REDIRECT]),
      });
    }
    if (spans) {
      // An Ingress of its own, because the protocol of the backend holds for a whole Ingress.
      const backend = { host: spans, ...facts.spans };
      const annotations = told(controller, facts, (answer) => answer.spans?.(facts));
      this.addIngress('spans', 'junjo-ai-studio-spans', props, [backend], tlsSecret, annotations);
    }
  }

  /** How an Ingress names objects of its controller. */
  private named({ controller, namespace }: IngressChartProps, names: readonly string[]): Annotations {
    switch (controller?.objects) {
      case 'traefik':
        return {
          'traefik.ingress.kubernetes.io/router.middlewares': names
            .map((name) => `${namespace}-${name}@kubernetescrd`)
            .join(','),
        };
      case 'kong':
        return { 'konghq.com/plugins': names.join(',') };
      default:
        return {};
    }
  }

  private addIngress(
    id: string,
    name: string,
    { edge, className, ...identity }: IngressChartProps,
    backends: readonly { host: string; service: string; port: number }[],
    tlsSecret: string | undefined,
    annotations: Readonly<Record<string, string>>,
  ): void {
    const hosts = backends.map(({ host }) => host);
    new k8s.KubeIngress(this, id, {
      metadata: annotated(objectMeta(identity, name), {
        ...annotations,
        ...(edge.externalDns && externalDnsAnnotations(hosts)),
      }),
      spec: {
        ...(className && { ingressClassName: className }),
        ...(tlsSecret && { tls: [{ hosts, secretName: tlsSecret }] }),
        rules: backends.map(({ host, service, port }) => ({
          host,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: port } } } }],
          },
        })),
      },
    });
  }
}
