import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import type { Annotations } from '../config/ingress-controllers/ingress-controller';
import { OTLP_HTTP_PATH, otlpHttpName, webNames } from '../config/names';
import type { EdgeRoute } from '../config/studio-config';
import { addCertificates, solverPods, tlsSecretName } from './certificates';
import { controllerAnnotations, type EdgeBackend, type EdgeChartProps, edgeHosts, webBackends } from './edge';
import { objectsOf } from './ingress-controllers';
import { annotated, objectMeta } from './metadata';
import { externalDnsAnnotations } from './service';

/** The edge, as Ingresses of one class. */
export interface IngressChartProps extends EdgeChartProps {
  readonly route: Extract<EdgeRoute, { kind: 'ingress' }>;
}

/** UI, API and spans over HTTPS through an ingress controller. */
export class IngressChart extends Chart {
  constructor(scope: Construct, id: string, props: IngressChartProps) {
    super(scope, id);
    const { studio, namespace, extra, edge, route, services } = props;
    const { spans, otlpHttp } = edge.hosts;
    const tlsSecret = tlsSecretName(edge.certificate);
    const annotations = controllerAnnotations(edge, services);
    const objects = objectsOf(route.controller);
    const objectsProps = { studio, namespace, sourceRanges: edge.webSourceRanges };

    addCertificates(this, {
      studio,
      namespace,
      extra,
      certificate: edge.certificate,
      hosts: edgeHosts(edge),
      solver: {
        ingress: {
          ...(route.className && { ingressClassName: route.className }),
          // The default, NodePort, would open a port on every node while a challenge runs.
          serviceType: 'ClusterIP',
          ...solverPods(props),
        },
      },
    });

    const web = webBackends(edge, services);
    this.addIngress('web', webNames.ingress, props, web, tlsSecret, {
      ...annotations.web,
      ...objects?.web(objectsProps),
    });
    if (objects?.redirect) {
      // Plain HTTP: no TLS section, and the solver's longer path wins over the redirect.
      this.addIngress('redirect', 'junjo-ai-studio-redirect', props, web, undefined, objects.redirect(objectsProps));
    }
    if (spans) {
      // A separate Ingress, because the protocol of the backend holds for a whole Ingress.
      const backend = { host: spans, ...services.spans };
      this.addIngress('spans', 'junjo-ai-studio-spans', props, [backend], tlsSecret, annotations.spans);
    }
    if (otlpHttp) {
      const backend = { host: otlpHttp, path: OTLP_HTTP_PATH, ...services.otlpHttp };
      this.addIngress('otlp-http', otlpHttpName, props, [backend], tlsSecret, annotations.otlpHttp);
    }
  }

  private addIngress(
    id: string,
    name: string,
    props: IngressChartProps,
    backends: readonly EdgeBackend[],
    tlsSecret: string | undefined,
    annotations: Annotations,
  ): void {
    const { className } = props.route;
    const hosts = backends.map(({ host }) => host);
    new k8s.KubeIngress(this, id, {
      metadata: annotated(objectMeta(props, name), {
        ...annotations,
        ...(props.edge.externalDns && externalDnsAnnotations(hosts)),
      }),
      spec: {
        ...(className && { ingressClassName: className }),
        ...(tlsSecret && { tls: [{ hosts, secretName: tlsSecret }] }),
        rules: backends.map(({ host, path, service, port }) => ({
          host,
          http: {
            paths: [
              {
                path: path ?? '/',
                pathType: path ? 'Exact' : 'Prefix',
                backend: { service: { name: service, port: { number: port } } },
              },
            ],
          },
        })),
      },
    });
  }
}
