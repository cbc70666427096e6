import {
  type EdgeNeed,
  edgeNeeds,
  type GatewayController,
  gatewayControllers,
  type IngressController,
  ingressControllers,
} from '../ingress-controllers';
import type { CertificateSource, Edge, EdgeRoute } from '../studio-config';
import { listed } from '../text';
import { list } from '../value-types';
import type { Values } from '../values';
import type { VariableName } from '../variables';
import { spansWay } from './spans';

// https://letsencrypt.org/docs/acme-protocol-updates/ and https://letsencrypt.org/docs/staging-environment/
const acmeDirectories: Readonly<Record<string, string>> = {
  letsencrypt: 'https://acme-v02.api.letsencrypt.org/directory',
  'letsencrypt-staging': 'https://acme-staging-v02.api.letsencrypt.org/directory',
};

const CLASS = 'JUNJO_K8S_INGRESS_CLASS';
const GATEWAY = 'JUNJO_K8S_GATEWAY';
const CONTROLLER = 'JUNJO_K8S_INGRESS_CONTROLLER';
const RANGES = 'JUNJO_K8S_WEB_SOURCE_RANGES';
const NAMESPACE = 'JUNJO_K8S_INGRESS_NAMESPACE';
const HTTPS_LISTENER = 'JUNJO_K8S_GATEWAY_HTTPS_LISTENER';
const HTTP_LISTENER = 'JUNJO_K8S_GATEWAY_HTTP_LISTENER';

const edgeSettings: readonly VariableName[] = [
  CLASS,
  GATEWAY,
  CONTROLLER,
  HTTPS_LISTENER,
  HTTP_LISTENER,
  NAMESPACE,
  RANGES,
  'JUNJO_K8S_ACME_EMAIL',
  'JUNJO_K8S_ACME_SERVER',
  'JUNJO_K8S_CLUSTER_ISSUER',
  'JUNJO_K8S_TLS_SECRET',
  'JUNJO_K8S_INGESTION_SERVICE',
  'JUNJO_K8S_INGESTION_SOURCE_RANGES',
  'JUNJO_K8S_CLOUD',
  'JUNJO_K8S_EXTERNAL_DNS',
];

/** How a production studio is reached; nothing while its addresses have problems of their own. */
export function checkEdge(values: Values): Edge | undefined {
  if (values.get('JUNJO_ENV') !== 'production') {
    for (const name of edgeSettings.filter(
      (setting) => values.written(setting) !== undefined && values.isSound(setting),
    )) {
      values.note(name, 'has no effect in development, where the studio is on localhost');
    }
    return undefined;
  }
  const route = edgeRoute(values);
  const certificate = certificateSource(values, route);
  const webSourceRanges = checkWebSourceRanges(values, route, certificate);
  const ui = hostOf(values, 'JUNJO_PROD_FRONTEND_URL');
  const api = hostOf(values, 'JUNJO_PROD_BACKEND_URL');
  const spans = spansWay(values);
  if (!ui || !api || !spans) return undefined;
  return {
    route,
    certificate,
    hosts: { ui, api, ...(spans.kind === 'edge' && { spans: spans.host }) },
    webSourceRanges,
    externalDns: values.get('JUNJO_K8S_EXTERNAL_DNS') === 'true',
  };
}

function hostOf(values: Values, name: VariableName): string | undefined {
  const url = values.get(name);
  return url !== undefined && values.isSound(name) ? new URL(url).hostname : undefined;
}

function edgeRoute(values: Values): EdgeRoute {
  const gateway = values.get(GATEWAY);
  const className = values.get(CLASS);
  if (gateway && className) {
    values.error(GATEWAY, `and ${CLASS} exclude each other. Remove one of the two lines`);
  }
  if (!gateway?.includes('/')) {
    for (const name of [HTTPS_LISTENER, HTTP_LISTENER] as const) {
      if (values.written(name) !== undefined) {
        values.error(
          name,
          `has no effect without a Gateway that is there already. Set ${GATEWAY}=namespace/name, or remove the line`,
        );
      }
    }
  }
  if (gateway) return gatewayRoute(values, gateway);
  const controller = controllerOf(values, ingressControllers, className);
  if (values.isSound(CLASS)) noteIngress(values, className, controller);
  if (controller?.outsideCluster) {
    checkNoNamespace(values, controller, 'it connects from outside the cluster, as no pod of any namespace');
  }
  return { kind: 'ingress', className, controller };
}

function checkNoNamespace(values: Values, { name }: { readonly name: string }, reason: string): void {
  if (values.written(NAMESPACE)) values.error(NAMESPACE, `would shut ${name} out: ${reason}. Remove the line`);
}

function hasPolicies(values: Values): boolean {
  return values.get('JUNJO_K8S_NETWORK_POLICY') !== 'false';
}

function gatewayRoute(values: Values, gateway: string): EdgeRoute {
  const own = gateway.startsWith('class:') ? gateway.slice('class:'.length) : undefined;
  const controller = controllerOf(values, gatewayControllers, own);
  if (controller && own !== undefined && controller.pods === "the Gateway's namespace" && hasPolicies(values)) {
    values.error(
      GATEWAY,
      `${controller.name} runs the pods of a Gateway beside it, so in the namespace of the studio, where the network policies close them in. Attach to a Gateway of another namespace: ${GATEWAY}=namespace/name`,
    );
  }
  if (controller?.pods === 'no pods') checkNoNamespace(values, controller, 'it connects as no pod of any namespace');
  if (controller?.ignoresTimeouts) values.note(GATEWAY, `${controller.name}: ${controller.ignoresTimeouts}`);
  if (own !== undefined) return { kind: 'gateway', className: own, controller };
  const [namespace = '', name = ''] = gateway.split('/');
  const [https = '', http] = [values.get(HTTPS_LISTENER), values.get(HTTP_LISTENER)];
  if (https === http) {
    values.error(
      HTTP_LISTENER,
      'is the HTTPS listener: the redirect would lead to itself for ever. Name the plain one, or write none',
    );
  }
  return {
    kind: 'sharedGateway',
    namespace,
    name,
    listeners: { https, ...(http !== 'none' && { http }) },
    controller,
  };
}

/** The controller that the file names, or the one whose usual classes include this one. */
function controllerOf<Kind extends IngressController | GatewayController>(
  values: Values,
  known: Readonly<Record<string, Kind>>,
  className: string | undefined,
): Kind | undefined {
  const named = values.get(CONTROLLER);
  if (named === undefined || !values.isSound(CONTROLLER)) {
    return Object.values(known).find(({ classes }) => className !== undefined && classes?.test(className));
  }
  if (named !== 'other' && !(named in known)) {
    const kind = known === (ingressControllers as unknown) ? 'an ingress class' : 'a Gateway';
    values.error(CONTROLLER, `${named} does not run ${kind}. Write one of: ${Object.keys(known).join(', ')}, other`);
  }
  return known[named];
}

/** What a person should know of the controller that was chosen. */
function noteIngress(values: Values, className: string | undefined, controller: IngressController | undefined): void {
  if (!controller) {
    const which = className ? `of class ${className}` : `of the cluster's default class (${CLASS} names another)`;
    values.note(
      CLASS,
      `UI and API get a plain Ingress ${which}. The controller itself must ${listed(Object.values(unnamedNeeds))}. ${CONTROLLER} names one that can be told`,
    );
    return;
  }
  if (controller.note) values.note(CLASS, controller.note);
  for (const [need, what] of Object.entries(unnamedNeeds)) {
    const { cannot } = controller.answers[need as EdgeNeed];
    if (cannot) values.note(CLASS, `${controller.name} does not ${what}: ${cannot}`);
  }
}

// Source ranges are asked for by name, and refused where they cannot be kept.
const { sourceRanges: _, ...unnamedNeeds } = edgeNeeds;

/** The addresses that may see UI and API, where the edge can tell them apart. */
function checkWebSourceRanges(values: Values, route: EdgeRoute, certificate: CertificateSource): readonly string[] {
  const written = values.get(RANGES);
  if (!written || !values.isSound(RANGES)) return [];
  const reason = whyNotFiltered(route);
  if (reason) {
    values.error(RANGES, `cannot be kept here: ${reason}. Limit the addresses before this edge, or choose another`);
  } else if (route.kind === 'ingress' && route.controller?.rangesHoldForHost && certificate.kind === 'acme') {
    values.warning(
      RANGES,
      `hold for the whole host on ${route.controller.name}, so that the challenge of Let's Encrypt may be turned away. Set JUNJO_K8S_CLUSTER_ISSUER to an issuer with DNS-01, or JUNJO_K8S_TLS_SECRET`,
    );
  }
  return list(written);
}

function whyNotFiltered(route: EdgeRoute): string | undefined {
  const { controller } = route;
  if (!controller) return `what runs the edge is not known. Name it with ${CONTROLLER}`;
  if ('answers' in controller) return controller.answers.sourceRanges.cannot;
  return controller.sourceRanges ? undefined : `for ${controller.name} the manifests have no policy that does it`;
}

function certificateSource(values: Values, route: EdgeRoute): CertificateSource {
  const issuer = values.get('JUNJO_K8S_CLUSTER_ISSUER');
  const secret = values.get('JUNJO_K8S_TLS_SECRET');
  const acme = (['JUNJO_K8S_ACME_EMAIL', 'JUNJO_K8S_ACME_SERVER'] as const).filter((name) => values.written(name));
  if (secret && issuer) {
    values.error(
      'JUNJO_K8S_TLS_SECRET',
      'and JUNJO_K8S_CLUSTER_ISSUER exclude each other. Remove one of the two lines',
    );
  }
  const winner = secret ? 'JUNJO_K8S_TLS_SECRET' : issuer ? 'JUNJO_K8S_CLUSTER_ISSUER' : undefined;
  for (const name of winner ? acme : []) {
    values.error(name, `has no effect beside ${winner}. Remove one of the two lines`);
  }
  const elsewhere = whoHasCertificates(route);
  if (elsewhere) {
    // Where TLS ends in the pod of ingestion, these two are for that.
    const forSpans = spansWay(values)?.kind === 'tls';
    for (const name of [...acme, ...(winner && !forSpans ? [winner] : [])]) {
      values.error(name, `has no effect here: ${elsewhere}. Remove the line`);
    }
    return { kind: 'elsewhere' };
  }
  if (secret) return { kind: 'secret', name: secret };
  if (issuer) return { kind: 'clusterIssuer', name: issuer };
  if (route.kind === 'ingress' && route.controller?.oneIngressPerHost) {
    values.error(
      CLASS,
      `${route.controller.name} gives a host to one Ingress alone, so that Let's Encrypt never reaches the one that cert-manager makes for its challenge. Set JUNJO_K8S_CLUSTER_ISSUER to an issuer with DNS-01, or JUNJO_K8S_TLS_SECRET`,
    );
  }
  const server = values.get('JUNJO_K8S_ACME_SERVER') ?? '';
  return { kind: 'acme', server: acmeDirectories[server] ?? server, email: values.get('JUNJO_K8S_ACME_EMAIL') };
}

/** Why no certificate in the namespace is used by the edge, or nothing when one is. */
function whoHasCertificates(route: EdgeRoute): string | undefined {
  if (route.kind === 'sharedGateway') return 'the listeners of a Gateway that is there already bring the certificate';
  if (route.kind === 'gateway') return undefined;
  switch (route.controller?.certificates) {
    case 'itself':
      return `${route.controller.name} obtains certificates by itself; it keeps Secrets by their name alone, whatever their namespace, and does not read a renewed one. Its account is set in the ConfigMap of the controller`;
    case 'cloud':
      return `${route.controller.name} takes certificates from the cloud, by their host`;
    default:
      return undefined;
  }
}
