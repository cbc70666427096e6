import { isIP } from 'node:net';
import { howToRun } from '../../../config/how-to-run';
import { conditionOf, type Fields, fieldsOf, listOf, type Manifest } from '../../../render/manifest';
import { isOfCloud } from '../../clouds';
import { advice } from '../../diagnosis/cause';
import type { StudioManifests } from '../../studio-manifests';
import { type Check, error, ok, type PreflightView, type Result, toOneOf, unread, warning } from '../check';

const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';

/** Whether a controller serves each Ingress. */
export const ingressClass: Check = {
  name: 'ingress-class',
  *results(studio, cluster) {
    const wanted = new Set(studio.ofKind('Ingress').map(({ spec }) => spec?.ingressClassName));
    if (wanted.size > 0 && !cluster.canRead('ingressclasses.networking.k8s.io')) {
      yield unread('list ingress classes', 'the ingress class');
      return;
    }
    for (const name of wanted) yield name === undefined ? ofDefault(cluster) : ofNamed(name, cluster);
  },
};

function ofNamed(name: string, cluster: PreflightView): Result {
  const found = cluster.named('IngressClass', name);
  return found ? served(found) : error(`There is no ingress class ${name}`, choice(cluster));
}

function ofDefault(cluster: PreflightView): Result {
  const defaults = cluster
    .ofKind('IngressClass')
    .filter(({ metadata }) => fieldsOf(metadata.annotations)[DEFAULT] === 'true');
  const [found] = defaults;
  if (!found) return error('There is no default ingress class', choice(cluster));
  if (defaults.length === 1) return served(found);
  return error(
    `There are ${defaults.length} default ingress classes. The API server then refuses an Ingress that does not name its class`,
    choice(cluster),
  );
}

function served({ metadata, spec }: Manifest): Result {
  return ok(`The ingress class ${metadata.name} uses the controller ${spec?.controller}`);
}

function choice(cluster: PreflightView): string {
  const names = cluster.ofKind('IngressClass').map(({ metadata }) => metadata.name);
  return names.length > 0 ? `Set JUNJO_K8S_INGRESS_CLASS ${toOneOf(names)}` : 'Install an ingress controller';
}

/** Whether a controller serves the studio's Gateway, and whether listeners of another Gateway take routes of this namespace. */
export const gateway: Check = {
  name: 'gateway',
  *results(studio, cluster) {
    const own = studio.ofKind('Gateway');
    for (const { spec } of own) yield ofClass(spec?.gatewayClassName, cluster);
    for (const shared of sharedGateways(studio)) yield* ofShared(shared, cluster);
  },
};

function ofClass(name: string, cluster: PreflightView): Result {
  if (!cluster.canRead('gatewayclasses.gateway.networking.k8s.io'))
    return unread('list gateway classes', `the gateway class ${name}`);
  const names = cluster.ofKind('GatewayClass').map(({ metadata }) => metadata.name);
  const found = cluster.named('GatewayClass', name);
  if (!found)
    return error(
      `There is no gateway class ${name}`,
      names.length > 0
        ? `Set JUNJO_K8S_GATEWAY ${toOneOf(names.map((each) => `class:${each}`))}`
        : 'Install a Gateway controller, and set JUNJO_K8S_GATEWAY to its class',
    );
  if (conditionOf(found, 'Accepted')?.status !== 'True')
    return error(
      `No controller has accepted the gateway class ${name}`,
      advice('Read its conditions', cluster.clusterCommand('describe', 'gatewayclass', name)),
    );
  return ok(`A controller has accepted the gateway class ${name}`);
}

/** A Gateway that belongs to another team, and its listeners to which routes of the studio attach. */
interface SharedGateway {
  readonly namespace: string;
  readonly name: string;
  readonly listeners: ReadonlySet<string>;
}

function sharedGateways(studio: StudioManifests): readonly SharedGateway[] {
  const routes = studio.manifests.filter(({ kind }) => /^(HTTP|GRPC)Route$/.test(kind));
  const parents = routes.flatMap(({ spec, metadata }) =>
    listOf(spec?.parentRefs).map((parent) => ({ namespace: metadata.namespace, ...parent })),
  );
  const others = parents.filter(
    ({ name, namespace }: Fields) =>
      !studio.ofKind('Gateway').some(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
  );
  const titles = [...new Set(others.map(({ namespace, name }: Fields) => `${namespace}/${name}`))];
  return titles.map((title) => {
    const own = others.filter(({ namespace, name }: Fields) => `${namespace}/${name}` === title);
    const [namespace = '', name = ''] = title.split('/');
    return { namespace, name, listeners: new Set(own.flatMap(({ sectionName }: Fields) => sectionName ?? [])) };
  });
}

function* ofShared({ namespace, name, listeners }: SharedGateway, cluster: PreflightView): Generator<Result> {
  const title = `${namespace}/${name}`;
  const found = cluster.named('Gateway', name, namespace);
  if (!found) {
    yield cluster.canRead('gateways.gateway.networking.k8s.io')
      ? error(
          `There is no Gateway ${title}`,
          advice(
            'Set JUNJO_K8S_GATEWAY to an existing Gateway',
            cluster.clusterCommand('get', 'gateways', '--all-namespaces'),
          ),
        )
      : unread('list Gateways', `that ${title} exists`);
    return;
  }
  const there = listOf(found.spec?.listeners);
  for (const wanted of listeners) {
    const listener = there.find((each) => each.name === wanted);
    const from = listener?.allowedRoutes?.namespaces?.from ?? 'Same';
    if (!listener)
      yield error(
        `The Gateway ${title} has no listener ${wanted}. It has ${there.map((each) => each.name).join(', ')}`,
        'Set JUNJO_K8S_GATEWAY_HTTPS_LISTENER and JUNJO_K8S_GATEWAY_HTTP_LISTENER to names of its listeners',
      );
    else if (from === 'Same' && namespace !== cluster.namespace)
      yield error(
        `The listener ${wanted} of ${title} does not allow routes from other namespaces`,
        'Ask the owner of the Gateway to set allowedRoutes.namespaces.from to All or Selector',
      );
    else yield ok(`The listener ${wanted} of the Gateway ${title} allows routes from this namespace`);
  }
}

/** Whether the ClusterIssuer that issues certificates is ready. */
export const issuer: Check = {
  name: 'issuer',
  *results(studio, cluster) {
    const references = studio.ofKind('Certificate').map(({ spec }) => spec?.issuerRef);
    const names = references.flatMap((reference) => (reference?.kind === 'ClusterIssuer' ? [reference.name] : []));
    for (const name of new Set<string>(names)) {
      if (!cluster.canRead('clusterissuers.cert-manager.io')) {
        yield unread('list cluster issuers', `the ClusterIssuer ${name}`);
        continue;
      }
      const found = cluster.named('ClusterIssuer', name);
      const known = cluster.ofKind('ClusterIssuer').map(({ metadata }) => metadata.name);
      const ready = found && conditionOf(found, 'Ready');
      if (!found)
        yield error(
          `There is no ClusterIssuer ${name}`,
          known.length > 0
            ? `Set JUNJO_K8S_CLUSTER_ISSUER ${toOneOf(known)}, or remove it to create an issuer for the studio`
            : 'Create it, or remove JUNJO_K8S_CLUSTER_ISSUER to create an issuer for the studio',
        );
      else if (ready?.status !== 'True')
        yield error(
          `The ClusterIssuer ${name} is not ready: ${ready?.message ?? 'cert-manager has not processed it'}`,
          advice('Read its conditions', cluster.clusterCommand('describe', 'clusterissuer', name)),
        );
      else yield ok(`The ClusterIssuer ${name} is ready`);
    }
  },
};

/** Whether anything gives addresses to Services of the type LoadBalancer. */
export const loadBalancer: Check = {
  name: 'load-balancer',
  *results(studio, cluster) {
    const wanted = studio.ofKind('Service').filter(({ spec }) => spec?.type === 'LoadBalancer');
    if (wanted.length === 0) return;
    if (!cluster.canRead('services')) {
      yield unread('list Services of other namespaces', 'whether load balancers get an address');
      return;
    }
    const others = cluster.ofKind('Service').filter(({ spec }) => spec?.type === 'LoadBalancer');
    const served = others.filter(({ status }) => listOf(status?.loadBalancer?.ingress).length > 0);
    const cloud = cluster.ofKind('Node').some(isOfCloud);
    const fix = studio.isProduction
      ? 'Install a load balancer, for example MetalLB. Or send spans through the edge: set JUNJO_PROD_INGESTION_URL to an https URL without a port'
      : advice('Forward the studio to localhost', howToRun('forward'));
    if (served.length > 0)
      yield ok(`Load balancers get an address: ${served[0]?.metadata.namespace}/${served[0]?.metadata.name} has one`);
    else if (cloud) yield ok('The nodes belong to a cloud that provides load balancers');
    else if (others.length > 0)
      yield warning(`No load balancer in this cluster has an address (${others.length} waiting)`, fix);
    else yield warning('It is unknown whether this cluster provides load balancers', fix);
  },
};

/** Annotations with the hosts of an object for external-dns. Releases from 0.22 on read only the second. */
const EXTERNAL_DNS = ['external-dns.alpha.kubernetes.io/hostname', 'external-dns.kubernetes.io/hostname'];

/** Whether the hosts resolve to the edge, as this machine resolves them. */
export const dns: Check = {
  name: 'dns',
  *results(studio, cluster) {
    const edge = addressesOf(cluster);
    const annotated = studio.manifests.flatMap(({ metadata }) =>
      EXTERNAL_DNS.flatMap((name) => String(fieldsOf(metadata.annotations)[name] ?? '').split(',')),
    );
    for (const [host, addresses] of cluster.facts.hosts) {
      const written = annotated.includes(host)
        ? 'Nothing to do: external-dns creates the record after the first apply'
        : undefined;
      const target = edge.length > 0 ? edge.join(', ') : 'the address of the edge, once it has one';
      if (addresses.length === 0)
        yield warning(
          `The host ${host} does not resolve yet`,
          written ?? `Create a DNS record that points to ${target}`,
        );
      else if (edge.length === 0)
        yield ok(`The host ${host} resolves to ${addresses.join(', ')}. The edge has no address yet to compare`);
      else if (addresses.some((address) => edge.includes(address))) yield ok(`The host ${host} resolves to the edge`);
      // The addresses of a load balancer that has a name change from day to day.
      else if (!edge.some((address) => isIP(address)))
        yield ok(`The host ${host} resolves to ${addresses.join(', ')}. It must be an alias of ${edge.join(', ')}`);
      else
        yield warning(
          `The host ${host} resolves to ${addresses.join(', ')}, but the edge is at ${edge.join(', ')}`,
          'Correct the DNS record, unless a proxy or CDN is in front of the edge',
        );
    }
  },
};

/** The addresses of the edge that is already applied. */
function addressesOf(cluster: PreflightView): readonly string[] {
  const balancers = ['Ingress', 'Service'].flatMap((kind) => cluster.own(kind));
  const gateways = cluster
    .ofKind('Gateway')
    .flatMap(({ status }) => listOf(status?.addresses).map(({ value }) => value));
  const own = balancers.flatMap(({ status }) =>
    listOf(status?.loadBalancer?.ingress).map(({ ip, hostname }) => ip ?? hostname),
  );
  return [...new Set([...own, ...gateways])];
}
