import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { diagnose } from '../../../cluster/diagnosis';
import { denialOf, dnsDenialOf } from '../../../cluster/diagnosis/network-policies';
import { readStudio } from '../../../cluster/diagnosis/read-studio';
import { Kubectl } from '../../../cluster/kubectl';
import type { Manifest } from '../../../render/manifest';
import {
  clusterState,
  diagnosisOf,
  madeState,
  type RecordedState,
  recording,
  summaryOf,
} from '../../support/cluster-state';
import { clusterOf, commandsOf, findingOf, followed } from '../../support/follow-advice';
import { changed, made as madeStates, pod, policy, runsRelease, service, unreached } from '../../support/made-states';
import { isAllowed, type NetworkPolicy, type PodEndpoint } from '../../support/network';
import { describeWith } from '../../support/programs';
import { development, files, render } from '../../support/studio';

const first = (state: RecordedState) => diagnosisOf(state)[0];

/** Seconds after the recording. */
const later = (state: RecordedState, seconds: number): RecordedState => ({
  ...state,
  recorded: new Date(new Date(state.recorded).getTime() + seconds * 1000).toISOString(),
});

const logs = (state: RecordedState, text: string): RecordedState => ({
  ...state,
  logs: { [`${pod(state, 'ingestion').metadata.name}/ingestion`]: text },
});

const slice = (namespace: string, service: string, ready: boolean, labels = {}) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service}-x`, namespace, labels: { 'kubernetes.io/service-name': service, ...labels } },
  addressType: 'IPv4',
  endpoints: ready ? [{ addresses: ['10.0.0.1'], conditions: { ready } }] : [],
});

const dnsPod = (ready: boolean) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'coredns-1', namespace: 'kube-system', uid: 'dns', labels: { 'k8s-app': 'kube-dns' } },
  spec: { nodeName: 'node-1', containers: [{ name: 'coredns', image: 'coredns' }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

describe('ingestion that does not reach a backend that is ready', () => {
  test('is an error that names the remaining causes when the Service and the policies are correct', () => {
    const found = first(madeState('dns-fails-20min'));
    expect(found).toMatchObject({ severity: 'error', cause: 'backend-unreachable', subjects: ['ingestion'] });
    expect(found?.text).toMatch(
      /Service and the network policies are correct\. The cause is the DNS or the network plugin/,
    );
    expect(found?.fix).not.toContain('probes');
  });

  test('says that policies were not read', () => {
    const state = { ...madeState('dns-fails-20min'), forbidden: ['list networkpolicies'] };
    const [found] = diagnosisOf(state, { unread: ['networkpolicies.networking.k8s.io'] });
    expect(found?.text).toMatch(
      /Its Service is correct\. The cause is a network policy, which you cannot read, the DNS, or/,
    );
  });

  test.each([
    [
      'Go',
      '{"level":"WARN","msg":"dial failed","error":"lookup junjo-ai-studio-backend-internal on 10.96.0.10:53: no such host"}',
    ],
    [
      'gRPC',
      '{"level":"ERROR","msg":"rpc error: code = Unavailable desc = name resolver error: produced zero addresses"}',
    ],
    ['glibc', 'failed to lookup address information: Temporary failure in name resolution'],
    ['CoreDNS', 'lookup x on 10.96.0.10:53: server misbehaving'],
    ['a timeout', 'dial tcp: lookup junjo-ai-studio-backend-internal on 10.96.0.10:53: read udp: i/o timeout'],
  ])('quotes its resolver: %s', (_, line) => {
    const found = first(logs(unreached(), `{"msg":"waiting for backend to be ready"}\n${line}\n`));
    expect(found).toMatchObject({ severity: 'error', cause: 'backend-unreachable' });
    expect(found?.text).toMatch(/the cluster DNS does not resolve/);
  });

  test('quotes why a connection fails', () => {
    const state = logs(
      unreached(),
      '{"msg":"waiting for backend to be ready","err":"dial tcp 10.96.1.2:50053: i/o timeout"}\n',
    );
    expect(first(state)?.text).toContain('(waiting for backend to be ready: dial tcp 10.96.1.2:50053: i/o timeout)');
  });

  test('is reported where no pod of DNS is ready', () => {
    const down = unreached(({ objects }) => objects.push(dnsPod(false)));
    expect(first(down)?.text).toContain('no pod of the cluster DNS (kube-dns) is ready');
    const up = unreached(({ objects }) => objects.push(dnsPod(true)));
    expect(first(up)?.text).toContain('are correct. The cause is');
    const empty = unreached(({ objects }) =>
      objects.push(slice('kube-system', 'kube-dns', false, { 'k8s-app': 'kube-dns' })),
    );
    expect(first(empty)?.text).toContain('no pod of the cluster DNS');
  });

  test('is a wait while it may still notice, and an error afterwards', () => {
    const since = '2026-11-23T21:11:15Z';
    const state = unreached(({ objects, recorded }) => {
      for (const event of objects.filter(({ reason }) => reason === 'Unhealthy')) event.count = 2;
      expect(recorded).toBe('2026-11-23T21:11:32Z');
    });
    expect(summaryOf(state)).toEqual(['wait backend-unreachable: ingestion']);
    expect(first(state)?.text).toContain('(17s so far, up to 3m is normal)');
    expect(summaryOf({ ...state, recorded: new Date(Date.parse(since) + 181_000).toISOString() })).toEqual([
      'error backend-unreachable: ingestion',
    ]);
  });

  test('is reported for the init container of releases that wait there', () => {
    const state = unreached((each) => {
      runsRelease('0.81.5', 'backend', 'ingestion')(each);
      const { status, spec } = pod(each, 'ingestion');
      spec.initContainers = [{ name: 'wait-for-backend', image: 'x' }];
      status.initContainerStatuses = [
        {
          name: 'wait-for-backend',
          ready: false,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: '2026-11-23T20:52:00Z' } },
        },
      ];
      status.containerStatuses[0].state = { waiting: { reason: 'PodInitializing' } };
    });
    expect(summaryOf(later(state, 600))[0]).toBe('error backend-unreachable: ingestion');
    expect(first(later(state, 600))?.fix).toContain(
      '-c wait-for-backend -- getent hosts junjo-ai-studio-backend-internal',
    );
  });

  test('is still reported after the kubelet ended it for its startup probe', () => {
    const state = unreached((each) => {
      const [status] = pod(each, 'ingestion').status.containerStatuses;
      const terminated = {
        exitCode: 143,
        reason: 'Error',
        startedAt: '2026-11-23T19:00:00Z',
        finishedAt: '2026-11-23T20:00:00Z',
      };
      Object.assign(status, { restartCount: 1, lastState: { terminated } });
    });
    expect(summaryOf(later(state, 300))[0]).toBe('error backend-unreachable: ingestion');
  });

  test.each([
    [
      'it crashes',
      (state: RecordedState) => {
        const terminated = { exitCode: 1, reason: 'Error', finishedAt: state.recorded };
        Object.assign(pod(state, 'ingestion').status.containerStatuses[0], {
          restartCount: 3,
          lastState: { terminated },
        });
      },
    ],
    ['the release does not wait', runsRelease('0.86.0', 'backend', 'ingestion')],
    [
      'the backend is not ready',
      (state: RecordedState) => {
        const { status } = pod(state, 'backend');
        for (const condition of status.conditions) if (condition.type === 'Ready') condition.status = 'False';
        state.objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name)).status = {};
      },
    ],
  ])('is not blamed where %s', (_, change) => {
    const state = unreached(change);
    const text = { ...state, logs: {} };
    expect(summaryOf(text).filter((line) => /unreachable|service-/.test(line))).toEqual([]);
  });
});

const FROM_INGESTION = {
  podSelector: {
    matchLabels: { 'app.kubernetes.io/component': 'ingestion', 'app.kubernetes.io/name': 'junjo-ai-studio' },
  },
};
const backendPods = { matchLabels: { 'app.kubernetes.io/component': 'backend' } };

describe('a network policy', () => {
  const denied = (...specs: readonly object[]) => {
    const state = unreached((each) => {
      each.objects.push(...specs.map((spec, index) => policy(each, `policy-${index}`, spec)));
    });
    const { cause, text = '' } = first(state) ?? {};
    return cause === 'backend-unreachable' && /NetworkPolic/.test(text) ? text : undefined;
  };
  const ingress = (...rules: readonly object[]) => ({
    podSelector: backendPods,
    policyTypes: ['Ingress'],
    ingress: rules,
  });
  const egress = (...rules: readonly object[]) => ({
    podSelector: FROM_INGESTION.podSelector,
    policyTypes: ['Egress'],
    egress: rules,
  });
  const DNS = { to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: 'UDP' }] };

  test.each([
    ['no rule', [ingress()], /policy-0 does not allow ingress to the backend on port 50053/],
    ['another port', [ingress({ from: [FROM_INGESTION], ports: [{ port: 1323 }] })], /policy-0/],
    ['a port of UDP', [ingress({ ports: [{ port: 50053, protocol: 'UDP' }] })], /policy-0/],
    ['a range below', [ingress({ ports: [{ port: 50000, endPort: 50052 }] })], /policy-0/],
    ['another name', [ingress({ ports: [{ port: 'http' }] })], /policy-0/],
    ['other pods', [ingress({ from: [{ podSelector: backendPods }] })], /policy-0/],
    ['another namespace', [ingress({ from: [{ namespaceSelector: { matchLabels: { team: 'x' } } }] })], /policy-0/],
    ['another block', [ingress({ from: [{ ipBlock: { cidr: '192.168.0.0/16' } }] })], /policy-0/],
    [
      'an exception of a block',
      [ingress({ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.245.0.0/16'] } }] })],
      /policy-0/,
    ],
    ['egress to nobody', [egress()], /policy-0 does not allow egress to the backend on port 50053/],
    ['egress to DNS alone', [egress(DNS)], /policy-0/],
    [
      'egress without DNS',
      [egress({ to: [{ podSelector: backendPods }] })],
      /policy-0 does not allow egress to DNS on port 53/,
    ],
    ['two that say nothing', [egress(), egress()], /NetworkPolicies policy-0, policy-1 do not allow egress/],
  ])('denies with %s', (_, specs, text) => {
    expect(denied(...specs)).toMatch(text);
  });

  test.each([
    ['no policy', []],
    ['everybody', [ingress({})]],
    ['an empty list of peers', [ingress({ from: [], ports: [{ port: 50053 }] })]],
    ['the name of the port', [ingress({ from: [FROM_INGESTION], ports: [{ port: 'grpc-internal' }] })]],
    ['a range', [ingress({ ports: [{ port: 50000, endPort: 50100, protocol: 'TCP' }] })]],
    [
      'its own namespace',
      [
        ingress({
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'state-no-endpoints' } } }],
        }),
      ],
    ],
    [
      'expressions',
      [
        ingress({
          from: [
            {
              podSelector: {
                matchExpressions: [{ key: 'app.kubernetes.io/component', operator: 'In', values: ['ingestion'] }],
              },
            },
          ],
        }),
      ],
    ],
    ['a block with the pod in it', [ingress({ from: [{ ipBlock: { cidr: '10.245.0.0/16' } }] })]],
    ['a second policy', [ingress(), ingress({ from: [FROM_INGESTION] })]],
    ['a policy of others', [{ podSelector: { matchLabels: { app: 'other' } }, policyTypes: ['Ingress'] }]],
    ['egress with DNS', [egress(DNS, { to: [{ podSelector: backendPods }] })]],
    [
      'DNS at an address',
      [
        egress(
          { to: [{ ipBlock: { cidr: '10.96.0.10/32' } }], ports: [{ port: 53, protocol: 'UDP' }] },
          { to: [{ podSelector: backendPods }] },
        ),
      ],
    ],
    ['egress to everywhere', [egress({})]],
    [
      'ingress alone, whose rule for ingestion says nothing of egress',
      [{ podSelector: FROM_INGESTION.podSelector, policyTypes: ['Ingress'] }],
    ],
  ])('allows with %s', (_, specs) => {
    expect(denied(...specs)).toBeUndefined();
  });

  test('those of the studio allow every connection that it needs', () => {
    const { objects } = render(development({ JUNJO_K8S_NAMESPACE: 'state-no-endpoints' }));
    const state = unreached((each) => {
      const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
      expect(policies.length).toBeGreaterThan(3);
      each.objects.push(
        ...policies.map((own) => ({ ...own, metadata: { ...own.metadata, namespace: each.namespace } })),
      );
    });
    expect(first(state)?.text).toContain('are correct. The cause is');
  });

  test('labels of the namespace that cannot be read may be any', () => {
    const state = unreached((each) => {
      each.objects.push(policy(each, 'p', ingress({ from: [{ namespaceSelector: { matchLabels: { team: 'x' } } }] })));
    });
    const [found] = diagnosisOf(state, { unread: ['namespaces'] });
    expect(found?.text).toContain('are correct');
  });

  test('is evaluated as the rules of these tests evaluate it', () => {
    const state = unreached();
    const ends = (component: string): PodEndpoint => {
      const { metadata, spec, status } = pod(state, component);
      const ports = spec.containers
        .flatMap(({ ports: all }: Manifest) => all)
        .map((each: Manifest) => ({ name: each.name, port: each.containerPort }));
      const { namespace } = state;
      return {
        kind: 'pod',
        name: metadata.name,
        namespace,
        namespaceLabels: {},
        labels: metadata.labels,
        ports,
        ip: status.podIPs[0].ip,
      };
    };
    const peers: readonly (object | undefined)[] = [
      undefined,
      FROM_INGESTION,
      { podSelector: backendPods },
      { podSelector: {} },
      { namespaceSelector: {} },
      { namespaceSelector: {}, podSelector: backendPods },
      { ipBlock: { cidr: '10.245.0.0/24' } },
      { ipBlock: { cidr: '10.0.0.0/8', except: ['10.245.0.124/32'] } },
    ];
    const ports: readonly (object | undefined)[] = [
      undefined,
      { port: 50053, protocol: 'TCP' },
      { port: 'grpc-internal', protocol: 'TCP' },
      { port: 'http', protocol: 'TCP' },
      { port: 50000, endPort: 51000, protocol: 'TCP' },
      { port: 50053, protocol: 'UDP' },
      { protocol: 'TCP' },
    ];
    let allowed = 0;
    for (const direction of ['ingress', 'egress']) {
      for (const peer of peers) {
        for (const port of ports) {
          const rule = {
            ...(peer && { [direction === 'ingress' ? 'from' : 'to']: [peer] }),
            ...(port && { ports: [port] }),
          };
          const types = direction === 'ingress' ? ['Ingress'] : ['Egress'];
          const made = policy(state, 'p', { podSelector: {}, policyTypes: types, [direction]: [rule] });
          const view = clusterState({ ...state, objects: [...state.objects, made] });
          const mine =
            denialOf(view, { from: pod(state, 'ingestion'), to: pod(state, 'backend'), port: 50053 }) === undefined;
          const theirs = isAllowed([made as NetworkPolicy], {
            from: ends('ingestion'),
            to: ends('backend'),
            port: 50053,
          });
          expect([direction, rule, mine]).toEqual([direction, rule, theirs]);
          if (mine) allowed += 1;
        }
      }
    }
    expect(allowed).toBeGreaterThan(20);
  });

  test('does not apply to pods in the network of their node', () => {
    const state = unreached((each) => {
      each.objects.push(policy(each, 'p', { podSelector: {}, policyTypes: ['Egress'] }));
    });
    const own = pod(state, 'ingestion');
    expect(dnsDenialOf(clusterState(state), own)).toBeDefined();
    expect(dnsDenialOf(clusterState(state), { ...own, spec: { ...own.spec, hostNetwork: true } })).toBeUndefined();
  });
});

describe('a Service', () => {
  const mutated = (name: string, change: (spec: RecordedState['objects'][number]) => void, base = 'healthy') =>
    changed(base, (state) => change(service(state, name).spec));

  test.each([
    ['frontend', 'the UI is unreachable'],
    ['backend', 'the API is unreachable'],
    ['ingestion', 'applications cannot send spans'],
    ['backend-internal', 'ingestion cannot check API keys'],
    ['ingestion-internal', 'the backend cannot read the newest spans'],
  ])('%s that is missing, or selects nothing', (name, text) => {
    const gone = changed('healthy', (state) => {
      state.objects.splice(state.objects.indexOf(service(state, name)), 1);
    });
    expect(summaryOf(gone)).toEqual([`error service-missing: service junjo-ai-studio-${name}`]);
    expect(first(gone)?.text).toContain(text);
    const empty = mutated(name, (spec) => {
      spec.selector.version = 'v2';
    });
    expect(summaryOf(empty)).toEqual([`error service-without-pods: service junjo-ai-studio-${name}`]);
    expect(first(empty)?.text).toContain('version=v2');
  });

  test.each([
    [
      'a name that no port has',
      'frontend',
      'web',
      /forwards to port web, which its pods do not have \(they have http 80/,
    ],
    ['a number at which nobody listens', 'backend-internal', 50054, /forwards to port 50054.*grpc-internal 50053/],
  ])('leads to %s', (_, name, targetPort, text) => {
    const state = mutated(name, (spec) => {
      spec.ports[0].targetPort = targetPort;
    });
    expect(summaryOf(state)).toEqual([`error service-without-pods: service junjo-ai-studio-${name}`]);
    expect(first(state)?.text).toMatch(text);
  });

  test('has no endpoints although its pods are ready', () => {
    const state = later(
      changed('healthy', ({ namespace, objects }) => {
        objects.push(slice(namespace, 'junjo-ai-studio-backend', false));
      }),
      120,
    );
    expect(summaryOf(state)).toEqual(['error service-without-pods: service junjo-ai-studio-backend']);
    expect(first(state)?.fix).toContain('kube-controller-manager');
  });

  test.each<[string, RecordedState]>([
    [
      'leads to a named port of its pods',
      mutated('frontend', (spec) => {
        spec.ports[0].targetPort = 'http';
      }),
    ],
    [
      'leads to a proxy without a declared port',
      changed('healthy', (state) => {
        service(state, 'frontend').spec.ports[0].targetPort = 4180;
        const { spec, status } = pod(state, 'frontend');
        spec.containers.push({ name: 'proxy', image: 'registry.example.com/proxy:1' });
        status.containerStatuses.push({ ...status.containerStatuses[0], name: 'proxy' });
      }),
    ],
    [
      'is a name of another host',
      mutated('frontend', (spec) => {
        spec.type = 'ExternalName';
        spec.selector = undefined;
      }),
    ],
    [
      'has endpoints of its own',
      changed('healthy', (state) => {
        service(state, 'frontend').spec.selector = undefined;
        state.objects.push(slice(state.namespace, 'junjo-ai-studio-frontend', true));
      }),
    ],
    [
      'has endpoints',
      changed('healthy', ({ namespace, objects }) => objects.push(slice(namespace, 'junjo-ai-studio-backend', true))),
    ],
    [
      'waits for its endpoints since a moment',
      changed('healthy', ({ namespace, objects, recorded }) => {
        objects.push(slice(namespace, 'junjo-ai-studio-backend', false));
        for (const { status } of objects.filter(({ kind }) => kind === 'Pod')) {
          for (const condition of status.conditions) condition.lastTransitionTime = recorded;
        }
      }),
    ],
    [
      'cannot be read',
      {
        ...changed('healthy', ({ objects }) =>
          objects.splice(0, Infinity, ...objects.filter(({ kind }) => kind !== 'Service')),
        ),
        forbidden: ['list services'],
      },
    ],
  ])('is healthy where it %s', (_, state) => {
    expect(summaryOf(state).filter((line) => /service-/.test(line))).toEqual([]);
  });

  test('of a removed frontend is not reported as missing, nor one that is not rendered', () => {
    const two = changed('healthy', (state) => {
      runsRelease('0.86.0', 'backend', 'ingestion')(state);
      state.objects.splice(0, Infinity, ...state.objects.filter(({ metadata }) => !metadata.name.includes('frontend')));
    });
    expect(summaryOf(two)).toEqual([]);
  });

  test('is not reported as missing in a namespace that is being deleted', () => {
    const state = changed('namespace-terminating', ({ objects }) => {
      objects.splice(0, Infinity, ...objects.filter(({ kind }) => kind !== 'Service'));
    });
    expect(summaryOf(state).join()).not.toContain('service-missing');
  });
});

test.each([
  'healthy',
  'starting',
  'rollout-in-progress',
  'ingestion-waits-for-backend',
  'scaled-to-zero',
  'crash-loop',
])('%s has none of these causes', (name) => {
  expect(summaryOf(recording(name)).join()).not.toMatch(/service-|backend-unreachable/);
});

function made(name: string): RecordedState {
  const [state] = madeStates[name] ?? [];
  if (!state) throw new Error(`no state is called ${name}`);
  return state;
}

describeWith(['kubectl'], 'what is read of a cluster where ingestion does not reach the backend', () => {
  const read = async (state: RecordedState, change: (cluster: Awaited<ReturnType<typeof clusterOf>>) => void) => {
    const cluster = await clusterOf(state);
    try {
      change(cluster);
      const studio = await readStudio(new Kubectl({ environment: cluster.environment }), state.namespace);
      const asked = cluster.requests.filter(({ path }) => path.includes('/kube-system/'));
      return { studio, found: diagnose(studio)[0], asked: asked.length };
    } finally {
      await cluster.close();
    }
  };

  test('is the log of the container that runs and is not ready', async () => {
    const state = unreached();
    const { found } = await read(state, ({ logs: lines }) =>
      lines.set(
        pod(state, 'ingestion').metadata.name,
        'dial tcp: lookup junjo-ai-studio-backend-internal: no such host\n',
      ),
    );
    expect(found).toMatchObject({ severity: 'error', cause: 'backend-unreachable' });
    expect(found?.text).toContain('no such host');
  });

  test('are the pods of DNS', async () => {
    const { found } = await read(
      unreached(({ objects }) => objects.push(dnsPod(false))),
      () => undefined,
    );
    expect(found?.text).toContain('no pod of the cluster DNS');
  });

  test('may be all but the pods of DNS', async () => {
    const { found, studio } = await read(
      unreached(({ objects }) => objects.push(dnsPod(false))),
      ({ faults }) =>
        faults.add({
          when: ({ path }) => path.includes('/kube-system/'),
          fault: {
            kind: 'status',
            code: 403,
            reason: 'Forbidden',
            message: 'pods is forbidden: cannot list resource "pods"',
          },
        }),
    );
    expect(studio.unread).toEqual([]);
    expect(found?.text).toContain('are correct. The cause is');
  });

  test('are not the pods of DNS where all is healthy, or the backend is not ready', async () => {
    expect((await read(recording('healthy'), () => undefined)).asked).toBe(0);
    expect((await read(recording('crash-loop'), () => undefined)).asked).toBe(0);
  });
});

describeWith(['kubectl'], 'what is advised', () => {
  /** What follows when the objects of the cluster are looked at again. */
  const again = (state: RecordedState, cluster: Awaited<ReturnType<typeof clusterOf>>) => {
    const kinds = ['Service', 'NetworkPolicy', 'Pod', 'Deployment'];
    const objects = cluster.resources
      .filter(({ kind }) => kinds.includes(kind))
      .flatMap(({ plural }) => cluster.store.list(plural, state.namespace));
    return summaryOf({ ...state, objects });
  };

  test.each<[string, RecordedState]>([
    ['the selector', made('Service whose selector matches no pod')],
    [
      'the port',
      changed('healthy', (state) => {
        service(state, 'backend-internal').spec.ports[0].targetPort = 'grpc';
      }),
    ],
    [
      'a surplus label',
      changed('healthy', (state) => {
        service(state, 'frontend').spec.selector.version = 'v2';
      }),
    ],
  ])('corrects %s of a Service', async (_, state) => {
    const cluster = await clusterOf(state);
    try {
      const steps = await followed(cluster, findingOf(state, 'service-without-pods'));
      expect(steps.map(({ code }) => code)).toEqual([0, 0]);
      expect(steps[0]?.output).toMatch(/service\/junjo-ai-studio-\S+ patched/);
      expect(again(state, cluster).join()).not.toContain('service-without-pods');
    } finally {
      await cluster.close();
    }
  });

  test('shows the missing endpoints', async () => {
    const state = later(
      changed('healthy', ({ namespace, objects }) => {
        objects.push(slice(namespace, 'junjo-ai-studio-backend', false));
      }),
      120,
    );
    const cluster = await clusterOf(state);
    try {
      const steps = await followed(cluster, findingOf(state, 'service-without-pods'));
      expect(steps.map(({ code }) => code)).toEqual([0, 0]);
      expect(steps[0]?.output).toContain('junjo-ai-studio-backend-x');
    } finally {
      await cluster.close();
    }
  });

  test('creates a Service that was deleted', async () => {
    const state = made('Service that somebody deleted');
    const cluster = await clusterOf(state);
    const folder = mkdtempSync(join(tmpdir(), 'junjo-advice-'));
    try {
      for (const { path, text } of files(development({ JUNJO_K8S_NAMESPACE: state.namespace }))) {
        mkdirSync(dirname(join(folder, 'dist', path)), { recursive: true });
        writeFileSync(join(folder, 'dist', path), text);
      }
      const [apply, show] = commandsOf(findingOf(state, 'service-missing'));
      const env = { ...process.env, ...cluster.environment };
      const run = (command = '') => promisify(execFile)('sh', ['-c', command], { cwd: folder, env });
      expect((await run(apply)).stdout).toContain('service/junjo-ai-studio-backend-internal created');
      expect((await run(show)).stdout).toContain('junjo-ai-studio-backend-internal');
      expect(again(state, cluster).join()).not.toContain('service-missing');
    } finally {
      rmSync(folder, { recursive: true });
      await cluster.close();
    }
  });

  test('shows why nothing listens', async () => {
    const text =
      '{"msg":"waiting for backend to be ready","err":"dial tcp 10.96.1.2:50053: connect: connection refused"}\n';
    const state = logs(unreached(), text);
    state.objects.push(slice(state.namespace, 'junjo-ai-studio-backend-internal', true));
    const found = findingOf(state, 'backend-unreachable');
    expect(found.text).toContain('Nothing listens on its port 50053');
    const cluster = await clusterOf(state);
    cluster.logs.set(pod(state, 'backend').metadata.name, 'gRPC server ended\n');
    try {
      const steps = await followed(cluster, found);
      expect(steps.map(({ code }) => code)).toEqual([0, 0]);
      expect(steps[0]?.output).toContain('gRPC server ended');
      expect(steps[1]?.output).toContain('junjo-ai-studio-backend-internal-x');
    } finally {
      await cluster.close();
    }
  });

  test('shows the policy that denies', async () => {
    const state = made('policy that blocks ingestion from the backend');
    const cluster = await clusterOf(state);
    try {
      const steps = await followed(cluster, findingOf(state, 'backend-unreachable'));
      expect(steps.map(({ code }) => code)).toEqual([0]);
      expect(steps[0]?.output).toMatch(/Name: +deny-all[\s\S]*PodSelector/);
    } finally {
      await cluster.close();
    }
  });

  test.each([
    ['whose pods are ready', true, [0, 0]],
    ['whose pods are not ready', false, [0, 0]],
  ])('asks DNS, %s', async (_, ready, codes) => {
    const state = unreached(({ objects }) => objects.push(dnsPod(ready)));
    const cluster = await clusterOf(state);
    cluster.logs.set('coredns-1', 'plugin/errors: 2 SERVFAIL\n');
    try {
      const steps = await followed(cluster, findingOf(state, 'backend-unreachable'));
      // Where DNS answers, the name has an address; on the machine of these tests it has none, which getent tells with a 2.
      const resolve = ready ? steps[0] : undefined;
      if (resolve) expect([resolve.code, resolve.command]).toEqual([2, expect.stringContaining('getent hosts')]);
      const others = steps.filter((step) => step !== resolve);
      expect(others.map(({ code }) => code)).toEqual(codes);
      expect(others[0]?.output).toContain('coredns-1');
      expect(others[1]?.output).toContain('SERVFAIL');
    } finally {
      await cluster.close();
    }
  });
});
