import { claimsOf } from '../../../render/manifest';
import type { Cause, Found } from '../cause';
import type { ClusterState, PodState } from '../cluster-state';
import { crashes, lastWords, ofWorkload, previousLog, referenceOf, STABLE_SECONDS, troubledContainers } from '../pods';

/** From here on a volume fills faster than a person looks. */
const FULL = 0.85;

/** A container with fewer restarts counts as well. */
const RESTARTS = 3;

export const runningCauses: readonly Cause[] = [
  // A container that started well stops answering, and is restarted for it.
  {
    name: 'liveness-failing',
    *findings(state) {
      yield* killedByProbe(state, 'liveness');
    },
  },
  // A container does not answer for as long as a start may take, and is restarted for it.
  {
    name: 'startup-failing',
    *findings(state) {
      yield* killedByProbe(state, 'startup');
    },
  },
  // The files on the volume belong to somebody else.
  {
    name: 'volume-permission-denied',
    *findings(state) {
      for (const crash of crashes(state)) {
        const { securityContext = {} } = crash.pod.object.spec ?? {};
        const told = /permission denied|EACCES|attempt to write a readonly database|unable to open database file/i.test(
          crash.log,
        );
        // What synth renders always has the group, so a pod without it was changed.
        const strange =
          crash.exitCode !== 0 &&
          crash.log === '' &&
          securityContext.fsGroup === undefined &&
          securityContext.runAsUser !== 0;
        if (claimsOf(crash.pod.object).length === 0 || (!told && !strange)) continue;
        const { runAsUser = 10001 } = securityContext;
        yield ofWorkload(
          crash.workload,
          told
            ? 'it may not write on its volume'
            : `it ends with code ${crash.exitCode}, and its pod has no fsGroup: it may not write on its volume`,
          strange
            ? `undo the patch that took fsGroup away; ${previousLog(state, crash)}`
            : `stop the studio and, once, on the volume: chown -R ${runAsUser}:${runAsUser} .`,
        );
      }
    },
  },
  // The volume has no room, or soon has none.
  {
    name: 'volume-full',
    *findings(state) {
      const fix =
        'set a larger JUNJO_K8S_STORAGE_SIZE, synth and apply (the class must allow it); else backup, new claim, restore';
      for (const crash of crashes(state)) {
        if (/no space left on device|ENOSPC|database or disk is full|disk quota exceeded/i.test(crash.log))
          yield ofWorkload(crash.workload, 'its volume is full', fix);
      }
      for (const [claim, { usedBytes, capacityBytes }] of state.volumes) {
        const share = usedBytes / capacityBytes;
        if (share < FULL) continue;
        yield { severity: 'warning', subject: `claim ${claim}`, text: `is ${Math.round(share * 100)} % full`, fix };
      }
    },
  },
  // Somebody else holds the lock of the databases: another pod that still stops, or a volume that cannot lock.
  {
    name: 'second-writer',
    *findings(state) {
      for (const crash of crashes(state)) {
        if (!/database is locked|could not set lock|conflicting lock|cannot acquire directory lock/i.test(crash.log))
          continue;
        yield ofWorkload(
          crash.workload,
          'another process has its databases locked',
          `${state.kubectl} get pods: wait until an old pod is gone, stop compose on that machine, and leave NFS and SMB`,
        );
      }
    },
  },
  // A container ends again and again; only its log says why.
  {
    name: 'crash-loop',
    *findings(state) {
      for (const crash of crashes(state)) {
        const { container, exitCode, log, workload } = crash;
        const words = lastWords(log);
        yield ofWorkload(
          workload,
          `${container.name} ends with code ${exitCode}, ${container.restarts} times so far${words ? `: ${words}` : ''}`,
          `${previousLog(state, crash)}; then correct the setting that it names`,
        );
      }
    },
  },
  // A container started well and does not answer, or not any more.
  {
    name: 'readiness-failing',
    *findings(state) {
      for (const { workload, pod, container } of troubledContainers(state)) {
        if (!container.running || !container.started || container.ready || container.init) continue;
        const said = complaint(state, pod, 'readiness');
        if (!said) continue;
        yield ofWorkload(
          workload,
          `${container.name} runs and does not answer${said}`,
          `${state.kubectl} logs ${referenceOf(workload)} -c ${container.name} --tail=50; undo any patch of its probes`,
        );
      }
    },
  },
  // A container that runs at this moment, between two crashes.
  {
    name: 'restarting',
    *findings(state) {
      for (const { name, object, healthy, pods } of state.workloads) {
        const [container] = pods
          .flatMap(({ containers }) => containers)
          .filter(
            ({ restarts, ended }) => restarts >= RESTARTS && ended && state.secondsSince(ended.at) < STABLE_SECONDS,
          );
        if (!healthy || !container?.ended) continue;
        yield {
          severity: 'warning',
          subject: name,
          text: `${container.name} was restarted ${container.restarts} times, last after it ended with code ${container.ended.exitCode}`,
          fix: `${state.kubectl} logs deployment/${object.metadata.name} -c ${container.name} --previous`,
        };
      }
    },
  },
];

/** Containers that the kubelet kills because a probe fails; they look like programs that ended by themselves. */
function* killedByProbe(state: ClusterState, probe: 'liveness' | 'startup'): Generator<Found> {
  for (const workload of state.workloads) {
    for (const pod of workload.pods) {
      const kill = state
        .eventsOf(pod.object, 'Killing')
        .filter(({ message }) => message.includes(`failed ${probe} probe`))
        .pop();
      if (!kill || state.secondsSince(kill.last) > STABLE_SECONDS) continue;
      const container = /Container (\S+)/.exec(kill.message)?.[1] ?? '';
      const text = `the kubelet restarts ${container} because its ${probe} probe fails${complaint(state, pod, probe)}`;
      const fix = `${state.kubectl} logs ${referenceOf(workload)} -c ${container} --previous; undo any patch of its probes`;
      if (!workload.healthy) yield ofWorkload(workload, text, fix);
      else yield { severity: 'warning', subject: workload.name, text, fix };
    }
  }
}

/** What a probe said last, in brackets. */
function complaint(state: ClusterState, pod: PodState, probe: string): string {
  const said = state
    .eventsOf(pod.object, 'Unhealthy')
    .filter(({ message }) => message.toLowerCase().startsWith(`${probe} probe`))
    .pop();
  const words = said?.message.replace(/^\w+ probe (failed|errored)[^:]*: /, '');
  return words ? ` (${words})` : '';
}
