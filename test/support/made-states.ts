import { GUARD_CONTAINER } from '../../charts/upgrade-guard';
import type { Diagnosis } from '../../cluster/diagnosis';
import { COPY_OWNER, COPY_POD } from '../../config/names';
import type { Fields } from '../../render/manifest';
import { diagnosisOf, madeState, type RecordedState, recording } from './cluster-state';
import { intakeCrash, withIntake } from './made-intake';

/** A recording with something changed in it. */
export function changed(name: string, change: (state: RecordedState) => void): RecordedState {
  const state = recording(name);
  change(state);
  return state;
}

/** The pod of a component. */
export const pod = ({ objects }: RecordedState, component: string) =>
  objects.find(({ kind, metadata }) => kind === 'Pod' && metadata.name.includes(component));

/** The container of a pod waits for another reason. */
function waits(reason: string, message: string, component = 'backend') {
  return (state: RecordedState) => {
    pod(state, component).status.containerStatuses[0].state = { waiting: { reason, message } };
  };
}

/** The container of a pod ended in another way. */
function ends(terminated: object, component = 'backend') {
  return (state: RecordedState) => {
    pod(state, component).status.containerStatuses[0].lastState = { terminated };
  };
}

/** The scheduler, or what mounts volumes, says something else. */
function says(from: RegExp, to: string) {
  return (state: RecordedState) => {
    for (const object of state.objects) {
      if (object.kind === 'Event') object.message = object.message.replace(from, to);
      for (const condition of object.status?.conditions ?? []) {
        condition.message = condition.message?.replace(from, to);
      }
    }
  };
}

/** Pods mount folders of their node, a cluster of minikube. */
function mountsSources(state: RecordedState) {
  for (const component of ['backend', 'ingestion']) {
    pod(state, component).spec.volumes.push(
      ...['backend/app', 'frontend'].map((folder) => ({
        name: folder,
        hostPath: { path: `/src/junjo/${folder}`, type: 'Directory' },
      })),
    );
  }
  for (const { kind, metadata } of state.objects) {
    if (kind === 'Node') metadata.labels = { ...metadata.labels, 'minikube.k8s.io/name': 'minikube' };
  }
}

/** Objects of operators and controllers beside the studio, made a while ago. */
function beside(...objects: (Fields & { readonly metadata: object })[]) {
  return (state: RecordedState) => {
    const creationTimestamp = '2026-11-23T20:45:00Z';
    state.objects.push(
      ...objects.map((object) => ({ ...object, metadata: { creationTimestamp, ...object.metadata } })),
    );
  };
}

const condition = (type: string, status: string, message = '') => ({ type, status, message });

const pull = (why: string) =>
  changed('image-missing', waits('ImagePullBackOff', `Back-off pulling image "x": ErrImagePull: ${why}`));

/** The claim and the workloads were deleted, and the volume was retained. */
export function claimGone(state: RecordedState): void {
  const gone = ['PersistentVolumeClaim', 'Deployment', 'ReplicaSet', 'Pod'];
  state.objects.splice(0, state.objects.length, ...state.objects.filter(({ kind }) => !gone.includes(kind)));
  const volume = state.objects.find(({ kind }) => kind === 'PersistentVolume');
  volume.spec.persistentVolumeReclaimPolicy = 'Retain';
  volume.status = { phase: 'Released' };
}

/** Deployments were applied with the images of another release. */
export function runsRelease(tag: string, ...workloads: readonly ('backend' | 'ingestion')[]) {
  return ({ objects }: RecordedState) => {
    for (const name of workloads) {
      const { metadata, spec } = objects.find(
        (object) => object.kind === 'Deployment' && object.metadata.name === `junjo-ai-studio-${name}`,
      );
      metadata.labels['app.kubernetes.io/version'] = tag;
      const container = spec.template.spec.containers.find((each: { name: string }) => each.name === name);
      container.image = `docker.io/mdrideout/junjo-ai-studio-${name}:${tag}`;
    }
  };
}

/** A studio of two containers, whose frontend was removed. */
export function ofTwoContainers(state: RecordedState): void {
  runsRelease('0.86.0', 'backend', 'ingestion')(state);
  const { objects } = state;
  objects.splice(0, Infinity, ...objects.filter(({ metadata }) => !metadata.name.includes('frontend')));
}

/** A backend that refuses its settings, and what it wrote. */
export function refusesSetting(log: string): RecordedState {
  return changed('crash-loop', (state) => {
    ofTwoContainers(state);
    ends({ exitCode: 2, reason: 'Error', message: log, finishedAt: state.recorded })(state);
  });
}

/** What VolSync keeps of a mover that died beside restic's lock: https://github.com/backube/volsync/issues/1042 */
export const LOCKED_LOG = `=== Starting forget ===
unable to create lock in backend: repository is already locked exclusively by PID 33 on volsync-src-junjo-ai-studio-data-jnd8g by (UID 1000, GID 1000)
lock was created at 2026-11-21 03:17:12 (24h1m2s ago)
storage ID 59c8f1b2
the \`unlock\` command can be used to remove stale locks`;

/** What a command leaves on what belongs to it. */
export const owner = { command: 'backup', host: 'laptop', pid: 4711, token: 't', since: '2026-11-23T21:00:00Z' };

/** A pod of a backup on a healthy studio. */
export function copies(phase: string, mark: object = owner) {
  return changed('healthy', ({ namespace, objects }) => {
    const annotations = { [COPY_OWNER]: JSON.stringify(mark) };
    objects.push({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: COPY_POD, namespace, annotations },
      spec: { containers: [] },
      status: { phase },
    });
  });
}

/** Ingestion does not reach a backend that has been ready for 20 minutes. */
export function unreached(change: (state: RecordedState) => void = () => undefined): RecordedState {
  const state = madeState('dns-fails-20min');
  change(state);
  return state;
}

/** The Service of a name. */
export const service = ({ objects }: RecordedState, name: string) =>
  objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === `junjo-ai-studio-${name}`);

/** A NetworkPolicy in the namespace of a state. */
export function policy({ namespace }: RecordedState, name: string, spec: object) {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}

/** States that nobody recorded, and what is said first of each. */
export const made: Readonly<Record<string, readonly [state: RecordedState, first: string]>> = {
  'a backup was killed': [copies('Succeeded'), `warning copy-pod: pod ${COPY_POD}`],
  'pods that may not be read': [madeState('no-pods'), 'error not-readable: permissions'],
  'a backup that is running': [copies('Running'), `wait copy-pod: pod ${COPY_POD}`],
  'setting that the backend rejects': [
    refusesSetting(
      'Configuration error: JUNJO_PROD_INGESTION_URL must start with http:// or https://, not spans.example.com\n',
    ),
    'error setting-refused: backend',
  ],
  'setting that the backend rejects, with a log that is gone': [refusesSetting(''), 'error setting-refused: backend'],
  'ingestion of a release whose keys have ids, beside a backend without': [
    changed('healthy', runsRelease('0.86.0', 'ingestion')),
    'error mixed-releases: releases',
  ],
  'backend with ids of keys, beside an ingestion without': [
    changed('healthy', (state) => {
      ofTwoContainers(state);
      runsRelease('0.85.0', 'ingestion')(state);
    }),
    'error mixed-releases: releases',
  ],
  'image of another release than its label says': [
    changed('healthy', (state) => {
      runsRelease('0.82.1', 'backend', 'ingestion')(state);
      const { spec } = state.objects.find(
        ({ kind, metadata }) => kind === 'Deployment' && /ingestion/.test(metadata.name),
      );
      spec.template.spec.containers[0].image = `registry.example.com:5000/junjo-ai-studio-ingestion:0.81.5@sha256:${'0'.repeat(64)}`;
    }),
    'error mixed-releases: releases',
  ],
  'frontend that an upgrade left behind': [
    changed('healthy', runsRelease('0.86.0', 'backend', 'ingestion')),
    'warning not-rendered: Deployment junjo-ai-studio-frontend',
  ],
  'Deployment under another name that writes the data': [
    changed('healthy', ({ objects }) => {
      const backend = objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name));
      objects.push({ ...backend, metadata: { name: 'junjo-backend' }, status: {} });
    }),
    'error not-rendered: Deployment junjo-backend',
  ],
  'registry wants credentials': [
    pull('failed to authorize: 401 Unauthorized, pull access denied, insufficient_scope: authorization failed'),
    'error image-denied: backend',
  ],
  'registry limits pulls': [pull('429 Too Many Requests - toomanyrequests'), 'error image-rate-limited: backend'],
  'registry is not reached': [
    pull('failed to do request: dial tcp: lookup registry-1.docker.io: no such host'),
    'error image-unreachable: backend',
  ],
  'registry with an untrusted certificate': [
    pull('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    'error image-unreachable: backend',
  ],
  'image is for another processor': [
    pull('no match for platform in manifest: not found'),
    'error image-platform: backend',
  ],
  'pull that fails for another reason': [pull('something new'), 'error image-not-pulled: backend'],
  'image may not be pulled': [
    changed('image-missing', waits('ErrImageNeverPull', 'Container image is not present with pull policy of Never')),
    'error image-not-pulled: backend',
  ],
  'back-off without a reason, which is in an event': [
    changed('image-missing', waits('ImagePullBackOff', 'Back-off pulling image')),
    'error image-missing: backend',
  ],
  'container runs as root against its policy': [
    changed(
      'secret-missing',
      waits('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root'),
    ),
    'error container-config: backend',
  ],
  'memory limit too small for the container to start': [
    changed(
      'start-error',
      ends({
        exitCode: 128,
        reason: 'StartError',
        message: 'cannot start a stopped process: unknown',
        startedAt: '1970-01-01T00:00:00Z',
        finishedAt: '2026-11-23T21:08:26Z',
      }),
    ),
    'error oom-killed: backend',
  ],
  'crash during a moment in which the container runs again': [
    changed('crash-loop', (state) => {
      pod(state, 'backend').status.containerStatuses[0].state = { running: { startedAt: state.recorded } };
    }),
    'error crash-loop: backend',
  ],
  'pod affinity that cannot be satisfied': [
    changed('unschedulable-memory', says(/1 Insufficient memory/, "1 node(s) didn't match pod affinity rules")),
    'error unschedulable-affinity: backend, ingestion',
  ],
  'unknown reason of a scheduler': [
    changed('unschedulable-memory', says(/1 Insufficient memory/, '1 node(s) did not please a plugin')),
    'error unschedulable: backend, ingestion',
  ],
  'taint of a person': [
    changed('node-cordoned', (state) => {
      says(/1 node\(s\) were unschedulable/, '1 node(s) had untolerated taint(s)')(state);
      const node = state.objects.find(({ kind }) => kind === 'Node');
      node.spec = { taints: [{ key: 'team', value: 'gpu', effect: 'NoSchedule' }] };
    }),
    'error node-tainted: backend, frontend, ingestion',
  ],
  'volume on another node, in the words of older versions': [
    changed(
      'volume-on-absent-node',
      says(/didn't match PersistentVolume's node affinity/, 'had volume node affinity conflict'),
    ),
    'error volume-on-absent-node: backend, ingestion',
  ],
  'claim that does not exist': [
    changed('claim-class-missing', (state) => {
      says(/pod has unbound immediate.*$/, 'persistentvolumeclaim "my-data" not found')(state);
      const index = state.objects.findIndex(({ kind }) => kind === 'PersistentVolumeClaim');
      state.objects.splice(index, 1);
    }),
    'error claim-missing: backend, ingestion',
  ],
  'claim whose volume is lost': [
    changed('healthy', (state) => {
      state.objects.find(({ kind }) => kind === 'PersistentVolumeClaim').status.phase = 'Lost';
    }),
    'error claim-unbound: claim junjo-ai-studio-data',
  ],
  'node that no longer answers': [
    changed('readiness-failing', (state) => {
      const node = state.objects.find(({ kind }) => kind === 'Node');
      const ready = node.status.conditions.find(({ type }: { type: string }) => type === 'Ready');
      Object.assign(ready, { status: 'Unknown', message: 'Kubelet stopped posting node status.' });
    }),
    'error node-lost: backend, ingestion',
  ],
  'volume that another node holds': [
    changed(
      'hostpath-missing',
      says(/MountVolume.SetUp failed.*$/, 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) x'),
    ),
    'wait volume-multi-attach: backend, ingestion',
  ],
  'Secret of a certificate that is mounted and missing': [
    changed(
      'hostpath-missing',
      says(/MountVolume.SetUp failed.*$/, 'MountVolume.SetUp failed: secret "tls" not found'),
    ),
    'error mount-source-missing: backend, ingestion',
  ],
  'sources that the node does not have': [
    changed('hostpath-missing', (state) => {
      mountsSources(state);
      says(/(hostPath type check failed: ).*$/, '$1/src/junjo/backend/app is not a directory')(state);
    }),
    'error sources-missing: backend, ingestion',
  ],
  'mount that fails for another reason': [
    changed('hostpath-missing', says(/hostPath type check failed.*$/, 'mount failed: exit status 32')),
    'error mount-failed: backend, ingestion',
  ],
  'LimitRange that allows less': [
    changed(
      'quota-exceeded',
      says(/exceeded quota.*$/, 'maximum memory usage per Container is 100Mi, but limit is 500Mi'),
    ),
    'error limit-range: ingestion',
  ],
  'webhook that rejects': [
    changed(
      'quota-exceeded',
      says(
        /pods "[^"]*" is forbidden: exceeded quota.*$/,
        'admission webhook "policy.example.com" denied the request: no',
      ),
    ),
    'error admission-refused: ingestion',
  ],
  'quota that requires limits of CPU': [
    changed(
      'quota-exceeded',
      says(/exceeded quota.*$/, 'failed quota: team-quota: must specify limits.cpu for: ingestion,wait-for-volume'),
    ),
    'error quota-wants-limits: ingestion',
  ],
  'PriorityClass that does not exist': [
    changed('quota-exceeded', says(/exceeded quota.*$/, 'no PriorityClass with name high was found')),
    'error priority-class-missing: ingestion',
  ],
  'OpenShift that allows users of a range': [madeState('openshift-scc'), 'error scc-refused: ingestion'],
  'webhook that does not answer': [madeState('webhook-unreachable'), 'error webhook-unreachable: ingestion'],
  'sidecar of a mesh that does not get ready': [
    madeState('istio-native-sidecar'),
    'error sidecar-not-starting: backend',
  ],
  'pod that had to be killed when it was evicted': [
    changed('evicted', (state) => {
      state.objects.splice(0, Infinity, ...state.objects.filter(({ reason }) => reason !== 'Evicted'));
      const ended = state.objects.find(({ kind, status }) => kind === 'Pod' && status.phase === 'Succeeded');
      Object.assign(ended.status, {
        phase: 'Failed',
        reason: 'Evicted',
        message: 'The node was low on resource: memory.',
      });
    }),
    'warning evicted: backend, pod junjo-ai-studio-backend-559d7958f4-s4vkc',
  ],
  'old pod that has time to end': [ending('2026-11-23T21:20:00Z'), 'wait old-pod-ending: backend'],
  'old pod that should be gone': [ending('2026-11-23T21:00:00Z'), 'error old-pod-ending: backend'],
  'rollout that took too long for an unknown reason': [
    changed('deadline-exceeded', (state) => {
      const events = state.objects.filter(({ kind, reason }) => kind === 'Event' && reason === 'Unhealthy');
      for (const event of events) state.objects.splice(state.objects.indexOf(event), 1);
    }),
    'error deadline-exceeded: backend',
  ],
  'node that does not allow the sysctl of the frontend': [
    changed('starting', (state) => {
      const { status } = pod(state, 'frontend');
      Object.assign(status, { phase: 'Failed', reason: 'SysctlForbidden', message: 'forbidden sysctl' });
    }),
    'error pod-rejected: frontend',
  ],
  'node without a network': [
    changed('hostpath-missing', (state) => {
      for (const event of state.objects.filter(({ reason }) => reason === 'FailedMount')) {
        Object.assign(event, { reason: 'FailedCreatePodSandBox', message: 'cni plugin not initialized' });
      }
    }),
    'error sandbox-failed: backend, ingestion',
  ],
  'Deployment that somebody paused': [
    changed('rollout-in-progress', ({ objects }) => {
      const backend = objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name));
      backend.spec.paused = true;
    }),
    'error rollout-paused: backend',
  ],
  'container that is healthy between two crashes': [
    changed('healthy', (state) => {
      const [container] = pod(state, 'backend').status.containerStatuses;
      const terminated = { exitCode: 1, reason: 'Error', finishedAt: state.recorded };
      Object.assign(container, { restartCount: 4, lastState: { terminated } });
    }),
    'warning restarting: backend',
  ],
  'image with an untrusted signature': [
    changed('image-missing', waits('SignatureValidationFailed', 'image pull policy requires a signature')),
    'error image-not-pulled: backend',
  ],
  'namespace that does not exist': [
    { namespace: 'junjo', recorded: '2026-11-23T21:00:00Z', objects: [] },
    'error namespace-missing: namespace junjo',
  ],
  'init container that fails': [
    changed('starting', (state) => {
      const { spec, status } = pod(state, 'ingestion');
      spec.initContainers = [{ name: 'prepare', image: 'registry.example.com/prepare:1' }];
      const terminated = { exitCode: 2, reason: 'Error', message: 'no such host', finishedAt: state.recorded };
      status.initContainerStatuses = [
        {
          name: 'prepare',
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated },
        },
      ];
      status.containerStatuses[0].state = { waiting: { reason: 'PodInitializing' } };
    }),
    'error init-failed: ingestion',
  ],
  'data of another release': [
    changed('starting', (state) => {
      const { status } = pod(state, 'backend');
      const message = 'spans of 0.70 would be hidden\nset JUNJO_K8S_ACCEPT_DATA_LOSS\n';
      const terminated = { exitCode: 1, reason: 'Error', message, finishedAt: state.recorded };
      status.initContainerStatuses = [{ name: GUARD_CONTAINER, ready: false, restartCount: 1, state: { terminated } }];
      status.containerStatuses[0].state = { waiting: { reason: 'PodInitializing' } };
    }),
    'error guard-tripped: backend',
  ],
  'Service that somebody deleted': [
    unreached((state) => {
      state.objects.splice(state.objects.indexOf(service(state, 'backend-internal')), 1);
    }),
    'error service-missing: service junjo-ai-studio-backend-internal, ingestion',
  ],
  'Service whose selector matches no pod': [
    unreached((state) => {
      service(state, 'backend-internal').spec.selector['app.kubernetes.io/component'] = 'api';
    }),
    'error service-without-pods: service junjo-ai-studio-backend-internal, ingestion',
  ],
  'policy that blocks ingestion from the backend': [
    unreached((state) => {
      state.objects.push(policy(state, 'deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }));
    }),
    'error backend-unreachable: ingestion',
  ],
  'guard that is killed for its memory': [madeState('guard-oom'), 'error guard-crashed: backend'],
  'volume that is mounted read-only': [madeState('read-only-volume-with-data'), 'error volume-read-only: backend'],
  'container that is killed from outside': [madeState('exit-137'), 'error killed: backend'],
  'two pods that write the same data': [
    changed('healthy', (state) => {
      const { objects } = state;
      const backend = pod(state, 'backend');
      objects.push({ ...backend, metadata: { ...backend.metadata, name: `${backend.metadata.name}-2`, uid: '2' } });
      const deployment = objects.find(({ kind, metadata }) => kind === 'Deployment' && /backend/.test(metadata.name));
      deployment.spec.replicas = 2;
    }),
    'error two-writers: backend',
  ],
  'Gateway that nobody serves': [
    changed('healthy', beside({ kind: 'Gateway', metadata: { name: 'edge' }, spec: { gatewayClassName: 'eg' } })),
    'error gateway-pending: gateway edge',
  ],
  'route that is rejected': [
    changed(
      'healthy',
      beside({
        kind: 'HTTPRoute',
        metadata: { name: 'ui' },
        status: { parents: [{ conditions: [condition('Accepted', 'False', 'NotAllowedByListeners')] }] },
      }),
    ),
    'error route-refused: route ui',
  ],
  'challenge that is stuck': [
    changed(
      'healthy',
      beside(
        {
          kind: 'Certificate',
          metadata: { name: 'tls' },
          spec: { dnsNames: ['studio.example.com'], issuerRef: { kind: 'Issuer', name: 'acme' } },
          status: { conditions: [condition('Ready', 'False', 'Issuing')] },
        },
        { kind: 'Issuer', metadata: { name: 'acme' }, status: { conditions: [condition('Ready', 'True')] } },
        {
          kind: 'Challenge',
          metadata: { name: 'c' },
          spec: { dnsName: 'studio.example.com' },
          status: { state: 'pending', reason: 'wrong status code 404, expected 200' },
        },
      ),
    ),
    'error certificate-pending: certificate tls',
  ],
  'certificate that was not renewed': [
    changed(
      'healthy',
      beside({
        kind: 'Certificate',
        metadata: { name: 'tls' },
        status: { notAfter: '2026-11-25T00:00:00Z', conditions: [condition('Ready', 'True')] },
      }),
    ),
    'warning certificate-expiring: certificate tls',
  ],
  'sealed value that cannot be decrypted': [
    changed(
      'secret-missing',
      beside({
        kind: 'SealedSecret',
        metadata: { name: 'junjo-ai-studio-secrets' },
        status: { conditions: [condition('Synced', 'False', 'no key could decrypt secret')] },
      }),
    ),
    'error secret-not-synced: SealedSecret junjo-ai-studio-secrets',
  ],
  'scheduled copy that failed': [
    changed(
      'healthy',
      beside({
        kind: 'ReplicationSource',
        metadata: { name: 'junjo-ai-studio-data' },
        status: {
          lastSyncTime: '2026-11-22T03:19:40Z',
          latestMoverStatus: { result: 'Failed', logs: 'Fatal: unable to open config file' },
        },
      }),
    ),
    'warning backup-failed: backup junjo-ai-studio-data',
  ],
  'scheduled copy into a repository that is locked': [
    changed(
      'healthy',
      beside({
        kind: 'ReplicationSource',
        metadata: { name: 'junjo-ai-studio-data' },
        spec: { restic: {} },
        status: { lastSyncTime: '2026-11-22T03:19:40Z', latestMoverStatus: { result: 'Failed', logs: LOCKED_LOG } },
      }),
    ),
    'warning backup-locked: backup junjo-ai-studio-data',
  ],
  'volume whose claim is gone': [
    changed('claim-terminating', claimGone),
    'error volume-released: volume pvc-57f30285-df56-476d-9605-a6c65b759271',
  ],
  'claim whose file system has not grown': [
    changed('healthy', grows({ conditions: [grown('FileSystemResizePending', '2026-11-23T20:59:00Z')] })),
    'warning claim-smaller-than-requested: claim junjo-ai-studio-data',
  ],
  'claim that names a volume of another claim': [
    changed('claim-no-default-class', (state) => {
      const { namespace } = state;
      const claim = state.objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
      claim.spec.volumeName = 'disk';
      state.objects.push({
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'disk' },
        spec: { claimRef: { namespace, name: 'theirs', uid: 'u' } },
        status: { phase: 'Bound' },
      });
    }),
    'error claim-volume-taken: claim junjo-ai-studio-data, backend, ingestion',
  ],
  'volume whose driver mounts it read-only': [
    changed('crash-loop', ({ objects }) => {
      const { spec } = objects.find(({ kind }) => kind === 'PersistentVolume');
      Object.assign(spec, { local: undefined, csi: { driver: 'ebs.csi.aws.com', volumeHandle: 'v', readOnly: true } });
    }),
    'error volume-read-only: backend',
  ],
  'claim that only one pod may mount': [
    changed(
      'unschedulable-memory-backend',
      says(
        /1 Insufficient memory/,
        '1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
      ),
    ),
    'error claim-in-use: backend',
  ],
  'node whose memory is used up': [
    changed('node-cordoned', (state) => {
      says(/1 node\(s\) were unschedulable/, '1 node(s) had untolerated taint(s)')(state);
      const node = state.objects.find(({ kind }) => kind === 'Node');
      node.spec = { taints: [{ key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' }] };
    }),
    'error node-pressure: backend, frontend, ingestion',
  ],
  'node whose disk is full': [madeState('disk-pressure'), 'error node-disk-full: backend, frontend, ingestion'],
  'pod that made room for one of higher priority': [madeState('preempted'), 'error preempted: backend'],
  'node without the driver of its volume': [
    madeState('csi-driver-missing'),
    'error csi-driver-missing: backend, ingestion',
  ],
  'queue whose file is damaged': [
    intakeCrash('Error: cannot start pipelines: failed to start "otlp_grpc/ingestion" exporter: version mismatch'),
    'warning intake-queue-damaged: intake',
  ],
  'configuration that the collector does not support': [
    intakeCrash(
      'Error: failed to get config: cannot unmarshal the configuration: decoding failed due to the following error(s):\n\n\'extensions\' unknown type: "headers_setter" for id: "headers_setter" (valid values: [zpages])\n',
    ),
    'warning intake-config-refused: intake',
  ],
  'collectors that may not reach ingestion': [
    withIntake(({ state }) => {
      const podSelector = { matchLabels: { 'app.kubernetes.io/component': 'ingestion' } };
      state.objects.push(policy(state, 'closed', { podSelector, policyTypes: ['Ingress'] }));
    }),
    'error intake-cut-off: intake',
  ],
  'ingestion that is stopped, behind collectors': [
    withIntake(({ state }) => {
      const ingestion = state.objects.find(
        ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'junjo-ai-studio-ingestion',
      );
      ingestion.spec.replicas = 0;
      Object.assign(ingestion.status, { replicas: 0, readyReplicas: 0, updatedReplicas: 0 });
      const others = state.objects.filter(({ kind, metadata }) => !(kind === 'Pod' && /ingestion/.test(metadata.name)));
      state.objects.splice(0, Infinity, ...others);
    }),
    'error scaled-to-zero: ingestion',
  ],
};

/** A claim that asks for more than it has. */
export function grows(status: object, wanted = '20Gi') {
  return ({ objects }: RecordedState) => {
    const claim = objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
    claim.spec.resources.requests.storage = wanted;
    Object.assign(claim.status, status);
  };
}

function grown(type: string, lastTransitionTime: string) {
  return { type, status: 'True', lastTransitionTime };
}

/** The backend rolls: its old pod ends, there is no new one yet. */
function ending(deletionTimestamp: string): RecordedState {
  return changed('rollout-in-progress', (state) => {
    const { metadata } = pod(state, 'backend');
    Object.assign(metadata, { deletionTimestamp, deletionGracePeriodSeconds: 900 });
  });
}

/** Last lines of a backend that crashes, and the cause that they name. */
export const crashes: readonly (readonly [log: string, cause: string])[] = [
  ["PermissionError: [Errno 13] Permission denied: '/app/.dbdata/sqlite'", 'volume-permission-denied'],
  ['sqlite3.OperationalError: database is locked', 'second-writer'],
  ['OSError: [Errno 28] No space left on device', 'volume-full'],
  ["OSError: [Errno 28] No space left on device: '/tmp/spill'", 'node-storage-full'],
  ["OSError: [Errno 30] Read-only file system: '/app/.dbdata/sqlite'", 'volume-read-only'],
  ['exec /entrypoint.sh: exec format error', 'image-platform'],
  ['Traceback (most recent call last):\n  File "x.py"\nValueError: JUNJO_ALLOW_ORIGINS must not be *\n', 'crash-loop'],
];

/** A backend that crashes with these last lines. */
export function stateOfCrash(log: string): RecordedState {
  const state = recording('crash-loop');
  return { ...state, logs: { [`${pod(state, 'backend').metadata.name}/backend`]: log } };
}

/** What is said of it. */
export function diagnosisOfCrash(log: string): readonly Diagnosis[] {
  return diagnosisOf(stateOfCrash(log));
}
