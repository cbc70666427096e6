import { isIP } from 'node:net';
import { howToRun } from '../../../config/how-to-run';
import { conditionOf, type Fields, fieldsOf, listOf, type Manifest } from '../../../render/manifest';
import { isOfCloud } from '../../clouds';
import { advice } from '../../diagnosis/cause';
import type { StudioManifests } from '../../studio-manifests';
import { type Check, error, ok, type PreflightView, type Result, warning } from '../check';

const DEFAULT = 'ingressclass.kubernetes.io/is-default-class';

/** Whether a controller serves each Ingress. */
export const ingressClass: Check = {
  name: 'ingress-class',
  *results(studio, cluster) {
    const wanted = new Set(studio.ofKind('Ingress').map(({ spec }) => spec?.ingressClassName));
    if (wanted.size > 0 && !cluster.canRead('ingressclasses.networking.k8s.io')) {
      yield warning('you lack permission to list ingress classes');
      return;
    }
    for (const name of wanted) yield name === undefined ? ofDefault(cluster) : ofNamed(name, cluster);
  },
};

function ofNamed(name: string, cluster: PreflightView): Result {
  const found = cluster.named('IngressClass', name);
  return found ? served(found) : error(`there is no ingress class ${name}`, choice(cluster));
}

function ofDefault(cluster: PreflightView): Result {
  const defaults = cluster
    .ofKind('IngressClass')
    .filter(({ metadata }) => fieldsOf(metadata.annotations)[DEFAULT] === 'true');
  const [found] = defaults;
  if (!found) return error('there is no default ingress class', choice(cluster));
  if (defaults.length === 1) return served(found);
  return error(
    `there are ${defaults.length} default ingress classes, with which the API server refuses an Ingress that names none`,
    choice(cluster),
  );
}

function served({ metadata, spec }: Manifest): Result {
  return ok(`ingress class ${metadata.name}, ${spec?.controller}`);
}

function choice(cluster: PreflightView): string {
  const names = cluster.ofKind('IngressClass').map(({ metadata }) => metadata.name);
  return names.length > 0
    ? `set JUNJO_K8S_INGRESS_CLASS to one of ${names.join(', ')}`
    : 'install an ingress controller';
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
    return warning('you lack permission to list gateway classes');
  const names = cluster.ofKind('GatewayClass').map(({ metadata }) => metadata.name);
  const found = cluster.named('GatewayClass', name);
  if (!found)
    return error(
      `there is no gateway class ${name}`,
      `set JUNJO_K8S_GATEWAY to one of ${names.join(', ') || 'the classes that a controller brings'}`,
    );
  if (conditionOf(found, 'Accepted')?.status !== 'True')
    return error(
      `no controller has accepted the gateway class ${name}`,
      cluster.clusterCommand('describe', 'gatewayclass', name),
    );
  return ok(`gateway class ${name}`);
}

/** A Gateway that somebody else keeps, and the listeners of it to which routes of the studio attach. */
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
          `there is no Gateway ${title}`,
          advice('Correct JUNJO_K8S_GATEWAY', cluster.clusterCommand('get', 'gateways', '--all-namespaces')),
        )
      : warning(`you lack permission to list Gateways; ${title} must exist`);
    return;
  }
  const there = listOf(found.spec?.listeners);
  for (const wanted of listeners) {
    const listener = there.find((each) => each.name === wanted);
    const from = listener?.allowedRoutes?.namespaces?.from ?? 'Same';
    if (!listener)
      yield error(
        `the Gateway ${title} has no listener ${wanted}; it has ${there.map((each) => each.name).join(', ')}`,
        'set JUNJO_K8S_GATEWAY_HTTPS_LISTENER and JUNJO_K8S_GATEWAY_HTTP_LISTENER to names of its listeners',
      );
    else if (from === 'Same' && namespace !== cluster.namespace)
      yield error(
        `the listener ${wanted} of ${title} does not allow routes of other namespaces`,
        'its owner sets allowedRoutes.namespaces.from to All, or to a selector',
      );
    else yield ok(`listener ${wanted} of the Gateway ${title}`);
  }
}

/** Whether the ClusterIssuer that makes certificates is ready. */
export const issuer: Check = {
  name: 'issuer',
  *results(studio, cluster) {
    const references = studio.ofKind('Certificate').map(({ spec }) => spec?.issuerRef);
    const names = references.flatMap((reference) => (reference?.kind === 'ClusterIssuer' ? [reference.name] : []));
    for (const name of new Set<string>(names)) {
      if (!cluster.canRead('clusterissuers.cert-manager.io')) {
        yield warning('you lack permission to list cluster issuers');
        continue;
      }
      const found = cluster.named('ClusterIssuer', name);
      const known = cluster.ofKind('ClusterIssuer').map(({ metadata }) => metadata.name);
      const ready = found && conditionOf(found, 'Ready');
      if (!found)
        yield error(
          `there is no ClusterIssuer ${name}`,
          `set JUNJO_K8S_CLUSTER_ISSUER to one of ${known.join(', ') || 'those that you make'}, or leave it out for one of the studio's own`,
        );
      else if (ready?.status !== 'True')
        yield error(
          `the ClusterIssuer ${name} is not ready: ${ready?.message ?? 'cert-manager has not looked at it'}`,
          cluster.clusterCommand('describe', 'clusterissuer', name),
        );
      else yield ok(`ClusterIssuer ${name} is ready`);
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
      yield warning(
        'you lack permission to list Services of other namespaces, so it is not known whether load balancers get an address',
      );
      return;
    }
    const others = cluster.ofKind('Service').filter(({ spec }) => spec?.type === 'LoadBalancer');
    const served = others.filter(({ status }) => listOf(status?.loadBalancer?.ingress).length > 0);
    const cloud = cluster.ofKind('Node').some(isOfCloud);
    const fix = studio.isProduction
      ? 'install one, for example MetalLB, or bring spans through the edge (an https URL without a port)'
      : `${howToRun('forward')} brings the studio to localhost`;
    if (served.length > 0)
      yield ok(
        `load balancers are served: ${served[0]?.metadata.namespace}/${served[0]?.metadata.name} has an address`,
      );
    else if (cloud) yield ok('the nodes are of a cloud, which serves load balancers');
    else if (others.length > 0)
      yield warning(`${others.length} load balancers wait for an address: nothing serves them`, fix);
    else yield warning('nothing tells whether load balancers are served', fix);
  },
};

/** Annotations by which external-dns learns the hosts of an object; releases from 0.22 on read only the second. */
const EXTERNAL_DNS = ['external-dns.alpha.kubernetes.io/hostname', 'external-dns.kubernetes.io/hostname'];

/** Whether the hosts lead to the edge, as this machine sees them. */
export const dns: Check = {
  name: 'dns',
  *results(studio, cluster) {
    const edge = addressesOf(cluster);
    const annotated = studio.manifests.flatMap(({ metadata }) =>
      EXTERNAL_DNS.flatMap((name) => String(fieldsOf(metadata.annotations)[name] ?? '').split(',')),
    );
    for (const [host, addresses] of cluster.facts.hosts) {
      const written = annotated.includes(host) ? 'external-dns writes it after the first apply' : undefined;
      const target = edge.length > 0 ? edge.join(', ') : 'the address of the edge, once it has one';
      if (addresses.length === 0) yield warning(`${host} leads nowhere yet`, written ?? `point it at ${target}`);
      else if (edge.length === 0)
        yield ok(`${host} leads to ${addresses.join(', ')}; the edge has no address yet to compare`);
      else if (addresses.some((address) => edge.includes(address))) yield ok(`${host} leads to the edge`);
      // A cloud that names its load balancer gives it other addresses from day to day.
      else if (!edge.some((address) => isIP(address)))
        yield ok(`${host} leads to ${addresses.join(', ')}; it must be an alias of ${edge.join(', ')}`);
      else
        yield warning(
          `${host} leads to ${addresses.join(', ')}, and the edge is at ${edge.join(', ')}`,
          'right where a proxy or CDN is in front of it; else correct the record',
        );
    }
  },
};

/** Where what is applied already is reached. */
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
