import { load } from 'js-yaml';
import { type AddressEndpoint, type Connection, isAllowed, type NetworkPolicy, type PodEndpoint } from './network';

/** A policy in the namespace `studio`, from the YAML of its spec. */
function policy(spec: string, metadata: object = { name: 'tested', namespace: 'studio' }): NetworkPolicy {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec: load(spec) } as NetworkPolicy;
}

function pod(name: string, more: Partial<PodEndpoint> = {}): PodEndpoint {
  const namespace = more.namespace ?? 'studio';
  return { kind: 'pod', name, namespace, namespaceLabels: {}, labels: { app: name }, ...more };
}

function address(ip: string): AddressEndpoint {
  return { kind: 'address', name: ip, ip };
}

const web = pod('web', { labels: { app: 'web', tier: 'front' } });
const api = pod('api', {
  ports: [
    { name: 'http', port: 8080 },
    { name: 'dns', port: 53, protocol: 'UDP' },
  ],
});
const stranger = pod('web', { namespace: 'other', namespaceLabels: { team: 'blue' } });
const internet = address('203.0.113.7');

const DENY = policy('{ podSelector: {}, policyTypes: [Ingress, Egress] }');
const DENY_INGRESS = policy('{ podSelector: {}, policyTypes: [Ingress] }');
const DENY_EGRESS = policy('{ podSelector: {}, policyTypes: [Egress] }');

function allowed(policies: readonly NetworkPolicy[], from: Connection['from'], to: Connection['to'], port = 8080) {
  return isAllowed(policies, { from, to, port });
}

/** Whether `from` reaches `api` through the one rule that a policy for its ingress holds. */
function admitted(rule: string, from: Connection['from'], port = 8080, protocol?: Connection['protocol']): boolean {
  return isAllowed([policy(`{ podSelector: {}, ingress: [${rule}] }`)], { from, to: api, port, protocol });
}

/** Whether `web` reaches `to` through the one rule that a policy for its egress holds. */
function released(rule: string, to: Connection['to'], port = 8080, protocol?: Connection['protocol']): boolean {
  const rules = policy(`{ podSelector: {}, policyTypes: [Egress], egress: [${rule}] }`);
  return isAllowed([rules], { from: web, to, port, protocol });
}

/** Whether a policy with this podSelector isolates a pod with these labels. */
function selected(podSelector: string, labels: Record<string, string>): boolean {
  return !allowed([policy(`{ podSelector: ${podSelector} }`)], internet, pod('subject', { labels }));
}

describe('isolation', () => {
  it('leaves everything open without policies', () => {
    expect(allowed([], web, api)).toBe(true);
    expect(allowed([], internet, api)).toBe(true);
    expect(allowed([], api, internet)).toBe(true);
  });

  it('closes only the direction that a policy names', () => {
    expect(allowed([DENY_INGRESS], internet, api)).toBe(false);
    expect(allowed([DENY_INGRESS], api, internet)).toBe(true);
    expect(allowed([DENY_EGRESS], internet, api)).toBe(true);
    expect(allowed([DENY_EGRESS], api, internet)).toBe(false);
    expect(allowed([DENY], internet, api)).toBe(false);
    expect(allowed([DENY], api, internet)).toBe(false);
  });

  it('leaves pods open that no policy selects', () => {
    const closed = policy('podSelector: { matchLabels: { app: api } }');
    expect(allowed([closed], internet, api)).toBe(false);
    expect(allowed([closed], internet, web)).toBe(true);
  });

  it('applies policies to pods of their own namespace only', () => {
    expect(allowed([DENY], internet, stranger)).toBe(true);
    expect(allowed([DENY], stranger, internet)).toBe(true);
    expect(allowed([DENY], stranger, web)).toBe(false);
  });

  it('never isolates addresses', () => {
    expect(allowed([DENY], internet, address('198.51.100.1'))).toBe(true);
  });

  it('lets a pod reach itself, but not another with the same labels', () => {
    expect(allowed([DENY], web, { ...web })).toBe(true);
    expect(allowed([DENY], web, { ...web, name: 'web-2' })).toBe(false);
    expect(allowed([DENY], web, { ...web, namespace: 'other' })).toBe(false);
  });
});

describe('policy types', () => {
  it.each(['podSelector: {}', '{ podSelector: {}, policyTypes: [] }', '{ podSelector: {}, egress: [] }'])(
    'default to ingress alone: %s',
    (spec) => {
      expect(allowed([policy(spec)], internet, api)).toBe(false);
      expect(allowed([policy(spec)], api, internet)).toBe(true);
    },
  );

  it('default to both where there are egress rules', () => {
    const both = policy('{ podSelector: {}, egress: [{ ports: [{ port: 443 }] }] }');
    expect(allowed([both], internet, api)).toBe(false);
    expect(allowed([both], api, internet, 443)).toBe(true);
    expect(allowed([both], api, internet, 80)).toBe(false);
  });

  it('make rules of a direction that is not named count for nothing', () => {
    const egressOnly = policy('{ podSelector: {}, policyTypes: [Egress], ingress: [{ ports: [{ port: 1 }] }] }');
    const ingressOnly = policy('{ podSelector: {}, policyTypes: [Ingress], egress: [{ ports: [{ port: 1 }] }] }');
    expect(allowed([egressOnly], internet, api)).toBe(true);
    expect(allowed([egressOnly], api, internet, 1)).toBe(false);
    expect(allowed([ingressOnly], api, internet)).toBe(true);
    expect(allowed([ingressOnly], internet, api, 1)).toBe(false);
  });
});

describe('a connection between two isolated pods', () => {
  const out = policy('{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [{}] }');
  const into = policy('{ podSelector: { matchLabels: { app: api } }, policyTypes: [Ingress], ingress: [{}] }');

  it('needs the egress of the one and the ingress of the other', () => {
    expect(allowed([DENY, out], web, api)).toBe(false);
    expect(allowed([DENY, into], web, api)).toBe(false);
    expect(allowed([DENY, out, into], web, api)).toBe(true);
  });

  it('is not opened the other way round', () => {
    expect(allowed([DENY, out, into], api, web)).toBe(false);
  });

  it('needs the policies of both namespaces', () => {
    const theirs = policy('{ podSelector: {}, policyTypes: [Egress] }', { name: 'theirs', namespace: 'other' });
    expect(allowed([DENY, into], stranger, api)).toBe(true);
    expect(allowed([DENY, into, theirs], stranger, api)).toBe(false);
  });
});

describe('rules', () => {
  it('add up within a policy and across policies, in any order', () => {
    const first = policy('{ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }, { ports: [{ port: 81 }] }] }');
    const second = policy('{ podSelector: { matchLabels: { app: api } }, ingress: [{ ports: [{ port: 82 }] }] }');
    for (const policies of [
      [DENY_INGRESS, first, second],
      [second, first, DENY_INGRESS],
    ]) {
      expect([80, 81, 82, 83].map((port) => allowed(policies, internet, api, port))).toEqual([true, true, true, false]);
    }
  });

  it('need peer and port in the same rule', () => {
    const rules = policy(`
      podSelector: {}
      ingress:
        - { from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80 }] }
        - { from: [{ ipBlock: { cidr: 0.0.0.0/0 } }], ports: [{ port: 81 }] }
    `);
    expect(allowed([rules], web, api, 80)).toBe(true);
    expect(allowed([rules], web, api, 81)).toBe(false);
    expect(allowed([rules], internet, api, 80)).toBe(false);
    expect(allowed([rules], internet, api, 81)).toBe(true);
  });

  it.each(['{}', '{ from: [] }', '{ ports: [] }', '{ from: [], ports: [] }'])('let everyone in on %s', (rule) => {
    for (const from of [web, stranger, internet]) expect(admitted(rule, from)).toBe(true);
    expect(admitted(rule, web, 53, 'UDP')).toBe(true);
    expect(admitted(rule, web, 9, 'SCTP')).toBe(true);
  });

  it.each(['{}', '{ to: [] }', '{ ports: [] }', '{ to: [], ports: [] }'])('let everything out on %s', (rule) => {
    for (const to of [api, stranger, internet]) expect(released(rule, to)).toBe(true);
    expect(released(rule, api, 53, 'UDP')).toBe(true);
  });
});

describe('selectors', () => {
  it.each(['{}', '{ matchLabels: {} }', '{ matchExpressions: [] }'])('select every pod when empty: %s', (selector) => {
    expect(selected(selector, { app: 'api' })).toBe(true);
    expect(selected(selector, {})).toBe(true);
  });

  it('select every pod of the namespace when the policy has none', () => {
    expect(allowed([policy('policyTypes: [Ingress]')], internet, api)).toBe(false);
  });

  it('need every label of matchLabels', () => {
    const selector = '{ matchLabels: { app: web, tier: front } }';
    expect(selected(selector, { app: 'web', tier: 'front', extra: 'x' })).toBe(true);
    expect(selected(selector, { app: 'web' })).toBe(false);
    expect(selected(selector, { app: 'web', tier: 'back' })).toBe(false);
  });

  it.each([
    ['In, values: [a, b]', { a: true, b: true, c: false, none: false }],
    ['NotIn, values: [a, b]', { a: false, b: false, c: true, none: true }],
    ['Exists', { a: true, b: true, c: true, none: false }],
    ['DoesNotExist', { a: false, b: false, c: false, none: true }],
  ])('match by operator %s', (operator, expected) => {
    const selector = `{ matchExpressions: [{ key: k, operator: ${operator} }] }`;
    const matches = Object.keys(expected).map((value) => [
      value,
      selected(selector, value === 'none' ? { app: 'x' } : { k: value }),
    ]);
    expect(Object.fromEntries(matches)).toEqual(expected);
  });

  it('tell an empty label from none', () => {
    expect(selected('{ matchLabels: { k: "" } }', { k: '' })).toBe(true);
    expect(selected('{ matchLabels: { k: "" } }', {})).toBe(false);
    expect(selected('{ matchExpressions: [{ key: k, operator: Exists }] }', { k: '' })).toBe(true);
  });

  it('need matchLabels and all of matchExpressions', () => {
    const selector = `{
      matchLabels: { app: web },
      matchExpressions: [{ key: tier, operator: In, values: [front] }, { key: canary, operator: DoesNotExist }]
    }`;
    expect(selected(selector, { app: 'web', tier: 'front' })).toBe(true);
    expect(selected(selector, { app: 'api', tier: 'front' })).toBe(false);
    expect(selected(selector, { app: 'web', tier: 'back' })).toBe(false);
    expect(selected(selector, { app: 'web', tier: 'front', canary: 'yes' })).toBe(false);
  });

  it('see no labels but those of the pod', () => {
    expect(selected('{ matchExpressions: [{ key: constructor, operator: Exists }] }', {})).toBe(false);
  });
});

describe('peers', () => {
  it('by podSelector are pods of the namespace of the policy', () => {
    const rule = '{ from: [{ podSelector: { matchLabels: { app: web } } }] }';
    expect(admitted(rule, web)).toBe(true);
    expect(admitted(rule, pod('cron'))).toBe(false);
    expect(admitted(rule, stranger)).toBe(false);
    expect(admitted(rule, internet)).toBe(false);
  });

  it('by an empty podSelector are all pods of the namespace, and nothing else', () => {
    const rule = '{ from: [{ podSelector: {} }] }';
    expect(admitted(rule, web)).toBe(true);
    expect(admitted(rule, stranger)).toBe(false);
    expect(admitted(rule, internet)).toBe(false);
  });

  it('by namespaceSelector are all pods of those namespaces', () => {
    const rule = '{ from: [{ namespaceSelector: { matchLabels: { team: blue } } }] }';
    expect(admitted(rule, stranger)).toBe(true);
    expect(admitted(rule, pod('cron', { namespace: 'other', namespaceLabels: { team: 'blue' } }))).toBe(true);
    expect(admitted(rule, { ...stranger, namespaceLabels: { team: 'red' } })).toBe(false);
    expect(admitted(rule, web)).toBe(false);
    expect(admitted(rule, internet)).toBe(false);
  });

  it('by an empty namespaceSelector are all pods of the cluster, and no addresses', () => {
    const rule = '{ from: [{ namespaceSelector: {} }] }';
    expect(admitted(rule, web)).toBe(true);
    expect(admitted(rule, stranger)).toBe(true);
    expect(admitted(rule, internet)).toBe(false);
  });

  it('may name a namespace by the label that the API server gives it', () => {
    const rule = '{ from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: other } } }] }';
    expect(admitted(rule, stranger)).toBe(true);
    expect(admitted(rule, web)).toBe(false);
  });

  it('by both selectors match both', () => {
    const rule = `{ from: [{
      namespaceSelector: { matchLabels: { team: blue } },
      podSelector: { matchLabels: { app: web } }
    }] }`;
    expect(admitted(rule, stranger)).toBe(true);
    expect(admitted(rule, { ...stranger, labels: { app: 'cron' } })).toBe(false);
    expect(admitted(rule, web)).toBe(false);
  });

  it('in a list match when any of them does', () => {
    const rule = `{ from: [
      { namespaceSelector: { matchLabels: { team: blue } } },
      { podSelector: { matchLabels: { app: web } } }
    ] }`;
    expect(admitted(rule, { ...stranger, labels: { app: 'cron' } })).toBe(true);
    expect(admitted(rule, web)).toBe(true);
    expect(admitted(rule, pod('cron'))).toBe(false);
  });

  it('of egress rules are destinations', () => {
    const rule = '{ to: [{ podSelector: { matchLabels: { app: api } } }] }';
    expect(released(rule, api)).toBe(true);
    expect(released(rule, pod('cron'))).toBe(false);
    expect(released(rule, internet)).toBe(false);
  });
});

describe('IP blocks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', '11.0.0.0'],
    ['10.1.2.3/32', '10.1.2.3', '10.1.2.4'],
    ['172.16.0.0/12', '172.31.255.255', '172.32.0.0'],
    ['192.0.2.128/25', '192.0.2.128', '192.0.2.127'],
    ['192.0.2.77/24', '192.0.2.1', '192.0.3.1'],
    ['0.0.0.0/1', '127.255.255.255', '128.0.0.0'],
    ['0.0.0.0/0', '255.255.255.255', '::1'],
    ['::/0', 'ffff::', '0.0.0.1'],
    ['fc00::/7', 'fdff:ffff::1', 'fe00::'],
    ['2001:db8::/33', '2001:db8:7fff:ffff::', '2001:db8:8000::'],
    ['2001:db8::1/128', '2001:0DB8:0:0:0:0:0:1', '2001:db8::2'],
    ['64:ff9b::192.0.2.0/120', '64:ff9b::c000:2ff', '64:ff9b::c000:300'],
    ['1:2:3:4:5:6:7::/112', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:8:8'],
  ])('%s holds %s and not %s', (cidr, inside, outside) => {
    const rule = `{ to: [{ ipBlock: { cidr: "${cidr}" } }] }`;
    expect(released(rule, address(inside))).toBe(true);
    expect(released(rule, address(outside))).toBe(false);
  });

  it('leave out their excepts', () => {
    const rule = '{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 169.254.169.254/32] } }] }';
    expect(released(rule, internet)).toBe(true);
    expect(released(rule, address('10.1.1.1'))).toBe(false);
    expect(released(rule, address('169.254.169.254'))).toBe(false);
    expect(released(rule, address('169.254.169.253'))).toBe(true);
  });

  it('leave out their IPv6 excepts', () => {
    const rule = '{ to: [{ ipBlock: { cidr: "::/0", except: ["fc00::/7"] } }] }';
    expect(released(rule, address('2001:db8::1'))).toBe(true);
    expect(released(rule, address('fd00:ec2::254'))).toBe(false);
  });

  it('except only from themselves, not from other peers', () => {
    const rule = '{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8] } }, { ipBlock: { cidr: 10.1.0.0/16 } }] }';
    expect(released(rule, address('10.1.1.1'))).toBe(true);
    expect(released(rule, address('10.2.1.1'))).toBe(false);
  });

  it('admit sources as well', () => {
    const rule = '{ from: [{ ipBlock: { cidr: 203.0.113.0/24 } }] }';
    expect(admitted(rule, internet)).toBe(true);
    expect(admitted(rule, address('198.51.100.1'))).toBe(false);
  });

  it('match pods only where the pod carries an ip', () => {
    const rule = '{ from: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.9.0.0/16] } }] }';
    expect(admitted(rule, web)).toBe(false);
    expect(admitted(rule, { ...web, ip: '10.1.0.4' })).toBe(true);
    expect(admitted(rule, { ...web, ip: '10.9.0.4' })).toBe(false);
  });
});

describe('ports', () => {
  it('are TCP unless they say otherwise', () => {
    const rule = '{ ports: [{ port: 8080 }] }';
    expect(admitted(rule, web, 8080)).toBe(true);
    expect(admitted(rule, web, 8080, 'TCP')).toBe(true);
    expect(admitted(rule, web, 8080, 'UDP')).toBe(false);
    expect(admitted(rule, web, 8080, 'SCTP')).toBe(false);
    expect(admitted(rule, web, 8081)).toBe(false);
  });

  it.each(['TCP', 'UDP', 'SCTP'] as const)('of %s let no other protocol through', (protocol) => {
    const rule = `{ ports: [{ port: 53, protocol: ${protocol} }] }`;
    const through = (['TCP', 'UDP', 'SCTP'] as const).filter((other) => admitted(rule, web, 53, other));
    expect(through).toEqual([protocol]);
  });

  it('without a number are all ports of the protocol', () => {
    expect(admitted('{ ports: [{ protocol: UDP }] }', web, 12345, 'UDP')).toBe(true);
    expect(admitted('{ ports: [{ protocol: UDP }] }', web, 12345)).toBe(false);
    expect(admitted('{ ports: [{}] }', web, 12345)).toBe(true);
    expect(admitted('{ ports: [{}] }', web, 12345, 'UDP')).toBe(false);
  });

  it('with endPort are a range with both ends', () => {
    const rule = '{ ports: [{ port: 100, endPort: 200 }] }';
    expect([99, 100, 150, 200, 201].map((port) => admitted(rule, web, port))).toEqual([false, true, true, true, false]);
    expect(admitted(rule, web, 150, 'UDP')).toBe(false);
    expect(admitted('{ ports: [{ port: 100, endPort: 100 }] }', web, 100)).toBe(true);
  });

  it('in a list match when any of them does', () => {
    const rule = '{ ports: [{ port: 80 }, { port: 53, protocol: UDP }] }';
    expect(admitted(rule, web, 80)).toBe(true);
    expect(admitted(rule, web, 53, 'UDP')).toBe(true);
    expect(admitted(rule, web, 53)).toBe(false);
  });

  it('by name are what the destination calls them', () => {
    const rule = '{ ports: [{ port: http }] }';
    expect(admitted(rule, web, 8080)).toBe(true);
    expect(admitted(rule, web, 80)).toBe(false);
    expect(released(rule, api, 8080)).toBe(true);
    expect(released(rule, pod('cron', { ports: [{ name: 'http', port: 9000 }] }), 8080)).toBe(false);
    expect(released(rule, pod('cron', { ports: [{ name: 'http', port: 9000 }] }), 9000)).toBe(true);
  });

  it('by name need the protocol of the container port', () => {
    expect(admitted('{ ports: [{ port: dns, protocol: UDP }] }', web, 53, 'UDP')).toBe(true);
    expect(admitted('{ ports: [{ port: dns, protocol: UDP }] }', web, 53)).toBe(false);
    expect(admitted('{ ports: [{ port: dns }] }', web, 53)).toBe(false);
    expect(admitted('{ ports: [{ port: dns }] }', web, 53, 'UDP')).toBe(false);
  });

  it('by name never match a destination without named ports', () => {
    const rule = '{ ports: [{ port: http }] }';
    expect(released(rule, internet)).toBe(false);
    expect(released(rule, pod('cron'))).toBe(false);
    expect(released(rule, pod('cron', { ports: [{ port: 8080 }] }))).toBe(false);
  });

  it('by name do not resolve against the source', () => {
    const rule = '{ ports: [{ port: own }] }';
    expect(admitted(rule, { ...web, ports: [{ name: 'own', port: 8080 }] })).toBe(false);
  });
});

describe('what it does not understand', () => {
  const evaluate = (spec: string) => () => allowed([policy(spec)], web, api);
  const ingress = (rule: string) => evaluate(`{ podSelector: {}, ingress: [${rule}] }`);
  const from = (peer: string) => ingress(`{ from: [${peer}] }`);
  const ports = (port: string) => ingress(`{ ports: [${port}] }`);
  const expression = (fields: string) => evaluate(`{ podSelector: { matchExpressions: [{ ${fields} }] } }`);

  it.each<[string, () => unknown, string]>([
    ['a spec with an unknown field', evaluate('{ podSelector: {}, ingres: [] }'), 'spec: unknown field ingres'],
    ['a rule with an unknown field', ingress('{ froms: [] }'), 'spec.ingress[0]: unknown field froms'],
    ['`to` in an ingress rule', ingress('{ to: [] }'), 'spec.ingress[0]: unknown field to'],
    ['`from` in an egress rule', evaluate('egress: [{ from: [] }]'), 'spec.egress[0]: unknown field from'],
    ['a peer with an unknown field', from('{ serviceAccounts: {} }'), 'from[0]: unknown field serviceAccounts'],
    ['a selector with an unknown field', evaluate('podSelector: { app: web }'), 'podSelector: unknown field app'],
    ['a block with an unknown field', from('{ ipBlock: { cidr: 10.0.0.0/8, but: [] } }'), 'unknown field but'],
    ['a port with an unknown field', ports('{ number: 80 }'), 'spec.ingress[0].ports[0]: unknown field number'],
    ['an expression with an unknown field', expression('key: k, operator: Exists, not: 1'), 'unknown field not'],
    ['an unknown policy type', evaluate('policyTypes: [ingress]'), 'policyTypes[0]: "ingress" is not one of'],
    ['a spec that is no object', evaluate('[]'), 'NetworkPolicy tested: spec: [] is not an object'],
    ['a selector that is null', evaluate('podSelector:'), 'spec.podSelector: null'],
    ['a peer list that is null', ingress('{ from: null }'), 'spec.ingress[0].from: null'],
    ['a rule that is null', ingress('null'), 'spec.ingress[0]: null is not an object'],
    ['rules that are no list', evaluate('ingress: {}'), 'spec.ingress: {} is not a list'],
    ['an empty peer', from('{}'), 'spec.ingress[0].from[0]: empty peer'],
    [
      'a peer with ipBlock and podSelector',
      from('{ ipBlock: { cidr: 10.0.0.0/8 }, podSelector: {} }'),
      'from[0]: ipBlock stands alone',
    ],
    [
      'a peer with ipBlock and namespaceSelector',
      from('{ ipBlock: { cidr: 10.0.0.0/8 }, namespaceSelector: {} }'),
      'from[0]: ipBlock stands alone',
    ],
    ['an unknown operator', expression('key: k, operator: Gt, values: ["1"]'), 'operator: "Gt" is not one of'],
    ['an expression without an operator', expression('key: k'), 'operator: undefined is not one of'],
    ['an expression without a key', expression('operator: Exists'), 'matchExpressions[0].key: missing'],
    ['In without values', expression('key: k, operator: In'), 'values: In takes at least one value'],
    ['NotIn without values', expression('key: k, operator: NotIn, values: []'), 'NotIn takes at least one value'],
    ['Exists with values', expression('key: k, operator: Exists, values: [a]'), 'Exists takes no values'],
    ['DoesNotExist with values', expression('key: k, operator: DoesNotExist, values: [a]'), 'takes no values'],
    ['a label that is no string', evaluate('podSelector: { matchLabels: { on: true } }'), 'on: true is not a string'],
    ['a value that is no string', expression('key: k, operator: In, values: [1]'), 'values[0]: 1 is not a string'],
    ['an unknown protocol', ports('{ port: 80, protocol: tcp }'), 'protocol: "tcp" is not one of TCP, UDP, SCTP'],
    ['port 0', ports('{ port: 0 }'), 'ports[0].port: 0 is not a port'],
    ['port 65536', ports('{ port: 65536 }'), 'ports[0].port: 65536 is not a port'],
    ['half a port', ports('{ port: 80.5 }'), 'ports[0].port: 80.5 is not a port'],
    ['a number in quotes', ports('{ port: "80" }'), '"80" is not a port name'],
    ['a port name that cannot be', ports('{ port: a_b }'), '"a_b" is not a port name'],
    ['a port name over 15 characters', ports('{ port: sixteen-letters1 }'), 'is not a port name'],
    ['endPort without a port', ports('{ endPort: 80 }'), 'endPort: needs a numeric port'],
    ['endPort with a named port', ports('{ port: http, endPort: 80 }'), 'endPort: needs a numeric port'],
    ['endPort below the port', ports('{ port: 80, endPort: 79 }'), 'endPort: 79 is less than port 80'],
    ['endPort that is no port', ports('{ port: 80, endPort: 65536 }'), 'endPort: 65536 is not a port'],
  ])('throws on %s', (_, evaluation, message) => {
    expect(evaluation).toThrow(message);
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/255.0.0.0',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.256/32',
    '::/129',
    'fe80::1%eth0/64',
    '1::2::3/64',
    '::ffff:10.0.0.0/104',
    'example.com/24',
    '',
  ])('throws on the CIDR "%s"', (cidr) => {
    expect(from(`{ ipBlock: { cidr: "${cidr}" } }`)).toThrow('spec.ingress[0].from[0].ipBlock.cidr: ');
    expect(from(`{ ipBlock: { cidr: 0.0.0.0/0, except: ["${cidr}"] } }`)).toThrow('ipBlock.except[0]: ');
  });

  it('throws on a block without a CIDR', () => {
    expect(from('{ ipBlock: {} }')).toThrow('ipBlock.cidr: missing');
  });

  it.each([
    ['10.0.0.0/8', '11.0.0.0/16'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.0/8', '0.0.0.0/0'],
    ['10.0.0.0/8', 'fc00::/7'],
    ['::/0', '10.0.0.0/8'],
    ['fc00::/7', 'fe80::/10'],
  ])('throws where %s excepts %s, which is not a part of it', (cidr, except) => {
    const block = from(`{ ipBlock: { cidr: "${cidr}", except: ["${except}"] } }`);
    expect(block).toThrow(`ipBlock.except[0]: ${except} is not a smaller block inside ${cidr}`);
  });

  it('throws on objects that are no policy of networking.k8s.io/v1', () => {
    expect(() => allowed([{ ...DENY, kind: 'Ingress' }], web, api)).toThrow('networking.k8s.io/v1 Ingress is not');
    expect(() => allowed([{ ...DENY, apiVersion: 'cilium.io/v2' }], web, api)).toThrow('cilium.io/v2 NetworkPolicy is');
    expect(() => allowed([{ ...DENY, status: {} } as NetworkPolicy], web, api)).toThrow('unknown field status');
  });

  it('throws on a policy without a name or a namespace', () => {
    expect(() => allowed([policy('{}', { namespace: 'studio' })], web, api)).toThrow('metadata.name: missing');
    expect(() => allowed([policy('{}', { name: 'a' })], web, api)).toThrow('NetworkPolicy a: metadata.namespace: miss');
  });

  it('throws even where the part would not have mattered', () => {
    const elsewhere = policy('podSelector: { nonsense: {} }', { name: 'elsewhere', namespace: 'elsewhere' });
    expect(() => allowed([elsewhere], web, web)).toThrow('NetworkPolicy elsewhere: spec.podSelector: unknown field');
    expect(evaluate('{ policyTypes: [Egress], ingress: [{}, { nonsense: {} }] }')).toThrow('spec.ingress[1]: unknown');
  });

  it('throws on connections that cannot be', () => {
    expect(() => allowed([], web, api, 0)).toThrow('connection.port: 0');
    expect(() => allowed([], web, address('10.0.0'))).toThrow('ip of 10.0.0: "10.0.0" is not an IP address');
    expect(() => allowed([], { ...web, ip: '::ffff:10.0.0.1' }, api)).toThrow(
      'ip of web: "::ffff:10.0.0.1" is an IPv4',
    );
    const protocol = 'tcp' as Connection['protocol'];
    expect(() => isAllowed([], { from: web, to: api, port: 80, protocol })).toThrow('connection.protocol: "tcp"');
  });
});
