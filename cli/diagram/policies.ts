import { acmeSolver } from '../../config/names';
import { internet } from '../../config/public-addresses';
import { type Fields, fieldsOf, listOf, type Manifest, matches, type Pod, textsOf } from '../../render/manifest';

/** One end of a connection: a pod of the studio, or the name of something outside. */
export type End = Pod | string;

/** A connection that is allowed. */
export interface Way {
  readonly from: End;
  readonly to: End;
  readonly ports: readonly (number | string)[];
}

const LIMIT = 'only from ';

/** Says who may connect. */
export function limit(names: readonly string[]): readonly string[] {
  return names.length > 0 ? [`${LIMIT}${names.join(',\n')}`] : [];
}

/** Whether a line says who may connect. */
export function isLimit(line: string): boolean {
  return line.startsWith(LIMIT);
}

const EVERYWHERE = ['0.0.0.0/0', '::/0'];

/** The ranges that the policies write for the internet; older ones of IPv6 began with everything. */
const PUBLIC = [...EVERYWHERE, ...internet.map(({ cidr }) => cidr)];

/** The connections between pods, and from pods to addresses outside. Without policies: the connections that the pods use. */
export function waysBetween(
  manifests: readonly Manifest[],
  pods: readonly Pod[],
): { readonly ways: readonly Way[]; readonly notes: readonly string[] } {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  if (policies.length === 0) {
    return {
      ways: usedWays(manifests, pods),
      notes: ['No network policies: every pod of the cluster may connect to every port'],
    };
  }
  const solver = policies.some(({ spec }) => matches(spec?.podSelector, acmeSolver.labels) && spec?.ingress);
  return {
    ways: [...waysIn(policies, pods), ...waysOut(policies, pods)],
    notes: [
      'Every other connection is closed, except DNS',
      ...(solver ? [`While cert-manager validates a host name, its solver answers on :${acmeSolver.port}`] : []),
      ...scrapes(manifests, pods),
    ],
  };
}

/** Whose metrics Prometheus reads, and from where it may. */
function scrapes(manifests: readonly Manifest[], pods: readonly Pod[]): readonly string[] {
  const monitors = manifests.filter(({ kind }) => kind === 'PodMonitor');
  return monitors.flatMap(({ metadata, spec }) => {
    const [pod] = pods.filter(({ labels }) => matches(spec?.selector, labels));
    const names = listOf(spec?.podMetricsEndpoints).map(({ port }) => port);
    const ports = pod?.containers.flatMap(({ fields }) => listOf(fields.ports)) ?? [];
    return ports
      .filter(({ name }) => names.includes(name))
      .map(({ containerPort }) => {
        const from = pod ? allowedFrom(pod, containerPort, manifests) : [];
        return [`Prometheus reads the metrics of ${metadata.name} on :${containerPort}`, ...from].join(', ');
      });
  });
}

/** Who outside the namespace may connect to a port of a pod; empty if anyone can. */
export function allowedFrom(pod: Pod, port: unknown, manifests: readonly Manifest[]): readonly string[] {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
  const rules = policies
    .filter(({ spec }) => matches(spec?.podSelector, pod.labels))
    .flatMap(({ spec }) => listOf(spec?.ingress))
    .filter(({ ports }) => !ports || listOf(ports).some((each) => each.port === port));
  if (policies.length === 0 || rules.some(({ from }) => listOf(from).length === 0)) return [];
  const peers = rules.flatMap(({ from }) => listOf(from));
  const names = peers.map(({ ipBlock, namespaceSelector }) => {
    const namespace = fieldsOf(namespaceSelector?.matchLabels)['kubernetes.io/metadata.name'];
    return ipBlock?.cidr ?? (namespace ? `namespace ${namespace}` : namespaceSelector && 'any namespace');
  });
  const found = [...new Set(names.filter(Boolean))];
  if (found.some((name) => EVERYWHERE.includes(name))) return [];
  return found.length > 0 ? limit(found) : ['blocked by the network policies'];
}

function waysIn(policies: readonly Manifest[], pods: readonly Pod[]): readonly Way[] {
  return pods.flatMap((to) =>
    rulesOf(policies, to, 'ingress').flatMap(({ from, ports }) =>
      listOf(from)
        .filter(({ podSelector, namespaceSelector }) => podSelector && !namespaceSelector)
        .flatMap(({ podSelector }) => pods.filter(({ labels }) => matches(podSelector, labels)))
        .map((source) => ({
          from: source,
          to,
          ports: portsOf(ports).filter((port) => mayLeave(policies, source, to, port)),
        }))
        .filter((way) => way.ports.length > 0),
    ),
  );
}

function waysOut(policies: readonly Manifest[], pods: readonly Pod[]): readonly Way[] {
  return pods.flatMap((from) =>
    rulesOf(policies, from, 'egress').flatMap(({ to, ports }) => {
      const blocks = listOf(to).filter(({ ipBlock }) => ipBlock && !isLinkLocal(String(ipBlock.cidr)));
      const names = blocks.map(({ ipBlock }) =>
        PUBLIC.includes(ipBlock.cidr) ? 'Public addresses' : String(ipBlock.cidr),
      );
      return [...new Set(names)].map((name) => ({ from, to: name, ports: portsOf(ports) }));
    }),
  );
}

/** Node-local DNS caches. */
function isLinkLocal(cidr: string): boolean {
  return cidr.startsWith('169.254.');
}

function mayLeave(policies: readonly Manifest[], from: Pod, to: Pod, port: number | string): boolean {
  const closed = policies.some(
    ({ spec }) => matches(spec?.podSelector, from.labels) && textsOf(spec?.policyTypes).includes('Egress'),
  );
  return (
    !closed ||
    rulesOf(policies, from, 'egress').some(
      (rule) =>
        portsOf(rule.ports).includes(port) &&
        listOf(rule.to).some(
          ({ podSelector, namespaceSelector }) => podSelector && !namespaceSelector && matches(podSelector, to.labels),
        ),
    )
  );
}

function rulesOf(policies: readonly Manifest[], pod: Pod, direction: 'ingress' | 'egress'): readonly Fields[] {
  return policies
    .filter(({ spec }) => matches(spec?.podSelector, pod.labels))
    .flatMap(({ spec }) => listOf(spec?.[direction]));
}

function portsOf(ports: unknown): readonly (number | string)[] {
  return [...new Set(listOf(ports).map(({ port }) => port))];
}

/** A container that has the name of a Service in its environment connects to it, and one that reads it in a file, with a port. */
function usedWays(manifests: readonly Manifest[], pods: readonly Pod[]): readonly Way[] {
  const services = manifests.filter(({ kind }) => kind === 'Service');
  return pods.flatMap((from) => {
    const files = textOfFiles(manifests, from);
    return services.flatMap(({ metadata, spec }) => {
      const all = listOf(spec?.ports).map(({ port }) => port);
      const named = from.containers
        .map(({ fields }) => listOf(fields.env).map(({ value }) => value))
        .filter((values) => values.includes(metadata.name))
        .flatMap((values) => {
          // A Service may have ports for others, too.
          const told = all.filter((port) => values.includes(String(port)));
          return told.length > 0 ? told : all;
        });
      const ports = all.filter(
        (port) => named.includes(port) || new RegExp(`\\b${metadata.name}:${port}\\b`).test(files),
      );
      const targets = pods.filter(({ labels }) => ports.length > 0 && matches(spec?.selector, labels));
      return targets.map((to) => ({ from, to, ports }));
    });
  });
}

/** What the ConfigMaps hold that a pod mounts. */
function textOfFiles(manifests: readonly Manifest[], { spec }: Pod): string {
  const names = listOf(spec.volumes).map(({ configMap }) => configMap?.name);
  return manifests
    .filter(({ kind, metadata }) => kind === 'ConfigMap' && names.includes(metadata.name))
    .flatMap(({ data }) => Object.values(fieldsOf(data)))
    .join('\n');
}
