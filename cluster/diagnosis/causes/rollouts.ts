import { conditionOf, type Fields, fieldsOf, listOf, type Manifest } from '../../../render/manifest';
import { advice, type Cause, type Waiting } from '../cause';
import type { ClusterState, ContainerState, PodState, WorkloadState } from '../cluster-state';
import { ofWorkload, referenceOf, troubledContainers } from '../pods';

/** An old pod has this long to be gone after its time is over. */
const OLD_POD_ENDING_LATE_SECONDS = 60;

/** A sidecar starts within seconds. After so many seconds of failing probes it is broken, whatever its probe allows. */
const SIDECAR_SECONDS = 300;

/** Reasons of pods that ran, and that their node ended. */
const ENDED_BY_NODE = ['Terminated', 'NodeShutdown', 'Shutdown', 'Preempting', 'NodeLost'];

/** The sysctl of a frontend that listens on a port below 1024. */
const PORT_SYSCTL = 'net.ipv4.ip_unprivileged_port_start';

/**
 * A sidecar that does not start: the containers after it wait for it, and only its own status and probe tell.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export const sidecarNotStarting: Cause = {
  name: 'sidecar-not-starting',
  *findings(state) {
    for (const { workload, pod, container } of troubledContainers(state)) {
      const { name, sidecar, started, running, runningSince, ended, waiting, restarts } = container;
      if (!sidecar || started) continue;
      const title = `its sidecar ${titleOf(workload, container)}`;
      const held = 'The containers after it wait for it';
      const crashes = ended && (restarts > 0 || waiting?.reason === 'CrashLoopBackOff');
      if (crashes) {
        yield ofWorkload(
          workload,
          `${title} exits with code ${ended.exitCode} (${ended.reason}), ${restarts} times so far. ${held}`,
          sidecarAdvice(state, workload, pod, container, running ? ['--previous'] : []),
        );
        continue;
      }
      // An image that is being pulled, or cannot be pulled, is another cause.
      if (!running || runningSince === undefined) continue;
      const probe = fieldsOf(specOf(pod, name)?.startupProbe);
      const failed = state
        .eventsOf(pod.object, 'Unhealthy')
        .filter(({ message }) => message.startsWith('Startup probe failed'))
        .pop();
      const allowed = Math.max(SIDECAR_SECONDS, allowanceOf(probe));
      yield {
        severity: 'wait',
        subject: workload.name,
        since: runningSince,
        allowedSeconds: failed ? SIDECAR_SECONDS : allowed,
        text: `${title} is running but is not ready${failed ? ` (${failed.message.replace(/^Startup probe failed: /, '')})` : ''}. ${held}`,
        fix: advice(
          'Wait until it is ready. Then the containers after it start. The command shows how the pods change',
          state.command('get', 'pods', '--watch'),
        ),
        lateFix: sidecarAdvice(state, workload, pod, container, ['--tail=50']),
      };
    }
  },
};

export const rolloutCauses: readonly Cause[] = [
  // The next pod starts when the last one is gone, so that there is never a second writer.
  {
    name: 'old-pod-ending',
    *findings(state) {
      for (const workload of state.unhealthy) {
        const [old] = workload.allPods.filter(({ ending, over }) => ending && !over);
        if (!old || workload.pods.length > 0) continue;
        // The time of the deletion plus the grace period, so it can be in the future.
        const deadline = new Date(old.object.metadata.deletionTimestamp);
        const grace = old.object.metadata.deletionGracePeriodSeconds ?? 0;
        const finalizers = old.object.metadata.finalizers ?? [];
        yield {
          severity: 'wait',
          since: new Date(deadline.getTime() - grace * 1000),
          allowedSeconds: grace + OLD_POD_ENDING_LATE_SECONDS,
          subject: workload.name,
          text: `waits for its old pod ${old.name} to end${finalizers.length > 0 ? `. These finalizers block it: ${finalizers.join(', ')}` : ''}`,
          fix: advice(
            'Wait until the old pod has closed its databases and ended. The command shows how the pods change',
            state.command('get', 'pods', '--watch'),
          ),
          lateFix: endAdvice(state, old, finalizers),
        };
      }
    },
  },
  // A node ended a pod because it used too much; it stays in the list, and another took its place.
  {
    name: 'evicted',
    *findings(state) {
      for (const workload of state.workloads) {
        const evicted = workload.allPods.flatMap(({ object, over, name }) => {
          const event = over ? state.eventsOf(object, 'Evicted').pop() : undefined;
          // Where its containers ended by themselves the pod has succeeded, and only the event tells.
          const why =
            event?.message ?? (over && object.status?.reason === 'Evicted' ? String(object.status.message) : undefined);
          return why === undefined ? [] : [{ object, name, why }];
        });
        const madeAt = ({ object }: { object: Manifest }) => String(object.metadata.creationTimestamp ?? '');
        const [last] = [...evicted].sort((a, b) => madeAt(b).localeCompare(madeAt(a)));
        if (last) {
          const { object, name, why } = last;
          yield {
            severity: workload.healthy || workload.pods.length > 0 ? 'warning' : 'error',
            subject: `${workload.name}, pod ${name}`,
            text: `was evicted${evicted.length > 1 ? ` (the last of ${evicted.length} evictions)` : ''}: ${why.trim().replace(/\.$/, '')}`,
            fix: advice(
              evictionAdvice(why),
              state.command('delete', 'pod', ...evicted.map((each) => each.name)),
              ...(object.spec?.nodeName ? [state.clusterCommand('describe', 'node', object.spec.nodeName)] : []),
            ),
          };
        }
      }
    },
  },
  // A node rejected a pod that was scheduled to it: because of a sysctl, a lack of room, or a shutdown.
  {
    name: 'pod-rejected',
    *findings(state) {
      for (const workload of state.unhealthy) {
        const refusals = workload.allPods.filter(({ object }) => {
          const { phase, reason } = object.status ?? {};
          return phase === 'Failed' && reason && reason !== 'Evicted';
        });
        const madeAt = ({ object }: (typeof refusals)[number]) => String(object.metadata.creationTimestamp ?? '');
        const [last] = [...refusals].sort((a, b) => madeAt(b).localeCompare(madeAt(a)));
        // A later pod replaced it: the rejection is history, as after a node's shutdown.
        if (!last || workload.pods.some((pod) => madeAt(pod) > madeAt(last))) continue;
        const { reason = '', message = '' } = last.object.status ?? {};
        const node = String(last.object.spec?.nodeName ?? '');
        const times = refusals.length > 1 ? `, the last of ${refusals.length} pods` : '';
        yield ofWorkload(
          workload,
          `its node ${node} ${ENDED_BY_NODE.includes(reason) ? 'ended' : 'rejected'} the pod ${last.name}${times} (${reason}): ${message.trim().replace(/\.$/, '')}`,
          advice(
            rejectionAdvice(reason, message, workload),
            deleteFailed(state, workload),
            state.clusterCommand('describe', 'node', node),
          ),
        );
      }
    },
  },
  // The rollout took longer than it may, and no other cause explains it.
  {
    name: 'deadline-exceeded',
    *findings(state) {
      for (const workload of state.unhealthy) {
        if (conditionOf(workload.object, 'Progressing')?.reason !== 'ProgressDeadlineExceeded') continue;
        const { progressDeadlineSeconds: seconds = 600 } = fieldsOf(workload.object.spec);
        const [pod] = workload.pods.filter(({ ready }) => !ready);
        yield ofWorkload(
          workload,
          `its rollout did not finish within ${seconds} s`,
          advice(...(pod ? whatHoldsUp(state, pod) : whatControllerSays(state, workload.object))),
        );
      }
    },
  },
  // A change rolls the pods.
  {
    name: 'rollout-in-progress',
    *findings(state) {
      for (const workload of state.unhealthy) {
        if (!hasNewVersion(workload.object)) continue;
        const { text, ...wait } = startOf(state, workload);
        yield {
          ...wait,
          subject: workload.name,
          text: `its new version ${text}`,
          fix: advice(
            'Wait until the new version is ready. The command waits for it, for at most ten minutes',
            state.command('rollout', 'status', referenceOf(workload), '--timeout=10m'),
          ),
        };
      }
    },
  },
  // Nothing is wrong so far: it was applied a moment ago.
  {
    name: 'starting',
    *findings(state) {
      for (const workload of state.unhealthy) {
        yield {
          ...startOf(state, workload),
          subject: workload.name,
          fix: advice(
            'Wait until its pod is ready. The command shows how the pods change',
            state.command('get', 'pods', '--watch'),
          ),
        };
      }
    },
  },
];

/** Whether a workload was changed since it was made: a Deployment counts its versions, a StatefulSet names the last two. */
function hasNewVersion({ metadata, status }: Manifest): boolean {
  const revision = Number(fieldsOf(metadata.annotations)['deployment.kubernetes.io/revision'] ?? 1);
  return revision > 1 || status?.currentRevision !== status?.updateRevision;
}

/** How far the start of a workload is, since when, and for how long that is normal. */
function startOf(
  state: ClusterState,
  workload: WorkloadState,
): Pick<Waiting, 'severity' | 'text' | 'since' | 'allowedSeconds' | 'lateFix'> {
  const { object, pods } = workload;
  const [pod] = pods.filter(({ ready }) => !ready);
  const severity = 'wait';
  if (!pod) {
    const since =
      conditionOf(object, 'Progressing')?.lastUpdateTime ?? object.metadata.creationTimestamp ?? new Date(0);
    const text = state.canRead('pods') ? 'has no pod yet' : 'is not ready, and you cannot read its pods';
    return { severity, text, since, lateFix: advice(...whatControllerSays(state, object)) };
  }
  const lateFix = advice(...whatHoldsUp(state, pod));
  const running = unreadyContainer(pod);
  const since = pod.object.metadata.creationTimestamp ?? state.now;
  if (!running && pod.containers.length > 0 && pod.containers.every((each) => each.ready || each.init)) {
    const { reason, message, lastTransitionTime } = fieldsOf(conditionOf(pod.object, 'Ready'));
    const why = message || reason;
    const text = `is running, but its pod is not ready${why ? ` (${why})` : ''}`;
    return { severity, text, since: lastTransitionTime ?? since, lateFix };
  }
  if (!running) return { severity, text: 'has not started its containers yet', since, lateFix };
  if (running.init) {
    const text = `is running its init container ${titleOf(workload, running)}`;
    return { severity, text, since: running.runningSince ?? since, lateFix };
  }
  const probe = running.started ? undefined : specOf(pod, running.name)?.startupProbe;
  const unanswered = `has not passed its ${running.started ? 'readiness' : 'startup'} probe yet`;
  return {
    severity,
    text: isInjected(workload, running.name)
      ? `waits for its container ${titleOf(workload, running)}, which ${unanswered}`
      : `is running but ${unanswered}`,
    since: running.runningSince ?? since,
    ...(probe && { allowedSeconds: allowanceOf(probe) }),
    lateFix,
  };
}

/** The container for which the others of its pod, or their users, wait. */
function unreadyContainer({ containers }: PodState): ContainerState | undefined {
  return containers.find(({ running, ready, sidecar, started }) => running && !ready && !(sidecar && started));
}

/** What to look at when a pod makes no progress. Events expire after an hour unless they are repeated. */
function whatHoldsUp(state: ClusterState, pod: PodState): [string, ...string[]] {
  const container = unreadyContainer(pod);
  const describe = state.command('describe', 'pod', pod.name);
  if (container)
    return [
      `Read the log of the container ${container.name} and the events of the pod ${pod.name}. They show what it waits for`,
      state.command('logs', pod.name, '-c', container.name, '--tail=50'),
      describe,
    ];
  if (state.eventsOf(pod.object).length > 0 || !state.canRead('events'))
    return [`Read the events of the pod ${pod.name}`, describe];
  return [
    `Delete the pod ${pod.name}, which runs nothing, and read the events of the next pod. The old events are gone: a cluster keeps them for an hour`,
    state.command('delete', 'pod', pod.name),
    state.command('get', 'events', '--watch', '--field-selector=involvedObject.kind=Pod'),
  ];
}

/** What to look at when there is no pod. */
function whatControllerSays(state: ClusterState, { kind, metadata }: Manifest): [string, ...string[]] {
  return [
    `Read what the ${kind} and the events report`,
    state.command('describe', kind.toLowerCase(), metadata.name),
    state.command('get', 'events', '--sort-by=.lastTimestamp'),
  ];
}

/** The name of a container in a message: with its image if another tool added the container to the pod. */
function titleOf(workload: WorkloadState, { name, image }: ContainerState): string {
  return isInjected(workload, name) ? `${name} (${image}, not part of the studio)` : name;
}

/** Whether something added a container to the pod: a mesh, or an agent that brings secrets. */
function isInjected({ object }: WorkloadState, name: string): boolean {
  const { containers, initContainers } = fieldsOf(object.spec?.template?.spec);
  return ![...listOf(containers), ...listOf(initContainers)].some((each) => each.name === name);
}

function specOf({ object }: PodState, name: string): Fields | undefined {
  return [...listOf(object.spec?.initContainers), ...listOf(object.spec?.containers)].find(
    (each) => each.name === name,
  );
}

/** Seconds after which the kubelet has given a probe up, and has restarted the container. */
function allowanceOf(probe: Fields): number {
  const { failureThreshold = 3, periodSeconds = 10, initialDelaySeconds = 0 } = probe;
  return initialDelaySeconds + (failureThreshold + 1) * periodSeconds;
}

function sidecarAdvice(
  state: ClusterState,
  workload: WorkloadState,
  pod: PodState,
  { name, image }: ContainerState,
  options: readonly string[],
): string {
  const whose = isInjected(workload, name)
    ? `. Ask the owner of the tool that adds ${image} to the pods to fix it: no setting of the studio can`
    : '';
  return advice(
    `Read the log of the sidecar ${name}, and the events of its pod${whose}`,
    state.command('logs', pod.name, '-c', name, ...options),
    state.command('describe', 'pod', pod.name),
  );
}

/** How to end an old pod. Two writers damage the databases, so it is forced only where its node is known to be down. */
function endAdvice(state: ClusterState, old: PodState, finalizers: readonly string[]): string {
  const node = String(old.object.spec?.nodeName);
  const describe = state.command('describe', 'pod', old.name);
  if (finalizers.length > 0)
    return advice('Ask the owner of the finalizers to remove them. The pod is gone when none is left', describe);
  const found = state.named('Node', node);
  const isDown = found ? conditionOf(found, 'Ready')?.status !== 'True' : state.canRead('nodes');
  return isDown
    ? advice(
        `Force the deletion only if the machine of the node ${node} is off. The node does not answer, but the old pod may still run there. Two pods that write the databases damage them`,
        state.command('delete', 'pod', old.name, '--force'),
      )
    : advice(
        `Read the events of the pod: the kubelet of its node ${node} has not ended it. If the events do not say why, restart that kubelet`,
        describe,
        state.clusterCommand('describe', 'node', node),
      );
}

/** How to prevent the next eviction, and how to remove evicted pods from the list. */
function evictionAdvice(why: string): string {
  const remove = 'The first command deletes what is left of the evicted pods';
  const [, volume] = /EmptyDir volume "([^"]+)"/.exec(why) ?? [];
  if (volume !== undefined)
    return `Find out what fills the volume ${volume}. If it needs more room, raise the sizeLimit of that emptyDir with a patch: no setting changes it. ${remove}`;
  if (/(ephemeral local|local ephemeral) storage/.test(why))
    return `Raise the limit of ephemeral-storage. The studio sets none: the limit comes from a LimitRange of the namespace, or from a patch. ${remove}`;
  if (/resource: memory|MemoryPressure/.test(why))
    return `Free memory on the node: other pods there use more than they request. A larger JUNJO_K8S_SIZE requests more. ${remove}`;
  if (/ephemeral-storage|nodefs|imagefs|inodes|DiskPressure/.test(why))
    return `Free space on the disk of the node. Images, logs and emptyDirs fill it, not the volume with the data. ${remove}`;
  return `Find out what the node lacks. ${remove}`;
}

/** https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/lifecycle/predicate.go, and the kubelet's other handlers. */
function rejectionAdvice(reason: string, message: string, { object }: WorkloadState): string {
  const remove = 'The first command deletes the failed pods, which no longer run';
  const [, sysctl = PORT_SYSCTL] = /((?:net|kernel|fs|vm)\.[\w.]+)/.exec(message) ?? [];
  if (reason === 'SysctlForbidden' && sysctl === PORT_SYSCTL)
    return `Upgrade the node, add ${sysctl} to allowedUnsafeSysctls of its kubelet, or choose other nodes with JUNJO_K8S_NODE_SELECTOR. nginx needs this sysctl to listen on port 80, and every kubelet since 1.22 allows it. ${remove}`;
  if (reason === 'SysctlForbidden')
    return `Remove the patch or the webhook that sets the sysctl ${sysctl} for ${object.metadata.name}, or allow it in the kubelet of the node (allowedUnsafeSysctls). ${remove}`;
  if (reason.startsWith('OutOf'))
    return `Make room on the node: it has less room than the scheduler expected. Or choose a smaller JUNJO_K8S_SIZE, or other nodes with JUNJO_K8S_NODE_SELECTOR. ${remove}`;
  if (reason === 'NodeAffinity')
    return `Restore the labels of the node that JUNJO_K8S_NODE_SELECTOR and the volume require. They changed after the pod was scheduled there. ${remove}`;
  if (ENDED_BY_NODE.includes(reason))
    return `Start the node again, or make room on another node. Kubernetes creates the pod again when a node accepts it. ${remove}`;
  if (reason === 'AppArmor')
    return `Load the AppArmor profile on the node, or remove the patch or the webhook that requires it. ${remove}`;
  if (reason === 'UnexpectedAdmissionError')
    return `Check the device plugins and the kubelet of the node. A restart of that kubelet often helps. ${remove}`;
  return `Check the conditions of the node. ${remove}`;
}

/** Failed pods are over. Only those of this workload are deleted: other pods of the namespace may be of a Job. */
function deleteFailed(state: ClusterState, { object }: WorkloadState): string {
  const labels = Object.entries(fieldsOf(object.spec?.selector?.matchLabels)).map(([key, value]) => `${key}=${value}`);
  return state.command('delete', 'pods', '-l', labels.join(), '--field-selector=status.phase=Failed');
}
