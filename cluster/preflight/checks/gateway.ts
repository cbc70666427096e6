import { listOf } from '../../../render/manifest';
import { conditionOf } from '../../diagnosis';
import { type Check, fail, ok, warn } from '../check';

/** Whether a controller serves the Gateway, and its listeners take routes of this namespace. */
export const gateway: Check = {
  name: 'gateway',
  *results({ config }, cluster) {
    const route = config.edge?.route;
    if (route?.kind === 'gateway') {
      const names = cluster.ofKind('GatewayClass').map(({ metadata }) => metadata.name);
      const found = cluster.named('GatewayClass', route.className);
      if (!cluster.canRead('gatewayclasses.gateway.networking.k8s.io')) yield warn('gateway classes may not be read');
      else if (!found)
        yield fail(
          `there is no gateway class ${route.className}`,
          `set JUNJO_K8S_GATEWAY to one of ${names.join(', ') || 'the classes that a controller brings'}`,
        );
      else if (conditionOf(found, 'Accepted')?.status !== 'True')
        yield fail(
          `no controller has accepted the gateway class ${route.className}`,
          `kubectl describe gatewayclass ${route.className}`,
        );
      else yield ok(`gateway class ${route.className}`);
    }
    if (route?.kind !== 'sharedGateway') return;
    const title = `${route.namespace}/${route.name}`;
    const found = cluster.named('Gateway', route.name, route.namespace);
    if (!found && !cluster.canRead('gateways.gateway.networking.k8s.io')) {
      yield warn(`Gateways may not be read; ${title} must be there`);
      return;
    }
    if (!found) {
      yield fail(`there is no Gateway ${title}`, 'correct JUNJO_K8S_GATEWAY: kubectl get gateways --all-namespaces');
      return;
    }
    const listeners = listOf(found.spec?.listeners);
    for (const name of [route.listeners.https, route.listeners.http].filter((each) => each !== undefined)) {
      const listener = listeners.find((each) => each.name === name);
      const from = listener?.allowedRoutes?.namespaces?.from ?? 'Same';
      if (!listener)
        yield fail(
          `the Gateway ${title} has no listener ${name}; it has ${listeners.map((each) => each.name).join(', ')}`,
          'correct JUNJO_K8S_GATEWAY_LISTENER and its kin, as docs/edge.md has them',
        );
      else if (from === 'Same' && route.namespace !== cluster.namespace)
        yield fail(
          `the listener ${name} of ${title} takes no routes of other namespaces`,
          'its owner sets allowedRoutes.namespaces.from to All, or to a selector',
        );
      else yield ok(`listener ${name} of the Gateway ${title}`);
    }
  },
};
