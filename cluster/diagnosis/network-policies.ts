import { isWithin } from '../../config/address-range';
import { type Fields, fieldsOf, listOf, type Manifest, matches, textsOf } from '../../render/manifest';
import type { ClusterState } from './cluster-state';

type Direction = 'ingress' | 'egress';

/** A connection from one pod of the namespace to a port of another. */
export interface Connection {
  readonly from: Manifest;
  readonly to: Manifest;
  readonly port: number;
}

/** The policies that select a pod, none of which allows a connection. */
export interface Denial {
  readonly direction: Direction;
  readonly policies: readonly string[];
}

/** Where the pods of DNS listen: CoreDNS, that of Gardener, that of OpenShift. */
const DNS_PORTS = [53, 8053, 5353];

/**
 * The policies that deny a connection over TCP. What is unknown here, such as an address that a plugin may or may not count as a
 * pod's, counts as allowed. https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export function denialOf(state: ClusterState, { from, to, port }: Connection): Denial | undefined {
  const denies = (direction: Direction, subject: Manifest, peer: Manifest) =>
    denial(state, direction, subject, (rule) => {
      const peers = listOf(rule[direction === 'ingress' ? 'from' : 'to']);
      return admitsPort(rule, to, port) && (peers.length === 0 || peers.some((each) => isPeer(state, each, peer)));
    });
  return denies('egress', from, to) ?? denies('ingress', to, from);
}

/** The policies that deny a pod the access to DNS: no rule allows a port of DNS outside of the namespace. */
export function dnsDenialOf(state: ClusterState, pod: Manifest): Denial | undefined {
  return denial(state, 'egress', pod, (rule) => {
    const [ports, peers] = [listOf(rule.ports), listOf(rule.to)];
    const outside = peers.some(({ namespaceSelector, ipBlock }) => namespaceSelector || ipBlock);
    // A name is one of the ports of the pods of DNS, which are not read.
    const open = ports.some((each) => typeof each.port === 'string' || DNS_PORTS.some((port) => isPort(each, port)));
    return (peers.length === 0 || outside) && (ports.length === 0 || open);
  });
}

function denial(
  state: ClusterState,
  direction: Direction,
  subject: Manifest,
  admits: (rule: Fields) => boolean,
): Denial | undefined {
  // Policies do not apply to pods in the network of their node.
  if (subject.spec?.hostNetwork === true) return undefined;
  const isolating = state
    .own('NetworkPolicy')
    .filter(({ spec }) => isolates(spec, direction) && matches(spec?.podSelector, fieldsOf(subject.metadata.labels)));
  const admitted = isolating.some(({ spec }) => listOf(spec?.[direction]).some(admits));
  return isolating.length === 0 || admitted
    ? undefined
    : { direction, policies: isolating.map(({ metadata }) => metadata.name) };
}

/** The API server writes the types into every policy, also those that follow from its rules. */
function isolates(spec: Fields, direction: Direction): boolean {
  return textsOf(spec?.policyTypes).some((type) => type.toLowerCase() === direction);
}

function admitsPort(rule: Fields, to: Manifest, port: number): boolean {
  const ports = listOf(rule.ports);
  return (
    ports.length === 0 ||
    ports
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .some((each) => isPort(typeof each.port === 'string' ? { port: portOf(to, each.port) } : each, port))
  );
}

/** Whether a rule applies to a port. A rule without a port applies to all ports. */
function isPort({ port: first, endPort: last = first }: Fields, port: number): boolean {
  return first === undefined || (first <= port && port <= last);
}

/** The number of a named port of a pod. @returns -1 if the pod has no port of that name */
export function portOf({ spec }: Manifest, name: string): number {
  const containers = [...listOf(spec?.containers), ...listOf(spec?.initContainers)];
  const ports = containers.flatMap(({ ports: all }) => listOf(all));
  return ports.find((each) => each.name === name)?.containerPort ?? -1;
}

/** Whether a peer of a rule is this pod of the studio's own namespace. */
function isPeer(state: ClusterState, { podSelector, namespaceSelector, ipBlock }: Fields, pod: Manifest): boolean {
  if (ipBlock) return listOf(pod.status?.podIPs).some(({ ip }) => isInBlock(ipBlock, ip));
  if (namespaceSelector && !isOwnNamespace(state, namespaceSelector)) return false;
  return matches(podSelector ?? {}, fieldsOf(pod.metadata.labels));
}

/** Whether a selector matches the studio's own namespace. If its labels cannot be read, it may match. */
function isOwnNamespace(state: ClusterState, selector: Fields): boolean {
  const NAME = 'kubernetes.io/metadata.name';
  const keys = [
    ...Object.keys(fieldsOf(selector.matchLabels)),
    ...listOf(selector.matchExpressions).map(({ key }) => key),
  ];
  if (!state.canRead('namespaces') && keys.some((key) => key !== NAME)) return true;
  const namespace = state.named('Namespace', state.namespace);
  return matches(selector, { ...fieldsOf(namespace?.metadata.labels), [NAME]: state.namespace });
}

function isInBlock({ cidr, except }: Fields, ip: string): boolean {
  return isWithin(ip, cidr) && !textsOf(except).some((range) => isWithin(ip, range));
}
