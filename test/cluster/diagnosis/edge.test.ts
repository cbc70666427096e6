import { diagnosisOf, madeState, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import { FakeApiServer } from '../../support/fake-api-server';
import { findingOf, followed } from '../../support/follow-advice';
import { changed, made, ofTwoContainers, runsRelease, service } from '../../support/made-states';
import { describeWith } from '../../support/programs';

const first = (state: RecordedState) => diagnosisOf(state)[0];

/** Seconds before the end of the recording. */
const ago = ({ recorded }: RecordedState, seconds: number) =>
  new Date(Date.parse(recorded) - seconds * 1000).toISOString().replace('.000', '');

const aged = (name: string, seconds: number, change: (state: RecordedState) => void = () => undefined) => {
  const state = recording(name);
  for (const { kind, metadata } of state.objects) {
    if (['Service', 'Ingress'].includes(kind)) metadata.creationTimestamp = ago(state, seconds);
  }
  change(state);
  return state;
};

/** An event of an object of the studio. */
const event = (
  state: RecordedState,
  kind: string,
  name: string,
  [type, reason, message]: readonly [string, string, string],
  seconds = 60,
) =>
  state.objects.push({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${state.objects.length}`, namespace: state.namespace },
    involvedObject: { kind, name, namespace: state.namespace },
    type,
    reason,
    message,
    count: 3,
    lastTimestamp: ago(state, seconds),
  });

const SERVICES = ['backend', 'frontend', 'ingestion'].map((each) => `junjo-ai-studio-${each}`);
const pending = SERVICES.map((name) => `service ${name}`).join(', ');

describe('a load balancer without an address', () => {
  const said = (...events: readonly (readonly [string, string, string])[]) =>
    aged('load-balancer-pending', 7200, (state) => {
      for (const name of SERVICES) {
        for (const [index, each] of events.entries()) event(state, 'Service', name, each, 600 - index);
      }
    });

  test.each([
    [
      'AWS',
      'SyncLoadBalancerFailed',
      'Error syncing load balancer: failed to ensure load balancer: TooManyLoadBalancers: Exceeded quota of account 1',
    ],
    [
      'GCP',
      'SyncLoadBalancerFailed',
      "Error syncing load balancer: googleapi: Error 403: Quota 'FORWARDING_RULES' exceeded. Limit: 15.0 globally., quotaExceeded",
    ],
    [
      'Azure',
      'SyncLoadBalancerFailed',
      'Error syncing load balancer: failed to ensure load balancer: PublicIPCountLimitReached',
    ],
    [
      'the controller of AWS',
      'FailedDeployModel',
      'Failed deploy model due to AccessDenied: User is not authorized to perform: elasticloadbalancing:CreateLoadBalancer',
    ],
    [
      'the controller of AWS, before',
      'FailedBuildModel',
      'Failed build model due to unable to resolve at least one subnet (0 match VPC and tags)',
    ],
    ['MetalLB', 'AllocationFailed', 'Failed to allocate IP for "junjo/x": no available IPs'],
    ['kube-vip', 'SyncLoadBalancerFailed', 'no addresses available in [default] range [10.0.0.1-10.0.0.2]'],
  ])('quotes %s, and does not advise to install another', (_, reason, message) => {
    const state = said(['Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer'], ['Warning', reason, message]);
    expect(summaryOf(state)).toEqual([`error load-balancer-pending: ${pending}`]);
    expect(first(state)?.text).toBe(`has no address: ${reason}: ${message}`);
    expect(first(state)?.fix).toMatch(/annotate service .* junjo-ai-studio\/retry=2026-/);
    expect(first(state)?.fix).not.toMatch(/MetalLB|forward/);
  });

  test('quotes a condition of the Service, as Cilium writes it', () => {
    const state = aged('load-balancer-pending', 600, ({ objects }) => {
      for (const { kind, status } of objects) {
        if (kind !== 'Service' || !status.loadBalancer) continue;
        status.conditions = [
          {
            type: 'cilium.io/IPAMRequestSatisfied',
            status: 'False',
            reason: 'no_pool',
            message: 'There are no enabled CiliumLoadBalancerIPPools that match this service',
          },
        ];
      }
    });
    expect(summaryOf(state)).toEqual([`error load-balancer-pending: ${pending}`]);
    expect(first(state)?.text).toContain('no_pool: There are no enabled');
  });

  test.each<readonly [string, readonly (readonly [string, string, string])[]]>([
    [
      'what was mended since',
      [
        ['Warning', 'AllocationFailed', 'no available IPs'],
        ['Normal', 'IPAllocated', 'Assigned IP ["1.2.3.4"]'],
      ],
    ],
    [
      'the noise of the allocators',
      [
        ['Warning', 'PortNotAllocated', 'Port 31450/TCP is not allocated; repairing'],
        ['Warning', 'FailedToUpdateEndpointSlices', 'Error updating Endpoint Slices'],
      ],
    ],
  ])('does not quote %s', (name, events) => {
    expect(first(said(...events))?.text).not.toMatch(/no available|not allocated|Endpoint/);
    expect(first(said(...events))?.text).toMatch(
      /noise/.test(name) ? /no load balancer controller has responded/ : /a controller is creating/,
    );
  });

  test('says that no load balancer controller has responded where nothing has answered', () => {
    expect(summaryOf(aged('load-balancer-pending', 60))).toEqual([`warning load-balancer-pending: ${pending}`]);
    const state = aged('load-balancer-pending', 600);
    expect(summaryOf(state)).toEqual([`error load-balancer-pending: ${pending}`]);
    expect(first(state)?.text).toMatch(/no load balancer controller has responded/);
    expect(first(state)?.fix).toMatch(/MetalLB\nnpm run forward -- --namespace=state-load-balancer-pending\n/);
    const unread = { ...state, forbidden: ['list events'] };
    expect(first(unread)?.text).toBe('has no address, and you cannot read the events, which may say why');
  });

  test.each<[string, (state: RecordedState) => void]>([
    [
      'its finalizer',
      ({ objects }) => {
        for (const { kind, metadata } of objects) {
          if (kind === 'Service') metadata.finalizers = ['service.kubernetes.io/load-balancer-cleanup'];
        }
      },
    ],
    [
      'its nodes',
      ({ objects }) => {
        objects.find(({ kind }) => kind === 'Node').spec.providerID = 'aws:///eu-central-1a/i-1';
      },
    ],
  ])('recognises a controller by %s, and advises how to get new events', (_, change) => {
    const fresh = aged('load-balancer-pending', 60, change);
    expect(summaryOf(fresh)).toEqual([`wait load-balancer-pending: ${pending}`]);
    const state = aged('load-balancer-pending', 7200, change);
    expect(summaryOf(state)).toEqual([`error load-balancer-pending: ${pending}`]);
    expect(first(state)?.fix).toMatch(/a cluster keeps them for an hour[\s\S]*annotate service/);
    expect(first(state)?.fix).not.toMatch(/MetalLB/);
  });

  test('names the class that no controller serves', () => {
    const state = aged('load-balancer-pending', 600, ({ objects }) => {
      for (const { kind, spec } of objects)
        if (kind === 'Service' && spec.type === 'LoadBalancer') spec.loadBalancerClass = 'io.cilium/bgp';
    });
    expect(first(state)?.text).toContain('no controller has responded for its load balancer class io.cilium/bgp');
  });
});

describe('an Ingress without an address', () => {
  const ingress = (
    seconds: number,
    className: string | undefined,
    ...classes: readonly (readonly [string, string, object?])[]
  ) =>
    aged('ingress-pending', seconds, (state) => {
      const { spec } = state.objects.find(({ kind }) => kind === 'Ingress');
      spec.ingressClassName = className;
      for (const [name, controller, annotations] of classes)
        state.objects.push({
          apiVersion: 'networking.k8s.io/v1',
          kind: 'IngressClass',
          metadata: { name, annotations },
          spec: { controller },
        });
    });
  const isDefault = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
  const ERROR = ['error ingress-pending: ingress junjo-ai-studio'];
  const WARNING = ['warning ingress-pending: ingress junjo-ai-studio'];
  const WAIT = ['wait ingress-pending: ingress junjo-ai-studio'];

  test('is healthy where Traefik serves it', () => {
    expect(summaryOf(madeState('healthy-traefik-no-address'))).toEqual([]);
    expect(summaryOf(ingress(90_000, 'web', ['web', 'traefik.io/ingress-controller']))).toEqual([]);
    expect(summaryOf(ingress(90_000, undefined, ['web', 'traefik.io/ingress-controller', isDefault]))).toEqual([]);
  });

  test.each<[string, RecordedState, readonly string[], RegExp]>([
    [
      'its class does not exist',
      ingress(10, 'nginx', ['traefik', 'traefik.io/ingress-controller']),
      ERROR,
      /class nginx does not exist\. Existing classes: traefik/,
    ],
    [
      'it names no class, and none is the default',
      ingress(10, undefined, ['nginx', 'k8s.io/ingress-nginx']),
      ERROR,
      /names no class, and no class is the default\. Existing classes: nginx/,
    ],
    [
      'its controller has time',
      ingress(60, 'nginx', ['nginx', 'k8s.io/ingress-nginx']),
      WAIT,
      /has no address.*60s so far, up to 2m/,
    ],
    [
      'its controller takes long',
      ingress(900, 'nginx', ['nginx', 'k8s.io/ingress-nginx']),
      WARNING,
      /^has no address: the controller of its class nginx has not written one$/,
    ],
    ['it is a load balancer itself', ingress(900, 'alb', ['alb', 'ingress.k8s.aws/alb']), ERROR, /^has no address/],
    [
      'the default class takes long',
      ingress(900, undefined, ['nginx', 'k8s.io/ingress-nginx', isDefault]),
      WARNING,
      /class nginx/,
    ],
  ])('where %s', (_, state, lines, text) => {
    expect(summaryOf(state)).toEqual(lines);
    expect(first(state)?.text).toMatch(text);
  });

  test('names a class in an annotation', () => {
    const state = ingress(900, undefined);
    const { metadata } = state.objects.find(({ kind }) => kind === 'Ingress');
    metadata.annotations = { 'kubernetes.io/ingress.class': 'gce' };
    expect(summaryOf(state)).toEqual(WARNING);
    expect(first(state)?.text).toContain('class gce');
  });

  test('is not reported where classes cannot be read, because some controllers write no address', () => {
    const found = diagnosisOf(ingress(900, 'nginx'), { unread: ['ingressclasses.networking.k8s.io'] });
    expect(found.map(({ cause }) => cause)).toEqual(['not-readable']);
  });

  test('quotes what its controller reports', () => {
    const state = ingress(20, 'alb', ['alb', 'ingress.k8s.aws/alb']);
    event(
      state,
      'Ingress',
      'junjo-ai-studio',
      ['Warning', 'FailedBuildModel', 'no certificate found for host: studio.example.com'],
      5,
    );
    expect(summaryOf(state)).toEqual(ERROR);
    expect(first(state)?.text).toBe(
      'has no address: FailedBuildModel: no certificate found for host: studio.example.com',
    );
  });
});

/** A certificate that is not issued, with an order and a challenge. */
const issuing = (reason: string, { state = 'invalid', type = 'HTTP-01', seconds = 900 } = {}) => {
  const base = madeState('acme-caa');
  for (const { kind, spec, status } of base.objects) {
    if (kind !== 'Challenge') continue;
    Object.assign(spec, { type });
    Object.assign(status, { reason, state });
  }
  for (const object of base.objects) {
    if (['Certificate', 'Order', 'Challenge'].includes(object.kind))
      object.metadata.creationTimestamp = ago(base, seconds);
    if (object.kind === 'Order' && state === 'pending') object.status.state = 'pending';
    if (object.kind === 'Certificate') object.status.conditions = object.status.conditions.slice(0, 1);
  }
  return base;
};

describe('a certificate that is not issued', () => {
  test('is recognised by the CAA record', () => {
    const found = first(madeState('acme-caa'));
    expect(found).toMatchObject({ severity: 'error', cause: 'certificate-pending' });
    expect(found?.text).toContain('CAA record for example.com prevents issuance');
    expect(found?.fix).toMatch(/CAA record of the domain/);
    expect(found?.fix).not.toMatch(/port 80|staging|curl/);
  });

  test('says how long a limit lasts, and advises nothing that does not help', () => {
    const found = first(madeState('acme-429'));
    expect(found).toMatchObject({ severity: 'error', cause: 'certificate-pending' });
    expect(found?.fix).toMatch(/^Wait until 2026-11-25T01:29:08Z/);
    expect(found?.fix).not.toMatch(/port 80|staging|curl/);
    const newer = issuing(
      '429 urn:ietf:params:acme:error:rateLimited: too many failed authorizations (5) for "x" in the last 1h0m0s, retry after 2026-11-24 01:29:08 UTC: see https://letsencrypt.org/docs/rate-limits/',
    );
    expect(first(newer)?.fix).toMatch(/^Wait until 2026-11-24 01:29:08 UTC/);
  });

  test.each([
    [
      '400 urn:ietf:params:acme:error:dns: DNS problem: NXDOMAIN looking up A for studio.example.com',
      {},
      /Point .* at the address of the edge in DNS/,
    ],
    [
      "failed to perform self check GET request 'http://studio.example.com/.well-known/acme-challenge/x': dial tcp: lookup studio.example.com on 10.96.0.10:53: no such host",
      { state: 'pending' },
      /Point .* at the address of the edge in DNS/,
    ],
    [
      '400 urn:ietf:params:acme:error:connection: 1.2.3.4: Fetching http://studio.example.com: Timeout during connect',
      {},
      /reaches the edge on port 80/,
    ],
    [
      '403 urn:ietf:params:acme:error:unauthorized: 1.2.3.4: Invalid response from http://studio.example.com: 404',
      {},
      /port 80/,
    ],
    [
      "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
      { state: 'pending' },
      /port 80/,
    ],
    [
      '400 urn:ietf:params:acme:error:rejectedIdentifier: Cannot issue for "studio.local": Domain name does not end with a valid public suffix',
      {},
      /never issues certificates for studio\.example\.com/,
    ],
    [
      'Waiting for DNS-01 challenge propagation: DNS record for "studio.example.com" not yet propagated',
      { state: 'pending', type: 'DNS-01' },
      /TXT record in the DNS zone/,
    ],
    [
      '403 urn:ietf:params:acme:error:unauthorized: Incorrect TXT record',
      { type: 'DNS-01' },
      /TXT record in the DNS zone/,
    ],
    ['500 urn:ietf:params:acme:error:serverInternal: Internal error', {}, /the ACME server rejected it/],
  ])('%s', (reason, how, fix) => {
    const found = first(issuing(reason, how));
    expect(found).toMatchObject({ severity: 'error', cause: 'certificate-pending' });
    expect(found?.text).toContain(reason);
    expect(found?.fix).toMatch(fix);
    if (!/port 80/.test(String(fix))) expect(found?.fix).not.toMatch(/port 80/);
  });

  test('waits while a challenge may still succeed', () => {
    const state = issuing("wrong status code '404', expected '200'", { state: 'pending', seconds: 60 });
    expect(summaryOf(state)).toEqual(['wait certificate-pending: certificate junjo-ai-studio-tls']);
  });

  test('quotes the order, or the certificate, where the challenge is gone', () => {
    const state = madeState('acme-caa');
    state.objects.splice(0, Infinity, ...state.objects.filter(({ kind }) => kind !== 'Challenge'));
    expect(first(state)?.text).toMatch(
      /its order failed: The certificate request has failed to complete and will be retried/,
    );
    state.objects.splice(0, Infinity, ...state.objects.filter(({ kind }) => kind !== 'Order'));
    expect(first(state)?.text).toMatch(/was not issued: The certificate request has failed/);
  });

  test('that was changed a moment ago is a wait since that change', () => {
    const state = madeState('acme-caa');
    state.objects.splice(0, Infinity, ...state.objects.filter(({ kind }) => !['Order', 'Challenge'].includes(kind)));
    const { status } = state.objects.find(({ kind }) => kind === 'Certificate');
    const lastTransitionTime = ago(state, 20);
    status.conditions = [
      { type: 'Ready', status: 'False', message: 'Issuing certificate', lastTransitionTime },
      {
        type: 'Issuing',
        status: 'True',
        message: 'Fields on existing CertificateRequest resource not up to date',
        lastTransitionTime,
      },
    ];
    expect(summaryOf(state)).toEqual(['wait certificate-pending: certificate junjo-ai-studio-tls']);
    expect(first(state)?.text).toContain('20s so far, up to 5m');
  });
});

describe('a certificate that expires', () => {
  const ends = (notAfter: string, renewalTime?: string, ...more: object[]) =>
    changed('healthy', ({ objects }) => {
      const status = { notAfter, renewalTime, conditions: [{ type: 'Ready', status: 'True' }] };
      objects.push(
        { kind: 'Certificate', metadata: { name: 'tls' }, spec: { dnsNames: ['studio.example.com'] }, status },
        ...more,
      );
    });
  // The recording is of 23 November 2026, 21:09.

  test('is reported when it was not renewed in time, with the reason', () => {
    expect(summaryOf(ends('2026-11-28T00:00:00Z', '2026-10-29T00:00:00Z'))).toEqual([
      'warning certificate-expiring: certificate tls',
    ]);
    expect(summaryOf(ends('2026-11-22T00:00:00Z', '2026-10-29T00:00:00Z'))).toEqual([
      'error certificate-expiring: certificate tls',
    ]);
    const challenge = {
      kind: 'Challenge',
      metadata: { name: 'c' },
      spec: { dnsName: 'studio.example.com' },
      status: { state: 'pending', reason: "wrong status code '404', expected '200'" },
    };
    const [found] = diagnosisOf(ends('2026-11-28T00:00:00Z', '2026-10-29T00:00:00Z', challenge));
    expect(found?.text).toMatch(/was not renewed: studio\.example\.com is not validated yet: wrong status code/);
    expect(found?.fix).toContain('port 80');
  });

  test('is not reported while it has time, or if it lives for a day', () => {
    expect(summaryOf(ends('2026-11-24T12:00:00Z', '2026-11-24T04:00:00Z'))).toEqual([]);
    expect(summaryOf(ends('2026-12-23T00:00:00Z', '2026-11-23T20:00:00Z'))).toEqual([]);
    expect(summaryOf(ends('2026-11-24T00:00:00Z', '2026-11-23T16:00:00Z'))).toEqual([
      'warning certificate-expiring: certificate tls',
    ]);
  });
});

test('a Gateway is a wait since its condition changed', () => {
  const state = changed('healthy', (each) => {
    each.objects.push({
      kind: 'Gateway',
      metadata: { name: 'edge', creationTimestamp: ago(each, 90_000) },
      spec: { gatewayClassName: 'eg' },
      status: {
        conditions: [
          { type: 'Accepted', status: 'True' },
          { type: 'Programmed', status: 'False', message: 'no address yet', lastTransitionTime: ago(each, 30) },
        ],
      },
    });
  });
  expect(summaryOf(state)).toEqual(['wait gateway-pending: gateway edge']);
  expect(summaryOf({ ...state, recorded: new Date(Date.parse(state.recorded) + 400_000).toISOString() })).toEqual([
    'error gateway-pending: gateway edge',
  ]);
});

const custom = (group: string, kinds: Readonly<Record<string, string>>, version = 'v1') =>
  Object.entries(kinds).map(([kind, plural]) => ({
    group,
    version,
    kind,
    plural,
    namespaced: !/^(Cluster|GatewayClass)/.test(kind),
  }));

const KINDS = [
  ...custom('cert-manager.io', {
    Certificate: 'certificates',
    Issuer: 'issuers',
    ClusterIssuer: 'clusterissuers',
    CertificateRequest: 'certificaterequests',
  }),
  ...custom('acme.cert-manager.io', { Order: 'orders', Challenge: 'challenges' }),
  ...custom('gateway.networking.k8s.io', {
    Gateway: 'gateways',
    GatewayClass: 'gatewayclasses',
    HTTPRoute: 'httproutes',
  }),
];

describeWith(['kubectl'], 'what is advised', () => {
  /** Runs the advice of a cause, and gives what each command printed. */
  async function follow(state: RecordedState, cause: string, look: (cluster: FakeApiServer) => void = () => undefined) {
    const cluster = await FakeApiServer.start({ custom: KINDS });
    cluster.controllers.close();
    try {
      for (const object of state.objects) {
        const kind = KINDS.find((each) => each.kind === object.kind);
        const { namespace } = state;
        const own = kind
          ? { apiVersion: `${kind.group}/${kind.version}`, ...object, metadata: { namespace, ...object.metadata } }
          : object;
        cluster.apply(own);
      }
      const steps = await followed(cluster, findingOf(state, cause));
      expect(steps.map(({ code, output }) => [code, code === 0 ? '' : output])).toEqual(steps.map(() => [0, '']));
      look(cluster);
      return steps.map(({ output }) => output).join('\n');
    } finally {
      await cluster.close();
    }
  }

  const notIssued = (name: string) => made[name]?.[0] ?? recording('healthy');

  test('makes a load balancer controller try again', async () => {
    const output = await follow(madeState('lb-quota-cloud-controller'), 'load-balancer-pending', ({ store }) => {
      const retried = store.list('services').filter(({ metadata }) => metadata.annotations?.['junjo-ai-studio/retry']);
      expect(retried.map(({ metadata }) => metadata.name).sort()).toEqual(SERVICES);
    });
    expect(output).toContain('TooManyLoadBalancers');
  });

  test.each<[string, string, RecordedState, RegExp]>([
    [
      'the Services that nothing serves',
      'load-balancer-pending',
      recording('load-balancer-pending'),
      /Name: +junjo-ai-studio-ingestion/,
    ],
    [
      'the Services of a slow controller',
      'load-balancer-pending',
      aged('load-balancer-pending', 7200, ({ objects }) => {
        for (const { kind, metadata } of objects)
          if (kind === 'Service') metadata.finalizers = ['service.kubernetes.io/load-balancer-cleanup'];
      }),
      /annotated[\s\S]*Name: +junjo-ai-studio-backend/,
    ],
    [
      'a new load balancer',
      'load-balancer-pending',
      aged('load-balancer-pending', 60, ({ objects }) => {
        for (const { kind, metadata } of objects)
          if (kind === 'Service') metadata.finalizers = ['service.kubernetes.io/load-balancer-cleanup'];
      }),
      /junjo-ai-studio-backend /,
    ],
    ['an Ingress', 'ingress-pending', recording('ingress-pending'), /Name: +junjo-ai-studio/],
    ['a Gateway', 'gateway-pending', notIssued('Gateway that nobody serves'), /Name: +edge/],
    ['a route', 'route-refused', notIssued('route that is rejected'), /NotAllowedByListeners/],
    ['a challenge', 'certificate-pending', madeState('acme-caa'), /Name: +junjo-ai-studio-tls-1-1-1/],
    ['an order', 'certificate-pending', madeState('acme-429'), /rateLimited/],
    ['a stuck challenge', 'certificate-pending', notIssued('challenge that is stuck'), /wrong status code 404/],
    ['a certificate that ends', 'certificate-expiring', notIssued('certificate that was not renewed'), /Name: +tls/],
  ])('shows %s', async (_, cause, state, shown) => {
    expect(await follow(state, cause)).toMatch(shown);
  });

  test('removes a frontend that was left behind, and nothing else', async () => {
    const state = changed('healthy', runsRelease('0.86.0', 'backend', 'ingestion'));
    await follow(state, 'not-rendered', ({ store }) => {
      expect(store.list('deployments').map(({ metadata }) => metadata.name)).toEqual([
        'junjo-ai-studio-backend',
        'junjo-ai-studio-ingestion',
      ]);
      expect(store.list('services').map(({ metadata }) => metadata.name)).not.toContain('junjo-ai-studio-frontend');
      expect(store.list('persistentvolumeclaims')).toHaveLength(1);
    });
  });

  test('stops a second writer, and deletes nothing of it', async () => {
    const state = changed('healthy', ({ objects }) => {
      const backend = objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name));
      objects.push({
        ...structuredClone(backend),
        metadata: { name: 'theirs', namespace: 'state-healthy' },
        status: {},
      });
    });
    await follow(state, 'not-rendered', (cluster) => {
      expect(cluster.object('deployments', 'state-healthy', 'theirs').spec.replicas).toBe(0);
    });
  });
});

test('a studio of two containers needs no Service of a frontend', () => {
  const state = changed('healthy', ofTwoContainers);
  expect(service(state, 'frontend')).toBeUndefined();
  expect(summaryOf(state)).toEqual([]);
});
