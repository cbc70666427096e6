import { conditionOf, fieldsOf, listOf } from '../../../render/manifest';
import { advice, type Cause, type Waiting } from '../cause';
import type { ClusterState, PodState, WorkloadState } from '../cluster-state';
import { ofWorkload, referenceOf } from '../pods';

/** An old pod has this long to be gone after its time is over. */
const OLD_POD_ENDING_LATE_SECONDS = 60;

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
          text: `waits for its old pod ${old.name} to end${finalizers.length > 0 ? `; finalizers hold it: ${finalizers.join(', ')}` : ''}`,
          fix: advice('wait', state.command('get', 'pods', '--watch')),
          lateFix: advice(
            `is its node ${old.object.spec?.nodeName} alive? Only when that machine is off, force the deletion`,
            state.clusterCommand('get', 'node', String(old.object.spec?.nodeName)),
            state.command('delete', 'pod', old.name, '--force'),
          ),
        };
      }
    },
  },
  // A node ended a pod because it used too much; it stays in the list, and another took its place.
  {
    name: 'evicted',
    *findings(state) {
      for (const workload of state.workloads) {
        for (const { object, over, name } of workload.allPods) {
          if (!over) continue;
          const event = state.eventsOf(object, 'Evicted').pop();
          // Where its containers ended by themselves the pod has succeeded, and only the event tells.
          const why = event?.message ?? (object.status?.reason === 'Evicted' ? object.status.message : undefined);
          if (why === undefined) continue;
          yield {
            severity: workload.healthy || workload.pods.length > 0 ? 'warning' : 'error',
            subject: `${workload.name}, pod ${name}`,
            text: `was evicted: ${why.trim().replace(/\.$/, '')}`,
            fix: `give it more room (a larger JUNJO_K8S_SIZE, a node with more disk), then: ${state.kubectl} delete pod ${name}`,
          };
        }
      }
    },
  },
  // A node refused a pod that was meant for it: a sysctl that it does not allow, no room after all, a shutdown.
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
        // One that was made after it goes its own way: the refusal is history, as after a node's shutdown.
        if (!last || workload.pods.some((pod) => madeAt(pod) > madeAt(last))) continue;
        const { reason, message = '' } = last.object.status ?? {};
        yield ofWorkload(
          workload,
          `its node ${last.object.spec?.nodeName ?? ''} refused the pod ${last.name} (${reason}): ${message.trim().replace(/\.$/, '')}`,
          `look at the node (kubectl describe node ${last.object.spec?.nodeName ?? '<node>'}), then: ${state.kubectl} delete pods --field-selector=status.phase=Failed`,
        );
      }
    },
  },
  // The rollout took longer than it may, and nothing else tells why.
  {
    name: 'deadline-exceeded',
    *findings(state) {
      for (const workload of state.unhealthy) {
        if (conditionOf(workload.object, 'Progressing')?.reason !== 'ProgressDeadlineExceeded') continue;
        yield ofWorkload(
          workload,
          'its rollout did not finish in time',
          `${state.kubectl} describe ${referenceOf(workload)}`,
        );
      }
    },
  },
  // A change rolls the pods.
  {
    name: 'rollout-in-progress',
    *findings(state) {
      for (const workload of state.unhealthy) {
        const revision = Number(
          fieldsOf(workload.object.metadata.annotations)['deployment.kubernetes.io/revision'] ?? 1,
        );
        if (revision < 2) continue;
        const { text, ...wait } = startOf(state, workload);
        yield {
          ...wait,
          subject: workload.name,
          text: `its new version ${text}`,
          fix: advice('wait', state.command('rollout', 'status', referenceOf(workload), '--timeout=10m')),
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
          fix: advice('wait', state.command('get', 'pods', '--watch')),
        };
      }
    },
  },
];

/** How far the start of a workload is, since when, and for how long that is normal. */
function startOf(
  state: ClusterState,
  { object, pods }: WorkloadState,
): Pick<Waiting, 'severity' | 'text' | 'since' | 'allowedSeconds' | 'lateFix'> {
  const [pod] = pods.filter(({ ready }) => !ready);
  const severity = 'wait';
  if (!pod) {
    const since =
      conditionOf(object, 'Progressing')?.lastUpdateTime ?? object.metadata.creationTimestamp ?? new Date(0);
    const lateFix = advice(
      'what its controller and the events say',
      state.command('describe', object.kind.toLowerCase(), object.metadata.name),
      state.command('get', 'events', '--sort-by=.lastTimestamp'),
    );
    const text = state.canRead('pods') ? 'has no pod yet' : 'is not ready; you cannot read its pods';
    return { severity, text, since, lateFix };
  }
  const lateFix = advice(...whatHoldsUp(state, pod));
  const running = pod.containers.find(
    ({ running: runs, ready, sidecar, started }) => runs && !ready && !(sidecar && started),
  );
  const since = pod.object.metadata.creationTimestamp ?? state.now;
  if (!running) return { severity, text: 'is being made', since, lateFix };
  if (running.init) {
    const text = `runs its init container ${running.name}`;
    return { severity, text, since: running.runningSince ?? since, lateFix };
  }
  const probes = listOf(pod.object.spec?.containers).find(({ name }) => name === running.name);
  const probe = running.started ? 'readinessProbe' : 'startupProbe';
  const { failureThreshold = 3, periodSeconds = 10, initialDelaySeconds = 0 } = fieldsOf(probes?.[probe]);
  return {
    severity,
    text: `runs and has not answered its ${running.started ? 'readiness' : 'startup'} probe yet`,
    since: running.runningSince ?? since,
    allowedSeconds: Math.max(600, initialDelaySeconds + failureThreshold * periodSeconds),
    lateFix,
  };
}

/** What to look at when a pod does not get ahead. Events expire after an hour unless they are repeated. */
function whatHoldsUp(state: ClusterState, pod: PodState): [string, ...string[]] {
  const [container] = pod.containers.filter(({ running, ready }) => running && !ready);
  const describe = state.command('describe', 'pod', pod.name);
  if (container)
    return [
      'its log, and what its events say',
      state.command('logs', pod.name, '-c', container.name, '--tail=50'),
      describe,
    ];
  if (state.eventsOf(pod.object).length > 0 || !state.canRead('events')) return ['what its events say', describe];
  return [
    'its events are gone: a cluster keeps them for an hour. A new pod shows them again',
    state.command('delete', 'pod', pod.name),
    state.command('get', 'events', '--watch', '--field-selector=involvedObject.kind=Pod'),
  ];
}
