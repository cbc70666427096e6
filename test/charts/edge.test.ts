import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { load } from 'js-yaml';
import { loadStudio } from '../../config/load-studio';
import { envText, type Manifest, production, render, type Settings } from '../support/studio';

const edge = (settings: Settings = {}) => render(production(settings));
const withoutClass = { JUNJO_K8S_INGRESS_CLASS: undefined };
const ingress = (settings: Settings, name: string): Manifest => edge(settings).get('Ingress', name);
const hostsOf = ({ spec }: Manifest) => spec.rules.map(({ host }: Manifest) => host);
const backendsOf = ({ spec }: Manifest) =>
  spec.rules.map(({ http }: Manifest) => http.paths[0].backend.service).map((s: Manifest) => [s.name, s.port.number]);
const notesOf = (settings: Settings) =>
  loadStudio([{ path: '.env', text: envText(production(settings)) }]).problems.map(
    ({ severity, text }) => `${severity}: ${text}`,
  );

describe('an Ingress', () => {
  test.each(['traefik', 'nginx', 'haproxy'])(
    'of class %s serves UI, API and spans under one certificate',
    (className) => {
      const studio = edge({ JUNJO_K8S_INGRESS_CLASS: className });
      const web = studio.get('Ingress', 'junjo-ai-studio');
      const spans = studio.get('Ingress', 'junjo-ai-studio-spans');
      expect(web.spec.ingressClassName).toBe(className);
      expect(hostsOf(web)).toEqual(['studio.example.com', 'api.example.com']);
      expect(backendsOf(web)).toEqual([
        ['junjo-ai-studio-frontend', 5153],
        ['junjo-ai-studio-backend', 1323],
      ]);
      expect(hostsOf(spans)).toEqual(['spans.example.com']);
      expect(backendsOf(spans)).toEqual([['junjo-ai-studio-ingestion', 50051]]);
      expect(web.spec.tls).toEqual([{ hosts: hostsOf(web), secretName: 'junjo-ai-studio-tls' }]);
      expect(spans.spec.tls).toEqual([{ hosts: hostsOf(spans), secretName: 'junjo-ai-studio-tls' }]);
      expect(studio.ofKind('Certificate')[0].spec.dnsNames).toEqual([...hostsOf(web), ...hostsOf(spans)]);
    },
  );

  test('leads to ports that its Services have', () => {
    const studio = edge();
    for (const [name, port] of studio.ofKind('Ingress').flatMap(backendsOf)) {
      expect(studio.get('Service', name).spec.ports.map((each: Manifest) => each.port)).toContain(port);
    }
  });

  test('without a class is for the default class of the cluster, and says what that must do', () => {
    expect(ingress(withoutClass, 'junjo-ai-studio').spec).not.toHaveProperty('ingressClassName');
    expect(edge(withoutClass).ofKind('Issuer')[0].spec.acme.solvers[0].http01.ingress).toEqual({
      serviceType: 'ClusterIP',
    });
    expect(notesOf(withoutClass)).toEqual([
      expect.stringMatching(/^note: .*default class.*redirect HTTP to HTTPS.*h2c/),
    ]);
  });

  test('of an unknown class is plain, and says what the class must do', () => {
    const settings = { JUNJO_K8S_INGRESS_CLASS: 'haproxy' };
    expect(ingress(settings, 'junjo-ai-studio').metadata.annotations).toBeUndefined();
    expect(notesOf(settings)).toEqual([expect.stringMatching(/^note: .*class haproxy.*wait ten minutes/)]);
  });
});

describe('traefik', () => {
  const studio = edge();

  test('serves HTTPS only, with HSTS', () => {
    expect(studio.get('Ingress', 'junjo-ai-studio').metadata.annotations).toEqual({
      'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
      'traefik.ingress.kubernetes.io/router.tls': 'true',
      'traefik.ingress.kubernetes.io/router.middlewares': 'junjo-ai-studio-junjo-ai-studio-hsts@kubernetescrd',
    });
    expect(studio.get('Middleware', 'junjo-ai-studio-hsts').spec.headers.stsSeconds).toBe(31536000);
  });

  test('redirects plain HTTP on an Ingress of its own, which has no TLS', () => {
    const redirect = studio.get('Ingress', 'junjo-ai-studio-redirect');
    expect(redirect.spec).not.toHaveProperty('tls');
    expect(hostsOf(redirect)).toEqual(['studio.example.com', 'api.example.com']);
    expect(redirect.metadata.annotations).toEqual({
      'traefik.ingress.kubernetes.io/router.entrypoints': 'web',
      'traefik.ingress.kubernetes.io/router.middlewares': 'junjo-ai-studio-junjo-ai-studio-redirect@kubernetescrd',
    });
    expect(studio.get('Middleware', 'junjo-ai-studio-redirect').spec).toEqual({
      redirectScheme: { scheme: 'https', permanent: true },
    });
  });

  test('finds its Middlewares before the Ingress that names them', () => {
    const paths = studio.files.map(({ path }) => path);
    expect(paths.indexOf('69-traefik-middlewares.k8s.yaml')).toBeLessThan(paths.indexOf('70-edge.k8s.yaml'));
    expect(paths).toContain('69-traefik-middlewares.k8s.yaml');
  });

  test('gets Middlewares that its CRD admits, to the letter', () => {
    const crd: Manifest = load(readFileSync('crds/traefik.yaml', 'utf8'));
    const validate = new Ajv({ strict: false }).compile(
      closed(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec),
    );
    for (const { spec } of studio.ofKind('Middleware')) expect([validate(spec), validate.errors]).toEqual([true, null]);
    expect(validate({ redirectScheme: { schema: 'https' } })).toBe(false);
    expect(studio.ofKind('Middleware').map(({ apiVersion }) => apiVersion)).toEqual([
      `${crd.spec.group}/${crd.spec.versions[0].name}`,
      `${crd.spec.group}/${crd.spec.versions[0].name}`,
    ]);
  });

  test('speaks h2c to the port for spans, and only there', () => {
    const annotated = studio.ofKind('Service').filter(({ metadata }) => metadata.annotations);
    expect(annotated.map(({ metadata }) => [metadata.name, metadata.annotations])).toEqual([
      ['junjo-ai-studio-ingestion', { 'traefik.ingress.kubernetes.io/service.serversscheme': 'h2c' }],
    ]);
  });
});

describe('nginx', () => {
  const settings = { JUNJO_K8S_INGRESS_CLASS: 'nginx' };

  test('waits ten minutes for an answer and takes long prompts', () => {
    expect(ingress(settings, 'junjo-ai-studio').metadata.annotations).toEqual({
      'nginx.ingress.kubernetes.io/proxy-read-timeout': '600',
      'nginx.ingress.kubernetes.io/proxy-send-timeout': '600',
      'nginx.ingress.kubernetes.io/proxy-body-size': '32m',
      'nginx.ingress.kubernetes.io/ssl-redirect': 'true',
    });
  });

  test('speaks gRPC to the port for spans, on an Ingress of its own', () => {
    expect(ingress(settings, 'junjo-ai-studio-spans').metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/backend-protocol': 'GRPC',
      'nginx.ingress.kubernetes.io/proxy-body-size': '0',
    });
  });

  test('is said to be retired', () => {
    expect(notesOf(settings)).toEqual([expect.stringMatching(/^note: ingress-nginx was retired in March 2026/)]);
  });
});

describe('caddy', () => {
  const settings = { JUNJO_K8S_INGRESS_CLASS: 'caddy', JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com/mirror' };
  const studio = edge(settings);
  const sidecar = studio.pod('ingestion').spec.containers.find(({ name }: Manifest) => name === 'tls');

  test('obtains certificates by itself: no TLS section, whose missing Secret would stop all its routes', () => {
    expect([...studio.ofKind('Issuer'), ...studio.ofKind('Certificate')]).toEqual([]);
    expect(studio.ofKind('Ingress').filter(({ spec }) => spec.tls)).toEqual([]);
    expect(studio.ofKind('NetworkPolicy').map(({ metadata }) => metadata.name)).not.toContain(
      'junjo-ai-studio-acme-solver',
    );
  });

  test('reaches spans over TLS, because it has no h2c, in a sidecar that speaks h2c to ingestion', () => {
    const spans = studio.get('Ingress', 'junjo-ai-studio-spans');
    expect(spans.metadata.annotations).toEqual({ 'caddy.ingress.kubernetes.io/backend-protocol': 'https' });
    expect(backendsOf(spans)).toEqual([['junjo-ai-studio-ingestion-tls', 50054]]);
    expect(studio.get('Service', 'junjo-ai-studio-ingestion-tls').spec.ports[0].targetPort).toBe(
      sidecar.ports[0].containerPort,
    );
    const { Caddyfile } = studio.get('ConfigMap', 'junjo-ai-studio-ingestion-tls').data;
    expect(Caddyfile).toContain('https://:50054');
    expect(Caddyfile).toContain('reverse_proxy h2c://127.0.0.1:50051');
    expect(Caddyfile).toContain('request>headers delete');
  });

  test('has a sidecar that Pod Security `restricted` admits, from the mirror, with nothing but what it needs', () => {
    expect(sidecar.image).toMatch(/^registry\.example\.com\/mirror\/library\/caddy:[0-9.]+-alpine$/);
    expect(sidecar.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      readOnlyRootFilesystem: true,
    });
    expect(sidecar).not.toHaveProperty('envFrom');
    expect(sidecar.env).toEqual([{ name: 'XDG_DATA_HOME', value: '/data' }]);
    expect(sidecar.volumeMounts.map(({ name }: Manifest) => name)).not.toContain('data');
  });

  test('has no sidecar where spans do not come over TLS', () => {
    const plain = edge({ ...settings, JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:50051' });
    expect(plain.pod('ingestion').spec.containers).toHaveLength(1);
    expect(plain.ofKind('Service').map(({ metadata }) => metadata.name)).not.toContain('junjo-ai-studio-ingestion-tls');
  });

  test('serves a certificate that is there already', () => {
    const issued = edge({ ...settings, JUNJO_K8S_TLS_SECRET: 'studio-tls' });
    expect(issued.get('Ingress', 'junjo-ai-studio').spec.tls[0].secretName).toBe('studio-tls');
  });
});

describe('the certificate', () => {
  test('is an ECDSA one with rotated keys, from an ACME Issuer in the namespace', () => {
    const studio = edge({ JUNJO_K8S_ACME_EMAIL: 'team@example.com', JUNJO_K8S_ACME_SERVER: 'letsencrypt-staging' });
    expect(studio.get('Issuer', 'junjo-ai-studio').spec.acme).toEqual({
      server: 'https://acme-staging-v02.api.letsencrypt.org/directory',
      email: 'team@example.com',
      privateKeySecretRef: { name: 'junjo-ai-studio-acme-account' },
      solvers: [{ http01: { ingress: { ingressClassName: 'traefik', serviceType: 'ClusterIP' } } }],
    });
    expect(studio.get('Certificate', 'junjo-ai-studio-tls').spec).toMatchObject({
      secretName: 'junjo-ai-studio-tls',
      issuerRef: { name: 'junjo-ai-studio', kind: 'Issuer', group: 'cert-manager.io' },
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
    });
  });

  test.each([
    [{}, 'https://acme-v02.api.letsencrypt.org/directory'],
    [{ JUNJO_K8S_ACME_SERVER: 'https://acme.example.com/dir' }, 'https://acme.example.com/dir'],
  ])('comes from the directory of %j', (settings, server) => {
    expect(edge(settings).ofKind('Issuer')[0].spec.acme.server).toBe(server);
  });

  test('can come from a ClusterIssuer', () => {
    const studio = edge({ JUNJO_K8S_CLUSTER_ISSUER: 'company' });
    expect(studio.ofKind('Issuer')).toEqual([]);
    expect(studio.ofKind('Certificate')[0].spec.issuerRef).toEqual({
      name: 'company',
      kind: 'ClusterIssuer',
      group: 'cert-manager.io',
    });
  });

  test('can be a Secret that is there already', () => {
    const studio = edge({ JUNJO_K8S_TLS_SECRET: 'studio-tls' });
    expect([...studio.ofKind('Issuer'), ...studio.ofKind('Certificate')]).toEqual([]);
    for (const { spec, metadata } of studio.ofKind('Ingress').filter(({ spec: { tls } }) => tls)) {
      expect([metadata.name, spec.tls[0].secretName]).toEqual([metadata.name, 'studio-tls']);
    }
  });
});

describe('the Gateway API', () => {
  const own = { ...withoutClass, JUNJO_K8S_GATEWAY: 'class:envoy' };
  const shared = { ...withoutClass, JUNJO_K8S_GATEWAY: 'edge/shared' };

  test('makes a Gateway with a listener for each host, and the certificate on it', () => {
    const studio = edge(own);
    const { gatewayClassName, listeners } = studio.get('Gateway', 'junjo-ai-studio').spec;
    expect(gatewayClassName).toBe('envoy');
    expect(listeners.map((each: Manifest) => [each.name, each.port, each.protocol, each.hostname])).toEqual([
      ['http', 80, 'HTTP', undefined],
      ['https-ui', 443, 'HTTPS', 'studio.example.com'],
      ['https-api', 443, 'HTTPS', 'api.example.com'],
      ['https-spans', 443, 'HTTPS', 'spans.example.com'],
    ]);
    for (const { tls } of listeners.slice(1)) {
      expect(tls).toEqual({
        mode: 'Terminate',
        certificateRefs: [{ group: '', kind: 'Secret', name: 'junjo-ai-studio-tls' }],
      });
    }
    expect(studio.ofKind('Issuer')[0].spec.acme.solvers[0].http01.gatewayHTTPRoute.parentRefs).toEqual([
      {
        group: 'gateway.networking.k8s.io',
        kind: 'Gateway',
        namespace: 'junjo-ai-studio',
        name: 'junjo-ai-studio',
        sectionName: 'http',
      },
    ]);
    expect(studio.ofKind('Ingress')).toEqual([]);
  });

  test('attaches each route to a listener that the Gateway has, for the host of that listener', () => {
    const studio = edge(own);
    const { listeners } = studio.get('Gateway', 'junjo-ai-studio').spec;
    for (const { spec, metadata } of [...studio.ofKind('HTTPRoute'), ...studio.ofKind('GRPCRoute')]) {
      const listener = listeners.find(({ name }: Manifest) => name === spec.parentRefs[0].sectionName);
      expect([metadata.name, listener?.hostname ?? 'any']).toEqual([
        metadata.name,
        listener?.name === 'http' ? 'any' : spec.hostnames[0],
      ]);
    }
  });

  test('attaches to a Gateway that is there, by port, and leaves the certificate to it', () => {
    const studio = edge(shared);
    expect([...studio.ofKind('Gateway'), ...studio.ofKind('Issuer'), ...studio.ofKind('Certificate')]).toEqual([]);
    const parents = [...studio.ofKind('HTTPRoute'), ...studio.ofKind('GRPCRoute')].map(({ metadata, spec }) => [
      metadata.name,
      spec.parentRefs,
    ]);
    const parent = (port: number) => [
      { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'edge', name: 'shared', port },
    ];
    expect(parents).toEqual([
      ['junjo-ai-studio-ui', parent(443)],
      ['junjo-ai-studio-api', parent(443)],
      ['junjo-ai-studio-redirect', parent(80)],
      ['junjo-ai-studio-spans', parent(443)],
    ]);
  });

  test.each([own, shared])('lets an LLM answer for minutes, sends HSTS and redirects plain HTTP', (settings) => {
    const studio = edge(settings);
    for (const name of ['ui', 'api']) {
      const [rule] = studio.get('HTTPRoute', `junjo-ai-studio-${name}`).spec.rules;
      expect(rule.timeouts).toEqual({ request: '600s', backendRequest: '600s' });
      expect(rule.filters[0].responseHeaderModifier.set).toEqual([
        { name: 'Strict-Transport-Security', value: 'max-age=31536000' },
      ]);
    }
    const [redirect] = studio.get('HTTPRoute', 'junjo-ai-studio-redirect').spec.rules;
    expect(redirect.filters).toEqual([
      { type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } },
    ]);
    expect(redirect).not.toHaveProperty('backendRefs');
  });

  test('writes out what the CRDs default inside lists, so that a second apply changes nothing', () => {
    const studio = edge(own);
    const routes = [...studio.ofKind('HTTPRoute'), ...studio.ofKind('GRPCRoute')];
    for (const { spec } of routes) {
      for (const ref of spec.parentRefs) expect(ref).toMatchObject({ group: expect.any(String), kind: 'Gateway' });
      for (const { backendRefs = [] } of spec.rules) {
        for (const ref of backendRefs) expect(ref).toMatchObject({ group: '', kind: 'Service', weight: 1 });
      }
    }
    for (const { spec } of studio.ofKind('HTTPRoute')) {
      for (const { matches } of spec.rules) expect(matches).toEqual([{ path: { type: 'PathPrefix', value: '/' } }]);
    }
    for (const listener of studio.ofKind('Gateway')[0].spec.listeners) {
      expect(listener.allowedRoutes).toEqual({ namespaces: { from: 'Same' } });
    }
  });
});

describe('spans', () => {
  const plain = { JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:50051' };
  const service = (settings: Settings) => edge(settings).get('Service', 'junjo-ai-studio-ingestion');

  test('over plain HTTP come on the load balancer, with a warning, and not through the edge', () => {
    const studio = edge(plain);
    expect(studio.ofKind('Ingress').flatMap(hostsOf)).not.toContain('spans.example.com');
    expect(studio.ofKind('Certificate')[0].spec.dnsNames).toEqual(['studio.example.com', 'api.example.com']);
    expect(notesOf(plain)).toEqual([
      expect.stringMatching(/^warning: sends API keys and spans over the network unencrypted/),
    ]);
  });

  test.each(['LoadBalancer', 'NodePort'])('on a %s Service keep the address of their client', (type) => {
    expect(service({ JUNJO_K8S_INGESTION_SERVICE: type }).spec).toMatchObject({ type, externalTrafficPolicy: 'Local' });
  });

  test('on a ClusterIP Service come through the edge only', () => {
    const { spec } = service({ JUNJO_K8S_INGESTION_SERVICE: 'ClusterIP' });
    expect(spec.type).toBe('ClusterIP');
    expect(spec).not.toHaveProperty('externalTrafficPolicy');
  });

  test('have a port that meshes and Gateways know as HTTP/2 without TLS', () => {
    expect(service({}).spec.ports).toEqual([
      { name: 'otlp-grpc', port: 50051, targetPort: 50051, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
    ]);
  });

  test('come from the source ranges only', () => {
    const { spec } = service({ JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24, 2001:db8::/32' });
    expect(spec.loadBalancerSourceRanges).toEqual(['203.0.113.0/24', '2001:db8::/32']);
  });

  test.each([
    [
      'aws',
      {
        'service.beta.kubernetes.io/aws-load-balancer-type': 'external',
        'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type': 'instance',
        'service.beta.kubernetes.io/aws-load-balancer-scheme': 'internet-facing',
        'service.beta.kubernetes.io/aws-load-balancer-listener-attributes.TCP-50051': 'tcp.idle_timeout.seconds=3600',
      },
    ],
    ['gcp', { 'cloud.google.com/l4-rbs': 'enabled' }],
    ['azure', { 'service.beta.kubernetes.io/azure-load-balancer-tcp-idle-timeout': '30' }],
    ['digitalocean', { 'service.beta.kubernetes.io/do-loadbalancer-type': 'REGIONAL_NETWORK' }],
    [
      'hetzner',
      {
        'load-balancer.hetzner.cloud/protocol': 'tcp',
        'load-balancer.hetzner.cloud/uses-proxyprotocol': 'false',
        'load-balancer.hetzner.cloud/health-check-protocol': 'tcp',
      },
    ],
    ['metallb', undefined],
  ])('on %s get a layer 4 load balancer for streams that stay open', (cloud, annotations) => {
    expect(service({ ...plain, JUNJO_K8S_CLOUD: cloud }).metadata.annotations).toEqual(annotations);
  });
});

describe('external-dns', () => {
  const names = (hosts: string) => ({
    'external-dns.alpha.kubernetes.io/hostname': hosts,
    'external-dns.kubernetes.io/hostname': hosts,
  });
  const on = { JUNJO_K8S_EXTERNAL_DNS: 'true' };

  test('finds UI and API on their Ingress, and spans where they arrive', () => {
    const studio = edge(on);
    expect(studio.get('Ingress', 'junjo-ai-studio').metadata.annotations).toMatchObject(
      names('studio.example.com,api.example.com'),
    );
    expect(studio.get('Ingress', 'junjo-ai-studio-spans').metadata.annotations).toMatchObject(
      names('spans.example.com'),
    );
    expect(Object.keys(studio.get('Service', 'junjo-ai-studio-ingestion').metadata.annotations)).toEqual([
      'traefik.ingress.kubernetes.io/service.serversscheme',
    ]);
  });

  test('finds plain spans on the load balancer', () => {
    const studio = edge({ ...on, JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:50051' });
    expect(studio.get('Service', 'junjo-ai-studio-ingestion').metadata.annotations).toEqual(names('spans.example.com'));
  });

  test('finds the hosts of routes', () => {
    const studio = edge({ ...on, ...withoutClass, JUNJO_K8S_GATEWAY: 'class:envoy' });
    expect(studio.get('HTTPRoute', 'junjo-ai-studio-api').metadata.annotations).toEqual(names('api.example.com'));
    expect(studio.get('GRPCRoute', 'junjo-ai-studio-spans').metadata.annotations).toEqual(names('spans.example.com'));
  });

  test('finds nothing unless it is asked for', () => {
    expect(JSON.stringify(edge().objects)).not.toContain('external-dns');
  });
});

/** The schema with every object closed, as a strict API server reads it. */
function closed(schema: Manifest): Manifest {
  if (!schema.properties) return schema;
  const properties = Object.entries(schema.properties).map(([name, child]) => [name, closed(child)]);
  return { ...schema, properties: Object.fromEntries(properties), additionalProperties: false };
}
