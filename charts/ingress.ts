import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { workloadNames } from '../config/names';
import type { Edge } from '../config/studio-config';
import { Middleware } from '../imports/traefik.io';
import { addCertificates, tlsSecretName } from './certificates';
import { controllerOf, HSTS_SECONDS } from './ingress-controllers';
import { objectMeta, type StudioIdentity } from './metadata';
import { externalDnsAnnotations } from './service';
import { SPANS_TLS_PORT, spansTlsName } from './spans-tls';

const REDIRECT = 'junjo-ai-studio-redirect';
const HSTS = 'junjo-ai-studio-hsts';

/** The ports of the Services behind the edge. */
export interface EdgePorts {
  readonly ui: number;
  readonly api: number;
  readonly spans: number;
}

/** The edge, as Ingresses of one class. */
export interface IngressChartProps extends StudioIdentity {
  readonly edge: Edge;
  /** @default the cluster's default class */
  readonly className?: string;
  readonly ports: EdgePorts;
}

/** Redirect and HSTS for Traefik, in a file before the Ingress: a route that names a missing Middleware is not served. */
export class TraefikMiddlewaresChart extends Chart {
  constructor(scope: Construct, id: string, props: StudioIdentity) {
    super(scope, id);
    new Middleware(this, 'redirect', {
      metadata: objectMeta(props, REDIRECT),
      spec: { redirectScheme: { scheme: 'https', permanent: true } },
    });
    new Middleware(this, 'hsts', {
      metadata: objectMeta(props, HSTS),
      spec: { headers: { stsSeconds: HSTS_SECONDS } },
    });
  }
}

/** UI, API and spans over HTTPS through an ingress controller. */
export class IngressChart extends Chart {
  constructor(scope: Construct, id: string, props: IngressChartProps) {
    super(scope, id);
    const { edge, className, ports } = props;
    const { ui, api, spans } = edge.hosts;
    const controller = controllerOf(className);
    const tlsSecret = tlsSecretName(edge.certificate);
    const middleware = (name: string) => ({
      'traefik.ingress.kubernetes.io/router.middlewares': `${props.namespace}-${name}@kubernetescrd`,
    });

    addCertificates(this, {
      ...props,
      certificate: edge.certificate,
      hosts: spans ? [ui, api, spans] : [ui, api],
      solver: {
        ingress: {
          ...(className && { ingressClassName: className }),
          // The default, NodePort, would open a port on every node while a challenge runs.
          serviceType: 'ClusterIP',
        },
      },
    });

    const backends = [
      { host: ui, service: workloadNames.frontend, port: ports.ui },
      { host: api, service: workloadNames.backend, port: ports.api },
    ];
    this.addIngress('web', 'junjo-ai-studio', props, backends, tlsSecret, {
      ...controller.web,
      ...(controller.middlewares && middleware(HSTS)),
    });
    if (controller.middlewares) {
      // Plain HTTP: no TLS section, and the solver's longer path wins over the redirect.
      this.addIngress('redirect', REDIRECT, props, backends, undefined, {
        'traefik.ingress.kubernetes.io/router.entrypoints': 'web',
        ...middleware(REDIRECT),
      });
    }
    if (spans) {
      // An Ingress of its own, because the protocol of the backend holds for a whole Ingress.
      const backend = controller.tlsToBackend
        ? { host: spans, service: spansTlsName, port: SPANS_TLS_PORT }
        : { host: spans, service: workloadNames.ingestion, port: ports.spans };
      this.addIngress('spans', 'junjo-ai-studio-spans', props, [backend], tlsSecret, controller.spans);
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
      metadata: {
        ...objectMeta(identity, name),
        annotations: { ...annotations, ...(edge.externalDns && externalDnsAnnotations(hosts)) },
      },
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
