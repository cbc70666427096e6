import {
  intakeName,
  internalServiceNames,
  otlpHttpName,
  qdrantName,
  tlsSecretNames,
  webNames,
  workloadNames,
} from '../../config/names';
import { claimsOf, fieldsOf, listOf, type Manifest, matches, textsOf } from '../../render/manifest';
import { addressesOf } from '../studio-manifests';
import type { ClusterState } from './cluster-state';

/** The names that objects of a studio have, whoever applied them. */
const OWN_NAMES: readonly string[] = [
  ...Object.values(workloadNames),
  ...Object.values(internalServiceNames),
  ...Object.values(webNames.routes),
  ...Object.values(tlsSecretNames),
  webNames.ingress,
  otlpHttpName,
  qdrantName,
  intakeName,
];

/**
 * Whether an object in the namespace is unrelated to the studio. Objects that a user wrote by hand for the studio lack its labels,
 * so an object counts as foreign only if it clearly belongs to something else.
 */
export function isForeign(state: ClusterState, object: Manifest): boolean {
  const { kind, metadata } = object;
  const labels = fieldsOf(metadata.labels);
  const labelled = ['name', 'part-of'].some((key) => labels[`app.kubernetes.io/${key}`] === 'junjo-ai-studio');
  if (labelled || OWN_NAMES.includes(metadata.name) || state.workloads.length === 0) return false;
  return FOREIGN[kind]?.(state, object) ?? false;
}

const FOREIGN: Readonly<Record<string, (state: ClusterState, object: Manifest) => boolean>> = {
  Service: leadsElsewhere,
  Ingress: (state, { spec }) =>
    areElsewhere(state, [
      spec?.defaultBackend?.service?.name,
      ...listOf(spec?.rules).flatMap(({ http }) => listOf(http?.paths).map(({ backend }) => backend?.service?.name)),
    ]),
  HTTPRoute: isForeignRoute,
  GRPCRoute: isForeignRoute,
  Gateway: (state, { metadata }) => {
    const routes = routesOf(state).filter(({ spec }) => {
      return listOf(spec?.parentRefs).some(({ name }) => name === metadata.name);
    });
    return routes.length > 0 && routes.every((route) => isForeign(state, route));
  },
  Certificate: isForeignCertificate,
  // A Secret that neither a pod of the studio nor its edge names belongs to something else.
  SealedSecret: (state, { metadata }) => !isMentioned(state, metadata.name),
  ExternalSecret: (state, { metadata, spec }) => !isMentioned(state, spec?.target?.name ?? metadata.name),
  ReplicationSource: (state, { spec }) => {
    return spec?.sourcePVC !== undefined && !isMounted(state, spec.sourcePVC);
  },
};

/** Whether a workload of the studio mounts a claim. */
export function isMounted(state: ClusterState, claim: string): boolean {
  return state.workloads.some(({ object, pods }) =>
    [fieldsOf(object.spec?.template), ...pods.map((pod) => pod.object)].some((pod) => claimsOf(pod).includes(claim)),
  );
}

/** Whether a Service selects pods, and none that the studio has or should have. */
function leadsElsewhere(state: ClusterState, { spec }: Manifest): boolean {
  const selector = fieldsOf(spec?.selector);
  return (
    Object.keys(selector).length > 0 &&
    !state.workloads.some(({ object }) => matches(selector, fieldsOf(fieldsOf(object.spec?.template?.metadata).labels)))
  );
}

/** Whether these are names of Services, and none of the studio's. */
function areElsewhere(state: ClusterState, names: readonly unknown[]): boolean {
  const known = names.filter((name): name is string => typeof name === 'string');
  return (
    known.length > 0 &&
    known.every((name) => {
      const service = state.named('Service', name);
      return service ? isForeign(state, service) : !OWN_NAMES.includes(name);
    })
  );
}

function routesOf(state: ClusterState): readonly Manifest[] {
  return [...state.ofKind('HTTPRoute'), ...state.ofKind('GRPCRoute')];
}

function isForeignRoute(state: ClusterState, { spec }: Manifest): boolean {
  return areElsewhere(
    state,
    listOf(spec?.rules).flatMap(({ backendRefs }) => listOf(backendRefs).map(({ name }) => name)),
  );
}

/** Whether a certificate is for other hosts than the studio's, and what serves it leads elsewhere. */
function isForeignCertificate(state: ClusterState, { spec }: Manifest): boolean {
  const { secretName = '' } = fieldsOf(spec);
  if (OWN_NAMES.includes(secretName) || isMentioned(state, secretName)) return false;
  const users = [...state.ofKind('Ingress'), ...state.ofKind('Gateway')].filter((object) => {
    return JSON.stringify(object.spec ?? {}).includes(JSON.stringify(secretName));
  });
  if (secretName && users.length > 0) return users.every((object) => isForeign(state, object));
  const hosts = hostsOf(state);
  const names = textsOf(spec?.dnsNames);
  return hosts.length > 0 && names.length > 0 && !names.some((name) => hosts.some((host) => covers(name, host)));
}

/** The hosts at which people and applications reach the studio from outside. */
function hostsOf(state: ClusterState): readonly string[] {
  const urls = addressesOf(state).flatMap(({ url, forwarded }) => (forwarded ? [] : [url]));
  const own = [...state.ofKind('Ingress'), ...routesOf(state)].filter((object) => !isForeign(state, object));
  return [
    ...urls.flatMap((url) => /^https:\/\/([^/:]+)/.exec(url)?.[1] ?? []),
    ...own.flatMap(({ spec }) => [...listOf(spec?.rules).map(({ host }) => host), ...textsOf(spec?.hostnames)]),
  ].filter((host): host is string => typeof host === 'string');
}

function covers(name: string, host: string): boolean {
  return name === host || (name.startsWith('*.') && host.slice(host.indexOf('.')) === name.slice(1));
}

/** Whether a pod of the studio, or what leads to it, names something: a Secret with settings, for an image, or for a host. */
function isMentioned(state: ClusterState, name: string): boolean {
  const edge = ['Ingress', 'Gateway'].flatMap((kind) => state.ofKind(kind));
  const mentions = (value: unknown) => JSON.stringify(value ?? {}).includes(JSON.stringify(name));
  return (
    state.workloads.some(({ object, pods }) =>
      [object, ...pods.map((pod) => pod.object)].some((each) => mentions(each.spec)),
    ) || edge.filter((object) => !isForeign(state, object)).some(({ spec }) => mentions(spec))
  );
}
