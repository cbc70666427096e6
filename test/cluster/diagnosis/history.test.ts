import { diagnosisOf, type RecordedState, recording, summaryOf } from '../../support/cluster-state';

// What is wrong now, among what was, and what is wrong beside it.

const WAITS = 'wait waits-for-backend: ingestion';

function changed(name: string, ...changes: ((state: RecordedState) => void)[]): RecordedState {
  const state = recording(name);
  for (const change of changes) change(state);
  return state;
}

const of = ({ objects }: RecordedState, kind: string, part = '') =>
  objects.find(({ kind: own, metadata }) => own === kind && metadata.name.includes(part));

const container = (state: RecordedState, component = 'backend') =>
  of(state, 'Pod', component).status.containerStatuses[0];

/** Some time before or after the recording. */
const at = ({ recorded }: RecordedState, seconds: number) =>
  new Date(new Date(recorded).getTime() + seconds * 1000).toISOString();

/** The scheduler gives other reasons. */
const reasons = (text: string) => (state: RecordedState) => {
  for (const { kind, status } of state.objects) {
    if (kind !== 'Pod') continue;
    for (const condition of status.conditions ?? []) {
      if (condition.reason === 'Unschedulable') condition.message = text;
    }
  }
};

/** An event of a pod. */
const event = (component: string, reason: string, message: string, seconds: number) => (state: RecordedState) => {
  const { metadata } = of(state, 'Pod', component);
  const lastTimestamp = at(state, seconds);
  const involvedObject = { kind: 'Pod', name: metadata.name };
  state.objects.push({ kind: 'Event', metadata: { name: reason }, involvedObject, reason, message, lastTimestamp });
};

const add =
  (...objects: object[]) =>
  (state: RecordedState) => {
    state.objects.push(...objects);
  };

/** The backend ended once, a while ago, and runs since. */
const ended = (terminated: object, seconds: number) => (state: RecordedState) => {
  const status = container(state);
  Object.assign(status, {
    restartCount: 1,
    lastState: { terminated: { ...terminated, finishedAt: at(state, -seconds) } },
  });
};

/** The frontend has the trouble that another recording shows. */
const frontendOf = (name: string) => (state: RecordedState) => {
  const other = recording(name);
  const isTheirs = ({ kind, metadata }: RecordedState['objects'][number]) =>
    ['Deployment', 'ReplicaSet', 'Pod'].includes(kind) && /frontend/.test(metadata.name);
  const kept = state.objects.filter((object) => !isTheirs(object));
  const events = other.objects.filter(({ involvedObject }) => /frontend/.test(involvedObject?.name ?? ''));
  state.objects.splice(0, Infinity, ...kept, ...other.objects.filter(isTheirs), ...events);
};

const issuing = (state: RecordedState, seconds: number, ...objects: object[]) =>
  state.objects.push(
    {
      kind: 'Certificate',
      metadata: { name: 'tls', creationTimestamp: at(state, -seconds) },
      spec: { dnsNames: ['studio.example.com'], secretName: 'tls', issuerRef: { kind: 'Issuer', name: 'acme' } },
      status: { conditions: [{ type: 'Ready', status: 'False', message: 'Issuing' }] },
    },
    ...objects,
  );

const states: Readonly<Record<string, readonly [state: RecordedState, lines: readonly string[]]>> = {
  'the node with the labels is full, others lack them': [
    changed(
      'unschedulable-selector',
      reasons(
        "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling.",
      ),
    ),
    ['backend', 'ingestion', 'frontend'].map((each) => `error unschedulable-resources: ${each}`),
  ],
  'no node has the labels, beside a control plane (1.27)': [
    changed(
      'unschedulable-selector',
      reasons(
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling..",
      ),
    ),
    ['error unschedulable-selector: backend, frontend, ingestion'],
  ],
  'the node of the volume is full, others are not its node': [
    changed('volume-on-absent-node', (state) => {
      reasons('0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had volume node affinity conflict.')(state);
      const node = of(state, 'Node');
      node.metadata.name = 'node-2';
    }),
    ['error unschedulable-resources: backend, ingestion', 'wait starting: frontend'],
  ],
  'the node of the volume is cordoned': [
    changed('volume-on-absent-node', (state) => {
      reasons('0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) had volume node affinity conflict.')(
        state,
      );
      Object.assign(of(state, 'Node'), { metadata: { name: 'node-2' }, spec: { unschedulable: true } });
    }),
    ['error node-cordoned: backend, ingestion', 'wait starting: frontend'],
  ],
  'the node of the other pod is full of ports, beside a control plane': [
    changed(
      'unschedulable-memory',
      reasons(
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match pod affinity rules. no new claims to deallocate",
      ),
    ),
    ['error unschedulable-affinity: backend, ingestion', 'wait starting: frontend'],
  ],
  'a mount that failed at first, and an image that does not exist': [
    changed('image-missing', event('backend', 'FailedMount', 'configmap "x" not found', -3600)),
    ['error image-missing: backend', WAITS],
  ],
  'a network that failed at first, and a start since': [
    changed('starting', event('backend', 'FailedCreatePodSandBox', 'cni plugin not initialized', -600)),
    ['wait starting: backend, frontend', WAITS],
  ],
  'a crash of last week, and a readiness probe that fails now': [
    changed('readiness-failing', ended({ exitCode: 1, reason: 'Error' }, 604_800)),
    ['error readiness-failing: backend', WAITS],
  ],
  'memory that was too small last week, and a readiness probe that fails now': [
    changed('readiness-failing', ended({ exitCode: 137, reason: 'OOMKilled' }, 604_800)),
    ['error readiness-failing: backend', WAITS],
  ],
  'events of a claim that was deleted and had the same name': [
    changed('healthy', (state) => {
      const { metadata } = of(state, 'PersistentVolumeClaim');
      const involvedObject = { kind: 'PersistentVolumeClaim', name: metadata.name, uid: 'of-the-last-one' };
      add({ kind: 'Event', metadata: { name: 'e' }, involvedObject, reason: 'VolumeResizeFailed', message: 'no' })(
        state,
      );
    }),
    [],
  ],
  'a pod that a node refused when it was shut down, and the one after it': [
    changed('starting', (state) => {
      const old = structuredClone(of(state, 'Pod', 'backend'));
      Object.assign(old.metadata, { name: `${old.metadata.name}-old`, creationTimestamp: at(state, -7200) });
      old.status = {
        phase: 'Failed',
        reason: 'Terminated',
        message: 'Pod was terminated in response to node shutdown',
      };
      state.objects.push(old);
    }),
    ['wait starting: backend, frontend', WAITS],
  ],
  'an ended pod on a node that is gone': [
    changed('starting', (state) => {
      const old = structuredClone(of(state, 'Pod', 'backend'));
      Object.assign(old.metadata, { name: `${old.metadata.name}-old`, creationTimestamp: at(state, -7200) });
      Object.assign(old, { spec: { ...old.spec, nodeName: 'node-9' }, status: { phase: 'Succeeded' } });
      const lost = { type: 'Ready', status: 'Unknown', message: 'Kubelet stopped posting node status.' };
      state.objects.push(old, { kind: 'Node', metadata: { name: 'node-9' }, status: { conditions: [lost] } });
    }),
    ['wait starting: backend, frontend', WAITS],
  ],
  'new pods that a quota refuses, while the old one serves': [
    changed('healthy', (state) => {
      const deployment = of(state, 'Deployment', 'frontend');
      const message = 'pods "x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=3, limited: pods=3';
      deployment.status.updatedReplicas = 0;
      deployment.status.conditions.push({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message });
    }),
    ['error quota-exceeded: frontend'],
  ],
  'backend and frontend are broken in two ways': [
    changed('crash-loop', frontendOf('frontend-bad-rollout')),
    ['error crash-loop: backend', 'error image-missing: frontend', WAITS],
  ],
  'a Secret without a key, and a frontend that Pod Security refuses': [
    changed('secret-key-missing', frontendOf('pod-security')),
    ['error secret-key-missing: backend', 'error pod-security: frontend', WAITS],
  ],
  'a pull that is over, of a container that runs': [
    changed('starting', event('frontend', 'Pulling', 'Pulling image "x"', 0)),
    ['wait starting: backend, frontend', WAITS],
  ],
  'a certificate that was asked for a moment ago': [
    changed('healthy', (state) => issuing(state, 20)),
    ['wait certificate-pending: certificate tls'],
  ],
  'a certificate that nobody made in ten minutes': [
    changed('healthy', (state) => issuing(state, 600)),
    ['error certificate-pending: certificate tls'],
  ],
  'an order that was refused, a moment after the certificate was asked for': [
    changed('healthy', (state) => {
      const annotations = { 'cert-manager.io/certificate-name': 'tls' };
      issuing(state, 20, { kind: 'Order', metadata: { name: 'o', annotations }, status: { state: 'invalid' } });
    }),
    ['error certificate-pending: certificate tls'],
  ],
  'an order of another certificate that was refused': [
    changed('healthy', (state) => {
      const annotations = { 'cert-manager.io/certificate-name': 'other' };
      issuing(state, 20, { kind: 'Order', metadata: { name: 'o', annotations }, status: { state: 'invalid' } });
    }),
    ['wait certificate-pending: certificate tls'],
  ],
  'a Gateway whose certificate is on its way': [
    changed('healthy', (state) => {
      const refs = { type: 'ResolvedRefs', status: 'False', message: 'Secret tls not found' };
      const gateway = {
        kind: 'Gateway',
        metadata: { name: 'edge' },
        spec: { listeners: [{ tls: { certificateRefs: [{ name: 'tls' }] } }] },
        status: {
          conditions: [{ type: 'Programmed', status: 'False' }],
          listeners: [{ name: 'https', conditions: [refs] }],
        },
      };
      issuing(state, 20, gateway);
    }),
    ['wait gateway-pending: gateway edge', 'wait certificate-pending: certificate tls'],
  ],
  'a route that was applied a moment ago': [
    changed('healthy', (state) =>
      add({ kind: 'HTTPRoute', metadata: { name: 'ui', creationTimestamp: at(state, -5) } })(state),
    ),
    ['wait route-refused: route ui'],
  ],
  'a sealed Secret of a controller that writes no status': [
    changed('healthy', add({ kind: 'SealedSecret', metadata: { name: 'junjo-ai-studio-secrets' } })),
    [],
  ],
  'a store that answers no more, while its Secret is there': [
    changed(
      'healthy',
      add({
        kind: 'ExternalSecret',
        metadata: { name: 'studio' },
        spec: { target: { name: 'junjo-ai-studio-secrets' } },
        status: { conditions: [{ type: 'Ready', status: 'False', message: 'could not get provider client' }] },
      }),
    ),
    ['warning secret-not-synced: ExternalSecret studio'],
  ],
  'a Deployment that is paused and well': [
    changed('healthy', (state) => {
      of(state, 'Deployment', 'frontend').spec.paused = true;
    }),
    ['warning rollout-paused: frontend'],
  ],
  'a copy by VolSync that failed': [
    changed(
      'healthy',
      add({
        kind: 'ReplicationSource',
        metadata: { name: 'data' },
        status: { latestMoverStatus: { result: 'Failed' } },
      }),
    ),
    ['warning backup-failed: backup data'],
  ],
  'a copy by Velero that failed, after one that worked': [
    changed(
      'healthy',
      add(
        {
          kind: 'Backup',
          metadata: { name: 'b-1', namespace: 'velero' },
          status: { phase: 'Completed', startTimestamp: '2026-11-22T00:00:00Z' },
        },
        {
          kind: 'Backup',
          metadata: { name: 'b-2', namespace: 'velero' },
          status: { phase: 'PartiallyFailed', startTimestamp: '2026-11-23T00:00:00Z' },
        },
      ),
    ),
    ['warning backup-failed: backup b-2'],
  ],
  'an image whose digest has 401 in it and does not exist': [
    changed('image-missing', (state) => {
      const message = 'ErrImagePull: failed to resolve reference "x@sha256:ab401cd403ef429a": not found';
      container(state).state = { waiting: { reason: 'ImagePullBackOff', message } };
    }),
    ['error image-missing: backend', WAITS],
  ],
  'a QDrant that cannot be scheduled': [
    changed('healthy', (state) => {
      const labels = { 'app.kubernetes.io/name': 'junjo-ai-studio', 'app.kubernetes.io/component': 'qdrant' };
      const message = '0/1 nodes are available: 1 Insufficient memory.';
      const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
      add(
        { kind: 'StatefulSet', metadata: { name: 'qdrant', labels }, spec: { selector: { matchLabels: labels } } },
        { kind: 'Pod', metadata: { name: 'qdrant-0', labels }, status: { phase: 'Pending', conditions: [condition] } },
      )(state);
    }),
    ['error unschedulable-resources: qdrant'],
  ],
  'objects of which the controllers have said nothing yet': [
    changed('starting', (state) => {
      for (const object of state.objects) {
        if (['Deployment', 'Pod', 'ReplicaSet'].includes(object.kind)) delete object.status;
      }
    }),
    ['wait starting: backend, frontend, ingestion'],
  ],
  'an old pod that has fifteen minutes to end, of a Deployment that has none': [
    changed('rollout-in-progress', (state) => {
      const { metadata } = of(state, 'Pod', 'backend');
      Object.assign(metadata, { deletionTimestamp: at(state, 900), deletionGracePeriodSeconds: 900 });
      const { status } = of(state, 'Deployment', 'backend');
      const progressing = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' };
      for (const key of Object.keys(status)) if (key !== 'observedGeneration') delete status[key];
      Object.assign(status, { terminatingReplicas: 1, conditions: [progressing] });
    }),
    ['wait old-pod-ending: backend'],
  ],
};

test.each(Object.entries(states))('%s', (_, [state, lines]) => {
  expect(summaryOf(state)).toEqual(lines);
});

test('a resource that could not be read is not reported as missing', () => {
  const absent = recording('volume-on-absent-node');
  absent.objects.splice(0, Infinity, ...absent.objects.filter(({ kind }) => kind !== 'Node'));
  const [lost] = diagnosisOf(absent, { unread: ['nodes'] });
  expect(lost?.text).not.toMatch(/not in the cluster|no longer in the cluster/);
  const denied = changed('image-missing', (state) => {
    container(state).state = { waiting: { reason: 'ErrImagePull', message: 'pull access denied: unauthorized' } };
    of(state, 'Pod', 'backend').spec.imagePullSecrets = [{ name: 'registry' }];
  });
  expect(diagnosisOf(denied)[0]?.text).toContain('registry does not exist');
  expect(diagnosisOf(denied, { unread: ['secrets'] })[0]?.text).not.toContain('does not exist');
  expect(summaryOf({ ...absent, objects: absent.objects.filter(({ kind }) => kind === 'Namespace') })).toEqual([
    'error not-applied: workloads',
  ]);
});

test('commands name the workload by its kind, and the log of the container that ended', () => {
  const state = changed('crash-loop', ({ objects }) => {
    const backend = objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name));
    backend.kind = 'StatefulSet';
  });
  expect(diagnosisOf(state)[0]?.fix).toMatch(/logs junjo-ai-studio-backend-\S+ -c backend --previous/);
});

test.each([
  ["Settings [type=value_error, input_value={'hosts': ['a'], 'session': 'hunter2'}, input_type=dict]"],
  ['ValueError: JUNJO_SESSION_SECRET=hunter2 is too short'],
  ["KeyError: {'api_key': 'hunter2'}"],
  ['OperationalError: could not connect to https://admin:hunter2@db.example.com'],
])('the reason of a crash is quoted without values: %s', (log) => {
  const state = recording('crash-loop');
  const logs = new Map([[`${of(state, 'Pod', 'backend').metadata.name}/backend`, log]]);
  const [crash] = diagnosisOf(state, { logs });
  expect(crash?.cause).toBe('crash-loop');
  expect(crash?.text).toContain(log.slice(0, 8));
  expect(crash?.text).not.toContain('hunter2');
});

test('of two workloads that wait for the same, the one that waits too long is an error', () => {
  const state = changed('starting', (each) => {
    const running = of(each, 'Pod', 'frontend').status.containerStatuses[0].state.running;
    running.startedAt = at(each, -3600);
  });
  expect(summaryOf(state)).toEqual(['error starting: frontend', 'wait starting: backend', WAITS]);
});
