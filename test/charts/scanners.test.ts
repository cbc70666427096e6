import { development, freshSecret, type Manifest, production, render } from '../support/studio';

const IGNORED = 'ignore-check.kube-linter.io/';
const twoFrontends = { JUNJO_K8S_FRONTEND_REPLICAS: '2' };
const newer = { JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };

/** The checks of kube-linter that an object asks to be left out, each with a reason. */
function ignored({ metadata: { annotations = {} } }: Manifest): readonly string[] {
  const keys = Object.keys(annotations).filter((key) => key.startsWith(IGNORED));
  for (const key of keys) expect(annotations[key]).toMatch(/^\S.{20,}$/);
  return keys.map((key) => key.slice(IGNORED.length)).sort();
}

test('a drain evicts frontend pods that run and never become ready', () => {
  const [budget] = render(production(twoFrontends)).ofKind('PodDisruptionBudget');
  expect(budget.spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
});

test.each([
  ['on localhost', development()],
  ['in production', production()],
  ['with QDrant', production({ ...newer, JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() })],
])('a studio %s asks for some disk of its node where it has data, and has no limit on it', (_, settings) => {
  for (const { spec } of render(settings).ofKind('Deployment')) {
    const [main] = spec.template.spec.containers;
    if (main.name === 'frontend') continue;
    // The logs of two containers: five files of 10 MiB each.
    expect(Number.parseInt(main.resources.requests['ephemeral-storage'], 10)).toBeGreaterThan(100);
    expect(main.resources.requests['ephemeral-storage']).toMatch(/Mi$/);
    expect(main.resources.limits).not.toHaveProperty(['ephemeral-storage']);
  }
});

test.each([
  ['one frontend', production()],
  ['two frontends', production(twoFrontends)],
  ['a newer line', production({ ...newer, ...twoFrontends })],
  ['development images', development()],
])('kube-linter is told what is not as it seems, and nothing else: %s', (_, settings) => {
  const studio = render(settings);
  for (const object of studio.objects) {
    const { spec } = object.kind === 'Deployment' ? object.spec.template : { spec: {} };
    const expected = [
      ...(spec.topologySpreadConstraints ? ['no-anti-affinity'] : []),
      ...(spec.securityContext?.sysctls ? ['unsafe-sysctls'] : []),
    ];
    expect([object.metadata.name, ignored(object)]).toEqual([object.metadata.name, expected]);
    // kube-linter reads them on the object alone.
    expect(ignored(object.spec?.template ?? { metadata: {} })).toEqual([]);
  }
  const { metadata, spec } = studio.get('Deployment', 'junjo-ai-studio-frontend');
  expect(ignored({ metadata }).includes('no-anti-affinity')).toBe(spec.replicas > 1);
});
