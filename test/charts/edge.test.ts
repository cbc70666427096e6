import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { load } from 'js-yaml';
import { loadStudio } from '../../config/load-studio';
import {
  envText,
  isOfEveryStudio,
  type Manifest,
  production,
  type Rendered,
  render,
  type Settings,
} from '../support/studio';

const edge = (settings: Settings = {}) => render(production(settings));
const withoutClass = { JUNJO_K8S_INGRESS_CLASS: undefined };
const ingress = (settings: Settings, name: string): Manifest => edge(settings).get('Ingress', name);
const hostsOf = ({ spec }: Manifest) => spec.rules.map(({ host }: Manifest) => host);
const backendsOf = ({ spec }: Manifest) =>
  spec.rules.map(({ http }: Manifest) => http.paths[0].backend.service).map((s: Manifest) => [s.name, s.port.number]);
const notesOf = (settings: Settings) =>
  loadStudio([{ path: '.env', text: envText(production(settings)) }])
    .problems.filter((problem) => !isOfEveryStudio(problem))
    .map(({ severity, text }) => `${severity}: ${text}`);

describe('an Ingress', () => {
  test.each(['traefik', 'nginx', 'haproxy', 'contour', 'kong', 'anything'])(
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
      expect.stringMatching(
        /^note: .*default class.*h2c.*ten minutes.*32 MB.*redirect HTTP to HTTPS and send HSTS.*JUNJO_K8S_INGRESS_CONTROLLER/,
      ),
    ]);
  });

  test('of an unknown class is plain, and says what the class must do', () => {
    const settings = { JUNJO_K8S_INGRESS_CLASS: 'skipper' };
    expect(ingress(settings, 'junjo-ai-studio').metadata.annotations).toBeUndefined();
    expect(notesOf(settings)).toEqual([expect.stringMatching(/^note: .*class skipper.*wait ten minutes/)]);
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
    const crd: Manifest = load(readFileSync('imports/crds/traefik.yaml', 'utf8'));
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
    expect(studio.get('Service', 'junjo-ai-studio-ingestion-tls').metadata.labels).toMatchObject({
      'app.kubernetes.io/component': 'ingestion',
    });
    expect(studio.get('Service', 'junjo-ai-studio-ingestion-tls').spec.ports[0].targetPort).toBe(
      sidecar.ports[0].containerPort,
    );
    const config = studio.get('ConfigMap', 'junjo-ai-studio-ingestion-tls').data['nginx.conf'];
    expect(config).toContain('listen 50054 ssl http2 ');
    expect(config).toContain('server 127.0.0.1:50051;');
    expect(config).toContain('access_log off;');
  });

  test('has a sidecar that Pod Security `restricted` admits, from the mirror, with nothing but what it needs', () => {
    expect(sidecar.image).toMatch(/^registry\.example\.com\/mirror\/library\/nginx:[0-9.]+-alpine-slim$/);
    expect(sidecar.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    });
    expect(sidecar).not.toHaveProperty('env');
    expect(sidecar).not.toHaveProperty('envFrom');
    expect(sidecar.volumeMounts.map(({ name }: Manifest) => name)).not.toContain('data');
  });

  test('gets a certificate that the pod makes itself, so that no key is in a manifest', () => {
    const { initContainers, volumes } = studio.pod('ingestion').spec;
    const maker = initContainers.find(({ args }: Manifest) => args);
    expect(maker.image).toBe(studio.container('backend').image);
    const [{ mountPath, name }] = maker.volumeMounts;
    expect(maker.args).toEqual(expect.arrayContaining([`${mountPath}/tls.key`, `${mountPath}/tls.crt`]));
    expect(sidecar.volumeMounts).toContainEqual({ name, mountPath, readOnly: true });
    expect(volumes.find((volume: Manifest) => volume.name === name)).toHaveProperty('emptyDir');
    // The key is readable by whoever made it, and nobody else.
    expect(sidecar.securityContext.runAsUser).toBe(studio.pod('ingestion').spec.securityContext.runAsUser);
  });

  test('has no sidecar where spans do not come over TLS', () => {
    const plain = edge({ ...settings, JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:50051' });
    expect(plain.pod('ingestion').spec.containers).toHaveLength(1);
    expect(plain.ofKind('Service').map(({ metadata }) => metadata.name)).not.toContain('junjo-ai-studio-ingestion-tls');
  });

  test.each(['JUNJO_K8S_TLS_SECRET', 'JUNJO_K8S_CLUSTER_ISSUER'])(
    'takes no %s, whose renewal it would miss',
    (name) => {
      expect(notesOf({ ...settings, [name]: 'studio' })).toContainEqual(
        expect.stringMatching(/^error: has no effect here: Caddy obtains .* does not read a renewed one/),
      );
    },
  );
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

  test('makes a Gateway with one HTTPS listener for all hosts, so that no certificates overlap', () => {
    const studio = edge(own);
    const { gatewayClassName, listeners } = studio.get('Gateway', 'junjo-ai-studio').spec;
    expect(gatewayClassName).toBe('envoy');
    expect(listeners.map((each: Manifest) => [each.name, each.port, each.protocol, each.hostname])).toEqual([
      ['http', 80, 'HTTP', undefined],
      ['https', 443, 'HTTPS', undefined],
    ]);
    expect(listeners[1].tls).toEqual({
      mode: 'Terminate',
      certificateRefs: [{ group: '', kind: 'Secret', name: 'junjo-ai-studio-tls' }],
    });
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

  test('leads spans to ingestion, and limits nobody who was not limited', () => {
    const studio = edge(own);
    const { rules } = studio.get('GRPCRoute', 'junjo-ai-studio-spans').spec;
    expect(
      rules.map(({ backendRefs }: Manifest) => backendRefs.map(({ name, port }: Manifest) => [name, port])),
    ).toEqual([[['junjo-ai-studio-ingestion', 50051]]]);
    expect(studio.ofKind('SecurityPolicy')).toEqual([]);
  });

  test('attaches each route to a listener that the Gateway has, with hosts of its own', () => {
    const studio = edge(own);
    const names = studio.get('Gateway', 'junjo-ai-studio').spec.listeners.map(({ name }: Manifest) => name);
    const routes = [...studio.ofKind('HTTPRoute'), ...studio.ofKind('GRPCRoute')];
    for (const { spec } of routes) expect(names).toContain(spec.parentRefs[0].sectionName);
    const onHttps = routes.filter(({ spec }) => spec.parentRefs[0].sectionName === 'https');
    expect(onHttps.flatMap(({ spec }) => spec.hostnames)).toEqual([
      'studio.example.com',
      'api.example.com',
      'spans.example.com',
    ]);
  });

  test('attaches to a Gateway that is there, by the names of its listeners, and leaves the certificate to it', () => {
    const studio = edge(shared);
    expect([...studio.ofKind('Gateway'), ...studio.ofKind('Issuer'), ...studio.ofKind('Certificate')]).toEqual([]);
    const parents = [...studio.ofKind('HTTPRoute'), ...studio.ofKind('GRPCRoute')].map(({ metadata, spec }) => [
      metadata.name,
      spec.parentRefs,
    ]);
    const parent = (sectionName: string) => [
      { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'edge', name: 'shared', sectionName },
    ];
    expect(parents).toEqual([
      ['junjo-ai-studio-ui', parent('https')],
      ['junjo-ai-studio-api', parent('https')],
      ['junjo-ai-studio-redirect', parent('http')],
      ['junjo-ai-studio-spans', parent('https')],
    ]);
  });

  test('attaches to listeners of other names, and leaves the redirect to a Gateway that has one', () => {
    const named = { ...shared, JUNJO_K8S_GATEWAY_HTTPS_LISTENER: 'tls', JUNJO_K8S_GATEWAY_HTTP_LISTENER: 'none' };
    const studio = edge(named);
    const routes = [...studio.ofKind('HTTPRoute'), ...studio.ofKind('GRPCRoute')];
    expect(routes.map(({ metadata, spec }) => [metadata.name, spec.parentRefs[0].sectionName])).toEqual([
      ['junjo-ai-studio-ui', 'tls'],
      ['junjo-ai-studio-api', 'tls'],
      ['junjo-ai-studio-spans', 'tls'],
    ]);
  });

  test('never redirects on the HTTPS listener', () => {
    expect(notesOf({ ...shared, JUNJO_K8S_GATEWAY_HTTP_LISTENER: 'https' })).toEqual([
      expect.stringMatching(/^error: is the HTTPS listener, so the redirect would never end/),
    ]);
    expect(notesOf({ ...own, JUNJO_K8S_GATEWAY_HTTPS_LISTENER: 'tls' })).toEqual([
      expect.stringMatching(/^error: has no effect without an existing Gateway/),
    ]);
  });

  test('of NGINX Gateway Fabric cuts long answers, and synth says so', () => {
    expect(notesOf({ ...shared, JUNJO_K8S_INGRESS_CONTROLLER: 'nginx-gateway-fabric' })).toEqual([
      expect.stringMatching(/^note: NGINX Gateway Fabric: it ignores the timeouts of routes/),
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
  const tls = { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051' };
  const service = (settings: Settings) => edge(settings).get('Service', 'junjo-ai-studio-ingestion');
  const hostsAtEdge = (studio: Rendered) => studio.ofKind('Ingress').flatMap(hostsOf);

  test('without a port come through the edge alone', () => {
    const studio = edge();
    expect(hostsAtEdge(studio)).toContain('spans.example.com');
    expect(service({}).spec.type).toBe('ClusterIP');
    expect(service({}).spec).not.toHaveProperty('externalTrafficPolicy');
    expect(notesOf({})).toEqual([]);
  });

  test('over plain HTTP come on the load balancer, with a warning, and not through the edge', () => {
    const studio = edge(plain);
    expect(service(plain).spec).toMatchObject({ type: 'LoadBalancer', ports: [{ port: 50051, targetPort: 50051 }] });
    expect(hostsAtEdge(studio)).not.toContain('spans.example.com');
    expect(studio.ofKind('Certificate')[0].spec.dnsNames).toEqual(['studio.example.com', 'api.example.com']);
    expect(notesOf(plain)).toEqual([
      expect.stringMatching(/^warning: sends API keys and prompts unencrypted over the network/),
    ]);
  });

  test('beside the edge are in the clear on the load balancer, with a warning', () => {
    const beside = { JUNJO_K8S_INGESTION_SERVICE: 'LoadBalancer' };
    expect(service(beside).spec.type).toBe('LoadBalancer');
    expect(hostsAtEdge(edge(beside))).toContain('spans.example.com');
    expect(notesOf(beside)).toEqual([
      expect.stringMatching(
        /^warning: also opens port 50051 outside the edge, .* unencrypted.*https:\/\/spans.example.com:50051/,
      ),
    ]);
  });

  test('with the port come over TLS that ends in the pod, on the load balancer and not through the edge', () => {
    const settings = { ...tls, JUNJO_K8S_CLUSTER_ISSUER: 'dns' };
    const studio = edge(settings);
    const { spec } = service(settings);
    const sidecar = studio.pod('ingestion').spec.containers.find(({ name }: Manifest) => name === 'tls');
    expect(spec.type).toBe('LoadBalancer');
    expect(spec.ports[0]).toMatchObject({ port: 50051, targetPort: sidecar.ports[0].containerPort });
    expect(spec.ports[0]).not.toHaveProperty('appProtocol');
    expect(hostsAtEdge(studio)).not.toContain('spans.example.com');
    expect(notesOf(settings)).toEqual([]);
    const certificate = studio.get('Certificate', 'junjo-ai-studio-spans-tls').spec;
    expect(certificate).toMatchObject({ dnsNames: ['spans.example.com'], issuerRef: { name: 'dns' } });
    const volume = studio.pod('ingestion').spec.volumes.find(({ secret }: Manifest) => secret);
    expect(volume.secret).toMatchObject({ secretName: certificate.secretName, optional: true });
  });

  test('over TLS with a Secret have no Service beside the one that is on the load balancer', () => {
    const services = edge({ ...tls, JUNJO_K8S_TLS_SECRET: 'studio-tls' }).ofKind('Service');
    const ofIngestion = services.map(({ metadata }) => metadata.name).filter((name) => name.includes('ingestion'));
    expect(ofIngestion.sort()).toEqual(['junjo-ai-studio-ingestion', 'junjo-ai-studio-ingestion-internal']);
  });

  test('over TLS leave ingestion ready without a certificate', () => {
    const { containers } = edge({ ...tls, JUNJO_K8S_TLS_SECRET: 'studio-tls' }).pod('ingestion').spec;
    expect(containers.map(({ name }: Manifest) => name)).toEqual(['ingestion', 'tls']);
    expect(containers[1]).not.toHaveProperty('readinessProbe');
  });

  test.each([
    ['a Secret of somebody else', { JUNJO_K8S_TLS_SECRET: 'studio-tls' }, 'studio-tls', []],
    [
      'the certificate of the edge, where that has the host',
      { JUNJO_PROD_INGESTION_URL: 'https://studio.example.com:50051' },
      'junjo-ai-studio-tls',
      [],
    ],
    [
      "the edge's ACME issuer, with a warning that HTTP-01 must reach the edge",
      {},
      'junjo-ai-studio-spans-tls',
      [
        expect.stringMatching(
          /^warning: to get a certificate for spans.example.com, its DNS name must also point at the edge/,
        ),
      ],
    ],
    [
      'a ClusterIssuer beside a Gateway that has its own',
      { ...withoutClass, JUNJO_K8S_GATEWAY: 'edge/shared', JUNJO_K8S_CLUSTER_ISSUER: 'dns' },
      'junjo-ai-studio-spans-tls',
      [],
    ],
    [
      'the certificate that a ClusterIssuer makes for the edge, where that has the host',
      { JUNJO_PROD_INGESTION_URL: 'https://studio.example.com:50051', JUNJO_K8S_CLUSTER_ISSUER: 'dns' },
      'junjo-ai-studio-tls',
      [],
    ],
    [
      'one of their own for a host of the edge, beside a Gateway that keeps its certificate elsewhere',
      {
        ...withoutClass,
        JUNJO_K8S_GATEWAY: 'edge/shared',
        JUNJO_K8S_CLUSTER_ISSUER: 'dns',
        JUNJO_PROD_INGESTION_URL: 'https://studio.example.com:50051',
      },
      'junjo-ai-studio-spans-tls',
      [],
    ],
    [
      'a Secret beside Caddy, which has its own',
      { JUNJO_K8S_INGRESS_CLASS: 'caddy', JUNJO_K8S_TLS_SECRET: 'studio-tls' },
      'studio-tls',
      [expect.stringMatching(/^note: Caddy does not send HSTS/)],
    ],
  ])('over TLS take %s', (_, settings, secretName, notes) => {
    const { volumes } = edge({ ...tls, ...settings }).pod('ingestion').spec;
    expect(volumes.find(({ secret }: Manifest) => secret).secret.secretName).toBe(secretName);
    expect(notesOf({ ...tls, ...settings })).toEqual(notes);
  });

  test('over TLS need a certificate where the edge keeps its own', () => {
    expect(notesOf({ ...tls, JUNJO_K8S_INGRESS_CLASS: 'caddy' })).toContainEqual(
      expect.stringMatching(/^error: needs a certificate in the namespace for TLS on this port/),
    );
  });

  test('over TLS on a port that the load balancer does not have are refused', () => {
    const settings = { JUNJO_K8S_TLS_SECRET: 'studio-tls', JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:4317' };
    expect(notesOf(settings)).toEqual([
      'error: names port 4317, but the load balancer listens on 50051. Write https://spans.example.com:50051',
    ]);
    expect(notesOf({ ...settings, JUNJO_K8S_INGESTION_SERVICE: 'NodePort' })).toEqual([]);
  });

  test('may go to an address, whose Service has no cookie to lose', () => {
    const settings = { JUNJO_PROD_INGESTION_URL: 'http://10.1.2.3:30000', JUNJO_K8S_INGESTION_SERVICE: 'NodePort' };
    expect(notesOf(settings)).toEqual([expect.stringMatching(/^warning: sends API keys and prompts/)]);
    expect(service(settings).spec.ports[0].nodePort).toBe(30000);
    const proxied = { ...settings, JUNJO_PROD_INGESTION_URL: 'http://10.1.2.3:4317' };
    expect(service(proxied).spec.ports[0]).not.toHaveProperty('nodePort');
  });

  test.each(['LoadBalancer', 'NodePort'])('on a %s Service keep the address of their client', (type) => {
    expect(service({ JUNJO_K8S_INGESTION_SERVICE: type }).spec).toMatchObject({ type, externalTrafficPolicy: 'Local' });
  });

  test('have a port that meshes and Gateways know as HTTP/2 without TLS', () => {
    expect(service({}).spec.ports).toEqual([
      { name: 'otlp-grpc', port: 50051, targetPort: 50051, protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
    ]);
  });

  test('come from the source ranges only', () => {
    const { spec } = service({ ...plain, JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24, 2001:db8::/32' });
    expect(spec.loadBalancerSourceRanges).toEqual(['203.0.113.0/24', '2001:db8::/32']);
  });

  test('through an edge that may be no pod are not dropped by source ranges of the load balancer', () => {
    const both = { JUNJO_K8S_INGESTION_SERVICE: 'LoadBalancer', JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' };
    expect(notesOf(both)).toContainEqual(expect.stringMatching(/^error: would block spans from the edge/));
    expect(notesOf({ ...both, JUNJO_K8S_INGRESS_NAMESPACE: 'traefik' })).toEqual([
      expect.stringMatching(/^warning: also opens port 50051 outside the edge/),
    ]);
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

  test('finds no name in an address', () => {
    const studio = edge({ ...on, JUNJO_PROD_INGESTION_URL: 'http://10.1.2.3:50051' });
    expect(studio.get('Service', 'junjo-ai-studio-ingestion').metadata).not.toHaveProperty('annotations');
  });

  test('is not told that a name of the edge is that of the load balancer too, and synth says where it leads', () => {
    const same = { ...on, JUNJO_PROD_INGESTION_URL: 'https://api.example.com:50051' };
    expect(edge(same).get('Service', 'junjo-ai-studio-ingestion').metadata).not.toHaveProperty('annotations');
    expect(notesOf(same)).toEqual([
      expect.stringMatching(/^warning: uses the edge's host name, which external-dns points at the edge/),
    ]);
  });

  test('finds no name on a node port, which has no address of its own', () => {
    const nodePort = {
      JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:30051',
      JUNJO_K8S_INGESTION_SERVICE: 'NodePort',
    };
    expect(edge({ ...on, ...nodePort }).get('Service', 'junjo-ai-studio-ingestion').metadata).not.toHaveProperty(
      'annotations',
    );
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

test('what the file says of the controller is told at the line that says it', () => {
  const told = (settings: Settings) =>
    loadStudio([{ path: '.env', text: envText(production(settings)) }])
      .problems.filter((problem) => !isOfEveryStudio(problem))
      .map(({ severity, variable, line, text }) => `${severity} ${line && variable}: ${text}`);
  const controller = (name: string) => ({ ...withoutClass, JUNJO_K8S_INGRESS_CONTROLLER: name });
  for (const name of ['f5-nginx', 'caddy', 'ingress-nginx', 'alb', 'other']) {
    const messages = told(controller(name));
    expect(messages.length).toBeGreaterThan(0);
    for (const message of messages) expect(message).toMatch(/^\w+ JUNJO_K8S_INGRESS_CONTROLLER: /);
  }
  expect(told(withoutClass)).toEqual([
    expect.stringMatching(/^note undefined: is not set: UI and API get a plain Ingress of the cluster's default class/),
  ]);
});

test("beside an edge with certificates of its own, settings of Let's Encrypt get one advice", () => {
  const settings = { JUNJO_K8S_INGRESS_CLASS: 'alb', JUNJO_K8S_TLS_SECRET: 'tls', JUNJO_K8S_ACME_EMAIL: 'a@b.example' };
  const errors = notesOf(settings).filter((text) => text.startsWith('error'));
  expect(errors).toHaveLength(2);
  for (const error of errors) expect(error).toMatch(/^error: has no effect here: .*Remove the line$/);
});
