import { type RecordedState, recording } from './cluster-state';
import { development, freshSecret, type Manifest, render, type Settings } from './studio';

/** The objects of an intake in a state. */
export interface MadeIntake {
  readonly state: RecordedState;
  readonly set: Manifest;
  readonly pods: readonly [Manifest, Manifest];
  readonly claims: readonly [Manifest, Manifest];
}

const SINCE = '2026-11-23T20:45:00Z';

/** A recording of a studio beside which two collectors run, with something changed. */
export function withIntake(
  change: (intake: MadeIntake) => void = () => undefined,
  { base = 'healthy', settings = {} as Settings } = {},
): RecordedState {
  const state = recording(base);
  const rendered = render(
    development({
      JUNJO_K8S_RELEASE: '0.86.0',
      JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
      JUNJO_K8S_INTAKE: 'true',
      JUNJO_K8S_NAMESPACE: state.namespace,
      ...settings,
    }),
  );
  // The recordings are of a line whose ingestion has another port.
  const made = (kind: string, name: string): Manifest =>
    JSON.parse(JSON.stringify(stamped(rendered.get(kind, name))).replaceAll(/\b26155\b/g, '50051'));
  const set = made('StatefulSet', 'junjo-ai-studio-intake');
  set.status = {
    observedGeneration: 1,
    replicas: 2,
    readyReplicas: 2,
    updatedReplicas: 2,
    currentRevision: 'junjo-ai-studio-intake-1',
    updateRevision: 'junjo-ai-studio-intake-1',
  };
  set.metadata.generation = 1;
  const names = ['junjo-ai-studio-intake-0', 'junjo-ai-studio-intake-1'] as const;
  const claims = names.map((name) => ({
    ...made('PersistentVolumeClaim', `queue-${name}`),
    status: { phase: 'Bound', capacity: { storage: '4Gi' } },
  })) as unknown as [Manifest, Manifest];
  const pods = names.map((name) => podOf(name, set)) as unknown as [Manifest, Manifest];
  const services = ['junjo-ai-studio-ingestion', 'junjo-ai-studio-ingestion-internal'].map((name) =>
    made('Service', name),
  );
  services[0].status = { loadBalancer: { ingress: [{ hostname: 'localhost' }] } };
  const others = state.objects.filter(
    ({ kind, metadata }) => !(kind === 'Service' && services.some((each) => each.metadata.name === metadata.name)),
  );
  state.objects.splice(
    0,
    Infinity,
    ...others,
    ...services,
    made('ConfigMap', 'junjo-ai-studio-intake'),
    set,
    ...claims,
    ...pods,
  );
  change({ state, set, pods, claims });
  return state;
}

/** One of the collectors does not run. */
export function down({ set, pods }: MadeIntake, containerStatus: object, index: 0 | 1 = 1): void {
  set.status.readyReplicas = 1;
  pods[index].status.conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: SINCE }];
  Object.assign(pods[index].status.containerStatuses[0], { ready: false, started: false, state: {} }, containerStatus);
}

/** A state in which one of them ends again and again with this log. */
export function intakeCrash(log: string, settings: Settings = {}): RecordedState {
  const terminated = {
    exitCode: 1,
    reason: 'Error',
    startedAt: '2026-11-23T21:08:00Z',
    finishedAt: '2026-11-23T21:08:01Z',
  };
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' };
  const state = withIntake(
    (intake) => down(intake, { restartCount: 5, state: { waiting }, lastState: { terminated } }),
    { settings },
  );
  return { ...state, logs: { 'junjo-ai-studio-intake-1/intake': log } };
}

/** Says something of an object, as a controller or a kubelet does. */
export function event({ kind, metadata }: Manifest, reason: string, message: string): Manifest {
  return {
    kind: 'Event',
    metadata: { name: `${metadata.name}.${reason}`, namespace: metadata.namespace },
    involvedObject: { kind, name: metadata.name },
    type: 'Warning',
    reason,
    message,
    count: 3,
    firstTimestamp: '2026-11-23T21:00:00Z',
    lastTimestamp: '2026-11-23T21:09:00Z',
  };
}

function stamped(object: Manifest): Manifest {
  return { ...object, metadata: { ...object.metadata, creationTimestamp: SINCE } };
}

function podOf(name: string, { metadata: { namespace }, spec }: Manifest): Manifest {
  const { containers, volumes, ...pod } = structuredClone(spec.template.spec);
  const [{ image }] = containers;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...structuredClone(spec.template.metadata), name, namespace, creationTimestamp: SINCE },
    spec: {
      ...pod,
      nodeName: 'node-1',
      containers,
      volumes: [...volumes, { name: 'queue', persistentVolumeClaim: { claimName: `queue-${name}` } }],
    },
    status: {
      phase: 'Running',
      startTime: SINCE,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: SINCE }],
      containerStatuses: [
        {
          name: containers[0].name,
          image,
          ready: true,
          started: true,
          restartCount: 0,
          state: { running: { startedAt: SINCE } },
        },
      ],
    },
  };
}
