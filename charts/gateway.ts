import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { HSTS_SECONDS, READ_TIMEOUT_SECONDS } from '../config/edge-needs';
import { reachOfGkeClass } from '../config/gateway-controllers';
import { OTLP_HTTP_PATH, otlpHttpName, webNames } from '../config/names';
import type { EdgeRoute } from '../config/studio-config';
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
import { addCertificates, solverPods, tlsSecretName } from './certificates';
import { type EdgeBackend, type EdgeChartProps, edgeHosts, webBackends } from './edge';
import { annotated, objectMeta } from './metadata';
import { externalDnsAnnotations, internalAnnotations } from './service';

const GATEWAY = 'junjo-ai-studio';
const GROUP = 'gateway.networking.k8s.io';

/** The edge, as routes of the Gateway API. */
export interface GatewayChartProps extends EdgeChartProps {
  readonly route: Exclude<EdgeRoute, { kind: 'ingress' }>;
}

/**
 * UI, API and spans over HTTPS through the Gateway API. What the CRDs would default inside lists is written out, because a
 * merge replaces a whole list and would show a change at every apply.
 */
export class GatewayChart extends Chart {
  constructor(scope: Construct, id: string, props: GatewayChartProps) {
    super(scope, id);
    const { edge, route, services } = props;
    const { spans, otlpHttp } = edge.hosts;
    if (route.kind === 'gateway') this.addGateway(props, route);
    for (const { name, ...backend } of webBackends(edge, services)) this.addWebRoute(props, name, backend);
    if (listenerOf(route, 'http')) this.addRedirect(props);
    if (edge.webSourceRanges.length > 0 && route.controller?.sourceRanges === 'envoy-gateway') {
      this.addSourceRanges(props);
    }
    if (spans) this.addSpansRoute(props, { host: spans, ...services.spans });
    if (otlpHttp) this.addOtlpHttpRoute(props, { host: otlpHttp, ...services.otlpHttp });
  }

  private addGateway(
    props: GatewayChartProps,
    { className, controller }: Extract<EdgeRoute, { kind: 'gateway' }>,
  ): void {
    const { studio, namespace, extra, edge } = props;
    const hosts = edgeHosts(edge);
    // Where nobody reads the field, it would only keep a cluster with older CRDs from taking the Gateway.
    const asks = edge.internal && !controller?.oneForAllGateways && !reachOfGkeClass(className);
    const internal = asks ? internalAnnotations(edge.cloud) : {};
    const allowedRoutes = { namespaces: { from: GatewaySpecListenersAllowedRoutesNamespacesFrom.SAME } };
    new Gateway(this, 'gateway', {
      metadata: metadataWithDns(props, GATEWAY, hosts),
      spec: {
        gatewayClassName: className,
        // Onto the Service of the Gateway: https://gateway-api.sigs.k8s.io/guides/infrastructure/
        ...(Object.keys(internal).length > 0 && { infrastructure: { annotations: internal } }),
        listeners: [
          { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes },
          {
            // One listener for all hosts: Envoy Gateway offers no HTTP/2 on listeners whose certificates overlap.
            name: 'https',
            port: 443,
            protocol: 'HTTPS',
            tls: {
              mode: GatewaySpecListenersTlsMode.TERMINATE,
              certificateRefs: [{ group: '', kind: 'Secret', name: tlsSecretName(edge.certificate) ?? '' }],
            },
            allowedRoutes,
          },
        ],
      },
    });
    addCertificates(this, {
      studio,
      namespace,
      extra,
      certificate: edge.certificate,
      hosts,
      solver: {
        gatewayHttpRoute: { parentRefs: parentRefs(props, 'http'), serviceType: 'ClusterIP', ...solverPods(props) },
      },
    });
  }

  private addWebRoute(props: GatewayChartProps, name: 'ui' | 'api', backend: EdgeBackend): void {
    new HttpRoute(this, name, {
      metadata: metadataWithDns(props, webNames.routes[name], [backend.host]),
      spec: {
        parentRefs: parentRefs(props, 'https'),
        hostnames: [backend.host],
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
            backendRefs: backendRefs(backend),
            // Implementations cut LLM answers off at 15 s to 60 s otherwise.
            timeouts: { request: `${READ_TIMEOUT_SECONDS}s`, backendRequest: `${READ_TIMEOUT_SECONDS}s` },
          },
        ],
      },
    });
  }

  /** On the plain listener only; the solver's exact path wins over it. */
  private addRedirect(props: GatewayChartProps): void {
    new HttpRoute(this, 'redirect', {
      metadata: objectMeta(props, 'junjo-ai-studio-redirect'),
      spec: {
        parentRefs: parentRefs(props, 'http'),
        hostnames: webBackends(props.edge, props.services).map(({ host }) => host),
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

  /** On the routes of UI and API: on the Gateway it would block spans and the solver, too. */
  private addSourceRanges(props: GatewayChartProps): void {
    new SecurityPolicy(this, 'source-ranges', {
      metadata: objectMeta(props, 'junjo-ai-studio-source-ranges'),
      spec: {
        targetRefs: webBackends(props.edge, props.services).map(({ name }) => ({
          group: GROUP,
          kind: 'HTTPRoute',
          name: webNames.routes[name],
        })),
        authorization: {
          defaultAction: SecurityPolicySpecAuthorizationDefaultAction.DENY,
          rules: [
            {
              action: SecurityPolicySpecAuthorizationRulesAction.ALLOW,
              principal: { clientCidRs: [...props.edge.webSourceRanges] },
            },
          ],
        },
      },
    });
  }

  /** No HTTPRoute has its host: of two kinds of route with one host on a listener, only the older is accepted. */
  private addSpansRoute(props: GatewayChartProps, backend: EdgeBackend): void {
    new GrpcRoute(this, 'spans', {
      metadata: metadataWithDns(props, 'junjo-ai-studio-spans', [backend.host]),
      spec: {
        parentRefs: parentRefs(props, 'https'),
        hostnames: [backend.host],
        rules: [{ backendRefs: backendRefs(backend) }],
      },
    });
  }

  /** On the encrypted listener only: what is sent in the clear gets a 404, and not a redirect that would hide it. */
  private addOtlpHttpRoute(props: GatewayChartProps, backend: EdgeBackend): void {
    new HttpRoute(this, 'otlp-http', {
      metadata: metadataWithDns(props, otlpHttpName, [backend.host]),
      spec: {
        parentRefs: parentRefs(props, 'https'),
        hostnames: [backend.host],
        rules: [
          {
            matches: [{ path: { type: HttpRouteSpecRulesMatchesPathType.EXACT, value: OTLP_HTTP_PATH } }],
            backendRefs: backendRefs(backend),
          },
        ],
      },
    });
  }
}

const everyPath = [{ path: { type: HttpRouteSpecRulesMatchesPathType.PATH_PREFIX, value: '/' } }];

function backendRefs({ service, port }: EdgeBackend) {
  return [{ group: '', kind: 'Service', name: service, port, weight: 1 }];
}

function metadataWithDns(props: GatewayChartProps, name: string, hosts: readonly string[]) {
  return annotated(objectMeta(props, name), props.edge.externalDns ? externalDnsAnnotations(hosts) : {});
}

type Listener = 'http' | 'https';

/** The name of a listener. A shared Gateway may have no listener for plain HTTP. */
function listenerOf(route: GatewayChartProps['route'], listener: Listener): string | undefined {
  return route.kind === 'gateway' ? listener : route.listeners[listener];
}

/** A listener by its name. Attachment by port is extended support, which several implementations refuse or ignore. */
function parentRefs({ route, namespace }: GatewayChartProps, listener: Listener) {
  const gateway =
    route.kind === 'gateway' ? { namespace, name: GATEWAY } : { namespace: route.namespace, name: route.name };
  return [{ group: GROUP, kind: 'Gateway', ...gateway, sectionName: listenerOf(route, listener) }];
}
