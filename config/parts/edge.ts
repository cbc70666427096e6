import { hasOneHost, type ReleaseLine } from '../../releases';
import { type EdgeNeed, edgeNeeds } from '../edge-needs';
import { type GatewayController, gatewayControllers } from '../gateway-controllers';
import { ingressControllers } from '../ingress-controllers';
import type { IngressController } from '../ingress-controllers/ingress-controller';
import type { Built, Problem } from '../problems';
import type { CertificateSource, Edge, EdgeRoute } from '../studio-config';
import { listed } from '../text';
import type { GatewayChoice } from '../value-types';
import type { Values } from '../values';
import type { VariableName } from '../variables';
import { ingressSettingOf } from './ingress-setting';
import { otlpHttpHostOf } from './otlp-http';
import { spansWay } from './spans';
import type { Addresses } from './web';

const CLASS = 'JUNJO_K8S_INGRESS_CLASS';
const GATEWAY = 'JUNJO_K8S_GATEWAY';
const CONTROLLER = 'JUNJO_K8S_INGRESS_CONTROLLER';
const RANGES = 'JUNJO_K8S_WEB_SOURCE_RANGES';
const NAMESPACE = 'JUNJO_K8S_INGRESS_NAMESPACE';
const HTTPS_LISTENER = 'JUNJO_K8S_GATEWAY_HTTPS_LISTENER';
const HTTP_LISTENER = 'JUNJO_K8S_GATEWAY_HTTP_LISTENER';
const ISSUER = 'JUNJO_K8S_CLUSTER_ISSUER';
const TLS_SECRET = 'JUNJO_K8S_TLS_SECRET';
const ACME: readonly VariableName[] = ['JUNJO_K8S_ACME_EMAIL', 'JUNJO_K8S_ACME_SERVER'];

const edgeSettings: readonly VariableName[] = [
  CLASS,
  GATEWAY,
  CONTROLLER,
  HTTPS_LISTENER,
  HTTP_LISTENER,
  NAMESPACE,
  RANGES,
  ...ACME,
  ISSUER,
  TLS_SECRET,
  'JUNJO_K8S_INGESTION_SERVICE',
  'JUNJO_K8S_INGESTION_SOURCE_RANGES',
  'JUNJO_K8S_CLOUD',
  'JUNJO_K8S_LOAD_BALANCER',
  'JUNJO_K8S_EXTERNAL_DNS',
];

/** How a production studio is reached; nothing in development, or while its addresses have problems of their own. */
export function edgeOf(
  values: Values,
  line: ReleaseLine,
  addresses: Addresses,
  studioNamespace: string,
): Built<Edge | undefined> {
  if (values.inEffect('JUNJO_ENV') !== 'production') {
    const without = edgeSettings.filter((name) => values.isSet(name));
    const text = 'has no effect in development, where the studio is on localhost';
    return { value: undefined, problems: without.map((name) => values.note(name, text)) };
  }
  const { value: route, problems: routeProblems } = routeOf(values, studioNamespace);
  const { value: certificate, problems: certificateProblems } = certificateOf(values, addresses, route);
  const webSourceRanges = values.inEffect(RANGES) ?? [];
  const problems = [...routeProblems, ...certificateProblems, ...webSourceRangeProblems(values, route, certificate)];
  const { ui, api } = addresses;
  const spans = spansWay(addresses);
  const otlpHttp = otlpHttpHostOf(values);
  if (!certificate || !ui || !api || !spans) return { value: undefined, problems };
  const hosts = {
    ui: ui.hostname,
    ...(!hasOneHost(line) && { api: api.hostname }),
    ...(spans.kind === 'edge' && { spans: spans.host }),
    ...(otlpHttp && { otlpHttp }),
  };
  const edge: Edge = {
    route,
    certificate,
    hosts,
    webSourceRanges,
    externalDns: values.inEffect('JUNJO_K8S_EXTERNAL_DNS'),
    internal: values.inEffect('JUNJO_K8S_LOAD_BALANCER') === 'internal',
    cloud: values.inEffect('JUNJO_K8S_CLOUD'),
  };
  return { value: edge, problems };
}

/** What carries HTTPS into the cluster. */
function routeOf(values: Values, studioNamespace: string): Built<EdgeRoute> {
  const gateway = values.inEffect(GATEWAY);
  const problems: Problem[] = [];
  if (values.isSet(GATEWAY) && values.isSet(CLASS)) {
    problems.push(values.error(GATEWAY, `cannot be combined with ${CLASS}. Remove one of the two lines`));
  }
  if (gateway?.kind !== 'existing') {
    const text = `has no effect without an existing Gateway. Set ${GATEWAY}=namespace/name, or remove the line`;
    const listeners = [HTTPS_LISTENER, HTTP_LISTENER] as const;
    problems.push(...listeners.filter((name) => values.isSet(name)).map((name) => values.error(name, text)));
  }
  const route = gateway ? gatewayRouteOf(values, gateway, studioNamespace) : ingressRouteOf(values);
  return { value: route.value, problems: [...problems, ...route.problems] };
}

function ingressRouteOf(values: Values): Built<EdgeRoute> {
  const className = values.inEffect(CLASS);
  const { value: controller, problems: controllerProblems } = controllerOf(
    values,
    ingressControllers,
    'an ingress class',
    className,
  );
  const problems = [...controllerProblems, ...ingressNotes(values, className, controller)];
  if (controller?.outsideCluster) {
    const reason = 'it connects from outside the cluster, not from a pod';
    problems.push(...namespaceProblems(values, controller.name, reason));
  }
  return { value: { kind: 'ingress', className, controller }, problems };
}

/** A namespace of the controller is wrong if its connections do not come from its pods. */
function namespaceProblems(values: Values, name: string, reason: string): readonly Problem[] {
  return values.isSet(NAMESPACE) ? [values.error(NAMESPACE, `would block ${name}: ${reason}. Remove the line`)] : [];
}

function gatewayRouteOf(values: Values, gateway: GatewayChoice, studioNamespace: string): Built<EdgeRoute> {
  const className = gateway.kind === 'new' ? gateway.className : undefined;
  const { value: controller, problems: controllerProblems } = controllerOf(
    values,
    gatewayControllers,
    'a Gateway',
    className,
  );
  const problems = [...controllerProblems];
  if (gateway.kind === 'new' || gateway.namespace === studioNamespace) {
    problems.push(...podsBesideGateway(values, controller));
  }
  if (controller?.pods === 'no pods') {
    const reason = 'its connections do not come from a pod';
    problems.push(...namespaceProblems(values, controller.name, reason));
  }
  if (controller?.ignoresTimeouts) {
    problems.push(values.note(GATEWAY, `${controller.name}: ${controller.ignoresTimeouts}`));
  }
  if (gateway.kind === 'new') {
    return { value: { kind: 'gateway', className: gateway.className, controller }, problems };
  }
  const { namespace, name } = gateway;
  const [https, http] = [values.inEffect(HTTPS_LISTENER), values.inEffect(HTTP_LISTENER)];
  if (https === http) {
    const text = 'is the HTTPS listener, so the redirect would never end. Name the plain HTTP listener, or write none';
    problems.push(values.error(HTTP_LISTENER, text));
  }
  const listeners = { https, ...(http !== 'none' && { http }) };
  return { value: { kind: 'sharedGateway', namespace, name, listeners, controller }, problems };
}

/** The policies of the studio block the pods of a Gateway that run in the namespace of the studio. */
function podsBesideGateway(values: Values, controller: GatewayController | undefined): readonly Problem[] {
  if (!values.inEffect('JUNJO_K8S_NETWORK_POLICY')) return [];
  const fix = `Use a Gateway in another namespace: ${GATEWAY}=namespace/name`;
  if (controller?.pods === "the Gateway's namespace") {
    const text = `${controller.name} runs the pods of a Gateway in its namespace. Here that is the namespace of the studio, where network policies block them. ${fix}`;
    return [values.error(GATEWAY, text)];
  }
  if (controller || values.isSet(CONTROLLER)) return [];
  const text = `is in the namespace of the studio. If its controller runs pods there, as Istio does, the network policies block them. ${fix}, or set ${CONTROLLER} to the name of the controller`;
  return [values.note(GATEWAY, text)];
}

/** The controller that the file names, or the one whose usual classes include this one. @param runs what the known ones run */
function controllerOf<Kind extends IngressController | GatewayController>(
  values: Values,
  known: Readonly<Record<string, Kind>>,
  runs: string,
  className: string | undefined,
): Built<Kind | undefined> {
  const named = values.inEffect(CONTROLLER);
  if (named === undefined) {
    const usual = Object.values(known).find(({ classes }) => className !== undefined && classes?.test(className));
    return { value: usual, problems: [] };
  }
  const text = `${named} does not run ${runs}. Write one of: ${Object.keys(known).join(', ')}, other`;
  const problems = named === 'other' || named in known ? [] : [values.error(CONTROLLER, text)];
  return { value: known[named], problems };
}

/** What the user should know about the chosen controller. */
function ingressNotes(
  values: Values,
  className: string | undefined,
  controller: IngressController | undefined,
): readonly Problem[] {
  const setting = ingressSettingOf(values);
  if (!controller) {
    const start = values.isSet(setting) ? '' : 'is not set: ';
    const which = className ? `class ${className}` : "the cluster's default class";
    const needs = Object.values(unnamedNeeds);
    const must = `It must ${listed(needs.slice(0, 2))}. It must also ${listed(needs.slice(2))}`;
    const text = `${start}UI and API get a plain Ingress of ${which}, so configure its controller yourself. ${must}. Or set ${CONTROLLER} to a controller that synth can configure`;
    return [values.note(setting, text)];
  }
  const cannot = Object.entries(unnamedNeeds).flatMap(([need, what]) => {
    // Object.entries forgets that the keys are those of edgeNeeds.
    const { cannot: reason } = controller.answers[need as EdgeNeed];
    return reason ? [values.note(setting, `${controller.name} does not ${what}: ${reason}`)] : [];
  });
  return [...(controller.note ? [values.note(setting, controller.note)] : []), ...cannot];
}

// Source ranges have their own setting, which is an error where they cannot be enforced.
const { sourceRanges: _, ...unnamedNeeds } = edgeNeeds;

/** Whether the edge can filter addresses for UI and API, and still get its certificate. */
function webSourceRangeProblems(
  values: Values,
  route: EdgeRoute,
  certificate: CertificateSource | undefined,
): readonly Problem[] {
  if (!values.inEffect(RANGES)) return [];
  const reason = whyNotFiltered(route);
  if (reason) {
    const fix = 'Limit the addresses in front of this edge, or choose another edge';
    return [values.error(RANGES, `cannot be enforced here: ${reason}. ${fix}`)];
  }
  return route.kind === 'ingress' && route.controller?.rangesHoldForHost && certificate?.kind === 'acme'
    ? [
        values.warning(
          RANGES,
          `apply to the whole host on ${route.controller.name}, so they may block the challenge of Let's Encrypt. Set ${ISSUER} to an issuer with DNS-01, or ${TLS_SECRET}`,
        ),
      ]
    : [];
}

function whyNotFiltered(route: EdgeRoute): string | undefined {
  const { controller } = route;
  if (!controller) return `the controller of the edge is unknown. Name it with ${CONTROLLER}`;
  if ('answers' in controller) return controller.answers.sourceRanges.cannot;
  return controller.sourceRanges ? undefined : `these manifests cannot filter addresses with ${controller.name}`;
}

function certificateOf(values: Values, addresses: Addresses, route: EdgeRoute): Built<CertificateSource | undefined> {
  const problems: Problem[] = [];
  const acme = ACME.filter((name) => values.isSet(name));
  if (values.isSet(TLS_SECRET) && values.isSet(ISSUER)) {
    problems.push(values.error(TLS_SECRET, `cannot be combined with ${ISSUER}. Remove one of the two lines`));
  }
  const winner = [TLS_SECRET, ISSUER].find((name) => values.isSet(name));
  const elsewhere = whoHasCertificates(route);
  if (elsewhere) {
    // Where TLS ends in the pod of ingestion, these two are for that.
    const forSpans = spansWay(addresses)?.kind === 'tls';
    for (const name of [...acme, ...(winner && !forSpans ? [winner] : [])]) {
      problems.push(values.error(name, `has no effect here: ${elsewhere}. Remove the line`));
    }
    return { value: { kind: 'elsewhere' }, problems };
  }
  for (const name of winner ? acme : []) {
    problems.push(values.error(name, `has no effect together with ${winner}. Remove one of the two lines`));
  }
  const [secret, issuer] = [values.inEffect(TLS_SECRET), values.inEffect(ISSUER)];
  if (secret) return { value: { kind: 'secret', name: secret }, problems };
  if (issuer) return { value: { kind: 'clusterIssuer', name: issuer }, problems };
  if (route.kind === 'ingress' && route.controller?.oneIngressPerHost) {
    const text = `${route.controller.name} serves each host from one Ingress only, so Let's Encrypt cannot reach the Ingress of cert-manager's challenge. Set ${ISSUER} to an issuer with DNS-01, or ${TLS_SECRET}`;
    problems.push(values.error(ingressSettingOf(values), text));
  }
  const server = values.inEffect('JUNJO_K8S_ACME_SERVER');
  return { value: { kind: 'acme', server, email: values.inEffect('JUNJO_K8S_ACME_EMAIL') }, problems };
}

/** Why no certificate in the namespace is used by the edge, or nothing when one is. */
function whoHasCertificates(route: EdgeRoute): string | undefined {
  if (route.kind === 'sharedGateway') return 'the listeners of the existing Gateway have the certificate';
  if (route.kind === 'gateway') return undefined;
  switch (route.controller?.certificates) {
    case 'itself':
      return `${route.controller.name} obtains certificates by itself. It mixes up Secrets of the same name in different namespaces, and does not read a renewed one. Set its account in the ConfigMap of the controller`;
    case 'cloud':
      return `${route.controller.name} takes certificates from the cloud by host`;
    default:
      return undefined;
  }
}
