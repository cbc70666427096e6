import { isIPv4, isIPv6 } from 'node:net';

/** A pod, as policies see it. */
export interface PodEndpoint {
  readonly kind: 'pod';
  /** Unique in its namespace: two endpoints with one name and namespace are the same pod. */
  readonly name: string;
  readonly namespace: string;
  /** Labels of the namespace; `kubernetes.io/metadata.name` is added, as the API server does. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Container ports, which named ports of a policy resolve against; the default protocol is TCP. */
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
  /**
   * Address that an `ipBlock` may match.
   * @default - no `ipBlock` matches this pod, as in plugins that match pods by labels only
   */
  readonly ip?: string;
}

/** A machine that is not a pod, in or outside of the cluster; no policy applies to it. */
export interface AddressEndpoint {
  readonly kind: 'address';
  readonly name: string;
  readonly ip: string;
}

export type Endpoint = PodEndpoint | AddressEndpoint;

/** An attempt to open a connection; answers to it are always let through. */
export interface Connection {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** Port number at the destination. */
  readonly port: number;
  /** @default 'TCP' */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
}

/** A parsed NetworkPolicy of networking.k8s.io/v1, whose spec is checked field by field when it is evaluated. */
export interface NetworkPolicy {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: unknown;
}

/**
 * Whether every policy lets a connection through; throws on what it does not understand, wherever it stands, so that
 * a policy is never half understood.
 */
export function isAllowed(policies: readonly NetworkPolicy[], connection: Connection): boolean {
  const understood = policies.map(policyOf);
  const { from, to } = connection;
  const attempt = {
    to,
    port: portNumber(connection.port, 'connection.port'),
    protocol: oneOf(PROTOCOLS, connection.protocol ?? 'TCP', 'connection.protocol'),
  };
  for (const { ip, name } of [from, to]) if (ip !== undefined) parseAddress(ip, `ip of ${name}`);

  // "A Pod cannot block access to itself": https://kubernetes.io/docs/concepts/services-networking/network-policies/
  if (from.kind === 'pod' && to.kind === 'pod' && from.namespace === to.namespace && from.name === to.name) return true;
  return admits(understood, 'egress', from, to, attempt) && admits(understood, 'ingress', to, from, attempt);
}

type Direction = 'ingress' | 'egress';
type Attempt = Required<Omit<Connection, 'from'>>;
type Labels = Readonly<Record<string, string>>;
type LabelTest = (labels: Labels) => boolean;
type PeerTest = (peer: Endpoint) => boolean;
type PortTest = (attempt: Attempt) => boolean;
type Rule = (peer: Endpoint, attempt: Attempt) => boolean;

/** A policy as predicates; a direction that it does not isolate has no rules at all, not an empty list of them. */
interface Policy extends Readonly<Partial<Record<Direction, readonly Rule[]>>> {
  readonly selects: (pod: PodEndpoint) => boolean;
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const POLICY_TYPES = ['Ingress', 'Egress'] as const;
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

function admits(
  policies: readonly Policy[],
  direction: Direction,
  subject: Endpoint,
  peer: Endpoint,
  attempt: Attempt,
) {
  if (subject.kind !== 'pod') return true;
  const isolating = policies.filter((policy) => policy[direction] && policy.selects(subject));
  return isolating.length === 0 || isolating.some((policy) => policy[direction]?.some((rule) => rule(peer, attempt)));
}

// Each `understand` function below turns a part of a policy into a predicate in the same place where it checks the
// part, so that nothing is accepted without being evaluated.

const known = new WeakMap<NetworkPolicy, Policy>();

/** A policy, which does not change between connections. */
function policyOf(policy: NetworkPolicy): Policy {
  const understood = known.get(policy) ?? understandPolicy(policy);
  known.set(policy, understood);
  return understood;
}

function understandPolicy(policy: NetworkPolicy): Policy {
  const { apiVersion, kind, metadata, spec } = fields(policy, 'policy', ['apiVersion', 'kind', 'metadata', 'spec']);
  if (apiVersion !== 'networking.k8s.io/v1' || kind !== 'NetworkPolicy') {
    throw new Error(`${apiVersion} ${kind} is not a NetworkPolicy of networking.k8s.io/v1`);
  }
  const { name, namespace } = fields(metadata, 'NetworkPolicy metadata');
  const where = `NetworkPolicy ${text(name, 'NetworkPolicy metadata.name')}`;
  const home = text(namespace, `${where}: metadata.namespace`);
  return understandSpec(spec, `${where}: spec`, home);
}

function understandSpec(value: unknown, where: string, namespace: string): Policy {
  const spec = fields(value, where, ['podSelector', 'policyTypes', 'ingress', 'egress']);
  const selects = understandSelector(spec.podSelector ?? {}, `${where}.podSelector`);
  const ingress = list(spec.ingress, `${where}.ingress`).map((rule, i) =>
    understandRule(rule, `${where}.ingress[${i}]`, 'from', namespace),
  );
  const egress = list(spec.egress, `${where}.egress`).map((rule, i) =>
    understandRule(rule, `${where}.egress[${i}]`, 'to', namespace),
  );
  const named = list(spec.policyTypes, `${where}.policyTypes`).map((type, i) =>
    oneOf(POLICY_TYPES, type, `${where}.policyTypes[${i}]`),
  );
  // The API server's default counts egress rules: `egress: []` without policyTypes does not isolate.
  const byDefault = egress.length > 0 ? POLICY_TYPES : (['Ingress'] as const);
  const types: readonly string[] = named.length > 0 ? named : byDefault;
  return {
    selects: (pod) => pod.namespace === namespace && selects(pod.labels),
    ingress: types.includes('Ingress') ? ingress : undefined,
    egress: types.includes('Egress') ? egress : undefined,
  };
}

function understandRule(value: unknown, where: string, side: 'from' | 'to', namespace: string): Rule {
  const rule = fields(value, where, [side, 'ports']);
  const peers = list(rule[side], `${where}.${side}`).map((peer, i) =>
    understandPeer(peer, `${where}.${side}[${i}]`, namespace),
  );
  const ports = list(rule.ports, `${where}.ports`).map((port, i) => understandPort(port, `${where}.ports[${i}]`));
  return (peer, attempt) =>
    (peers.length === 0 || peers.some((matches) => matches(peer))) &&
    (ports.length === 0 || ports.some((matches) => matches(attempt)));
}

function understandPeer(value: unknown, where: string, namespace: string): PeerTest {
  const { podSelector, namespaceSelector, ipBlock } = fields(value, where, [
    'podSelector',
    'namespaceSelector',
    'ipBlock',
  ]);
  if (ipBlock !== undefined) {
    if (podSelector !== undefined || namespaceSelector !== undefined) {
      throw new Error(`${where}: ipBlock stands alone; move the selectors to a peer of their own`);
    }
    return understandBlock(ipBlock, `${where}.ipBlock`);
  }
  if (podSelector === undefined && namespaceSelector === undefined) {
    throw new Error(`${where}: empty peer; leave the list out to mean everyone`);
  }
  const pods = understandSelector(podSelector ?? {}, `${where}.podSelector`);
  if (namespaceSelector === undefined) {
    return (peer) => peer.kind === 'pod' && peer.namespace === namespace && pods(peer.labels);
  }
  const namespaces = understandSelector(namespaceSelector, `${where}.namespaceSelector`);
  return (peer) =>
    peer.kind === 'pod' &&
    namespaces({ ...peer.namespaceLabels, 'kubernetes.io/metadata.name': peer.namespace }) &&
    pods(peer.labels);
}

/**
 * Matches addresses, and those pods that carry an `ip`: Kubernetes leaves it to the plugin whether an `ipBlock`
 * matches pods, and most match them by labels only.
 */
function understandBlock(value: unknown, where: string): PeerTest {
  const block = fields(value, where, ['cidr', 'except']);
  const cidr = parseCidr(block.cidr, `${where}.cidr`);
  const except = list(block.except, `${where}.except`).map((entry, i) => {
    const hole = parseCidr(entry, `${where}.except[${i}]`);
    if (hole.prefix <= cidr.prefix || !contains(cidr, hole.address)) {
      throw new Error(`${where}.except[${i}]: ${entry} is not a smaller block inside ${block.cidr}`);
    }
    return hole;
  });
  return ({ ip, name }) => {
    if (ip === undefined) return false;
    const address = parseAddress(ip, `ip of ${name}`);
    return contains(cidr, address) && !except.some((hole) => contains(hole, address));
  };
}

function understandPort(value: unknown, where: string): PortTest {
  const entry = fields(value, where, ['port', 'endPort', 'protocol']);
  const protocol = oneOf(PROTOCOLS, entry.protocol ?? 'TCP', `${where}.protocol`);
  const { port, endPort } = entry;

  if (endPort !== undefined && typeof port !== 'number') {
    throw new Error(`${where}.endPort: needs a numeric port to start from`);
  }
  if (port === undefined) return (attempt) => attempt.protocol === protocol;
  if (typeof port === 'string') {
    // What the API server takes for a port name; it refuses "443" in quotes too.
    if (port.length > 15 || !/[a-z]/.test(port) || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(port)) {
      throw new Error(`${where}.port: "${port}" is not a port name; write a number without quotes`);
    }
    return (attempt) =>
      attempt.protocol === protocol &&
      attempt.to.kind === 'pod' &&
      (attempt.to.ports ?? []).some(
        (open) => open.name === port && open.port === attempt.port && (open.protocol ?? 'TCP') === protocol,
      );
  }
  const first = portNumber(port, `${where}.port`);
  const last = endPort === undefined ? first : portNumber(endPort, `${where}.endPort`);
  if (last < first) throw new Error(`${where}.endPort: ${last} is less than port ${first}`);
  return (attempt) => attempt.protocol === protocol && first <= attempt.port && attempt.port <= last;
}

function understandSelector(value: unknown, where: string): LabelTest {
  const { matchLabels, matchExpressions } = fields(value, where, ['matchLabels', 'matchExpressions']);
  const tests = [
    ...Object.entries(fields(matchLabels ?? {}, `${where}.matchLabels`)).map(([key, expected]): LabelTest => {
      const label = text(expected, `${where}.matchLabels.${key}`, { empty: true });
      return (labels) => labelOf(labels, key) === label;
    }),
    ...list(matchExpressions, `${where}.matchExpressions`).map((expression, i) =>
      understandExpression(expression, `${where}.matchExpressions[${i}]`),
    ),
  ];
  return (labels) => tests.every((matches) => matches(labels));
}

function understandExpression(value: unknown, where: string): LabelTest {
  const expression = fields(value, where, ['key', 'operator', 'values']);
  const key = text(expression.key, `${where}.key`);
  const operator = oneOf(OPERATORS, expression.operator, `${where}.operator`);
  const values: readonly (string | undefined)[] = list(expression.values, `${where}.values`).map((entry, i) =>
    text(entry, `${where}.values[${i}]`, { empty: true }),
  );
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues !== values.length > 0) {
    throw new Error(`${where}.values: ${operator} takes ${takesValues ? 'at least one value' : 'no values'}`);
  }
  switch (operator) {
    case 'In':
      return (labels) => values.includes(labelOf(labels, key));
    case 'NotIn':
      // As in Kubernetes, an object without the label matches as well.
      return (labels) => !values.includes(labelOf(labels, key));
    case 'Exists':
      return (labels) => labelOf(labels, key) !== undefined;
    case 'DoesNotExist':
      return (labels) => labelOf(labels, key) === undefined;
  }
}

function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

interface Address {
  readonly width: 32 | 128;
  readonly bits: bigint;
}

interface Cidr {
  readonly address: Address;
  readonly prefix: number;
}

function contains({ address: network, prefix }: Cidr, address: Address): boolean {
  const host = BigInt(network.width - prefix);
  return address.width === network.width && address.bits >> host === network.bits >> host;
}

function parseCidr(value: unknown, where: string): Cidr {
  const cidr = text(value, where);
  const [, ip, prefix] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(cidr) ?? [];
  if (ip === undefined) throw new Error(`${where}: "${cidr}" is not a CIDR; write address/prefix`);
  const address = parseAddress(ip, where);
  if (Number(prefix) > address.width) throw new Error(`${where}: "${cidr}" has a prefix over ${address.width}`);
  return { address, prefix: Number(prefix) };
}

function parseAddress(ip: string, where: string): Address {
  if (isIPv4(ip)) return { width: 32, bits: join(ip.split('.').map(Number), 8) };
  if (!isIPv6(ip) || ip.includes('%')) throw new Error(`${where}: "${ip}" is not an IP address`);

  const [head = [], tail = []] = ip.split('::').map((half) => half.split(':').filter(Boolean).flatMap(groups));
  const bits = join([...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail], 16);
  // ::ffff:a.b.c.d is IPv4 to some plugins and IPv6 to others.
  if (bits >> 32n === 0xffffn) throw new Error(`${where}: "${ip}" is an IPv4 address in IPv6; write it as IPv4`);
  return { width: 128, bits };
}

/** The 16-bit groups of a part of an IPv6 address: one, or two where the address ends in IPv4 notation. */
function groups(part: string): number[] {
  if (!part.includes('.')) return [Number.parseInt(part, 16)];
  const bits = Number(join(part.split('.').map(Number), 8));
  return [Math.floor(bits / 0x10000), bits % 0x10000];
}

function join(parts: readonly number[], width: number): bigint {
  return parts.reduce((bits, part) => (bits << BigInt(width)) | BigInt(part), 0n);
}

/** The fields of an object; with `known`, an object that has others is refused. */
function fields(value: unknown, where: string, known?: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${where}: ${JSON.stringify(value)} is not an object`);
  }
  for (const [key, entry] of Object.entries(value)) {
    if (known && !known.includes(key)) throw new Error(`${where}: unknown field ${key}; known are ${known.join(', ')}`);
    // A null peer or selector reads as absent, which is easily mistaken for an empty one that selects everything.
    if (entry === null) throw new Error(`${where}.${key}: null; give it a value or leave it out`);
  }
  return { ...value };
}

function list(value: unknown, where: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${where}: ${JSON.stringify(value)} is not a list`);
  return value;
}

function text(value: unknown, where: string, { empty = false } = {}): string {
  if (value === undefined) throw new Error(`${where}: missing`);
  if (typeof value !== 'string') throw new Error(`${where}: ${JSON.stringify(value)} is not a string; quote it`);
  if (value === '' && !empty) throw new Error(`${where}: empty`);
  return value;
}

function oneOf<T extends string>(choices: readonly T[], value: unknown, where: string): T {
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw new Error(`${where}: ${JSON.stringify(value)} is not one of ${choices.join(', ')}`);
  }
  return choice;
}

function portNumber(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65535) {
    throw new Error(`${where}: ${JSON.stringify(value)} is not a port from 1 to 65535`);
  }
  return value;
}
