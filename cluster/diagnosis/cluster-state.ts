import { intakeName, qdrantName, workloadNames } from '../../config/names';
import {
  conditionOf,
  type Fields,
  fieldsOf,
  listOf,
  type Manifest,
  type Manifests,
  matches,
} from '../../render/manifest';
import type { Kubectl } from '../kubectl';
import { ClusterView } from '../view';

/** An event of either API version. */
export interface ClusterEvent {
  readonly reason: string;
  readonly message: string;
  /** Of the type Warning. */
  readonly warns: boolean;
  readonly count: number;
  /** When it first occurred. */
  readonly first: Date;
  /** When it last occurred. */
  readonly last: Date;
}

/** A container of a pod, as the kubelet reports it. */
export interface ContainerState {
  readonly name: string;
  /** It runs before the other containers. Unless it is a sidecar, it runs to completion. */
  readonly init: boolean;
  /** It starts before the other containers and keeps running: an init container with `restartPolicy: Always`, since Kubernetes 1.28. */
  readonly sidecar: boolean;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restarts: number;
  readonly running: boolean;
  /** When it was started. @default it is not running */
  readonly runningSince?: string;
  /** Why it is not running yet, or no longer running. */
  readonly waiting?: { readonly reason: string; readonly message: string };
  /** How its last run ended. It may be running again. */
  readonly ended?: {
    readonly reason: string;
    readonly exitCode: number;
    readonly message: string;
    readonly startedAt: string;
    readonly at: Date;
  };
  /** Its limits and requests. */
  readonly resources: Fields;
  readonly image: string;
}

/** A pod that exists. */
export interface PodState {
  readonly object: Manifest;
  readonly name: string;
  readonly containers: readonly ContainerState[];
  readonly ready: boolean;
  /** Its phase is Succeeded or Failed. */
  readonly over: boolean;
  /** It is being deleted. */
  readonly ending: boolean;
}

/** A Deployment or StatefulSet of the studio, and its pods. */
export interface WorkloadState {
  readonly object: Manifest;
  /** Its component: `backend`. */
  readonly name: string;
  readonly desired: number;
  /** All its pods are ready and current, and no old pod is left. */
  readonly healthy: boolean;
  /** Number of ready pods. If pods cannot be read, this is the count of its controller. */
  readonly readyPods: number;
  /** Pods that have not ended and are not being deleted. */
  readonly pods: readonly PodState[];
  /** All pods, including those that have ended or are being deleted. */
  readonly allPods: readonly PodState[];
}

/** What belongs to a state besides its objects. */
export interface StateOptions {
  readonly namespace: string;
  readonly now: Date;
  /** The last lines of containers that ended, by `pod/container`. @default not read */
  readonly logs?: ReadonlyMap<string, string>;
  /** How full the volume of a claim is, by the name of the claim. @default not known */
  readonly volumes?: ReadonlyMap<string, VolumeUse>;
  /** Resources that could not be read. Objects of these may exist. @default all were read */
  readonly unread?: readonly string[];
  /** The studio as it is rendered. @default not known */
  readonly rendered?: Manifests;
  /** The kubectl that read the objects. Its flags are in the commands of advice. @default one without a context */
  readonly kubectl?: Kubectl;
}

/** How full a volume is, in bytes. */
export interface VolumeUse {
  readonly usedBytes: number;
  readonly capacityBytes: number;
}

/** A studio as a cluster shows it at one moment, with the logs of its containers and the use of its volumes. */
export class ClusterState extends ClusterView {
  readonly now: Date;
  readonly workloads: readonly WorkloadState[];
  readonly volumes: ReadonlyMap<string, VolumeUse>;
  /** The studio as it is rendered, where that is known. */
  readonly rendered?: Manifests;
  private readonly logs: ReadonlyMap<string, string>;

  constructor(
    objects: readonly Manifest[],
    { namespace, now, logs = new Map(), volumes = new Map(), unread, rendered, kubectl }: StateOptions,
  ) {
    super(objects, namespace, unread, kubectl);
    this.now = now;
    this.logs = logs;
    this.rendered = rendered;
    this.volumes = volumes;
    this.workloads = [...this.ofKind('Deployment'), ...this.ofKind('StatefulSet')]
      .filter(isOfStudio)
      .map((object) => this.workload(object));
  }

  /** Workloads that should run and are not healthy. */
  get unhealthy(): readonly WorkloadState[] {
    return this.workloads.filter(({ healthy, desired }) => !healthy && desired > 0);
  }

  /** The events of an object, oldest first. */
  eventsOf({ kind, metadata }: Manifest, reason?: string): ClusterEvent[] {
    return (
      this.ofKind('Event')
        .filter(({ involvedObject }) => involvedObject?.kind === kind && involvedObject.name === metadata.name)
        // A claim, or a pod of a StatefulSet, that was deleted leaves its events to the next of its name.
        .filter(({ involvedObject: { uid } }) => !uid || !metadata.uid || uid === metadata.uid)
        .map(eventOf)
        .filter((event) => reason === undefined || event.reason === reason)
        .sort((a, b) => a.last.getTime() - b.last.getTime())
    );
  }

  /** The last lines of a container before it ended, where they were read. */
  logOf(pod: PodState, container: ContainerState): string | undefined {
    return this.logs.get(`${pod.name}/${container.name}`);
  }

  /** Seconds since a time. @returns 0 if the time is not valid */
  secondsSince(time: Date | string): number {
    return (this.now.getTime() - new Date(time).getTime()) / 1000 || 0;
  }

  /** A wait for the controller of an object, which normally answers within the given seconds. */
  unanswered({ metadata }: Manifest, allowedSeconds: number) {
    return { severity: 'wait', since: metadata.creationTimestamp ?? new Date(0), allowedSeconds } as const;
  }

  /** Whether the whole namespace is being deleted. */
  get endsNamespace(): boolean {
    const namespace = this.named('Namespace', this.namespace);
    return namespace?.status?.phase === 'Terminating' || namespace?.metadata.deletionTimestamp !== undefined;
  }

  private workload(object: Manifest): WorkloadState {
    const { replicas: desired = 1, selector } = fieldsOf(object.spec);
    const status = fieldsOf(object.status);
    const allPods = this.ofKind('Pod')
      .filter(({ metadata }) => matches(selector, fieldsOf(metadata.labels)))
      .map(podOf);
    const current = (status.observedGeneration ?? 0) >= (object.metadata.generation ?? 0);
    const complete = [status.updatedReplicas, status.replicas, status.readyReplicas].every((n) => (n ?? 0) === desired);
    return {
      object,
      name: String(fieldsOf(object.metadata.labels)['app.kubernetes.io/component'] ?? object.metadata.name),
      desired,
      healthy: current && complete,
      readyPods: this.canRead('pods')
        ? allPods.filter(({ ready, over, ending }) => ready && !over && !ending).length
        : (status.readyReplicas ?? 0),
      pods: allPods.filter(({ over, ending }) => !over && !ending),
      allPods,
    };
  }
}

/** Whether a workload is part of a studio. The namespace may contain others. */
function isOfStudio({ metadata }: Manifest): boolean {
  const { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': partOf } = fieldsOf(metadata.labels);
  return (
    [name, partOf].includes('junjo-ai-studio') ||
    [...Object.values(workloadNames), qdrantName, intakeName].includes(metadata.name)
  );
}

function eventOf(event: Fields): ClusterEvent {
  const { type, reason, message, count, series, firstTimestamp, lastTimestamp, eventTime, metadata } = event;
  return {
    reason: String(reason ?? ''),
    message: String(message ?? '').trim(),
    warns: type === 'Warning',
    count: count ?? series?.count ?? 1,
    first: new Date(firstTimestamp ?? eventTime ?? metadata?.creationTimestamp ?? 0),
    last: new Date(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata?.creationTimestamp ?? 0),
  };
}

function podOf(object: Manifest): PodState {
  const { phase, initContainerStatuses, containerStatuses } = fieldsOf(object.status);
  const specs = [...listOf(object.spec?.initContainers), ...listOf(object.spec?.containers)];
  const state = (init: boolean) => (status: Fields) => containerOf(status, init, specs);
  return {
    object,
    name: object.metadata.name,
    containers: [...listOf(initContainerStatuses).map(state(true)), ...listOf(containerStatuses).map(state(false))],
    ready: conditionOf(object, 'Ready')?.status === 'True',
    over: phase === 'Succeeded' || phase === 'Failed',
    ending: object.metadata.deletionTimestamp !== undefined,
  };
}

function containerOf(status: Fields, init: boolean, specs: readonly Fields[]): ContainerState {
  const { name, ready, started, restartCount, state, lastState, image } = status;
  const ended = state?.terminated ?? lastState?.terminated;
  const spec = specs.find((container) => container.name === name);
  return {
    name,
    init,
    sidecar: init && spec?.restartPolicy === 'Always',
    ready: ready === true,
    started: started === true,
    restarts: restartCount ?? 0,
    running: state?.running !== undefined,
    runningSince: state?.running?.startedAt,
    waiting: state?.waiting && {
      reason: String(state.waiting.reason ?? ''),
      message: String(state.waiting.message ?? ''),
    },
    ended: ended && {
      reason: ended.reason ?? '',
      exitCode: ended.exitCode ?? 0,
      message: String(ended.message ?? ''),
      startedAt: ended.startedAt ?? '',
      at: new Date(ended.finishedAt ?? 0),
    },
    resources: fieldsOf(spec?.resources),
    image: String(spec?.image ?? image ?? ''),
  };
}
