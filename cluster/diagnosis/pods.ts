import { conditionOf } from '../../render/manifest';
import type { Fault } from './cause';
import type { ClusterEvent, ClusterState, ContainerState, PodState, WorkloadState } from './cluster-state';

/**
 * A container that has run for so long is past its crash: the kubelet waits at most five minutes between two starts.
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
export const STABLE_SECONDS = 900;

/** A pod of a workload that is not as it should be. */
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

/** The pods of unhealthy workloads that do not serve. */
export function* troubledPods(state: ClusterState): Generator<Trouble> {
  for (const workload of state.unhealthy) {
    for (const pod of workload.pods) if (!pod.ready) yield { workload, pod };
  }
}

/** Pods that the scheduler finds no node for, and its reasons, node by node, without what it tried afterwards. */
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

/** Pods whose volumes are not mounted; their status says nothing but `ContainerCreating`. */
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

/** Whether the kubelet only says that it waited for volumes, and for how long; which of them failed, and why, is another event. */
export function isMountTimeout(message: string): boolean {
  return /^Unable to (attach or )?mount volumes/.test(message);
}

/**
 * What is said of a pod whose containers cannot be started; nothing once the kubelet has come to their images. After its node was
 * restarted a pod has containers that ended, with exit code 255: what is said since then counts.
 */
export function unpreparedEvents(state: ClusterState, { object, containers }: PodState): readonly ClusterEvent[] {
  if (containers.some(({ running }) => running)) return [];
  const ended = Math.max(0, ...containers.map((container) => container.ended?.at.getTime() ?? 0));
  const events = state.eventsOf(object).filter(({ last }) => last.getTime() > ended);
  const further = ['Pulling', 'Pulled', 'Created', 'Started', 'Failed', 'BackOff', 'ErrImageNeverPull'];
  const last = events[events.length - 1];
  return last && !further.includes(last.reason) ? events : [];
}

/** Workloads whose pods the API server refuses: the pods do not exist, so only these messages tell. */
export function* refused(
  state: ClusterState,
): Generator<{ readonly workload: WorkloadState; readonly message: string }> {
  for (const workload of state.unhealthy) {
    const owners = [
      workload.object,
      ...state.ofKind('ReplicaSet').filter(({ metadata, spec }) => {
        const owned = metadata.ownerReferences?.some(
          ({ name }: { name: string }) => name === workload.object.metadata.name,
        );
        return owned && spec?.replicas !== 0;
      }),
    ];
    const [condition] = owners
      .map((owner) => conditionOf(owner, 'ReplicaFailure'))
      .filter((found) => found?.status === 'True');
    const events = owners.flatMap((owner) => state.eventsOf(owner, 'FailedCreate'));
    const message = condition?.message ?? events[events.length - 1]?.message;
    const missing = workload.pods.length < workload.desired;
    // Each try names another pod, and says so in front. In a rollout the old pods are there while the new ones are refused.
    if (message && (condition || missing))
      yield { workload, message: message.replace(/^.*?pods "[^"]*" is forbidden: /, '') };
  }
}

/** How a container that ends again and again did so last. */
export function* ended(
  state: ClusterState,
): Generator<ContainerTrouble & { readonly how: NonNullable<ContainerState['ended']> }> {
  for (const trouble of troubledContainers(state)) {
    const { container } = trouble;
    const finished = container.init && container.ended?.exitCode === 0;
    // One that has run for longer than any back-off since then has another trouble now.
    const over = container.running && container.ended && state.secondsSince(container.ended.at) > STABLE_SECONDS;
    if (container.ended && !finished && !over) yield { ...trouble, how: container.ended };
  }
}

/** A finding about a workload: broken, or only its new pods while the old ones serve. */
export function ofWorkload({ name, readyPods }: WorkloadState, text: string, fix: string): Fault {
  return readyPods > 0
    ? { severity: 'error', subject: name, text: `${text}. What ran before still serves`, fix }
    : { severity: 'error', subject: name, text, fix };
}

/** `deployment/junjo-ai-studio-backend`. */
export function referenceOf({ object: { kind, metadata } }: WorkloadState): string {
  return `${kind.toLowerCase()}/${metadata.name}`;
}

/** Prints what a container said before it ended. */
export function previousLog(state: ClusterState, { pod, container }: Omit<ContainerTrouble, 'workload'>): string {
  // Of a Deployment, kubectl reads the log of a pod that is ready, and that is another one.
  const previous = container.running || container.restarts > 0 ? ['--previous'] : [];
  return state.command('logs', pod.name, '-c', container.name, ...previous);
}

/** Containers that ended by themselves and are started again. */
export interface Crash extends ContainerTrouble {
  readonly exitCode: number;
  /** The last lines that it wrote, where they could be read. */
  readonly log: string;
}

/** Every container that crashes; which cause it has, its log tells. */
export function* crashes(state: ClusterState): Generator<Crash> {
  for (const trouble of ended(state)) {
    const { container, how, pod } = trouble;
    const restarting = container.restarts > 0 || container.waiting?.reason === 'CrashLoopBackOff' || !container.running;
    if (restarting && how.reason !== 'OOMKilled')
      yield { ...trouble, exitCode: how.exitCode, log: state.logOf(pod, container) ?? how.message };
  }
}

/** The line of a log that says why: the last one that is no part of a trace, without what may be a secret. */
export function lastWords(log: string): string {
  const lines = log.split('\n').filter((line) => /^\S/.test(line) && line.trim() !== '');
  return withoutSecrets(lines[lines.length - 1] ?? '');
}

/** The last line of a log that begins so, without that beginning and what may be a secret. */
export function lineFrom(log: string, start: string): string | undefined {
  const line = log.split('\n').findLast((each) => each.startsWith(start));
  return line && withoutSecrets(line.slice(start.length).trim());
}

function withoutSecrets(words: string): string {
  const line = words.slice(0, 300);
  // pydantic repeats the value that it refuses; keys and tokens are long runs of the letters of base64.
  return line
    .replace(/input_value=.*?(?=, input_type=|$)/g, 'input_value=…')
    .replace(/\b(?!\w*Error\b)(\w*(?:secret|key|token|password)\w*['"]?\s*[:=]\s*)('[^']*'|"[^"]*"|\S+)/gi, '$1…')
    .replace(/:\/\/[^\s/@]+@/g, '://…@')
    .replace(/[A-Za-z0-9+/_-]{32,}={0,2}/g, '…');
}
