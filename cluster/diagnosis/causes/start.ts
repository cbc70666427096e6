import { GUARD_CONTAINER } from '../../../charts/upgrade-guard';
import { workloadNames } from '../../../config/names';
import { fieldsOf } from '../../../render/manifest';
import { advice, type Cause } from '../cause';
import type { ClusterState, ContainerState } from '../cluster-state';
import { tellingLine } from '../log';
import {
  type Crash,
  codeOf,
  ended,
  ofWorkload,
  previousLog,
  processorAdvice,
  refusedByProcessor,
  STABLE_SECONDS,
  unreadLog,
  waiting,
} from '../pods';

/** For how long a kill is worth a word when the container runs again. */
const REPORTED_SECONDS = 3600;

/** The line with which the guard begins a refusal in its log. */
const REFUSES = 'upgrade-guard stops the start.';

/** How a container ends that was not started. */
const NOT_STARTED = ['StartError', 'ContainerCannotRun', 'RunContainerError', 'CreateContainerError'];

/**
 * What runc (libcontainer/process_linux.go, cgroups fs/memory.go), CRI-O and Docker say of a limit in which a container does not
 * even start. Of one whose first process was killed for it, containerd only finds that it is over: "cannot start a stopped process".
 */
const MEMORY_TOO_LOW =
  /cannot start a stopped process|memory limit too low|OOM-killed|memory\.(?:max|limit_in_bytes)|unable to set memory limit|memory limit \d+ too low|minimum memory limit/i;

export const startCauses: readonly Cause[] = [
  // The upgrade guard found the data of another release line, and keeps the studio from starting on it.
  {
    name: 'guard-tripped',
    *findings(state) {
      for (const trouble of ended(state)) {
        const { workload, pod, container, how } = trouble;
        const refusal = container.name === GUARD_CONTAINER && refusalOf(how, state.logOf(pod, container) ?? '');
        if (!refusal) continue;
        yield ofWorkload(
          workload,
          refusal.replace(/\s*\n\s*/g, ' '),
          advice(
            'Decide as the guard says; until then the data stays as it is. The command shows its whole message',
            previousLog(state, trouble),
          ),
        );
      }
    },
  },
  // The upgrade guard ended before it had judged the data.
  {
    name: 'guard-crashed',
    *findings(state) {
      for (const trouble of ended(state)) {
        const { workload, pod, container, how } = trouble;
        if (container.name !== GUARD_CONTAINER || how.exitCode === 0) continue;
        const crash = { ...trouble, log: state.logOf(pod, container) || how.message };
        const [text, fix] = guardCrash(state, crash);
        yield ofWorkload(workload, `the upgrade guard ${text}. It judged nothing, and the data is untouched`, fix);
      }
    },
  },
  // The container needs more memory than its limit; far too little does not even let it start.
  {
    name: 'oom-killed',
    *findings(state) {
      for (const workload of state.workloads) {
        for (const pod of workload.pods) {
          for (const container of pod.containers) {
            const { ended, running, name } = container;
            if (ended?.reason !== 'OOMKilled' && !lacksMemoryToStart(container)) continue;
            const since = ended && state.secondsSince(ended.at);
            const loops = !running || since === undefined || since < STABLE_SECONDS;
            const limit = fieldsOf(container.resources.limits).memory;
            const node = pod.object.spec?.nodeName;
            const text = limit
              ? `${name} needs more memory than its limit of ${limit}`
              : `${name} has no limit of memory, and was killed because its node ${node ?? ''} has none left`;
            const own = Object.keys(workloadNames).includes(name);
            const fix = advice(
              !limit
                ? 'Give the node more memory, or move other pods away from it'
                : own
                  ? 'Set the next JUNJO_K8S_SIZE, or undo the patch of its memory limit; synth and apply'
                  : `Raise the memory limit of the container ${name} where it is set: a patch, or what adds it to the pods`,
              !limit && node
                ? state.clusterCommand('describe', 'node', node)
                : state.command('describe', 'pod', pod.name),
            );
            if (!workload.healthy && loops) yield ofWorkload(workload, text, fix);
            else if (workload.healthy && ended && since !== undefined && since < REPORTED_SECONDS)
              yield {
                severity: 'warning',
                subject: workload.name,
                text: `${text}, and was killed for it at ${ended.at.toISOString()}`,
                fix,
              };
          }
        }
      }
    },
  },
  // A container that prepares the start ends with an error.
  {
    name: 'init-failed',
    *findings(state) {
      for (const trouble of ended(state)) {
        const { workload, pod, container, how } = trouble;
        if (!container.init || container.running || how.reason === 'OOMKilled' || NOT_STARTED.includes(how.reason))
          continue;
        const crash = { ...trouble, log: state.logOf(pod, container) || how.message };
        const refused = refusedByProcessor(state, crash);
        const said = tellingLine(crash.log);
        yield ofWorkload(
          workload,
          refused
            ? `its init container ${container.name} ${refused}`
            : `its init container ${container.name} ends with ${codeOf(how.exitCode)}${said ? `: ${said}` : `. ${unreadLog(state)}`}`,
          refused
            ? processorAdvice(state, crash)
            : advice('Read its log, and correct what it names', previousLog(state, trouble)),
        );
      }
    },
  },
  // The container's program is not in its image, or may not run.
  {
    name: 'start-error',
    *findings(state) {
      const failures = [
        ...[...ended(state)]
          .filter(({ how }) => ['StartError', 'ContainerCannotRun'].includes(how.reason))
          .map((trouble) => ({ ...trouble, message: trouble.how.message })),
        ...waiting(state, ['RunContainerError']),
      ];
      for (const { workload, pod, container, message } of failures) {
        yield ofWorkload(
          workload,
          `${container.name} cannot start: ${message.split('unable to start container process: ').pop()}`,
          advice(
            'Undo the patch of its command, or correct the image: the published images start by themselves',
            state.command('describe', 'pod', pod.name),
          ),
        );
      }
    },
  },
  // Somebody paused the Deployment, so that no change reaches its pods.
  {
    name: 'rollout-paused',
    *findings(state) {
      for (const { object, name, healthy } of state.workloads) {
        if (!object.spec?.paused) continue;
        yield {
          severity: healthy ? 'warning' : 'error',
          subject: name,
          text: 'is paused: no change reaches its pods',
          fix: advice(
            'Resume it, so that changes reach its pods',
            state.command('rollout', 'resume', 'deployment', object.metadata.name),
          ),
        };
      }
    },
  },
  // Ingestion runs and waits, because the backend that checks its keys does not answer.
  {
    name: 'waits-for-backend',
    *findings(state) {
      const backend = state.workloads.find(({ object }) => object.metadata.name === workloadNames.backend);
      if (!backend || backend.readyPods > 0) return;
      for (const workload of state.unhealthy) {
        if (workload.object.metadata.name !== workloadNames.ingestion) continue;
        const runs = workload.pods.some(({ containers }) => containers.some(({ running }) => running));
        if (!runs) continue;
        yield {
          severity: 'wait',
          since: undefined,
          subject: workload.name,
          text: 'waits for the backend, which does not answer yet',
          fix: 'See why the backend is not ready; ingestion starts when the backend answers',
        };
      }
    },
  },
];

/** What the guard says of data on which it starts no release: it ends with 1 then, and leaves the message for the kubelet. */
function refusalOf(how: NonNullable<ContainerState['ended']>, log: string): string | undefined {
  if (how.exitCode !== 1 || how.reason === 'OOMKilled') return undefined;
  // A pod may ask the kubelet to take the log for the message: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
  const message = /Traceback|SyntaxError|^\s*File "/m.test(how.message) ? '' : how.message;
  const said = message || (log.includes(REFUSES) ? log : '');
  return said.split(REFUSES).pop()?.trim();
}

/** How the guard ended by mistake, and what to do about it. */
function guardCrash(state: ClusterState, crash: Crash): readonly [text: string, fix: string] {
  const { pod, container, how, log } = crash;
  const limit = fieldsOf(container.resources.limits).memory;
  const describe = state.command('describe', 'pod', pod.name);
  if (how.reason === 'OOMKilled' || lacksMemoryToStart(container))
    return [
      `was killed for its memory limit${limit ? ` of ${limit}` : ''} (${how.reason})`,
      advice(`Raise the memory limit of the container ${container.name} with a patch, synth and apply`, describe),
    ];
  const refused = refusedByProcessor(state, crash);
  if (refused) return [refused, processorAdvice(state, crash)];
  const words = NOT_STARTED.includes(how.reason)
    ? (how.message.split('unable to start container process: ').pop() ?? '')
    : tellingLine(log);
  if (/python3/.test(words) && /not found|no such file/i.test(words) && !/can't open file/.test(words))
    return [
      `cannot start, because its image ${container.image} has no python3: ${words}`,
      advice(
        'Use an image with python3: correct JUNJO_K8S_TOOLS_IMAGE, or undo the patch of its image; synth and apply',
        describe,
      ),
    ];
  if (how.exitCode === 137 || how.exitCode === 143)
    return [
      `was killed (${codeOf(how.exitCode)}), and not by its own memory limit`,
      advice('See who ended it: its node may be short of memory. It is started again by itself', describe),
    ];
  return [
    `crashed with ${codeOf(how.exitCode)}${words ? `: ${words}` : `. ${unreadLog(state)}`}`,
    state.canRead('pods/log')
      ? advice(
          'Read its log; undo patches of this container, synth, and apply the whole output',
          previousLog(state, crash),
        )
      : advice('Undo patches of this container, synth, and apply the whole output', describe),
  ];
}

/** Whether a container does not start because its memory limit is too small. */
export function lacksMemoryToStart({ ended, waiting }: Pick<ContainerState, 'ended' | 'waiting'>): boolean {
  return [ended, waiting].some(
    (each) => each && NOT_STARTED.includes(each.reason) && MEMORY_TOO_LOW.test(each.message),
  );
}
