import { rangeOf } from '../../config/address-range';
import { otlpHttpPortName } from '../../config/names';
import { fieldsOf, listOf, type Manifest, matches, type Pod, textsOf } from '../../render/manifest';
import { leavesBelow, pathOf as pathOfLeaf, wordsOf } from '../../render/rules/rendered-studio';
import { ADMITS } from '../../render/rules/source-ranges';
import { allowedFrom, limit } from './policies';

/** A connection from outside to a pod: through the edge, or through a Service of type LoadBalancer or NodePort. */
export interface Entrance {
  /** Who connects. */
  readonly caller: string;
  readonly gate: { readonly id: string; readonly lines: readonly string[] };
  /** From the caller to the gate, with the source ranges at the end. */
  readonly outer: { readonly lines: readonly string[]; readonly clear: boolean };
  /** From the gate to the pod. */
  readonly inner: readonly string[];
  readonly target: Pod;
}

const TLS_ENDS = 'TLS ends here';

/** All connections from outside that the objects allow. */
export function entrancesOf(manifests: readonly Manifest[], pods: readonly Pod[]): readonly Entrance[] {
  const world = new World(manifests, pods);
  const ingresses = manifests.filter(({ kind }) => kind === 'Ingress');
  // These only redirect to HTTPS.
  const redirects = ingresses.filter(({ metadata }) => /-redirect$/.test(metadata.name));
  return [
    ...ingresses.filter((ingress) => !redirects.includes(ingress)).flatMap((ingress) => throughIngress(ingress, world)),
    ...manifests.filter(({ kind }) => /^(HTTP|GRPC)Route$/.test(kind)).flatMap((route) => throughGateway(route, world)),
    ...manifests.filter(({ kind }) => kind === 'Service').flatMap((service) => throughService(service, world)),
  ];
}

/** The objects and pods behind the entrances. */
class World {
  constructor(
    readonly manifests: readonly Manifest[],
    private readonly pods: readonly Pod[],
  ) {}

  named(kind: string, name: unknown): Manifest | undefined {
    return this.manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  }

  /** The pod behind a port of a Service, and the container that listens there. */
  behind(
    service: Manifest | undefined,
    port: unknown,
  ): { readonly target: Pod; readonly inner: string[]; readonly tls: boolean } | undefined {
    const target = this.pods.find(({ labels }) => service && matches(service.spec?.selector, labels));
    const { targetPort } = listOf(service?.spec?.ports).find((each) => each.port === port || each.name === port) ?? {};
    if (!target || targetPort === undefined) return undefined;
    const running = target.containers.filter(({ init }) => !init);
    const listens = (fields: Pod['spec']) =>
      listOf(fields.ports).find(({ name, containerPort }) => name === targetPort || containerPort === targetPort);
    const container = running.find(({ fields }) => listens(fields));
    const number = (container && listens(container.fields)?.containerPort) ?? targetPort;
    const certificates = listOf(target.spec.volumes).filter(({ secret }) =>
      listOf(secret?.items).some(({ key }) => key === 'tls.key'),
    );
    const tls =
      container !== undefined &&
      listens(container.fields)?.name !== otlpHttpPortName &&
      listOf(container.fields.volumeMounts).some(({ name }) => certificates.some((volume) => volume.name === name));
    const sidecar = container && container !== running[0] ? ` ${container.fields.name}` : '';
    const inner = [`:${number}${sidecar}`, ...(tls ? [TLS_ENDS] : []), ...allowedFrom(target, number, this.manifests)];
    return { target, inner, tls };
  }
}

const ALB = 'alb.ingress.kubernetes.io/';

function throughIngress(ingress: Manifest, world: World): readonly Entrance[] {
  const { ingressClassName, tls, rules } = fieldsOf(ingress.spec);
  const annotations = fieldsOf(ingress.metadata.annotations);
  const secrets = [...new Set(listOf(tls).map(({ secretName }) => secretName))].filter(Boolean);
  // The AWS Load Balancer Controller makes a load balancer for each Ingress that is in no group.
  const isLoadBalancer = Object.keys(annotations).some((key) => key.startsWith(ALB));
  const gate = {
    id: isLoadBalancer ? `ingress ${annotations[`${ALB}group.name`] ?? ingress.metadata.name}` : 'ingress',
    lines: [
      ...(isLoadBalancer ? [`AWS load balancer, ${annotations[`${ALB}scheme`] ?? 'internal'}`] : []),
      `Ingress, ${ingressClassName ? `class ${ingressClassName}` : 'default class'}`,
      TLS_ENDS,
      secrets.length > 0
        ? `Secret ${secrets.join(', ')}`
        : `certificate ${isLoadBalancer ? 'from ACM' : 'of the controller'}`,
    ],
  };
  const limits = limit(rangesAt(ingress, world));
  return listOf(rules).flatMap(({ host, http }) =>
    listOf(http?.paths).flatMap(({ path, backend }) => {
      const { name, port } = fieldsOf(backend?.service);
      return entrance(
        gate,
        `https://${host}${pathOf(path)}`,
        world.behind(world.named('Service', name), port?.number ?? port?.name),
        limits,
      );
    }),
  );
}

function throughGateway(route: Manifest, world: World): readonly Entrance[] {
  const { kind, metadata, spec } = route;
  const [parent = {}] = listOf(spec?.parentRefs);
  const own = world.named('Gateway', parent.name);
  const secrets = listOf(own?.spec?.listeners).flatMap(({ tls }) =>
    listOf(tls?.certificateRefs).map(({ name }) => name),
  );
  const shared = parent.namespace && parent.namespace !== metadata.namespace ? `${parent.namespace}/` : '';
  const gate = {
    id: 'gateway',
    lines: [
      `Gateway ${shared}${parent.name}${own ? `, class ${own.spec?.gatewayClassName}` : ''}`,
      TLS_ENDS,
      secrets.length > 0 ? `Secret ${[...new Set(secrets)].join(', ')}` : 'certificate of its owner',
    ],
  };
  const hosts = textsOf(spec?.hostnames);
  const limits = limit(rangesAt(route, world));
  return listOf(spec?.rules).flatMap(({ matches, backendRefs }) =>
    listOf(backendRefs).flatMap(({ name, port }) =>
      hosts.flatMap((host) =>
        entrance(
          gate,
          `https://${host}${pathOf(listOf(matches)[0]?.path?.value)}${kind === 'GRPCRoute' ? ', gRPC' : ''}`,
          world.behind(world.named('Service', name), port),
          limits,
        ),
      ),
    ),
  );
}

/** The source ranges of an Ingress or a route: in its annotations, in an object that these name, and in one that refers to it. */
function rangesAt({ kind, metadata }: Manifest, { manifests }: World): readonly string[] {
  const annotations = fieldsOf(metadata.annotations);
  const names = Object.values(annotations).map(String);
  const others = manifests.filter(
    (each) =>
      !['Service', 'Secret', 'ConfigMap'].includes(each.kind) &&
      (names.some((text) => text.includes(each.metadata.name)) ||
        listOf(fieldsOf(each.spec).targetRefs).some((to) => to.kind === kind && to.name === metadata.name)),
  );
  const places = [annotations, ...others.flatMap(({ spec, config }) => [fieldsOf(spec), fieldsOf(config)])];
  const leaves = places.flatMap(leavesBelow).filter((leaf) => ADMITS.test(pathOfLeaf(leaf)));
  return [...new Set(leaves.flatMap(({ value }) => wordsOf(String(value)).filter(rangeOf)))];
}

/** The path of a rule, unless the rule serves all paths. */
function pathOf(path: unknown): string {
  return typeof path === 'string' && path !== '/' ? path : '';
}

function throughService(service: Manifest, world: World): readonly Entrance[] {
  const { type, ports, loadBalancerSourceRanges: ranges } = fieldsOf(service.spec);
  if (type !== 'LoadBalancer' && type !== 'NodePort') return [];
  const what = type === 'NodePort' ? 'Port of every node' : 'Load balancer';
  const numbers = listOf(ports).map(({ port, nodePort }) => {
    return `:${type === 'NodePort' ? (nodePort ?? 'chosen by the cluster') : port}`;
  });
  const gate = { id: `service ${service.metadata.name}`, lines: [`${what} ${[...new Set(numbers)].join(' ')}`] };
  return listOf(ports).flatMap(({ name, port }) => {
    const behind = world.behind(service, port);
    const how = behind?.tls ? 'TLS' : 'without TLS';
    const limits = limit(textsOf(ranges));
    const protocol = String(name).includes('grpc') ? 'gRPC' : 'HTTP';
    const found = entrance(gate, `${protocol}, ${how}`, behind, limits);
    return found.map((each) => ({ ...each, outer: { ...each.outer, clear: !behind?.tls } }));
  });
}

function entrance(
  gate: Entrance['gate'],
  line: string,
  behind: ReturnType<World['behind']>,
  limits: readonly string[] = [],
): readonly Entrance[] {
  if (!behind) return [];
  const { target, inner } = behind;
  const takesSpans = ['ingestion', 'intake'].includes(target.labels['app.kubernetes.io/component'] ?? '');
  const caller = takesSpans ? 'Your application' : 'Browser';
  const told = inner.filter((each) => !limits.includes(each));
  return [{ caller, gate, outer: { lines: [line, ...limits], clear: false }, inner: told, target }];
}
