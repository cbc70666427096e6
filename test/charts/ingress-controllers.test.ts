import { edgeNeeds } from '../../config/edge-needs';
import { ingressControllers } from '../../config/ingress-controllers';
import { loadStudio } from '../../config/load-studio';
import { envText, isOfEveryStudio, type Manifest, production, render, type Settings } from '../support/studio';

const RANGES = '203.0.113.0/24,2001:db8::/32';
const settingsOf = (controller: string, more: Settings = {}): Settings =>
  production({
    JUNJO_K8S_INGRESS_CLASS: 'edge',
    JUNJO_K8S_INGRESS_CONTROLLER: controller,
    ...(controller === 'f5-nginx' && { JUNJO_K8S_TLS_SECRET: 'studio-tls' }),
    ...more,
  });
const problems = (settings: Settings) =>
  loadStudio([{ path: '.env', text: envText(settings) }]).problems.filter((problem) => !isOfEveryStudio(problem));
const told = (settings: Settings) => {
  const studio = render(settings);
  const of = (kind: string, name: string) => studio.get(kind, name).metadata.annotations ?? {};
  return {
    web: of('Ingress', 'junjo-ai-studio'),
    spans: of('Ingress', 'junjo-ai-studio-spans'),
    ui: of('Service', 'junjo-ai-studio-frontend'),
    api: of('Service', 'junjo-ai-studio-backend'),
    ingestion: of('Service', 'junjo-ai-studio-ingestion'),
  };
};

// What the documentation of each says, written down a second time: the keys, the values, and where they stand.
test.each([
  [
    'f5-nginx',
    {
      web: {
        'nginx.org/proxy-read-timeout': '600s',
        'nginx.org/proxy-send-timeout': '600s',
        'nginx.org/client-max-body-size': '32m',
        'ingress.kubernetes.io/ssl-redirect': 'true',
        'nginx.org/hsts': 'true',
        'nginx.org/hsts-max-age': '31536000',
      },
      spans: {
        'nginx.org/grpc-services': 'junjo-ai-studio-ingestion',
        'nginx.org/proxy-read-timeout': '600s',
        'nginx.org/proxy-send-timeout': '600s',
      },
      ui: {},
      api: {},
      ingestion: {},
    },
  ],
  [
    'haproxy',
    {
      web: {
        'haproxy.org/timeout-server': '600s',
        'haproxy.org/ssl-redirect': 'true',
        'haproxy.org/ssl-redirect-code': '301',
        'haproxy.org/ssl-redirect-port': '443',
        'haproxy.org/response-set-header': 'Strict-Transport-Security "max-age=31536000"',
      },
      spans: {
        'haproxy.org/timeout-server': '600s',
        'haproxy.org/ssl-redirect': 'true',
        'haproxy.org/ssl-redirect-code': '301',
        'haproxy.org/ssl-redirect-port': '443',
      },
      ui: {},
      api: {},
      ingestion: { 'haproxy.org/server-proto': 'h2' },
    },
  ],
  [
    'contour',
    {
      web: { 'projectcontour.io/response-timeout': '600s', 'ingress.kubernetes.io/force-ssl-redirect': 'true' },
      spans: { 'projectcontour.io/response-timeout': 'infinity', 'ingress.kubernetes.io/force-ssl-redirect': 'true' },
      ui: {},
      api: {},
      ingestion: { 'projectcontour.io/upstream-protocol.h2c': '50051' },
    },
  ],
  [
    'kong',
    {
      web: {
        'konghq.com/protocols': 'https',
        'konghq.com/https-redirect-status-code': '301',
        'konghq.com/plugins': 'junjo-ai-studio-hsts',
      },
      spans: { 'konghq.com/protocols': 'grpcs' },
      ui: { 'konghq.com/read-timeout': '600000', 'konghq.com/write-timeout': '600000' },
      api: { 'konghq.com/read-timeout': '600000', 'konghq.com/write-timeout': '600000' },
      ingestion: {
        'konghq.com/protocol': 'grpc',
        'konghq.com/read-timeout': '600000',
        'konghq.com/write-timeout': '600000',
      },
    },
  ],
  [
    'alb',
    {
      web: {
        'alb.ingress.kubernetes.io/scheme': 'internet-facing',
        'alb.ingress.kubernetes.io/target-type': 'ip',
        'alb.ingress.kubernetes.io/listen-ports': '[{"HTTP":80},{"HTTPS":443}]',
        'alb.ingress.kubernetes.io/ssl-redirect': '443',
        'alb.ingress.kubernetes.io/load-balancer-attributes': 'idle_timeout.timeout_seconds=600',
        'alb.ingress.kubernetes.io/listener-attributes.HTTPS-443':
          'routing.http.response.strict_transport_security.header_value=max-age=31536000',
      },
      spans: {
        'alb.ingress.kubernetes.io/scheme': 'internet-facing',
        'alb.ingress.kubernetes.io/target-type': 'ip',
        'alb.ingress.kubernetes.io/listen-ports': '[{"HTTPS":443}]',
        'alb.ingress.kubernetes.io/backend-protocol-version': 'GRPC',
        'alb.ingress.kubernetes.io/success-codes': '0-99',
        'alb.ingress.kubernetes.io/load-balancer-attributes': 'idle_timeout.timeout_seconds=600',
      },
      ui: {},
      api: { 'alb.ingress.kubernetes.io/healthcheck-path': '/health' },
      ingestion: {},
    },
  ],
])('%s is told what its documentation asks for', (controller, expected) => {
  expect(told(settingsOf(controller))).toEqual(expected);
});

describe('a controller is known', () => {
  test.each([
    ['traefik', 'Traefik'],
    ['traefik-public', 'Traefik'],
    ['nginx-internal', 'ingress-nginx'],
    ['haproxy', 'HAProxy'],
    ['contour-external', 'Contour'],
    ['alb', 'AWS'],
  ])('by the class %s', (className, name) => {
    const { config } = loadStudio([
      { path: '.env', text: envText(production({ JUNJO_K8S_INGRESS_CLASS: className })) },
    ]);
    const { route } = config?.edge ?? {};
    expect(route?.kind === 'ingress' && route.controller?.name).toMatch(name);
  });

  test.each(['my-nginxless', 'other', 'balboa'])('and %s is not mistaken for one', (className) => {
    const settings = production({ JUNJO_K8S_INGRESS_CLASS: className });
    expect(render(settings).get('Ingress', 'junjo-ai-studio').metadata.annotations).toBeUndefined();
  });

  test('by its name, which is stronger than that of the class', () => {
    const settings = { JUNJO_K8S_INGRESS_CLASS: 'nginx', JUNJO_K8S_TLS_SECRET: 'studio-tls' };
    const f5 = told(production({ ...settings, JUNJO_K8S_INGRESS_CONTROLLER: 'f5-nginx' }));
    expect(Object.keys(f5.web).filter((key) => key.startsWith('nginx.ingress.kubernetes.io/'))).toEqual([]);
    expect(told(production({ ...settings, JUNJO_K8S_INGRESS_CONTROLLER: 'other' })).web).toEqual({});
  });

  test('and is refused where it cannot be', () => {
    const settings = production({ JUNJO_K8S_INGRESS_CONTROLLER: 'cilium' });
    expect(problems(settings).map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^cilium does not run an ingress class\. Write one of: traefik, /),
    );
    const gateway = production({
      JUNJO_K8S_INGRESS_CLASS: undefined,
      JUNJO_K8S_GATEWAY: 'class:x',
      JUNJO_K8S_INGRESS_CONTROLLER: 'alb',
    });
    expect(problems(gateway).map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^alb does not run a Gateway/),
    );
  });
});

test('what a controller cannot do is said, one line each', () => {
  expect(problems(settingsOf('contour')).map(({ severity, text }) => `${severity}: ${text}`)).toEqual([
    'note: Contour does not send HSTS: an Ingress cannot add headers, but a global header policy can',
  ]);
});

describe('JUNJO_K8S_WEB_SOURCE_RANGES', () => {
  test.each([
    ['ingress-nginx', 'nginx.ingress.kubernetes.io/whitelist-source-range'],
    ['haproxy', 'haproxy.org/allow-list'],
    // All that releases up to 1.10 read; they pass over the other in silence, and let everybody in.
    ['haproxy', 'haproxy.org/whitelist'],
    ['alb', 'alb.ingress.kubernetes.io/inbound-cidrs'],
  ])('is an annotation for %s, on UI and API alone', (controller, key) => {
    const { web, spans } = told(settingsOf(controller, { JUNJO_K8S_WEB_SOURCE_RANGES: RANGES }));
    expect(web[key]).toBe(RANGES);
    expect(spans).not.toHaveProperty([key]);
    expect(told(settingsOf(controller)).web).not.toHaveProperty([key]);
  });

  test('is a Middleware for Traefik', () => {
    const settings = settingsOf('traefik', { JUNJO_K8S_WEB_SOURCE_RANGES: RANGES });
    expect(render(settings).get('Middleware', 'junjo-ai-studio-source-ranges').spec).toEqual({
      ipAllowList: { sourceRange: RANGES.split(',') },
    });
    const { web, spans } = told(settings);
    expect(web['traefik.ingress.kubernetes.io/router.middlewares']).toBe(
      'junjo-ai-studio-junjo-ai-studio-hsts@kubernetescrd,junjo-ai-studio-junjo-ai-studio-source-ranges@kubernetescrd',
    );
    expect(spans).not.toHaveProperty(['traefik.ingress.kubernetes.io/router.middlewares']);
  });

  test('is a KongPlugin for Kong', () => {
    const studio = render(settingsOf('kong', { JUNJO_K8S_WEB_SOURCE_RANGES: RANGES }));
    expect(studio.get('KongPlugin', 'junjo-ai-studio-source-ranges')).toMatchObject({
      plugin: 'ip-restriction',
      config: { allow: RANGES.split(',') },
    });
    expect(studio.get('Ingress', 'junjo-ai-studio').metadata.annotations['konghq.com/plugins']).toBe(
      'junjo-ai-studio-hsts,junjo-ai-studio-source-ranges',
    );
    expect(studio.get('KongPlugin', 'junjo-ai-studio-hsts')).toMatchObject({
      plugin: 'response-transformer',
      config: { add: { headers: ['Strict-Transport-Security: max-age=31536000'] } },
    });
    const paths = studio.files.map(({ path }) => path);
    expect(paths.indexOf('69-kong-plugins.k8s.yaml')).toBeLessThan(paths.indexOf('70-edge.k8s.yaml'));
  });

  test('is a policy on the routes for Envoy Gateway', () => {
    const gateway = { JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:envoy' };
    const studio = render(production({ ...gateway, JUNJO_K8S_WEB_SOURCE_RANGES: RANGES }));
    const { targetRefs, authorization } = studio.get('SecurityPolicy', 'junjo-ai-studio-source-ranges').spec;
    const routes = studio.ofKind('HTTPRoute').map(({ metadata }) => metadata.name);
    for (const { name } of targetRefs) expect(routes).toContain(name);
    expect(targetRefs.map(({ name }: Manifest) => name)).toEqual(['junjo-ai-studio-ui', 'junjo-ai-studio-api']);
    expect(authorization).toEqual({
      defaultAction: 'Deny',
      rules: [{ action: 'Allow', principal: { clientCIDRs: RANGES.split(',') } }],
    });
  });

  test.each([
    ['Caddy', settingsOf('caddy'), /^cannot be enforced here: it has no setting for addresses/],
    ['Contour', settingsOf('contour'), /^cannot be enforced here: only its HTTPProxy objects/],
    ['F5', settingsOf('f5-nginx'), /^cannot be enforced here: it has no annotation/],
    [
      'a class that nobody knows',
      settingsOf('other'),
      /^cannot be enforced here: the controller of the edge is unknown/,
    ],
    [
      'another Gateway',
      production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:cilium' }),
      /^cannot be enforced here: these manifests cannot filter addresses with Cilium/,
    ],
  ])('is an error for %s, never silence', (_, settings, says) => {
    const errors = problems({ ...settings, JUNJO_K8S_WEB_SOURCE_RANGES: RANGES }).filter(
      ({ severity }) => severity === 'error',
    );
    expect(errors.map(({ text }) => text)).toEqual([expect.stringMatching(says)]);
  });
});

test('HAProxy would keep the solver of HTTP-01 from its own addresses as well, and synth says so', () => {
  const ranges = { JUNJO_K8S_WEB_SOURCE_RANGES: RANGES };
  const warnings = (settings: Settings) => problems(settings).filter(({ severity }) => severity === 'warning');
  expect(warnings(settingsOf('haproxy', ranges))).toEqual([
    expect.objectContaining({
      variable: 'JUNJO_K8S_WEB_SOURCE_RANGES',
      text: expect.stringMatching(/the challenge of Let's Encrypt/),
    }),
  ]);
  expect(warnings(settingsOf('haproxy', { ...ranges, JUNJO_K8S_CLUSTER_ISSUER: 'dns' }))).toEqual([]);
  expect(warnings(settingsOf('traefik', ranges))).toEqual([]);
});

describe('the pods of a Gateway', () => {
  const errors = (settings: Settings) =>
    problems(production({ JUNJO_K8S_INGRESS_CLASS: undefined, ...settings })).filter(
      ({ severity }) => severity === 'error',
    );

  test.each(['istio', 'nginx'])('of class %s, which run beside it, are not shut in by our own policies', (name) => {
    expect(errors({ JUNJO_K8S_GATEWAY: `class:${name}` })).toEqual([
      expect.objectContaining({
        variable: 'JUNJO_K8S_GATEWAY',
        text: expect.stringMatching(/where network policies block them\. .*namespace\/name/),
      }),
    ]);
    expect(errors({ JUNJO_K8S_GATEWAY: `class:${name}`, JUNJO_K8S_NETWORK_POLICY: 'false' })).toEqual([]);
    const shared = { JUNJO_K8S_GATEWAY: 'edge/shared', JUNJO_K8S_INGRESS_CONTROLLER: 'istio' };
    expect(errors({ ...shared, JUNJO_K8S_INGRESS_NAMESPACE: 'edge' })).toEqual([]);
  });

  test('of Cilium are none, so that no namespace finds them', () => {
    const cilium = { JUNJO_K8S_GATEWAY: 'class:cilium' };
    expect(errors(cilium)).toEqual([]);
    expect(errors({ ...cilium, JUNJO_K8S_INGRESS_NAMESPACE: 'kube-system' })).toEqual([
      expect.objectContaining({
        variable: 'JUNJO_K8S_INGRESS_NAMESPACE',
        text: expect.stringMatching(/^would block Cilium/),
      }),
    ]);
  });
});

test('F5 gets no HTTP-01 issuer, whose Ingress it would drop', () => {
  const settings = settingsOf('f5-nginx', { JUNJO_K8S_TLS_SECRET: undefined });
  expect(problems(settings).filter(({ severity }) => severity === 'error')).toEqual([
    expect.objectContaining({ text: expect.stringMatching(/serves each host from one Ingress only/) }),
  ]);
  expect(render({ ...settings, JUNJO_K8S_CLUSTER_ISSUER: 'dns' }).ofKind('Certificate')).toHaveLength(1);
});

test('the load balancer of AWS has no certificate of ours, and no namespace', () => {
  const studio = render(settingsOf('alb'));
  expect([...studio.ofKind('Issuer'), ...studio.ofKind('Certificate')]).toEqual([]);
  expect(studio.ofKind('Ingress').filter(({ spec }) => spec.tls)).toEqual([]);
  const errors = problems(settingsOf('alb', { JUNJO_K8S_INGRESS_NAMESPACE: 'kube-system', JUNJO_K8S_TLS_SECRET: 'x' }))
    .filter(({ severity }) => severity === 'error')
    .map(({ variable }) => variable);
  expect(errors.sort()).toEqual(['JUNJO_K8S_INGRESS_NAMESPACE', 'JUNJO_K8S_TLS_SECRET']);
});

test('every controller answers for every need, with a source', () => {
  for (const { answers } of Object.values(ingressControllers)) {
    expect(Object.keys(answers).sort()).toEqual(Object.keys(edgeNeeds).sort());
    for (const { source, ...answer } of Object.values(answers)) {
      expect(source).toMatch(/^https:\/\/| of [a-z]+\//);
      expect(Object.keys(answer).length).toBeGreaterThan(0);
    }
  }
});
