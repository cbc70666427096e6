import { diagnosisOf, madeState, type RecordedState, summaryOf } from '../../support/cluster-state';
import { changed, pod, service } from '../../support/made-states';

/** States that a person meets at night, made of recordings with the words of the components. */

type Change = (state: RecordedState) => void;
type Row = readonly [title: string, state: RecordedState, first: string, words: RegExp];

const healthy = (...changes: readonly Change[]) =>
  changed('healthy', (state) => {
    for (const change of changes) change(state);
  });

const ago = ({ recorded }: RecordedState, seconds: number) =>
  new Date(Date.parse(recorded) - seconds * 1000).toISOString();

const named = ({ objects }: RecordedState, kind: string, name = '') =>
  objects.find((object) => object.kind === kind && object.metadata.name.includes(name));

/** A workload has no pod that is ready. */
const down =
  (component: string): Change =>
  (state) => {
    Object.assign(named(state, 'Deployment', component).status, { readyReplicas: 0 });
    for (const condition of pod(state, component).status.conditions) {
      if (condition.type === 'Ready') condition.status = 'False';
    }
  };

const container = (component: string, status: object): Change => {
  return (state) => {
    down(component)(state);
    Object.assign(pod(state, component).status.containerStatuses[0], { ready: false, ...status });
  };
};

/** An image that cannot be pulled. */
const pull = (why: string) =>
  healthy(
    container('backend', {
      state: {
        waiting: {
          reason: 'ImagePullBackOff',
          message: `Back-off pulling image "x"${why && `: ErrImagePull: ${why}`}`,
        },
      },
    }),
  );

/** Something that was added to a pod. */
const injected =
  (component: string, status: object, spec: object = {}): Change =>
  (state) => {
    down(component)(state);
    const found = pod(state, component);
    found.spec.containers.push({ name: 'istio-proxy', image: 'docker.io/istio/proxyv2:1.24.0', ...spec });
    const running = { startedAt: ago(state, 400) };
    found.status.containerStatuses.push({ name: 'istio-proxy', restartCount: 0, state: { running }, ...status });
  };

const event =
  (kind: string, name: string, reason: string, message: string, seconds = 30): Change =>
  (state) =>
    state.objects.push({
      kind: 'Event',
      metadata: { name: `${name}.${state.objects.length}` },
      involvedObject: { kind, name },
      type: 'Warning',
      reason,
      message,
      lastTimestamp: ago(state, seconds),
    });

const unhealthy =
  (component: string, message: string, seconds?: number): Change =>
  (state) =>
    event('Pod', pod(state, component).metadata.name, 'Unhealthy', message, seconds)(state);

const beside =
  (kind: string, name: string, fields: object): Change =>
  (state) =>
    state.objects.push({
      kind,
      ...fields,
      metadata: { name, namespace: state.namespace, creationTimestamp: ago(state, 3000) },
    });

const without =
  (kind: string): Change =>
  (state) =>
    state.objects.splice(0, Infinity, ...state.objects.filter((object) => object.kind !== kind));

const pending =
  (component: string, message: string, spec: object = {}): Change =>
  (state) => {
    down(component)(state);
    const found = pod(state, component);
    const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
    Object.assign(found.spec, { nodeName: undefined, ...spec });
    found.status = { phase: 'Pending', conditions };
  };

const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
});

const acme = (status: object): Change => {
  const spec = { secretName: 'junjo-ai-studio-tls', dnsNames: ['studio.example.com'], issuerRef: { name: 'acme' } };
  return (state) => {
    const conditions = [condition('Ready', 'False', 'DoesNotExist', 'Issuing certificate as Secret does not exist')];
    beside('Certificate', 'junjo-ai-studio-tls', { spec, status: { conditions } })(state);
    beside('Challenge', 'c', { spec: { dnsName: 'studio.example.com', type: 'HTTP-01' }, status })(state);
  };
};

const otherNode: Change = (state) => {
  named(state, 'Node').metadata.name = 'node-2';
};

const broken: readonly Row[] = [
  [
    'a node that was deleted, with its pods',
    healthy(otherNode, down('backend'), down('ingestion'), down('frontend')),
    'error node-lost: backend, ingestion',
    /^its node node-1 is no longer in the cluster\n.*to the cluster again: the data is on its disk/s,
  ],
  [
    'pods of a node that does not answer, for somebody who may not read nodes',
    { ...healthy(down('backend'), down('ingestion')), forbidden: ['list nodes'] },
    'error node-lost: backend, ingestion',
    /not ready although its containers are.*you cannot read nodes/s,
  ],
  [
    'a node whose kubelet answers and complains',
    healthy(down('backend'), (state) => {
      const ready = named(state, 'Node').status.conditions.find(({ type }: { type: string }) => type === 'Ready');
      Object.assign(ready, { status: 'False', message: 'Network plugin returns error: cni plugin not initialized' });
    }),
    'error node-lost: backend, frontend, ingestion',
    /cni plugin not initialized\nFix what the kubelet of node-1 reports(?!.*taint)/s,
  ],
  [
    'a cluster without nodes',
    healthy(without('Node'), pending('backend', 'no nodes available to schedule pods')),
    'error unschedulable: backend',
    /^the cluster has no node\nAdd a node/,
  ],
  [
    'a node affinity that a patch set',
    healthy(
      pending('frontend', "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
            },
          },
        },
      }),
    ),
    'error unschedulable-selector: frontend',
    /\(disk In ssd\)\nUndo the patch of its node affinity/,
  ],
  [
    'a claim that may not be read, whose events tell',
    { ...changed('claim-class-missing', () => undefined), forbidden: ['list persistentvolumeclaims'] },
    'error claim-unbound: backend, ingestion',
    /has no volume: storageclass.storage.k8s.io "fast-ssd" not found. You cannot read claims/,
  ],
  [
    'a proxy that does not open connections to a registry',
    pull('failed to do request: Head "https://registry-1.docker.io/v2/x": Forbidden'),
    'error image-unreachable: backend',
    /docker\.io: Forbidden\n.*proxy/,
  ],
  [
    'a registry without TLS',
    pull('failed to do request: Head "https://r": http: server gave HTTP response to HTTPS client'),
    'error image-unreachable: backend',
    /server gave HTTP response/,
  ],
  [
    'an image for which the node has no room',
    pull('failed to extract layer sha256:1: write /var/lib/containerd/x: no space left on device: unknown'),
    'error image-not-pulled: backend',
    /the disk of its node node-1 is full.*Free space on the disk/s,
  ],
  [
    'an image whose telling event is gone',
    pull(''),
    'error image-not-pulled: backend',
    /nothing says why: a cluster keeps events for an hour\nWait at most five minutes for the next attempt.*get events --watch/s,
  ],
  [
    'a proxy without an image',
    healthy(
      injected('ingestion', {
        state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off: ErrImagePull: not found' } },
      }),
    ),
    'error image-missing: ingestion',
    /proxyv2:1.24.0 does not exist.*\nCorrect the image of the container istio-proxy where it is set(?!.*JUNJO)/s,
  ],
  [
    'a proxy that is not ready, and the container behind it',
    healthy(
      injected('backend', { started: true }),
      container('backend', { started: true }),
      unhealthy('backend', 'Readiness probe failed: Get "http://10.1.1.1:15021/healthz/ready": connection refused'),
    ),
    'error readiness-failing: backend',
    /^istio-proxy is running but does not answer.*Ask the owner of the tool that adds/s,
  ],
  [
    'a proxy that starts',
    healthy(injected('backend', { started: false })),
    'wait starting: backend',
    /^waits for its container istio-proxy \(docker.io\/istio\/proxyv2:1.24.0, not part of the studio\), which has not passed/,
  ],
  [
    'a container that was started a moment ago, and a probe that failed before',
    healthy(
      (state) =>
        container('backend', { started: true, state: { running: { startedAt: ago(state, 2) } }, restartCount: 1 })(
          state,
        ),
      unhealthy('backend', 'Readiness probe failed: connection refused', 2400),
    ),
    'wait starting: backend',
    /has not passed its readiness probe yet/,
  ],
  [
    'a program that ends without an error, for somebody who may not read events',
    {
      ...healthy((state) => {
        const terminated = { exitCode: 0, reason: 'Completed', finishedAt: ago(state, 10) };
        container('frontend', {
          restartCount: 5,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated },
        })(state);
      }),
      forbidden: ['list events'],
    },
    'error crash-loop: frontend',
    /Most likely the kubelet restarts it because a probe fails\. Only events show that/,
  ],
  [
    'an agent that is denied something else than the volume',
    (() => {
      const state = madeState('init-waits-for-ever');
      const { metadata, status } = pod(state, 'backend');
      const terminated = { exitCode: 1, reason: 'Error', startedAt: ago(state, 30), finishedAt: ago(state, 20) };
      Object.assign(status.initContainerStatuses[0], {
        restartCount: 4,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated },
      });
      const log = 'Error making API request. Code: 403. Errors: * permission denied';
      return { ...state, logs: { [`${metadata.name}/vault-agent-init`]: log } };
    })(),
    'error init-failed: backend',
    /vault-agent-init exits with code 1.*permission denied(?!.*chown)/s,
  ],
  [
    'a Service with another port than ingestion asks for',
    (() => {
      const state = madeState('dns-fails-20min');
      service(state, 'backend-internal').spec.ports[0].port = 50099;
      return state;
    })(),
    'error service-without-pods: service junjo-ai-studio-backend-internal, ingestion',
    /has the port 50099 instead of 50053.*\/spec\/ports\/0\/port","value":50053/s,
  ],
  [
    'a Service that leads to another port of its pods',
    healthy((state) => {
      service(state, 'ingestion-internal').spec.ports[0].targetPort = 50051;
    }),
    'error service-without-pods: service junjo-ai-studio-ingestion-internal',
    /forwards to port 50051 of its pods instead of 50052.*targetPort","value":50052/s,
  ],
  [
    'a public Service that leads to a port on which nothing listens',
    healthy((state) => {
      service(state, 'frontend').spec.ports[0].targetPort = 8081;
    }),
    'error service-without-pods: service junjo-ai-studio-frontend',
    /forwards to port 8081.*targetPort","value":80\b/s,
  ],
  [
    'Services that may not be read',
    { ...madeState('dns-fails-20min'), forbidden: ['list services'] },
    'error backend-unreachable: ingestion',
    /network policies are correct\. The cause is its Service, which you cannot read, the DNS, or/,
  ],
  [
    'a host without an address, at which cert-manager looks by itself',
    healthy(
      beside('Issuer', 'acme', { status: { conditions: [condition('Ready', 'True', '', '')] } }),
      acme({ state: 'pending', reason: 'dial tcp: lookup studio.example.com on 10.96.0.10:53: no such host' }),
    ),
    'error certificate-pending: certificate junjo-ai-studio-tls',
    /no such host.*cert-manager checks again by itself(?!.*cmctl)/s,
  ],
  [
    'an issuer that does not exist',
    healthy(acme({}), without('Challenge')),
    'error certificate-pending: certificate junjo-ai-studio-tls',
    /^its Issuer acme does not exist/,
  ],
  [
    'a Gateway that no controller has seen',
    healthy(
      beside('Gateway', 'junjo-ai-studio', {
        spec: { gatewayClassName: 'eg' },
        status: { conditions: [condition('Accepted', 'Unknown', 'Pending', 'Waiting for controller')] },
      }),
    ),
    'error gateway-pending: gateway junjo-ai-studio',
    /^no controller serves its class eg/,
  ],
  [
    'a sealed value of another cluster, of which only an event tells',
    changed('secret-missing', (state) => {
      beside('SealedSecret', 'junjo-ai-studio-secrets', {})(state);
      const words = 'Failed to unseal: no key could decrypt secret (JUNJO_SECURE_COOKIE_KEY)';
      event('SealedSecret', 'junjo-ai-studio-secrets', 'ErrUnsealFailed', words)(state);
    }),
    'error secret-not-synced: SealedSecret junjo-ai-studio-secrets',
    /no key could decrypt secret.*\nSeal the values again/s,
  ],
  [
    'a store without the secret, of which an event tells more',
    madeState('external-secret'),
    'error secret-not-synced: ExternalSecret junjo-ai-studio-secrets',
    /could not get secret data from provider \(error processing spec.data\[0\].*Secret does not exist\)/,
  ],
  [
    'pods that were evicted one after the other',
    healthy((state) => {
      for (const index of [1, 2, 3]) {
        const { metadata, ...rest } = pod(state, 'backend');
        const status = { phase: 'Failed', reason: 'Evicted', message: `Usage exceeds the limit, ${index}.` };
        state.objects.push({
          ...rest,
          metadata: { ...metadata, name: `${metadata.name}${index}`, uid: index },
          status,
        });
      }
    }),
    'warning evicted: backend, pod junjo-ai-studio-backend-c7c68fdd5-xtgbt1',
    /^was evicted \(the last of 3 evictions\): .*xtgbt1 .*xtgbt2 .*xtgbt3/s,
  ],
];

test.each(broken)('names the cause of %s', (_, state, first, words) => {
  const [found] = diagnosisOf(state);
  expect(summaryOf(state)[0]).toBe(first);
  expect(`${found?.text}\n${found?.fix}`).toMatch(words);
});

const elsewhere = (name: string) => ({ http: { paths: [{ backend: { service: { name } } }] } });
const refused = { parents: [{ conditions: [condition('Accepted', 'False', 'x', 'no')] }] };
const notReady = { conditions: [condition('Ready', 'False', 'x', 'no')] };

const wells: readonly (readonly [title: string, Change])[] = [
  [
    'a load balancer',
    beside('Service', 'other', { spec: { type: 'LoadBalancer', selector: { app: 'other' } }, status: {} }),
  ],
  ['an Ingress', beside('Ingress', 'other', { spec: { ingressClassName: 'gone', rules: [elsewhere('other')] } })],
  [
    'a Gateway with its route',
    (state) => {
      beside('Gateway', 'g', { status: { conditions: [condition('Accepted', 'False', 'x', 'no')] } })(state);
      const spec = { parentRefs: [{ name: 'g' }], rules: [{ backendRefs: [{ name: 'other' }] }] };
      beside('HTTPRoute', 'other', { spec, status: refused })(state);
    },
  ],
  [
    'the certificate of an Ingress',
    (state) => {
      const spec = { tls: [{ secretName: 'other-tls' }], rules: [elsewhere('other')] };
      beside('Ingress', 'other', { spec, status: { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } } })(state);
      beside('Certificate', 'other-tls', { spec: { secretName: 'other-tls' }, status: notReady })(state);
    },
  ],
  ['an ExternalSecret', beside('ExternalSecret', 'other', { status: notReady })],
  ['a SealedSecret', beside('SealedSecret', 'other', { status: notReady })],
  [
    'a scheduled copy',
    beside('ReplicationSource', 'other', {
      spec: { sourcePVC: 'other' },
      status: { latestMoverStatus: { result: 'Failed' } },
    }),
  ],
];

test.each(wells)('is healthy beside %s of another owner', (_, change) => {
  expect(summaryOf(healthy(change))).toEqual([]);
});

test('is healthy beside a full volume of another owner', () => {
  const volumes = new Map([['other', { usedBytes: 99, capacityBytes: 100 }]]);
  expect(summaryOf(healthy(), { volumes })).toEqual([]);
});

test('reports on objects that a user wrote by hand for the studio', () => {
  const rules = [elsewhere('junjo-ai-studio-frontend')];
  const ingress = beside('Ingress', 'web', { spec: { ingressClassName: 'gone', rules } });
  expect(summaryOf(healthy(ingress))).toEqual(['error ingress-pending: ingress web']);
});
