import { isWithin } from '../../config/address-range';
import { type Fields, fieldsOf, isSame, listOf, type Manifest, matches, textsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

type Direction = 'Ingress' | 'Egress';

/** Ports of one protocol. */
interface Ports {
  readonly protocol: string;
  /** A name that no container has. @default they have numbers */
  readonly name?: string;
  readonly first: number;
  readonly last: number;
}

/** What one policy opens: one peer, and its ports. */
interface Way {
  readonly direction: Direction;
  /** @default everybody */
  readonly peer?: Fields;
  /** @default all of them */
  readonly ports?: Ports;
}

/** Policies add up: what one of them opens is open, even if others do not open it. */
export const networkPolicies: Rule = {
  name: 'network-policies',
  asks: 'No network policy opens more than rendered, and what they close stays closed',
  reason: 'the internal ports require no sign-in, and a program that can call any address can send spans there',
  source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation',
  *violations(studio: RenderedStudio) {
    const rendered = studio.rendered.ofKind('NetworkPolicy');
    if (studio.rendered === studio || rendered.length === 0) return;
    const policies = studio.ofKind('NetworkPolicy');
    for (const policy of policies) {
      const selector = fieldsOf(policy.spec).podSelector;
      const known = rendered
        .filter(({ spec }) => covers(fieldsOf(spec).podSelector, selector))
        .flatMap((each) => waysOf(each, studio.rendered));
      for (const way of waysOf(policy, studio).filter((each) => !known.some((other) => isPart(each, other)))) {
        yield { object: titleOf(policy), text: `opens ${textOf(way)}, which must stay closed` };
      }
    }
    yield* reopened(rendered, policies);
  },
};

/** What a policy closed and none closes any longer. */
function* reopened(rendered: readonly Manifest[], policies: readonly Manifest[]): Generator<Violation> {
  for (const policy of rendered) {
    const selector = fieldsOf(policy.spec).podSelector;
    const open = directionsOf(policy).filter(
      (direction) =>
        !policies.some(
          (each) => directionsOf(each).includes(direction) && covers(fieldsOf(each.spec).podSelector, selector),
        ),
    );
    for (const direction of open) yield { object: titleOf(policy), text: `no longer closes ${direction}` };
  }
}

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/#NetworkPolicySpec */
function directionsOf({ spec }: Manifest): readonly string[] {
  const { policyTypes, egress } = fieldsOf(spec);
  const types = textsOf(policyTypes);
  return types.length > 0 ? types : ['Ingress', ...(Array.isArray(egress) && egress.length > 0 ? ['Egress'] : [])];
}

function waysOf(policy: Manifest, studio: RenderedStudio): readonly Way[] {
  const { podSelector, ingress, egress } = fieldsOf(policy.spec);
  const containers = studio.selected(podSelector).flatMap((pod) => pod.containers);
  const named = (name: string) =>
    containers.flatMap(({ fields }) => listOf(fields.ports).filter((port) => port.name === name));
  const directions = directionsOf(policy);
  const opened = (direction: Direction, rules: unknown, peers: 'from' | 'to'): readonly Way[] => {
    if (!directions.includes(direction) || !Array.isArray(rules)) return [];
    // The API server takes null for a rule without fields, which admits everything.
    return rules.map(fieldsOf).flatMap((rule) =>
      orAll(rule[peers]).flatMap((peer) =>
        orAll(rule.ports).flatMap((port) =>
          (port ? portsOf(port, direction === 'Ingress' ? named : () => []) : [undefined]).map((ports) => {
            return { direction, peer, ports };
          }),
        ),
      ),
    );
  };
  return [...opened('Ingress', ingress, 'from'), ...opened('Egress', egress, 'to')];
}

/** An absent or empty list means everything. */
function orAll(list: unknown): readonly (Fields | undefined)[] {
  return Array.isArray(list) && list.length > 0 ? list.map(fieldsOf) : [undefined];
}

function portsOf(
  { port, endPort, protocol = 'TCP' }: Fields,
  named: (name: string) => readonly Fields[],
): readonly Ports[] {
  if (port === undefined || port === null) return [{ protocol, first: 0, last: 65535 }];
  if (typeof port === 'number') return [{ protocol, first: port, last: endPort ?? port }];
  const numbers = named(port).map(({ containerPort }) => containerPort);
  return numbers.length > 0
    ? numbers.map((number) => ({ protocol, first: number, last: number }))
    : [{ protocol, name: String(port), first: 0, last: 65535 }];
}

function isPart(one: Way, other: Way): boolean {
  return (
    one.direction === other.direction &&
    (!other.ports || (one.ports !== undefined && arePart(one.ports, other.ports))) &&
    (!other.peer || (one.peer !== undefined && isPeerPart(one.peer, other.peer)))
  );
}

function arePart(one: Ports, other: Ports): boolean {
  return (
    one.protocol === other.protocol &&
    (other.name === undefined || one.name === other.name) &&
    one.first >= other.first &&
    one.last <= other.last
  );
}

function isPeerPart(one: Fields, other: Fields): boolean {
  if (one.ipBlock || other.ipBlock) {
    const [{ cidr, except }, outer] = [fieldsOf(one.ipBlock), fieldsOf(other.ipBlock)];
    const closed = textsOf(outer.except).filter((range) => isWithin(range, cidr) || isWithin(cidr, range));
    return (
      isWithin(cidr ?? '', outer.cidr ?? '') &&
      closed.every((range) => textsOf(except).some((each) => isWithin(range, each)))
    );
  }
  // Without a selector of namespaces, the pods are those of its own, which every selector without conditions finds, too.
  const [inner, outer] = [one.namespaceSelector, other.namespaceSelector];
  const sameNamespaces = outer ? covers(outer, inner ?? {}) : !inner;
  return sameNamespaces && covers(other.podSelector, one.podSelector);
}

/** Whether a selector finds whatever another one finds. */
function covers(outer: unknown, inner: unknown): boolean {
  const labels = fieldsOf(fieldsOf(inner).matchLabels);
  const expressions = listOf(fieldsOf(inner).matchExpressions);
  return (
    Object.entries(fieldsOf(fieldsOf(outer).matchLabels)).every(([key, value]) => labels[key] === value) &&
    listOf(fieldsOf(outer).matchExpressions).every(
      (expression) =>
        expressions.some((each) => isSame(each, expression)) ||
        (expression.key in labels && matches({ matchExpressions: [expression] }, labels)),
    )
  );
}

function textOf({ direction, peer, ports }: Way): string {
  const way = direction === 'Ingress' ? 'ingress from' : 'egress to';
  const range = ports && (ports.name ?? (ports.first === ports.last ? ports.first : `${ports.first}-${ports.last}`));
  return `${way} ${peer ? JSON.stringify(peer) : 'any address'}, ${ports ? `${ports.protocol} ${range}` : 'all ports'}`;
}
