import { conditionOf, type Fields, listOf } from '../../../render/manifest';
import type { StudioManifests } from '../../studio-manifests';
import { type Check, error, ok, type PreflightView, type Result, warning } from '../check';

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
  if (!cluster.canRead('gatewayclasses.gateway.networking.k8s.io')) return warning('gateway classes may not be read');
  const names = cluster.ofKind('GatewayClass').map(({ metadata }) => metadata.name);
  const found = cluster.named('GatewayClass', name);
  if (!found)
    return error(
      `there is no gateway class ${name}`,
      `set JUNJO_K8S_GATEWAY to one of ${names.join(', ') || 'the classes that a controller brings'}`,
    );
  if (conditionOf(found, 'Accepted')?.status !== 'True')
    return error(`no controller has accepted the gateway class ${name}`, `kubectl describe gatewayclass ${name}`);
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
      ? error(`there is no Gateway ${title}`, 'correct JUNJO_K8S_GATEWAY: kubectl get gateways --all-namespaces')
      : warning(`Gateways may not be read; ${title} must be there`);
    return;
  }
  const there = listOf(found.spec?.listeners);
  for (const wanted of listeners) {
    const listener = there.find((each) => each.name === wanted);
    const from = listener?.allowedRoutes?.namespaces?.from ?? 'Same';
    if (!listener)
      yield error(
        `the Gateway ${title} has no listener ${wanted}; it has ${there.map((each) => each.name).join(', ')}`,
        'correct JUNJO_K8S_GATEWAY_LISTENER and its kin, as docs/edge.md has them',
      );
    else if (from === 'Same' && namespace !== cluster.namespace)
      yield error(
        `the listener ${wanted} of ${title} takes no routes of other namespaces`,
        'its owner sets allowedRoutes.namespaces.from to All, or to a selector',
      );
    else yield ok(`listener ${wanted} of the Gateway ${title}`);
  }
}
