import { intakeName, workloadNames } from '../../config/names';
import { conditionOf, listOf } from '../../render/manifest';
import { advice, type Fault } from './cause';
import type { ClusterEvent, ClusterState, ContainerState, PodState, WorkloadState } from './cluster-state';

/**
 * A container that has run for this long has recovered from its crash: the kubelet waits at most five minutes between two starts.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
export const STABLE_SECONDS = 900;

/** The container of the intake's pods. */
export const INTAKE_CONTAINER = 'intake';

/** The containers that serve the requests to a studio. */
export const SERVING_CONTAINERS: readonly string[] = [...Object.keys(workloadNames), INTAKE_CONTAINER];

/** A pod of an unhealthy workload that is not ready. */
export interface Trouble {
  readonly workload: WorkloadState;
  readonly pod: PodState;
}

/** A container of such a pod. */
export interface ContainerTrouble extends Trouble {
  readonly container: ContainerState;
}

/** Every container of the pods of unhealthy workloads. */
export function* troubledContainers(state: ClusterState): Generator<ContainerTrouble> {
  for (const { workload, pod } of troubledPods(state)) {
    for (const container of pod.containers) yield { workload, pod, container };
  }
}

/** The pods of unhealthy workloads that are not ready. */
export function* troubledPods(state: ClusterState): Generator<Trouble> {
  for (const workload of state.unhealthy) {
    for (const pod of workload.pods) if (!pod.ready) yield { workload, pod };
  }
}

/** Pods for which the scheduler finds no node, and its reasons for each node, without the result of preemption. */
export function* unscheduled(state: ClusterState): Generator<Trouble & { readonly reasons: string }> {
  for (const trouble of troubledPods(state)) {
    const condition = conditionOf(trouble.pod.object, 'PodScheduled');
    if (condition?.status !== 'False') continue;
    const [reasons = ''] = String(condition.message ?? '').split(/\.? no new claims|\.? preemption:/);
    yield { ...trouble, reasons: reasons.replace(/\.$/, '') };
  }
}

/** Containers that wait for one of these reasons. */
export function* waiting(
  state: ClusterState,
  reasons: readonly string[],
): Generator<ContainerTrouble & { readonly message: string }> {
  for (const trouble of troubledContainers(state)) {
    const { waiting: wait } = trouble.container;
    if (wait && reasons.includes(wait.reason)) yield { ...trouble, message: wait.message };
  }
}

/** Pods whose volumes are not mounted. Their status shows only `ContainerCreating`. */
export function* unmounted(
  state: ClusterState,
): Generator<Trouble & { readonly message: string; readonly event: ClusterEvent }> {
  for (const trouble of troubledPods(state)) {
    const events = unpreparedEvents(state, trouble.pod).filter(({ reason }) =>
      ['FailedMount', 'FailedAttachVolume', 'FailedMapVolume'].includes(reason),
    );
    // A wait that timed out only repeats that something else failed.
    const telling = events.filter(({ message }) => !isMountTimeout(message));
    const event = telling[telling.length - 1] ?? events[events.length - 1];
    if (event) yield { ...trouble, message: event.message, event };
  }
}

/** Whether the kubelet only reports a timeout. Another event says which volume failed, and why. */
export function isMountTimeout(message: string): boolean {
  return /^Unable to (attach or )?mount volumes/.test(message);
}

/**
 * The events of a pod whose containers cannot be started, until the kubelet handles their images. After a restart of its node, a pod
 * has containers that ended with exit code 255: only later events count.
 */
export function unpreparedEvents(state: ClusterState, { object, containers }: PodState): readonly ClusterEvent[] {
  if (containers.some(({ running }) => running)) return [];
  const ended = Math.max(0, ...containers.map((container) => container.ended?.at.getTime() ?? 0));
  const events = state.eventsOf(object).filter(({ last }) => last.getTime() > ended);
  const further = ['Pulling', 'Pulled', 'Created', 'Started', 'Failed', 'BackOff', 'ErrImageNeverPull'];
  const last = events[events.length - 1];
  return last && !further.includes(last.reason) ? events : [];
}

/** Workloads whose pods the API server rejects. The pods do not exist, so only these messages explain why. */
export function* refused(
  state: ClusterState,
): Generator<{ readonly workload: WorkloadState; readonly message: string }> {
  for (const workload of state.unhealthy) {
    const owners = [
      workload.object,
      ...state.ofKind('ReplicaSet').filter(({ metadata, spec }) => {
        const owned = listOf(metadata.ownerReferences).some(({ name }) => name === workload.object.metadata.name);
        return owned && spec?.replicas !== 0;
      }),
    ];
    const [condition] = owners
      .map((owner) => conditionOf(owner, 'ReplicaFailure'))
      .filter((found) => found?.status === 'True');
    const events = owners.flatMap((owner) => state.eventsOf(owner, 'FailedCreate'));
    const message = condition?.message ?? events[events.length - 1]?.message;
    const missing = workload.pods.length < workload.desired;
    // Each attempt names another pod at its start. In a rollout the old pods exist while the new ones are rejected.
    if (message && (condition || missing))
      yield { workload, message: message.replace(/^.*?pods "[^"]*" is forbidden: /, '') };
  }
}

/**
 * The reasons that a runtime reports for a container whose end it did not see, as after a reboot of the node: the kubelet starts it again.
 * https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses)
 */
const UNSEEN = ['Unknown', 'ContainerStatusUnknown'];

/** How a container ended, if the runtime saw it. */
export function endOf({ ended }: ContainerState): ContainerState['ended'] {
  return ended && UNSEEN.includes(ended.reason) ? undefined : ended;
}

/** Containers that exit again and again, and how their last run ended. */
export function* ended(
  state: ClusterState,
): Generator<ContainerTrouble & { readonly how: NonNullable<ContainerState['ended']> }> {
  for (const trouble of troubledContainers(state)) {
    const { container } = trouble;
    const how = endOf(container);
    const finished = container.init && how?.exitCode === 0;
    // One that has run for longer than any back-off since then has another problem now.
    const over = container.running && how && state.secondsSince(how.at) > STABLE_SECONDS;
    if (how && !finished && !over) yield { ...trouble, how };
  }
}

/** A finding about a workload. It says what still works: the previous pods, or the other collector. */
export function ofWorkload({ name, readyPods, object }: WorkloadState, text: string, fix: string): Fault {
  if (readyPods > 0 && object.metadata.name === intakeName) {
    // Its PodDisruptionBudget allows only one of them to be unavailable.
    const other = 'The other collector still accepts spans, but its node cannot be drained';
    return { severity: 'warning', subject: name, text: `${text}. ${other}`, fix };
  }
  return readyPods > 0
    ? { severity: 'error', subject: name, text: `${text}. The previous pods still serve requests`, fix }
    : { severity: 'error', subject: name, text, fix };
}

/** `deployment/junjo-ai-studio-backend`. */
export function referenceOf({ object: { kind, metadata } }: WorkloadState): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

/** The command that prints the log of a container before it ended. */
export function previousLog(
  state: ClusterState,
  { pod, container }: Pick<ContainerTrouble, 'pod' | 'container'>,
): string {
  // Of a Deployment, kubectl reads the log of a pod that is ready, and that is another one. A container that has not been started
  // again has no log before this one.
  const again = container.restarts > 0 && (container.running || container.waiting !== undefined);
  return state.command('logs', pod.name, '-c', container.name, ...(again ? ['--previous'] : []));
}

/** A container that exited and is started again. */
export interface Crash extends ContainerTrouble {
  readonly how: NonNullable<ContainerState['ended']>;
  /** The last lines that it wrote, where they could be read, and the message that it left. */
  readonly log: string;
}

/** Every container that crashes. Its log decides the cause. */
export function* crashes(state: ClusterState): Generator<Crash> {
  for (const trouble of ended(state)) {
    const { container, how, pod } = trouble;
    const restarting = container.restarts > 0 || container.waiting?.reason === 'CrashLoopBackOff' || !container.running;
    if (restarting && how.reason !== 'OOMKilled') yield { ...trouble, log: state.logOf(pod, container) || how.message };
  }
}

/** Ends of which the number says what they mean: 128 and the signal, https://man7.org/linux/man-pages/man7/signal.7.html */
const SIGNALS: Readonly<Record<number, string>> = {
  132: 'SIGILL: the processor lacks an instruction that the program uses',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
};

/** `code 139 (SIGSEGV)`. */
export function codeOf(exitCode: number): string {
  const signal = SIGNALS[exitCode];
  return `code ${exitCode}${signal ? ` (${signal})` : ''}`;
}

/**
 * The likely cause when a container exits right after its start and logs nothing: runc exits with 255 when the
 * kernel refuses to run the program, and writes "exec format error" in the log alone.
 */
export function refusedByProcessor(state: ClusterState, { pod, container, how, log }: Crash): string | undefined {
  const seconds = (how.at.getTime() - new Date(how.startedAt).getTime()) / 1000;
  if (how.exitCode !== 255 || !(seconds <= 1) || log !== '') return undefined;
  const node = pod.object.spec?.nodeName;
  const architecture = state.named('Node', node ?? '')?.status?.nodeInfo?.architecture;
  const processor = architecture ? `its node ${node} (${architecture})` : 'its node';
  return `exits with code 255 within a second of its start. Most likely its image ${container.image} is built for a different processor architecture than ${processor}. ${unreadLog(state)}`;
}

/** What to do if an image is for another processor. */
export function processorAdvice(state: ClusterState, crash: Crash): string {
  return advice(
    'Check that the image is built for the processor architecture of the node, and use an image that is. Only the log can confirm this cause',
    state.clusterCommand('get', 'nodes', '--label-columns=kubernetes.io/arch'),
    ...(state.canRead('pods/log') ? [previousLog(state, crash)] : []),
  );
}

/** Why no log line of a container is quoted. */
export function unreadLog(state: ClusterState): string {
  return state.canRead('pods/log') ? 'Its log is empty' : 'You lack permission to read its log (get pods/log)';
}
