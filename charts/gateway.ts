import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { HSTS_SECONDS, READ_TIMEOUT_SECONDS } from '../config/ingress-controllers';
import { workloadNames } from '../config/names';
import type { Edge, EdgeRoute } from '../config/studio-config';
import {
  SecurityPolicy,
  SecurityPolicySpecAuthorizationDefaultAction,
  SecurityPolicySpecAuthorizationRulesAction,
} from '../imports/gateway.envoyproxy.io';
import {
  Gateway,
  GatewaySpecListenersAllowedRoutesNamespacesFrom,
  GatewaySpecListenersTlsMode,
  GrpcRoute,
  HttpRoute,
  HttpRouteSpecRulesFiltersRequestRedirectScheme,
  HttpRouteSpecRulesFiltersType,
  HttpRouteSpecRulesMatchesPathType,
} from '../imports/gateway.networking.k8s.io';
import { addCertificates, type SolverPodsProps, solverPods, tlsSecretName } from './certificates';
import type { EdgePorts } from './ingress';
import { objectMeta, type StudioIdentity } from './metadata';
import { externalDnsAnnotations } from './service';

const GATEWAY = 'junjo-ai-studio';
const GROUP = 'gateway.networking.k8s.io';

/** The edge, as routes of the Gateway API. */
export interface GatewayChartProps extends StudioIdentity, SolverPodsProps {
  readonly edge: Edge;
  readonly route: Exclude<EdgeRoute, { kind: 'ingress' }>;
  readonly ports: EdgePorts;
}

/**
 * UI, API and spans over HTTPS through the Gateway API. What the CRDs would default inside lists is written out, because a
 * merge replaces a whole list and would show a change at every apply.
 */
export class GatewayChart extends Chart {
  constructor(scope: Construct, id: string, props: GatewayChartProps) {
    super(scope, id);
    const { edge, route, ports } = props;
    const { ui, api, spans } = edge.hosts;
    const hosts = spans ? [ui, api, spans] : [ui, api];
    const parent = (listener: Listener) => [gatewayReference(props, listener)];
    const backend = (service: string, port: number) => [{ group: '', kind: 'Service', name: service, port, weight: 1 }];
    const metadata = (name: string, names: readonly string[]) => ({
      ...objectMeta(props, name),
      ...(edge.externalDns && { annotations: externalDnsAnnotations(names) }),
    });
    const everyPath = [{ path: { type: HttpRouteSpecRulesMatchesPathType.PATH_PREFIX, value: '/' } }];

    if (route.kind === 'gateway') {
      this.addGateway(props, route.className, hosts);
      addCertificates(this, {
        ...props,
        certificate: edge.certificate,
        hosts,
        solver: { gatewayHttpRoute: { parentRefs: parent('http'), serviceType: 'ClusterIP', ...solverPods(props) } },
      });
    }

    for (const { name, host, service, port } of [
      { name: 'ui', host: ui, service: workloadNames.frontend, port: ports.ui },
      { name: 'api', host: api, service: workloadNames.backend, port: ports.api },
    ]) {
      new HttpRoute(this, name, {
        metadata: metadata(`junjo-ai-studio-${name}`, [host]),
        spec: {
          parentRefs: parent('https'),
          hostnames: [host],
          rules: [
            {
              matches: everyPath,
              filters: [
                {
                  type: HttpRouteSpecRulesFiltersType.RESPONSE_HEADER_MODIFIER,
                  responseHeaderModifier: {
                    set: [{ name: 'Strict-Transport-Security', value: `max-age=${HSTS_SECONDS}` }],
                  },
                },
              ],
              backendRefs: backend(service, port),
              // Implementations cut LLM answers off at 15 s to 60 s otherwise.
              timeouts: { request: `${READ_TIMEOUT_SECONDS}s`, backendRequest: `${READ_TIMEOUT_SECONDS}s` },
            },
          ],
        },
      });
    }

    if (listenerOf(route, 'http')) {
      // On the plain listener only; the solver's exact path wins over it.
      new HttpRoute(this, 'redirect', {
        metadata: objectMeta(props, 'junjo-ai-studio-redirect'),
        spec: {
          parentRefs: parent('http'),
          hostnames: [ui, api],
          rules: [
            {
              matches: everyPath,
              filters: [
                {
                  type: HttpRouteSpecRulesFiltersType.REQUEST_REDIRECT,
                  requestRedirect: { scheme: HttpRouteSpecRulesFiltersRequestRedirectScheme.HTTPS, statusCode: 301 },
                },
              ],
            },
          ],
        },
      });
    }

    if (edge.webSourceRanges.length > 0 && route.controller?.sourceRanges === 'envoy-gateway') {
      // On the routes of UI and API: on the Gateway it would shut out spans, and the solver.
      new SecurityPolicy(this, 'source-ranges', {
        metadata: objectMeta(props, 'junjo-ai-studio-source-ranges'),
        spec: {
          targetRefs: ['ui', 'api'].map((name) => ({
            group: GROUP,
            kind: 'HTTPRoute',
            name: `junjo-ai-studio-${name}`,
          })),
          authorization: {
            defaultAction: SecurityPolicySpecAuthorizationDefaultAction.DENY,
            rules: [
              {
                action: SecurityPolicySpecAuthorizationRulesAction.ALLOW,
                principal: { clientCidRs: [...edge.webSourceRanges] },
              },
            ],
          },
        },
      });
    }

    if (spans) {
      // Its host is of no HTTPRoute: of two kinds of route with one host on a listener, only the older is accepted.
      new GrpcRoute(this, 'spans', {
        metadata: metadata('junjo-ai-studio-spans', [spans]),
        spec: {
          parentRefs: parent('https'),
          hostnames: [spans],
          rules: [{ backendRefs: backend(workloadNames.ingestion, ports.spans) }],
        },
      });
    }
  }

  private addGateway({ edge, ...identity }: GatewayChartProps, className: string, hosts: readonly string[]): void {
    const secret = tlsSecretName(edge.certificate);
    const allowedRoutes = { namespaces: { from: GatewaySpecListenersAllowedRoutesNamespacesFrom.SAME } };
    new Gateway(this, 'gateway', {
      metadata: {
        ...objectMeta(identity, GATEWAY),
        ...(edge.externalDns && { annotations: externalDnsAnnotations(hosts) }),
      },
      spec: {
        gatewayClassName: className,
        listeners: [
          { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes },
          {
            // One listener for all hosts: Envoy Gateway offers no HTTP/2 on listeners whose certificates overlap.
            name: 'https',
            port: 443,
            protocol: 'HTTPS',
            tls: {
              mode: GatewaySpecListenersTlsMode.TERMINATE,
              certificateRefs: [{ group: '', kind: 'Secret', name: secret ?? '' }],
            },
            allowedRoutes,
          },
        ],
      },
    });
  }
}

type Listener = 'http' | 'https';

/** The name of a listener; a shared Gateway may have no plain one for us. */
function listenerOf(route: GatewayChartProps['route'], listener: Listener): string | undefined {
  return route.kind === 'gateway' ? listener : route.listeners[listener];
}

/** A listener by its name. Attachment by port is extended support, which several implementations refuse or ignore. */
function gatewayReference({ route, namespace }: GatewayChartProps, listener: Listener) {
  const gateway =
    route.kind === 'gateway' ? { namespace, name: GATEWAY } : { namespace: route.namespace, name: route.name };
  return { group: GROUP, kind: 'Gateway', ...gateway, sectionName: listenerOf(route, listener) };
}
