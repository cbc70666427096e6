import { acmeSolver } from '../../config/names';
import { type Container, type Fields, fieldsOf, listOf, type Manifest, type Pod, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Every port that an object names is open. */
export const ports: Rule = {
  name: 'ports',
  asks: 'Probes, Services, Ingresses, routes and policies name only ports that are open on the pods of the studio',
  reason: 'a closed port refuses or drops connections, and a policy for it opens nothing',
  source: 'https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service',
  *violations(studio: RenderedStudio) {
    for (const { containers } of studio.pods) for (const container of containers) yield* ofProbes(container);
    for (const service of studio.ofKind('Service')) yield* ofService(service, studio);
    for (const manifest of studio.manifests) yield* ofRoutes(manifest, studio);
    for (const policy of studio.ofKind('NetworkPolicy')) yield* ofPolicy(policy, studio);
  },
};

function open(containers: readonly Container[]): readonly Fields[] {
  return containers.flatMap(({ fields }) => listOf(fields.ports));
}

function isOpen(port: unknown, containers: readonly Container[]): boolean {
  return open(containers).some(({ name, containerPort }) => port === containerPort || port === name);
}

function* ofProbes(container: Container): Generator<Violation> {
  for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    const { httpGet, tcpSocket, grpc } = fieldsOf(container.fields[name]);
    const port = (httpGet ?? tcpSocket ?? grpc)?.port;
    if (port !== undefined && !isOpen(port, [container])) {
      yield { object: container.title, text: `${name} uses the port ${port}, which the container does not have` };
    }
  }
}

function* ofService(service: Manifest, studio: RenderedStudio): Generator<Violation> {
  const containers = studio.selected(service.spec?.selector).flatMap((pod: Pod) => pod.containers);
  for (const { port, targetPort = port } of listOf(service.spec?.ports)) {
    if (!isOpen(targetPort, containers)) {
      yield { object: titleOf(service), text: `points to the port ${targetPort}, which its pods do not have` };
    }
    // The Caddy ingress controller ignores a Service with a named target port.
    if (typeof targetPort !== 'number') {
      yield { object: titleOf(service), text: `has the named target port ${targetPort}: use a number` };
    }
  }
}

/** Ingresses and routes: a backend is whatever names a Service and a port. */
function* ofRoutes(manifest: Manifest, studio: RenderedStudio): Generator<Violation> {
  const backends = [
    ...listOf(manifest.spec?.rules).flatMap(({ http, backendRefs }) => [
      ...listOf(http?.paths).map(({ backend }) => fieldsOf(backend?.service)),
      ...listOf(backendRefs),
    ]),
    ...(manifest.kind === 'Ingress' && manifest.spec?.defaultBackend
      ? [fieldsOf(manifest.spec.defaultBackend.service)]
      : []),
  ];
  for (const { name, port } of backends) {
    const wanted = fieldsOf(port).number ?? fieldsOf(port).name ?? port;
    const service = studio.named('Service', name);
    const known = listOf(service?.spec?.ports).some((each) => wanted === each.port || wanted === each.name);
    if (!known && (service || !studio.isForeign('Service', name)))
      yield { object: titleOf(manifest), text: `points to the Service ${name}, port ${wanted}, which does not exist` };
  }
}

function* ofPolicy(policy: Manifest, studio: RenderedStudio): Generator<Violation> {
  const { ingress, egress, podSelector } = fieldsOf(policy.spec);
  const isThere = (port: unknown, selector: unknown) => {
    const containers = studio.selected(selector).flatMap((pod) => pod.containers);
    // Pods of the studio's own; the solver comes and goes.
    return isOpen(port, containers) || (containers.length === 0 && port === acmeSolver.port);
  };
  for (const { port } of listOf(ingress).flatMap((rule) => listOf(rule.ports))) {
    if (!isThere(port, podSelector)) {
      yield { object: titleOf(policy), text: `opens the port ${port}, which its pods do not have` };
    }
  }
  for (const { to, ports: wanted } of listOf(egress)) {
    // Pods of other namespaces are not known here.
    const peers = listOf(to).filter((peer) => peer.podSelector && !peer.namespaceSelector);
    for (const { podSelector: selector } of peers) {
      for (const { port } of listOf(wanted).filter((each) => !isThere(each.port, selector))) {
        yield { object: titleOf(policy), text: `allows the port ${port}, which those pods do not have` };
      }
    }
  }
}
