import { readFileSync } from 'node:fs';
import { type Endpoint, isAllowed, type PodEndpoint } from '../support/network';
import {
  development,
  freshSecret,
  type Manifest,
  production,
  type Rendered,
  render,
  type Settings,
} from '../support/studio';

const NAMESPACE = 'junjo-ai-studio';
const EDGE = 'traefik';

/** The pods of a studio and of its surroundings, and the addresses outside. */
function endpoints(studio: Rendered): Record<string, Endpoint> {
  const pod = (name: string, namespace: string, labels: Record<string, string>): PodEndpoint => ({
    kind: 'pod',
    name,
    namespace,
    namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
    labels,
  });
  const own = (service: string) => pod(service, NAMESPACE, studio.pod(service).metadata.labels);
  const address = (name: string, ip: string): Endpoint => ({ kind: 'address', name, ip });
  return {
    backend: own('backend'),
    ingestion: own('ingestion'),
    ...(studio.ofKind('Deployment').some(({ metadata }) => /frontend/.test(metadata.name)) && {
      frontend: own('frontend'),
    }),
    solver: pod('solver', NAMESPACE, { 'acme.cert-manager.io/http01-solver': 'true' }),
    stranger: pod('stranger', NAMESPACE, { app: 'stranger' }),
    edge: pod('edge', EDGE, { 'app.kubernetes.io/name': 'traefik' }),
    neighbour: pod('neighbour', 'other', { app: 'neighbour' }),
    dns: pod('dns', 'kube-system', { 'k8s-app': 'kube-dns' }),
    'dns-cache': pod('dns-cache', 'kube-system', { 'k8s-app': 'node-local-dns' }),
    'openshift-dns': pod('openshift-dns', 'openshift-dns', { 'dns.operator.openshift.io/daemonset-dns': 'default' }),
    'kube-system': pod('kube-system', 'kube-system', { app: 'other' }),
    'node-dns': address('node-dns', '169.254.20.10'),
    'kubespray-dns': address('kubespray-dns', '169.254.25.10'),
    client: address('client', '203.0.113.7'),
    internet: address('internet', '8.8.8.8'),
    'internet-v6': address('internet-v6', '2606:4700::1'),
    private: address('private', '10.1.2.3'),
    'private-v6': address('private-v6', 'fd00:ec2::254'),
    metadata: address('metadata', '169.254.169.254'),
  };
}

const ports = {
  ui: 80,
  // The guard; the API itself is behind it.
  api: 8080,
  'api-itself': 1323,
  // The API and the UI of a release without a frontend.
  'ui-and-api': 26154,
  'api-keys': 50053,
  spans: 50051,
  // The sidecar in which TLS ends.
  'spans-tls': 50054,
  // The proxy in front of an ingestion that ignores SIGTERM, and the port of such an ingestion from 0.81.1 on.
  'spans-proxy': 4317,
  'spans-itself': 26155,
  'span-reads': 50052,
  53: 53,
  5353: 5353,
  8053: 8053,
  443: 443,
  8089: 8089,
  22: 22,
};
type Port = keyof typeof ports;

/** Every connection that the policies of a studio allow: `from to port`. Only those that touch its namespace count. */
function allowed(settings: Settings): string[] {
  const studio = render(settings);
  const policies = studio.ofKind('NetworkPolicy');
  const all = Object.entries(endpoints(studio));
  const inside = (endpoint: Endpoint) => endpoint.kind === 'pod' && endpoint.namespace === NAMESPACE;
  return all.flatMap(([fromName, from]) =>
    all
      .filter(([, to]) => from !== to && (inside(from) || inside(to)))
      .flatMap(([toName, to]) =>
        Object.entries(ports)
          .filter(([, port]) => isAllowed(policies, { from, to, port }))
          .map(([name]) => `${fromName} ${toName} ${name}`),
      ),
  );
}

/** The table of docs/network.md. */
const documented = readFileSync('docs/network.md', 'utf8')
  .replace(/\n## [\s\S]*/, '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (from|---) /.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, 4)
      .map((cell) => cell.trim())
      .join(' '),
  );

/** What the table means where a name of it stands for several endpoints. */
const meant = (rows: readonly string[]) =>
  rows.flatMap((row) => {
    const [from = '', to] = row.split(' ');
    switch (to) {
      case 'internet':
        return [row, `${from} internet-v6 443`];
      case 'dns':
        return ['dns 53', 'dns 8053', 'dns-cache 53', 'dns-cache 8053', 'openshift-dns 5353'].map(
          (way) => `${from} ${way}`,
        );
      // Cloud DNS of GKE has the address of the metadata service: port 53 of it is open.
      case 'node-dns':
        return ['node-dns', 'kubespray-dns', 'metadata'].map((node) => `${from} ${node} 53`);
      default:
        return [row];
    }
  });

const known = { JUNJO_K8S_INGRESS_NAMESPACE: EDGE };
const published = { JUNJO_K8S_INGESTION_SERVICE: 'LoadBalancer' };
const everybody = (port: Port, to: string) =>
  [
    'backend',
    'ingestion',
    'frontend',
    'solver',
    'stranger',
    'edge',
    'neighbour',
    'dns',
    'dns-cache',
    'openshift-dns',
    'kube-system',
    'node-dns',
    'kubespray-dns',
    'client',
    'internet',
    'internet-v6',
    'private',
    'private-v6',
    'metadata',
  ].map((from) => `${from} ${to} ${port}`);

test('what the documentation lists is open, and nothing else', () => {
  const settings = production({ ...known, ...published, JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' });
  expect(allowed(settings).sort()).toEqual([...meant(documented)].sort());
  expect(documented).toHaveLength(12);
});

test('without source ranges everybody who can get out may send spans', () => {
  const outsiders = everybody('spans', 'ingestion').filter(
    (row) => !/^(backend|ingestion|frontend|solver|stranger) /.test(row),
  );
  const others = meant(documented).filter((row) => !row.endsWith('ingestion spans'));
  expect(allowed(production({ ...known, ...published })).sort()).toEqual([...others, ...outsiders].sort());
});

test('a release without a frontend calls nothing outside, whatever JUNJO_K8S_EGRESS opens', () => {
  const settings = production({
    ...known,
    ...published,
    JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24',
    JUNJO_K8S_RELEASE: '0.86.0',
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_K8S_EGRESS: '10.1.2.3/32:22',
  });
  const expected = meant(documented.filter((row) => !/frontend|internet/.test(row)))
    .map((row) => row.replace('backend api', 'backend ui-and-api').replace('ui-and-api-keys', 'api-keys'))
    .map((row) => row.replace('ingestion spans', 'ingestion spans-itself'));
  expect(allowed(settings).sort()).toEqual(expected.sort());
});

test('without a load balancer only the edge brings spans', () => {
  const settings = production(known);
  const expected = meant(documented).filter((row) => row !== 'client ingestion spans');
  expect(allowed(settings).sort()).toEqual([...expected].sort());
});

test.each([
  ['0.80.0', {}],
  ['0.81.0', {}],
  ['0.81.5', {}],
  ['0.82.1', { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() }],
])(
  'where a proxy is in front of ingestion, spans reach the proxy, and nobody reaches past it: %s',
  (release, token) => {
    const ranges = { JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' };
    const rows = allowed(production({ ...known, ...published, ...ranges, ...token, JUNJO_K8S_RELEASE: release }));
    const ofSpans = rows.filter((row) => row.includes(' ingestion spans'));
    expect(ofSpans.sort()).toEqual(['client ingestion spans-proxy', 'edge ingestion spans-proxy']);
  },
);

const overTls = {
  ...known,
  JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051',
  JUNJO_K8S_CLUSTER_ISSUER: 'dns',
};
const notSpans = meant(documented).filter((row) => !row.endsWith('ingestion spans'));

test.each([
  [
    'a load balancer, for the source ranges',
    { ...overTls, JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' },
    ['client ingestion spans-tls'],
  ],
  ['an edge of the operator', { ...overTls, JUNJO_K8S_INGESTION_SERVICE: 'ClusterIP' }, ['edge ingestion spans-tls']],
])('where TLS ends in the pod behind %s, that is open and nothing else', (_, settings, spans) => {
  expect(allowed(production(settings)).sort()).toEqual([...notSpans, ...spans].sort());
});

test('behind Caddy, which obtains its certificate by itself, the sidecar is open to it and nothing else', () => {
  const settings = { ...known, JUNJO_K8S_INGRESS_CLASS: 'caddy' };
  const withoutSolver = notSpans.filter((row) => !row.includes(' solver '));
  expect(allowed(production(settings)).sort()).toEqual([...withoutSolver, 'edge ingestion spans-tls'].sort());
});

test('the edge reaches the TLS sidecar of ingestion, and past it nobody', () => {
  const settings = { JUNJO_K8S_INGRESS_CLASS: 'caddy', JUNJO_K8S_INGRESS_NAMESPACE: 'caddy-system' };
  const studio = render(production({ ...settings, JUNJO_K8S_INGESTION_SERVICE: 'ClusterIP' }));
  const { ingestion, client, ...others } = endpoints(studio) as Record<string, Endpoint> & {
    ingestion: Endpoint;
    client: Endpoint;
  };
  const caddy: Endpoint = {
    kind: 'pod',
    name: 'caddy',
    namespace: 'caddy-system',
    namespaceLabels: { 'kubernetes.io/metadata.name': 'caddy-system' },
    labels: {},
  };
  const policies = studio.ofKind('NetworkPolicy');
  expect(isAllowed(policies, { from: caddy, to: ingestion, port: 50054 })).toBe(true);
  expect(isAllowed(policies, { from: caddy, to: ingestion, port: 50051 })).toBe(false);
  for (const from of [client, ...Object.values(others)]) {
    expect(isAllowed(policies, { from, to: ingestion, port: 50054 })).toBe(false);
  }
});

describe('TLS that ends in the pod of ingestion', () => {
  const settings = {
    ...known,
    JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051',
    JUNJO_K8S_TLS_SECRET: 'own',
  };
  const reach = (more: Settings, port: number) => {
    const studio = render(production({ ...settings, ...more }));
    const { ingestion, ...others } = endpoints(studio) as Record<string, Endpoint> & { ingestion: Endpoint };
    return Object.entries(others)
      .filter(([, from]) => isAllowed(studio.ofKind('NetworkPolicy'), { from, to: ingestion, port }))
      .map(([name]) => name);
  };

  test('is open to the source ranges, and the port in the clear behind it to nobody', () => {
    expect(reach({ JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' }, 50054)).toEqual(['client']);
    expect(reach({}, 50054)).toContain('internet');
    expect(reach({}, 50051)).toEqual([]);
  });

  test('is open to an edge of the operator alone where nothing is published', () => {
    expect(reach({ JUNJO_K8S_INGESTION_SERVICE: 'ClusterIP' }, 50054)).toEqual(['edge']);
    expect(reach({ JUNJO_K8S_INGESTION_SERVICE: 'ClusterIP' }, 50051)).toEqual([]);
  });
});

describe.each([
  ['production', production()],
  ['production behind a known edge', production(known)],
  ['development', development()],
  ['release line 0.82', production({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() })],
])('%s', (_, settings) => {
  const studio = render(settings);
  const policies = studio.ofKind('NetworkPolicy');
  const { frontend, backend, ingestion, ...others } = endpoints(studio) as Record<string, Endpoint> &
    Record<'frontend' | 'backend' | 'ingestion', Endpoint>;
  const internal = { api: 50053, reads: 50052 };

  test('the internal gRPC ports are open between their two pods only', () => {
    expect(isAllowed(policies, { from: ingestion, to: backend, port: internal.api })).toBe(true);
    expect(isAllowed(policies, { from: backend, to: ingestion, port: internal.reads })).toBe(true);
    for (const from of [frontend, ...Object.values(others)]) {
      expect(isAllowed(policies, { from, to: backend, port: internal.api })).toBe(false);
      expect(isAllowed(policies, { from, to: ingestion, port: internal.reads })).toBe(false);
    }
  });

  test('the frontend reaches nothing', () => {
    for (const to of [backend, ingestion, ...Object.values(others)]) {
      for (const port of [53, 80, 443, 1323, 50051])
        expect(isAllowed(policies, { from: frontend, to, port })).toBe(false);
    }
  });

  test('names are resolved over UDP and TCP', () => {
    for (const protocol of ['UDP', 'TCP'] as const) {
      expect(isAllowed(policies, { from: backend, to: others.dns as Endpoint, port: 53, protocol })).toBe(true);
    }
  });

  test('the ports that the containers listen on are the ports that the policies open', () => {
    const edge = others.edge as Endpoint;
    for (const [to, service] of [
      [frontend, 'frontend'],
      [backend, 'backend'],
      [ingestion, 'ingestion'],
    ] as const) {
      const [served] = studio.get('Service', `junjo-ai-studio-${service}`).spec.ports;
      const listening = studio.pod(service).spec.containers.flatMap((container: Manifest) => container.ports);
      expect(listening.map(({ containerPort }: Manifest) => containerPort)).toContain(served.targetPort);
      expect(isAllowed(policies, { from: edge, to, port: served.targetPort })).toBe(true);
    }
  });
});

test.each([
  ['an Issuer of the studio', {}],
  ['a ClusterIssuer', { JUNJO_K8S_CLUSTER_ISSUER: 'letsencrypt' }],
])('a certificate by %s opens the port of the solver', (_, certificate) => {
  const policies = render(production(certificate)).ofKind('NetworkPolicy');
  const solver = policies.filter(({ metadata }) => metadata.name === 'junjo-ai-studio-acme-solver');
  expect(solver).toHaveLength(1);
  expect(solver[0].spec.podSelector.matchLabels).toEqual({ 'acme.cert-manager.io/http01-solver': 'true' });
});

test('a certificate from elsewhere opens no port for the solver', () => {
  const studio = render(production({ JUNJO_K8S_TLS_SECRET: 'studio-tls' }));
  expect(studio.ofKind('NetworkPolicy').map(({ metadata }) => metadata.name)).not.toContain(
    'junjo-ai-studio-acme-solver',
  );
});

test('JUNJO_K8S_NETWORK_POLICY=false leaves the policies out', () => {
  expect(render(production({ JUNJO_K8S_NETWORK_POLICY: 'false' })).ofKind('NetworkPolicy')).toEqual([]);
});

test('every port of a policy names its protocol', () => {
  const rules = render(production())
    .ofKind('NetworkPolicy')
    .flatMap(({ spec }) => [...(spec.ingress ?? []), ...(spec.egress ?? [])]);
  const named = rules.flatMap((rule: Manifest) => rule.ports);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ protocol }: Manifest) => !protocol)).toEqual([]);
});

describe('the backend on 443', () => {
  const studio = render(production());
  const policies = studio.ofKind('NetworkPolicy');
  const { backend } = endpoints(studio) as { backend: Endpoint };
  const reaches = (ip: string) =>
    isAllowed(policies, { from: backend, to: { kind: 'address', name: ip, ip }, port: 443 });

  test.each([
    '8.8.8.8',
    '100.128.0.1',
    '172.32.0.1',
    '192.0.1.1',
    '198.20.0.1',
    '223.255.255.255',
    '2606:4700::1',
    '2001:4860:4860::8888',
    // What names of IPv4 hosts resolve to on IPv6 alone.
    '64:ff9b::8.8.8.8',
  ])('reaches %s', (ip) => {
    expect(reaches(ip)).toBe(true);
  });

  test.each([
    ['this network', '0.0.0.0'],
    ['private addresses', '10.1.2.3'],
    ['private addresses', '172.31.255.255'],
    ['private addresses', '192.168.1.1'],
    ['shared addresses', '100.64.0.1'],
    ['the metadata service of Alibaba Cloud', '100.100.100.200'],
    ['loopback', '127.0.0.1'],
    ['the metadata service of most clouds', '169.254.169.254'],
    ["Azure's platform", '168.63.129.16'],
    ['protocol assignments', '192.0.0.192'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['relays of 6to4', '192.88.99.1'],
    ['benchmarks', '198.18.0.1'],
    ['benchmarks', '198.19.255.255'],
    ['multicast', '224.0.0.1'],
    ['class E, which may be pods', '240.10.0.1'],
    ['broadcast', '255.255.255.255'],
    ['no address', '::'],
    ['loopback', '::1'],
    ['IPv4-compatible addresses', '::10.1.2.3'],
    ['unique local addresses', 'fd12:3456::1'],
    ['the metadata service of AWS', 'fd00:ec2::254'],
    ['link-local addresses', 'fe80::1'],
    ['site-local addresses', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['Teredo', '2001::1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['6to4 of a private address', '2002:a01:203::1'],
    ['segment routing', '5f00::1'],
    ['discarded packets', '100::1'],
    ['private addresses through NAT64', '64:ff9b::10.1.2.3'],
    ['the metadata service through NAT64', '64:ff9b::169.254.169.254'],
    ['class E through NAT64', '64:ff9b::240.10.0.1'],
    ['local NAT64', '64:ff9b:1::8.8.8.8'],
  ])('does not reach %s: %s', (_, ip) => {
    expect(reaches(ip)).toBe(false);
  });
});

describe('JUNJO_K8S_EGRESS', () => {
  const reaches = (ways: string, component: 'backend' | 'ingestion' | 'frontend', ip: string, port: number) => {
    const studio = render(production({ JUNJO_K8S_EGRESS: ways }));
    const from = endpoints(studio)[component] as Endpoint;
    const to: Endpoint = { kind: 'address', name: ip, ip };
    const over = (['UDP', 'TCP'] as const).filter((protocol) =>
      isAllowed(studio.ofKind('NetworkPolicy'), { from, to, port, protocol }),
    );
    return over.join(' and ');
  };

  test.each([
    ['0.0.0.0/0:80', '169.254.169.254'],
    ['0.0.0.0/0:80', '169.254.170.2'],
    ['0.0.0.0/0:80', '169.254.7.7'],
    ['0.0.0.0/0:80', '168.63.129.16'],
    ['0.0.0.0/0:80', '100.100.100.200'],
    ['0.0.0.0/0:80', '192.0.0.192'],
    ['128.0.0.0/1:80', '169.254.169.254'],
    ['169.254.0.0/16:80', '169.254.169.254'],
    ['169.254.0.0/16:80', '169.254.170.23'],
    ['169.254.169.0/24:80', '169.254.169.254'],
    ['169.254.169.254/31:80', '169.254.169.254'],
    ['100.64.0.0/10:80', '100.100.100.200'],
    ['168.63.0.0/16:80', '168.63.129.16'],
    ['192.0.0.0/24:80', '192.0.0.192'],
    ['::/0:80', 'fd00:ec2::254'],
    ['fc00::/7:80', 'fd20:ce::254'],
    ['fd00:ec2::/32:80', 'fd00:ec2::23'],
    ['64:ff9b::/96:80', '64:ff9b::169.254.169.254'],
    ['::/0:80', '64:ff9b::100.100.100.200'],
  ])('%s keeps the metadata service %s closed', (way, ip) => {
    expect(reaches(way, 'backend', ip, 80)).toBe('');
  });

  test.each([
    ['0.0.0.0/0:80', '10.1.2.3'],
    ['169.254.0.0/16:80', '169.254.7.7'],
    ['100.64.0.0/10:80', '100.100.100.201'],
    ['fc00::/7:80', 'fd12:3456::1'],
    ['169.254.169.254/32:80', '169.254.169.254'],
    ['fd00:ec2::254/128:80', 'fd00:ec2::254'],
    ['0.0.0.0/0:80, 169.254.170.23/32:80', '169.254.170.23'],
  ])('%s opens %s', (way, ip) => {
    expect(reaches(way, 'backend', ip, 80)).toBe('TCP');
    expect(reaches(way, 'ingestion', ip, 80)).toBe('');
  });

  test.each([
    ['172.20.0.10/32:53', '172.20.0.10'],
    ['fd00:ec2::253/128:53', 'fd00:ec2::253'],
    ['10.0.0.0/8:3128, 10.0.0.10/32:53', '10.0.0.10'],
    ['168.63.129.16/32:53', '168.63.129.16'],
  ])('%s opens a DNS server for each pod that looks up names', (ways, ip) => {
    expect(reaches(ways, 'backend', ip, 53)).toBe('UDP and TCP');
    expect(reaches(ways, 'ingestion', ip, 53)).toBe('UDP and TCP');
    expect(reaches(ways, 'frontend', ip, 53)).toBe('');
  });

  test('opens a DNS server for the pods of VolSync, and where the release calls nothing outside', () => {
    const studio = render(
      production({
        JUNJO_K8S_RELEASE: '0.86.0',
        JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
        JUNJO_K8S_BACKUP: 'volsync',
        JUNJO_K8S_BACKUP_REPOSITORY: 'repository',
        JUNJO_K8S_EGRESS: '172.20.0.10/32:53',
      }),
    );
    for (const name of ['backend', 'ingestion', 'backup']) {
      const { egress } = studio.get('NetworkPolicy', `junjo-ai-studio-${name}`).spec;
      expect(egress.flatMap(({ to }: Manifest) => to)).toContainEqual({ ipBlock: { cidr: '172.20.0.10/32' } });
    }
  });
});
