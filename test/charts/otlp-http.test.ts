import { load } from 'js-yaml';
import { diagramOf } from '../../cli/diagram/read';
import { addressesOf } from '../../cluster/studio-manifests';
import { gatewayControllers } from '../../config/gateway-controllers';
import { ingressControllers } from '../../config/ingress-controllers';
import { loadStudio } from '../../config/load-studio';
import { type Manifest as AnyManifest, Manifests } from '../../render/manifest';
import { type Endpoint, isAllowed } from '../support/network';
import {
  development,
  envText,
  freshSecret,
  isOfEveryStudio,
  type Manifest,
  production,
  type Rendered,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

const NAME = 'junjo-ai-studio-otlp-http';
const HOST = { JUNJO_K8S_INTAKE_HTTP_HOST: 'otlp.example.com' };
const ORIGIN = 'https://app.example.com';
const PAGES = { JUNJO_K8S_INTAKE_CORS_ORIGINS: ORIGIN };
const withIntake = (settings: Settings = {}): Settings =>
  production({
    JUNJO_K8S_RELEASE: '0.82.1',
    JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
    JUNJO_K8S_INTAKE: 'true',
    ...settings,
  });
const of = (controller: string, more: Settings = {}): Settings =>
  withIntake({
    JUNJO_K8S_INGRESS_CLASS: 'edge',
    JUNJO_K8S_INGRESS_CONTROLLER: controller,
    ...(controller === 'f5-nginx' && { JUNJO_K8S_TLS_SECRET: 'studio-tls' }),
    ...HOST,
    ...more,
  });
const ofGateway = (more: Settings): Settings => withIntake({ JUNJO_K8S_INGRESS_CLASS: undefined, ...HOST, ...more });
const overTls = { JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:26155', JUNJO_K8S_CLUSTER_ISSUER: 'dns' };
const inTheClear = { JUNJO_PROD_INGESTION_URL: 'http://spans.example.com:26155' };

const titles = (studio: Rendered) => studio.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const configOf = (studio: Rendered): Manifest =>
  load(studio.get('ConfigMap', 'junjo-ai-studio-intake').data['config.yaml']);
const problemsOf = (settings: Settings) =>
  loadStudio([{ path: '.env', text: envText(settings) }])
    .problems.filter((problem) => !isOfEveryStudio(problem))
    .filter(({ variable }) => /INTAKE_HTTP|INTAKE_CORS|INGESTION_SOURCE/.test(variable ?? ''))
    .map(({ severity, variable, text }) => `${severity}: ${variable}: ${text}`);

// What the documentation of each says, written down a second time.
const expected: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  traefik: {
    'traefik.ingress.kubernetes.io/router.entrypoints': 'websecure',
    'traefik.ingress.kubernetes.io/router.tls': 'true',
  },
  haproxy: {
    'haproxy.org/ssl-redirect': 'true',
    'haproxy.org/ssl-redirect-code': '301',
    'haproxy.org/ssl-redirect-port': '443',
  },
  contour: { 'ingress.kubernetes.io/force-ssl-redirect': 'true' },
  kong: { 'konghq.com/protocols': 'https' },
  alb: {
    'alb.ingress.kubernetes.io/scheme': 'internet-facing',
    'alb.ingress.kubernetes.io/target-type': 'ip',
    'alb.ingress.kubernetes.io/listen-ports': '[{"HTTPS":443}]',
    'alb.ingress.kubernetes.io/healthcheck-path': '/v1/traces',
    'alb.ingress.kubernetes.io/success-codes': '401,405',
  },
  'f5-nginx': { 'nginx.org/client-max-body-size': '32m', 'ingress.kubernetes.io/ssl-redirect': 'true' },
  'ingress-nginx': {
    'nginx.ingress.kubernetes.io/proxy-body-size': '32m',
    'nginx.ingress.kubernetes.io/ssl-redirect': 'true',
  },
  caddy: {},
  other: {},
};

test('every controller that is known is told', () => {
  expect(Object.keys(expected).sort()).toEqual([...Object.keys(ingressControllers), 'other'].sort());
});

describe.each(Object.keys(expected))('through an Ingress of %s', (controller) => {
  const studio = render(of(controller));
  const ingress = studio.get('Ingress', NAME);

  test('the path for spans, and no other, leads to the collectors', () => {
    expect(ingress.spec.rules).toEqual([
      {
        host: 'otlp.example.com',
        http: {
          paths: [
            { path: '/v1/traces', pathType: 'Exact', backend: { service: { name: NAME, port: { number: 4318 } } } },
          ],
        },
      },
    ]);
    expect(ingress.metadata.annotations ?? {}).toEqual(expected[controller]);
  });

  test('HTTP/1.1 goes to a Service of its own, whatever the one for gRPC is told', () => {
    const service = studio.get('Service', NAME);
    expect(service.metadata.annotations).toBeUndefined();
    expect(service.spec.type).toBe('ClusterIP');
    expect(service.spec.ports).toEqual([{ name: 'otlp-http', port: 4318, targetPort: 4320, protocol: 'TCP' }]);
    expect(service.spec.selector).toEqual(studio.get('Service', 'junjo-ai-studio-ingestion').spec.selector);
  });

  test('the host has the certificate of the others', () => {
    const [web] = studio.get('Ingress', 'junjo-ai-studio').spec.tls ?? [];
    expect(ingress.spec.tls).toEqual(web && [{ hosts: ['otlp.example.com'], secretName: web.secretName }]);
    for (const { spec } of studio.ofKind('Certificate')) expect(spec.dnsNames).toContain('otlp.example.com');
  });

  test('switched off, nothing of it is left', () => {
    const without = render(of(controller, { JUNJO_K8S_INTAKE_HTTP_HOST: undefined }));
    expect(titles(studio).filter((title) => !titles(without).includes(title))).toEqual([
      `Service ${NAME}`,
      `Ingress ${NAME}`,
    ]);
    expect(titles(without).filter((title) => !titles(studio).includes(title))).toEqual([]);
    expect(without.files.filter(({ text }) => /4320|otlp-http:|otlp\.example/.test(text))).toEqual([]);
  });
});

const route = {
  hostnames: ['otlp.example.com'],
  rules: [
    {
      matches: [{ path: { type: 'Exact', value: '/v1/traces' } }],
      backendRefs: [{ group: '', kind: 'Service', name: NAME, port: 4318, weight: 1 }],
    },
  ],
};

describe.each([...Object.keys(gatewayControllers), 'other'])('through a Gateway of %s', (controller) => {
  const shared = ofGateway({ JUNJO_K8S_GATEWAY: 'edge/shared', JUNJO_K8S_INGRESS_CONTROLLER: controller });

  test('a route leads spans to the collectors, on the encrypted listener alone', () => {
    const studio = render(shared);
    expect(studio.get('HTTPRoute', NAME).spec).toMatchObject({
      ...route,
      parentRefs: [{ kind: 'Gateway', namespace: 'edge', name: 'shared', sectionName: 'https' }],
    });
    expect(studio.get('HTTPRoute', 'junjo-ai-studio-redirect').spec.hostnames).not.toContain('otlp.example.com');
  });

  test('no other route has its host', () => {
    const studio = render(shared);
    const routes = [...studio.ofKind('HTTPRoute'), ...studio.ofKind('GRPCRoute')];
    const names = routes.filter(({ spec }) => spec.hostnames.includes('otlp.example.com')).map((r) => r.metadata.name);
    expect(names).toEqual([NAME]);
  });
});

test('a Gateway of the studio has the host in its certificate and in its names for external-dns', () => {
  const studio = render(ofGateway({ JUNJO_K8S_GATEWAY: 'class:eg', JUNJO_K8S_EXTERNAL_DNS: 'true' }));
  expect(studio.get('HTTPRoute', NAME).spec).toMatchObject(route);
  expect(studio.get('Certificate', 'junjo-ai-studio-tls').spec.dnsNames).toContain('otlp.example.com');
  const names = ({ metadata }: Manifest) => metadata.annotations['external-dns.alpha.kubernetes.io/hostname'];
  expect(names(studio.get('HTTPRoute', NAME))).toBe('otlp.example.com');
  expect(names(studio.get('Gateway', 'junjo-ai-studio')).split(',')).toContain('otlp.example.com');
});

test('an internal load balancer of AWS stays internal', () => {
  const { metadata } = render(of('alb', { JUNJO_K8S_LOAD_BALANCER: 'internal' })).get('Ingress', NAME);
  expect(metadata.annotations['alb.ingress.kubernetes.io/scheme']).toBe('internal');
});

describe('the collectors', () => {
  test.each([
    ['through the edge', {}],
    ['to a port with TLS', overTls],
    ['in the clear', inTheClear],
  ])('take from the edge what they take from applications, without TLS: spans come %s', (_, way) => {
    const { receivers, service } = configOf(render(withIntake({ ...HOST, ...PAGES, ...way })));
    const { tls: _tls, ...own } = receivers.otlp.protocols.http;
    const { protocols } = receivers['otlp/edge'];
    expect(protocols).toEqual({ http: { ...own, endpoint: expect.stringMatching(/:4320$/) } });
    expect(service.pipelines['traces/queue'].receivers).toEqual(['otlp', 'otlp/edge']);
  });

  test('take requests over HTTP as large as over gRPC, and no larger', () => {
    const { grpc, http } = configOf(render(withIntake(HOST))).receivers.otlp.protocols;
    expect(http.max_request_body_size).toBe(grpc.max_recv_msg_size_mib * 1024 * 1024);
  });

  test('listen for the edge on no port that they do not name', () => {
    const portsOf = (settings: Settings) =>
      render(settings)
        .get('StatefulSet', 'junjo-ai-studio-intake')
        .spec.template.spec.containers.flatMap(({ ports }: Manifest) => ports)
        .map(({ containerPort }: Manifest) => containerPort);
    expect(portsOf(withIntake(HOST))).toContain(4320);
    expect(portsOf(withIntake())).not.toContain(4320);
  });

  test('answer pages of no origin unless some are named', () => {
    expect(JSON.stringify(configOf(render(withIntake(HOST))))).not.toContain('cors');
  });

  test('answer pages of the origins that are named, with the headers that an exporter sends', () => {
    const origins = `${ORIGIN},http://localhost:5173`;
    const { receivers } = configOf(render(withIntake({ ...HOST, JUNJO_K8S_INTAKE_CORS_ORIGINS: origins })));
    const { cors } = receivers['otlp/edge'].protocols.http;
    expect(cors.allowed_origins).toEqual(origins.split(','));
    expect(cors.allowed_headers).toEqual(['content-type', 'x-junjo-api-key']);
  });

  test('are started anew when the origins change', () => {
    const digestOf = (settings: Settings) =>
      render(settings).get('StatefulSet', 'junjo-ai-studio-intake').spec.template.metadata.annotations[
        'checksum/config'
      ];
    expect(digestOf(withIntake({ ...HOST, ...PAGES }))).not.toBe(digestOf(withIntake(HOST)));
  });
});

describe('the network policies', () => {
  const reach = (settings: Settings, port: number) => {
    const studio = render(withIntake({ JUNJO_K8S_INGRESS_NAMESPACE: 'traefik', ...settings }));
    const pod = (name: string, namespace: string, labels: Record<string, string>): Endpoint => ({
      kind: 'pod',
      name,
      namespace,
      namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
      labels,
    });
    const { labels } = studio.get('StatefulSet', 'junjo-ai-studio-intake').spec.template.metadata;
    const others: Record<string, Endpoint> = {
      edge: pod('edge', 'traefik', {}),
      neighbour: pod('neighbour', 'other', {}),
      backend: pod('backend', 'junjo-ai-studio', studio.pod('backend').metadata.labels),
      client: { kind: 'address', name: 'client', ip: '203.0.113.7' },
    };
    const to = pod('intake', 'junjo-ai-studio', labels);
    return Object.entries(others)
      .filter(([, from]) => isAllowed(studio.ofKind('NetworkPolicy'), { from, to, port }))
      .map(([name]) => name);
  };

  test.each([
    ['through the edge', {}],
    ['to a port with TLS', overTls],
    ['in the clear', inTheClear],
  ])('open the port for the edge to the edge alone: spans come %s', (_, way) => {
    expect(reach({ ...HOST, ...way }, 4320)).toEqual(['edge']);
    expect(reach(way, 4320)).toEqual([]);
  });

  test('keep the edge from the ports that applications use', () => {
    expect(reach(HOST, 4318)).toEqual([]);
    expect(reach({ ...HOST, ...overTls, JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' }, 4318)).toEqual([
      'client',
    ]);
  });
});

describe('JUNJO_K8S_INTAKE_HTTP_HOST', () => {
  const host = (JUNJO_K8S_INTAKE_HTTP_HOST: string, more: Settings = {}) =>
    problemsOf(withIntake({ JUNJO_K8S_INTAKE_HTTP_HOST, ...more }));
  const says = (text: string) => [`error: JUNJO_K8S_INTAKE_HTTP_HOST: ${text}`];

  test.each([
    ['https://otlp.example.com', 'contains more than a host name. Write only the host name: otlp.example.com'],
    ['otlp.example.com:4318', 'contains more than a host name. Write only the host name: otlp.example.com'],
    ['otlp.example.com/v1/traces', 'contains more than a host name. Write only the host name: otlp.example.com'],
    ['*.example.com', 'contains more than a host name. Write only the host name: otlp.example.com'],
    [
      'OTLP.example.com',
      'has a host that browsers write differently, so origins would not match. Write the host as otlp.example.com',
    ],
    ['otlp', 'has a host without a domain. Write only the host name: otlp.example.com'],
    ['otlp.example.com.', 'has a host that ends with a dot, which certificates do not match. Remove the dot'],
    [
      '192.0.2.7',
      'is an IP address, but certificates and cookies need a host name. Write only the host name: otlp.example.com',
    ],
    ['-otlp.example.com', 'has a host that DNS does not allow. Write only the host name: otlp.example.com'],
    [
      'otlp.localhost',
      "is localhost, which in production is each visitor's own machine. Write only the host name: otlp.example.com",
    ],
  ])('%s is refused', (written, text) => {
    expect(host(written)).toEqual(says(text));
  });

  test.each([
    ['studio.example.com', 'JUNJO_PROD_FRONTEND_URL', {}],
    ['api.example.com', 'JUNJO_PROD_BACKEND_URL', {}],
    ['spans.example.com', 'JUNJO_PROD_INGESTION_URL', {}],
    ['spans.example.com', 'JUNJO_PROD_INGESTION_URL', overTls],
    ['spans.example.com', 'JUNJO_PROD_INGESTION_URL', inTheClear],
  ])('%s, which is that of %s, is refused', (written, name, more) => {
    expect(host(written, more)).toEqual(
      says(`is already used by ${name}. Use a separate host for OTLP/HTTP, for example otlp.example.com`),
    );
  });

  test('has no effect in development, and a note says so', () => {
    const settings = development({
      JUNJO_K8S_RELEASE: '0.82.1',
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
      JUNJO_K8S_INTAKE: 'true',
      ...HOST,
    });
    expect(problemsOf(settings)).toEqual([
      'note: JUNJO_K8S_INTAKE_HTTP_HOST: has no effect in development, where the studio is on localhost',
    ]);
    expect(titles(render(settings)).filter((title) => title.includes('otlp-http'))).toEqual([]);
  });

  test('beside source ranges comes with a warning, because these do not limit it', () => {
    const ranges = { ...overTls, JUNJO_K8S_INGESTION_SOURCE_RANGES: '203.0.113.0/24' };
    expect(host('otlp.example.com', ranges)).toEqual([
      expect.stringMatching(
        /^warning: JUNJO_K8S_INGESTION_SOURCE_RANGES: does not limit JUNJO_K8S_INTAKE_HTTP_HOST, because those connections come from the edge/,
      ),
    ]);
  });

  test('belongs to one studio among several', () => {
    const source = (name: string) => ({
      folder: name,
      files: [
        {
          path: `${name}.env`,
          text: envText(
            withIntake({
              ...HOST,
              JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
              JUNJO_PROD_BACKEND_URL: `https://api-${name}.example.com`,
              JUNJO_PROD_INGESTION_URL: `https://spans-${name}.example.com`,
            }),
          ),
        },
      ],
    });
    const { problems } = renderAll([source('one'), source('two')]);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([
      expect.objectContaining({
        variable: 'JUNJO_K8S_INTAKE_HTTP_HOST',
        text: 'the host otlp.example.com is already used by the studio one. Give each studio its own hosts',
      }),
    ]);
  });
});

describe('JUNJO_K8S_INTAKE_CORS_ORIGINS', () => {
  const origins = (JUNJO_K8S_INTAKE_CORS_ORIGINS: string, more: Settings = HOST) =>
    problemsOf(withIntake({ JUNJO_K8S_INTAKE_CORS_ORIGINS, ...more }));
  const says = (text: string) => [expect.stringContaining(`error: JUNJO_K8S_INTAKE_CORS_ORIGINS: ${text}`)];

  test.each([
    ['*', 'contains *, so unknown pages could send spans. Name each origin'],
    ['https://*.example.com', 'contains *'],
    ['https://app.example.com,', 'has an empty origin. Remove the extra comma'],
    ['app.example.com', 'contains "app.example.com", which is not an origin'],
    [
      'https://app.example.com/',
      'contains "https://app.example.com/", which browsers do not send as an origin. Write https://app.example.com',
    ],
    ['https://App.example.com', 'contains "https://App.example.com", which browsers do not send as an origin'],
    ['https://app.example.com:443', 'contains "https://app.example.com:443", which browsers do not send as an origin'],
    ['null', 'contains "null", which is not an origin'],
  ])('%s is refused', (written, text) => {
    expect(origins(written)).toEqual(says(text));
  });

  test('is an error where nothing outside the cluster reaches OTLP/HTTP', () => {
    expect(origins(ORIGIN, {})).toEqual(
      says('has no effect: OTLP/HTTP is not reachable from outside the cluster. Set JUNJO_K8S_INTAKE_HTTP_HOST'),
    );
  });

  test('is an error where pages over HTTPS could only send in the clear', () => {
    expect(origins(ORIGIN, inTheClear)).toEqual(says('has no effect for pages over HTTPS'));
    expect(origins('http://app.example.com', inTheClear)).toEqual([]);
    expect(origins(ORIGIN, { ...HOST, ...inTheClear })).toEqual([]);
  });

  test('is sound where the port itself speaks TLS, and in development', () => {
    expect(origins(ORIGIN, overTls)).toEqual([]);
    const local = development({
      JUNJO_K8S_RELEASE: '0.82.1',
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
      JUNJO_K8S_INTAKE: 'true',
      JUNJO_K8S_INTAKE_CORS_ORIGINS: 'http://localhost:5173',
    });
    expect(problemsOf(local)).toEqual([]);
    expect(configOf(render(local)).receivers.otlp.protocols.http.cors.allowed_origins).toEqual([
      'http://localhost:5173',
    ]);
  });
});

test('status and the diagram show the address, and where TLS ends', () => {
  const manifests: readonly AnyManifest[] = render(withIntake({ ...HOST, ...overTls })).objects;
  expect(addressesOf(new Manifests(manifests))).toContainEqual({
    name: 'OTLP/HTTP',
    url: 'https://otlp.example.com/v1/traces',
  });
  const { edges } = diagramOf(manifests);
  const linesOf = (from: string, to: string) =>
    edges.filter((edge) => edge.from === from && edge.to === to).flatMap(({ lines }) => lines);
  expect(linesOf('Your application', 'ingress')).toEqual(['https://otlp.example.com/v1/traces']);
  expect(linesOf('ingress', 'junjo-ai-studio-intake')).toEqual([':4320']);
});
