import { addressesOf } from '../../cluster/studio-manifests';
import { Manifests } from '../../render/manifest';
import { makeCertificate } from '../support/certificate';
import { envText, freshSecret, load, type Manifest, problemsOf, render, type Settings } from '../support/studio';

/** A production studio of 0.86, whose backend serves UI and API. */
const studio086 = (settings: Settings = {}): Settings => ({
  JUNJO_ENV: 'production',
  JUNJO_K8S_RELEASE: '0.86.0',
  JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
  JUNJO_PROD_FRONTEND_URL: 'https://studio.example.com',
  JUNJO_PROD_INGESTION_URL: 'https://spans.example.com',
  JUNJO_K8S_INGRESS_CLASS: 'traefik',
  ...settings,
});
const names = (objects: readonly Manifest[]) => objects.map(({ metadata }) => metadata.name).sort();
const hostsOf = ({ spec }: Manifest) => spec.rules.map(({ host }: Manifest) => host);

describe('a studio whose backend serves the UI', () => {
  const studio = render(studio086());

  test('has two workloads, of which the backend has its old name', () => {
    expect(names(studio.ofKind('Deployment'))).toEqual(['junjo-ai-studio-backend', 'junjo-ai-studio-ingestion']);
    expect(names(studio.ofKind('ConfigMap'))).toEqual([
      'junjo-ai-studio-backend-settings',
      'junjo-ai-studio-ingestion-settings',
      'junjo-ai-studio-upgrade-guard',
    ]);
    expect(JSON.stringify(studio.objects)).not.toContain('junjo-ai-studio-frontend');
  });

  test('runs the app, told its ports, as a user with a read-only root file system', () => {
    const { image, ports, securityContext } = studio.container('backend');
    expect(image).toBe('docker.io/mdrideout/junjo-ai-studio-app:0.86.0');
    expect(ports.map(({ containerPort }: Manifest) => containerPort)).toEqual([26154, 50053]);
    expect(studio.environment('backend')).toMatchObject({ PORT: '26154', GRPC_PORT: '50053', JUNJO_ENV: 'production' });
    expect(securityContext.readOnlyRootFilesystem).toBe(true);
    expect(studio.pod('backend').spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      expect(studio.container('backend')[probe].httpGet).toEqual({ path: '/health', port: 'http' });
    }
  });

  test('is at one host, which leads to the backend', () => {
    const edge = studio.get('Ingress', 'junjo-ai-studio');
    expect(hostsOf(edge)).toEqual(['studio.example.com']);
    const [{ http }] = edge.spec.rules;
    expect(http.paths[0].backend.service).toEqual({ name: 'junjo-ai-studio-backend', port: { number: 26154 } });
    expect(hostsOf(studio.get('Ingress', 'junjo-ai-studio-redirect'))).toEqual(['studio.example.com']);
    const [certificate] = studio.ofKind('Certificate');
    expect(certificate.spec.dnsNames).toEqual(['studio.example.com', 'spans.example.com']);
  });

  test('is shown at that host whatever was left behind, and at none while the edge is closed', () => {
    const { objects } = render(studio086());
    const shown = (manifests: readonly Manifest[]) =>
      addressesOf(new Manifests(manifests)).map(({ name, url }) => `${name} ${url}`);
    const spans = 'Spans https://spans.example.com';
    const host = 'https://studio.example.com';
    expect(shown(objects)).toEqual([`UI ${host}`, `API ${host}`, spans]);
    expect(shown(objects.filter(({ kind }) => kind !== 'Ingress'))).toEqual([spans]);
    const leftBehind = ['Service', 'ConfigMap'].map((kind) => ({
      ...{
        apiVersion: 'v1',
        kind,
        data: { JUNJO_ENV: 'production', JUNJO_PROD_FRONTEND_URL: 'https://old.example.com' },
      },
      metadata: { name: `junjo-ai-studio-frontend${kind === 'ConfigMap' ? '-settings' : ''}` },
    }));
    expect(shown([...objects, ...leftBehind])).toEqual([`UI ${host}`, `API ${host}`, spans]);
  });

  test('is one route of a Gateway, and one target of its policy', () => {
    const behind = { JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:envoy' };
    const gateway = render(studio086({ ...behind, JUNJO_K8S_WEB_SOURCE_RANGES: '203.0.113.0/24' }));
    const routes = gateway.ofKind('HTTPRoute').map(({ metadata, spec }) => [metadata.name, spec.hostnames]);
    expect(routes).toEqual([
      ['junjo-ai-studio-ui', ['studio.example.com']],
      ['junjo-ai-studio-redirect', ['studio.example.com']],
    ]);
    const [{ spec }] = gateway.ofKind('SecurityPolicy');
    expect(spec.targetRefs.map(({ name }: Manifest) => name)).toEqual(['junjo-ai-studio-ui']);
  });

  test('has the health check of the API on a load balancer of AWS', () => {
    const alb = render(studio086({ JUNJO_K8S_INGRESS_CLASS: 'alb' }));
    const { annotations } = alb.get('Service', 'junjo-ai-studio-backend').metadata;
    expect(annotations).toMatchObject({ 'alb.ingress.kubernetes.io/healthcheck-path': '/health' });
  });

  test('calls ingestion and DNS, and nothing outside the cluster', () => {
    const { egress, ingress } = studio.get('NetworkPolicy', 'junjo-ai-studio-backend').spec;
    const addresses = egress.flatMap(({ to }: Manifest) => to.flatMap(({ ipBlock }: Manifest) => ipBlock?.cidr ?? []));
    expect(addresses).toEqual(['169.254.0.0/16']);
    expect(ingress.flatMap(({ ports }: Manifest) => ports.map(({ port }: Manifest) => port))).toEqual([26154, 50053]);
    expect(names(studio.ofKind('NetworkPolicy'))).not.toContain('junjo-ai-studio-frontend');
  });

  test('is on localhost under the port of the backend in development', () => {
    const local = render(studio086({ JUNJO_ENV: 'development', JUNJO_K8S_INGRESS_CLASS: undefined }));
    const { spec } = local.get('Service', 'junjo-ai-studio-backend');
    expect([spec.type, spec.ports.map(({ port }: Manifest) => port)]).toEqual(['LoadBalancer', [26154]]);
  });
});

describe('the env file of such a studio', () => {
  test('needs the address of the UI, and says so in one message', () => {
    expect(problemsOf(envText(studio086({ JUNJO_PROD_FRONTEND_URL: undefined })))).toEqual([
      '.env JUNJO_PROD_FRONTEND_URL: is missing. Set it to the address of the UI in production. Example: https://studio.example.com',
    ]);
  });

  test('may hold what an older release read, sound or not, which is noted and reaches nothing', () => {
    const former = {
      JUNJO_SESSION_SECRET: 'your_base64_secret_here',
      JUNJO_SECURE_COOKIE_KEY: 'not base64',
      JUNJO_PROD_BACKEND_URL: 'ftp://elsewhere.example.org/',
      JUNJO_ALLOW_ORIGINS: '*',
      RUN_MIGRATIONS: 'true',
      GEMINI_API_KEY: '',
      HTTPS_PROXY: 'http://proxy.internal:3128',
      https_proxy: 'nonsense',
      HTTP_PROXY: 'http://proxy.internal:3128',
      http_proxy: 'nonsense',
      NO_PROXY: '.example.org',
      no_proxy: '*,.example.org',
      JUNJO_K8S_FRONTEND_IMAGE: 'registry.example.com/ui:1',
    };
    const printed = problemsOf(envText(studio086(former)));
    expect(printed.map((text) => text.replace(/:\d+ /, ' '))).toEqual(
      Object.keys(former).map((name) => expect.stringMatching(`^note: \\.env ${name}: has no effect: `)),
    );
    const objects = JSON.stringify(render(studio086(former)).objects);
    for (const name of Object.keys(former)) expect(objects).not.toContain(name);
  });

  test('has the filter of log lines for both, which are one language now', () => {
    const studio = render(studio086({ RUST_LOG: 'debug' }));
    for (const service of ['backend', 'ingestion'] as const) {
      expect(studio.environment(service)).toMatchObject({ RUST_LOG: 'debug' });
    }
  });

  test('has spans on another host than the UI', () => {
    expect(problemsOf(envText(studio086({ JUNJO_PROD_INGESTION_URL: 'https://studio.example.com' })))).toEqual([
      expect.stringMatching(/JUNJO_PROD_INGESTION_URL: has the same host as JUNJO_PROD_FRONTEND_URL/),
    ]);
  });

  test('may have hosts without a common domain', () => {
    const settings = studio086({ JUNJO_PROD_FRONTEND_URL: 'https://studio.github.io' });
    expect(problemsOf(envText(settings))).toEqual([]);
  });

  test('needs no secret but the token, wherever the Secret comes from', () => {
    const { JUNJO_INTERNAL_GRPC_TOKEN: token, ...settings } = studio086();
    expect(problemsOf(envText(settings))).toEqual([
      '.env JUNJO_INTERNAL_GRPC_TOKEN: is missing. Generate one: openssl rand -base64 32',
    ]);
    const existing = { ...settings, JUNJO_K8S_SECRETS: 'existing' };
    expect(problemsOf(envText(existing))).toEqual([
      expect.stringMatching(/must have the keys JUNJO_INTERNAL_GRPC_TOKEN$/),
    ]);
    const readFile = (path: string) => (path === 'cert.pem' ? makeCertificate().pem : undefined);
    const sealed = { ...settings, JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' };
    const { source } = load({ ...sealed, JUNJO_INTERNAL_GRPC_TOKEN: token }, { readFile }).secrets;
    expect(Object.keys(source.kind === 'sealed' ? source.ciphertexts : {})).toEqual(['JUNJO_INTERNAL_GRPC_TOKEN']);
  });

  test('rolls app and ingestion together when the token changes', () => {
    const [before, after] = [render(studio086()), render(studio086())];
    for (const service of ['backend', 'ingestion']) {
      const digest = (studio: typeof before) => studio.pod(service).metadata.annotations['checksum/secrets'];
      expect(digest(before)).not.toBe(digest(after));
    }
  });

  test('has digests that no secret of a setting changes', () => {
    const token = { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
    const digest = (settings: Settings) =>
      render(studio086({ ...token, ...settings })).pod('ingestion').metadata.annotations['checksum/secrets'];
    const qdrant = () => digest({ JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() });
    expect(new Set([digest({}), qdrant(), qdrant()]).size).toBe(1);
  });

  test('gets published images where it asks for images of its own, and hears why', () => {
    const settings = studio086({
      JUNJO_ENV: 'development',
      JUNJO_BUILD_TARGET: 'development',
      JUNJO_K8S_INGRESS_CLASS: undefined,
    });
    expect(problemsOf(envText(settings))).toEqual([
      expect.stringMatching(
        /^warning: .*JUNJO_BUILD_TARGET: has no effect on release line 0\.86, which runs its published images: /,
      ),
    ]);
    const studio = render(settings);
    expect(studio.container('backend').image).toMatch(/junjo-ai-studio-app:0\.86\.0$/);
    expect(studio.pod('backend').spec.securityContext.runAsUser).toBe(10001);
  });
});

describe('the image with the tools', () => {
  const guard = (settings: Settings): Manifest =>
    render(settings)
      .pod('backend')
      .spec.initContainers.find(({ name }: Manifest) => name === 'upgrade-guard');

  test("is the backend's own where that has Python", () => {
    const settings = { ...studio086(), JUNJO_SESSION_SECRET: freshSecret(), JUNJO_SECURE_COOKIE_KEY: freshSecret() };
    const older = { ...settings, JUNJO_K8S_RELEASE: '0.85.0', JUNJO_PROD_BACKEND_URL: 'https://api.example.com' };
    expect(guard(older).image).toBe(render(older).container('backend').image);
    // A tag that moves does no harm to a studio that does not run the image.
    for (const JUNJO_K8S_TOOLS_IMAGE of ['python:3.13.7-slim', 'python:latest']) {
      const said = problemsOf(envText({ ...older, JUNJO_K8S_TOOLS_IMAGE })).filter((text) => text.includes('_TOOLS_'));
      expect(said).toEqual([expect.stringMatching(/^note: .*JUNJO_K8S_TOOLS_IMAGE: has no effect: /)]);
    }
  });

  test('is one with Python from the registry elsewhere, pulled like the others', () => {
    const settings = studio086({
      JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com/hub',
      JUNJO_K8S_IMAGE_PULL_SECRET: 'registry-credentials',
    });
    expect(guard(settings)).toMatchObject({
      image: expect.stringMatching(/^registry\.example\.com\/hub\/library\/python:3\.[0-9]+\.[0-9]+-slim-/),
      imagePullPolicy: 'IfNotPresent',
    });
    expect(render(settings).pod('backend').spec.imagePullSecrets).toEqual([{ name: 'registry-credentials' }]);
  });

  test('may be given, and may not move in production', () => {
    const own = 'registry.example.com/tools/python:3.12.4';
    expect(guard(studio086({ JUNJO_K8S_TOOLS_IMAGE: own })).image).toBe(own);
    expect(problemsOf(envText(studio086({ JUNJO_K8S_TOOLS_IMAGE: 'python' })))).toEqual([
      expect.stringMatching(/JUNJO_K8S_TOOLS_IMAGE: has no tag, which means latest/),
    ]);
  });

  test('makes the certificate for an edge that speaks TLS to pods', () => {
    const alb = render(studio086({ JUNJO_K8S_INGRESS_CLASS: 'caddy' }));
    const maker = alb.pod('ingestion').spec.initContainers.find(({ name }: Manifest) => name === 'make-certificate');
    expect(maker?.image).toMatch(/library\/python:/);
  });
});

describe('releases without a playground', () => {
  test.each(['0.85.0', '0.86.0'])('%s gives the keys of LLM providers to no container', (tag) => {
    const keys = { GEMINI_API_KEY: freshSecret(), OPENAI_API_KEY: freshSecret(), ANTHROPIC_API_KEY: freshSecret() };
    const settings = {
      ...studio086(keys),
      JUNJO_K8S_RELEASE: tag,
      JUNJO_SESSION_SECRET: freshSecret(),
      JUNJO_SECURE_COOKIE_KEY: freshSecret(),
      JUNJO_PROD_BACKEND_URL: 'https://api.example.com',
    };
    const objects = JSON.stringify(render(settings).objects);
    for (const [name, value] of Object.entries(keys)) {
      expect(objects).not.toContain(name);
      expect(objects).not.toContain(value);
      expect(problemsOf(envText(settings))).toContainEqual(expect.stringMatching(`^note: .* ${name}: has no effect`));
    }
  });
});

test.each(['0.83.0', '0.84.1', '0.85.0', '0.86.0'])(
  'ingestion of %s drains, and needs no proxy to be stopped',
  (tag) => {
    const studio = render({
      ...studio086({ JUNJO_ENV: 'development', JUNJO_K8S_INGRESS_CLASS: undefined }),
      JUNJO_K8S_RELEASE: tag,
      JUNJO_SESSION_SECRET: freshSecret(),
      JUNJO_SECURE_COOKIE_KEY: freshSecret(),
    });
    const { containers, terminationGracePeriodSeconds } = studio.pod('ingestion').spec;
    expect(containers.map(({ name }: Manifest) => name)).toEqual(['ingestion']);
    expect(containers[0]).not.toHaveProperty('lifecycle');
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
  },
);
