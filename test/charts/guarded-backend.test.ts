import { lineOf, releaseLines } from '../../releases';
import {
  development,
  envText,
  freshSecret,
  type Manifest,
  problemsOf,
  production,
  render,
  type Settings,
} from '../support/studio';

const needsToken = (tag: string) => lineOf(tag)?.variables.some(({ name }) => name === 'JUNJO_INTERNAL_GRPC_TOKEN');
const token = (tag: string) => (needsToken(tag) ? { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() } : {});
const studioOf = (tag: string, more: Settings = {}) => production({ JUNJO_K8S_RELEASE: tag, ...token(tag), ...more });
const containers = (settings: Settings) =>
  render(settings)
    .pod('backend')
    .spec.containers.map(({ name }: Manifest) => name);
const tags = releaseLines.flatMap((line) => line.tags);
const open = tags.filter((tag) => !lineOf(tag)?.api.spansNeedSignIn);

describe('the API of a production studio', () => {
  test.each(open)('of %s, which shows spans to everybody, is behind a guard', (tag) => {
    const studio = render(studioOf(tag));
    const [backend, guard] = studio.pod('backend').spec.containers;
    expect([backend.name, guard.name]).toEqual(['backend', 'guard']);
    const { ports } = studio.get('Service', 'junjo-ai-studio-backend').spec;
    expect(ports).toEqual([
      { name: 'http', port: backend.ports[0].containerPort, targetPort: guard.ports[0].containerPort, protocol: 'TCP' },
    ]);
    const config = studio.get('ConfigMap', 'junjo-ai-studio-backend-guard').data['nginx.conf'];
    expect(config).toContain(`listen ${guard.ports[0].containerPort};`);
    expect(config).toContain(`http://127.0.0.1:${backend.ports[0].containerPort}/auth-test;`);
    const mounted = studio.pod('backend').spec.volumes.find(({ name }: Manifest) => name === 'guard-config');
    expect(mounted.configMap.name).toBe('junjo-ai-studio-backend-guard');
  });

  test.each(['0.82.0', '0.82.1'])('of %s asks for a sign-in itself', (tag) => {
    const studio = render(studioOf(tag));
    expect(studio.pod('backend').spec.containers).toHaveLength(1);
    expect(studio.get('Service', 'junjo-ai-studio-backend').spec.ports[0].targetPort).toBe(26154);
  });

  test('is probed past the guard', () => {
    const studio = render(production());
    const { startupProbe, readinessProbe, livenessProbe, ports } = studio.container('backend');
    const named = Object.fromEntries(ports.map(({ name, containerPort }: Manifest) => [name, containerPort]));
    for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) expect(named[httpGet.port]).toBe(1323);
  });

  test('keeps its pod when nothing of the guard changes, and gets a new one when something does', () => {
    const settings = production();
    const annotation = (more: Settings) => render({ ...settings, ...more }).pod('backend').metadata.annotations;
    expect(annotation({ JUNJO_K8S_FRONTEND_REPLICAS: '2' })).toEqual(annotation({}));
    const [a, b] = ['0.80.0', '0.81.5'].map((tag) => annotation({ JUNJO_K8S_RELEASE: tag })['checksum/guard']);
    expect(a).not.toBe(b);
  });

  test('has its guard from the mirror, with the credentials of the pod', () => {
    const mirror = { JUNJO_K8S_IMAGE_REGISTRY: 'registry.example.com/mirror', JUNJO_K8S_IMAGE_PULL_SECRET: 'mine' };
    const { spec } = render(production(mirror)).pod('backend');
    expect(spec.containers[1].image).toMatch(/^registry\.example\.com\/mirror\/library\/nginx:[0-9.]+-alpine-slim$/);
    expect(spec.imagePullSecrets).toEqual([{ name: 'mine' }]);
  });
});

describe('JUNJO_K8S_NGINX_IMAGE', () => {
  const name = 'JUNJO_K8S_NGINX_IMAGE';
  const digest = `sha256:${'a'.repeat(64)}`;

  test('names the image of the guard and of the proxy for spans, whatever the registry is', () => {
    const image = `registry.example.com/web@${digest}`;
    const studio = render(studioOf('0.81.5', { [name]: image, JUNJO_K8S_IMAGE_REGISTRY: 'mirror.example.com' }));
    expect(studio.pod('backend').spec.containers[1]).toMatchObject({
      name: 'guard',
      image,
      imagePullPolicy: 'IfNotPresent',
    });
    expect(studio.pod('ingestion').spec.containers[1]).toMatchObject({ name: 'proxy', image });
  });

  test.each([
    ['nginx', /^\.env:9 .*has no tag, which means latest/],
    ['nginx:1.30', /^\.env:9 .*has the tag 1\.30, which moves/],
    ['mdrideout/junjo-ai-studio-frontend:0.81.5', /^\.env:9 .*is an image of Junjo AI Studio\. Name an image of nginx/],
  ])('cannot be %s in production', (image, says) => {
    expect(problemsOf(envText(studioOf('0.81.5', { [name]: image })))).toEqual([expect.stringMatching(says)]);
  });

  test('may move in development', () => {
    const settings = development({ JUNJO_K8S_RELEASE: '0.81.5', [name]: 'nginx' });
    expect(problemsOf(envText(settings)).filter((line) => line.includes(name))).toEqual([]);
    expect(render(settings).pod('ingestion').spec.containers[1].imagePullPolicy).toBe('Always');
  });

  test.each([
    ['in development on a release that stops in order', development({ [name]: 'nginx:1.30.4' }), true],
    ['where a guard runs', production({ [name]: 'nginx:1.30.4' }), false],
    [
      'where TLS for spans ends in the pod',
      production({
        [name]: 'nginx:1.30.4',
        JUNJO_K8S_API_GUARD: 'false',
        JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051',
        JUNJO_K8S_TLS_SECRET: 'mine',
      }),
      false,
    ],
    ['without a guard', production({ [name]: 'nginx', JUNJO_K8S_API_GUARD: 'false' }), true],
  ])('has no effect where no nginx runs: %s', (_, settings, isUnused) => {
    const notes = problemsOf(envText(settings)).filter((line) => line.includes(name));
    expect(notes).toEqual(isUnused ? [expect.stringMatching(/^note: .* has no effect: this studio has no nginx/)] : []);
  });
});

test('a studio on localhost has no guard', () => {
  expect(containers(development())).toEqual(['backend']);
});

describe('JUNJO_K8S_API_GUARD', () => {
  test('=false removes the guard, and says what is public then', () => {
    const settings = production({ JUNJO_K8S_API_GUARD: 'false' });
    expect(containers(settings)).toEqual(['backend']);
    expect(problemsOf(envText(settings))).toEqual([
      'warning: .env:9 JUNJO_K8S_API_GUARD: is false, so anyone who can reach the API can read every span without signing in. This release requires no sign-in at /api/v1/observability',
    ]);
  });

  test.each([
    ['in development', development({ JUNJO_K8S_API_GUARD: 'true' }), /in development the API is on localhost$/],
    ['on a release that asks', studioOf('0.82.1', { JUNJO_K8S_API_GUARD: 'false' }), /already requires a sign-in$/],
  ])('has no effect %s, and synth says so', (_, settings, reason) => {
    expect(problemsOf(envText(settings))).toEqual([expect.stringMatching(reason)]);
  });

  test('without network policies leaves a way past the guard, and synth says so', () => {
    const settings = production({ JUNJO_K8S_NETWORK_POLICY: 'false' });
    expect(problemsOf(envText(settings))).toEqual([
      expect.stringMatching(/^warning: .*JUNJO_K8S_NETWORK_POLICY: is false, so every pod .* port 1323/),
    ]);
    expect(problemsOf(envText(studioOf('0.82.1', { JUNJO_K8S_NETWORK_POLICY: 'false' })))).toEqual([]);
  });
});

test.each(['traefik', 'caddy'])(
  'a small studio behind %s fits a machine of 1 GB: its pods ask for 700 MiB at the most',
  (className) => {
    const studio = render(production({ JUNJO_K8S_INGRESS_CLASS: className }));
    const requests = studio
      .ofKind('Deployment')
      .flatMap(({ spec }) => spec.template.spec.containers)
      .map(({ resources }: Manifest) => Number(/^([0-9]+)Mi$/.exec(resources.requests.memory)?.[1]));
    expect(requests.length).toBeGreaterThan(3);
    expect(requests.reduce((sum: number, each: number) => sum + each)).toBeLessThanOrEqual(700);
  },
);
