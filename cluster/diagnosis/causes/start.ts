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

/** How long a kill is reported after the container runs again. */
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
            'Follow the message of the guard. Until then the data stays unchanged. The command shows the whole message',
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
        yield ofWorkload(
          workload,
          `the upgrade guard ${text}. It has not checked the data, and has not changed it`,
          fix,
        );
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
              : `${name} has no memory limit, and was killed because its node ${node ?? ''} has no memory left`;
            const own = Object.keys(workloadNames).includes(name);
            const fix = advice(
              !limit
                ? 'Give the node more memory, or move other pods away from it'
                : own
                  ? 'Set the next larger JUNJO_K8S_SIZE, or undo the patch of its memory limit. Then render and apply again'
                  : `Raise the memory limit of the container ${name} where it is set: in a patch, or in the tool that adds it`,
              !limit && node
                ? state.clusterCommand('describe', 'node', node)
                : state.command('describe', 'pod', pod.name),
            );
            if (!workload.healthy && loops) yield ofWorkload(workload, text, fix);
            else if (workload.healthy && ended && since !== undefined && since < REPORTED_SECONDS)
              yield {
                severity: 'warning',
                subject: workload.name,
                text: `${text}. It was killed at ${ended.at.toISOString()}`,
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
            : `its init container ${container.name} exits with ${codeOf(how.exitCode)}${said ? `: ${said}` : `. ${unreadLog(state)}`}`,
          refused
            ? processorAdvice(state, crash)
            : advice('Read its log, and fix what it reports', previousLog(state, trouble)),
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
            'Undo the patch of its command, or correct the image. The published images start without a command',
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
          text: 'is paused: changes do not reach its pods',
          fix: advice(
            'Resume the rollout to apply changes to its pods',
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
          fix: 'Find out why the backend is not ready. Ingestion starts when the backend answers',
        };
      }
    },
  },
];

/** The message of a guard that does not start the release on the data. It exits with 1, and leaves the message for the kubelet. */
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
      `was killed because of its memory limit${limit ? ` of ${limit}` : ''} (${how.reason})`,
      advice(
        `Raise the memory limit of the container ${container.name} with a patch, then render and apply again`,
        describe,
      ),
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
        'Use an image with python3: correct JUNJO_K8S_TOOLS_IMAGE, or undo the patch of its image. Then render and apply again',
        describe,
      ),
    ];
  if (how.exitCode === 137 || how.exitCode === 143)
    return [
      `was killed with ${codeOf(how.exitCode)}, but not because of its own memory limit`,
      advice('Find out what ended it: its node may be short of memory. Kubernetes starts it again', describe),
    ];
  return [
    `crashed with ${codeOf(how.exitCode)}${words ? `: ${words}` : `. ${unreadLog(state)}`}`,
    state.canRead('pods/log')
      ? advice(
          'Read its log. Undo any patch of this container, then render and apply the whole output again',
          previousLog(state, crash),
        )
      : advice('Undo any patch of this container, then render and apply the whole output again', describe),
  ];
}

/** Whether a container does not start because its memory limit is too small. */
export function lacksMemoryToStart({ ended, waiting }: Pick<ContainerState, 'ended' | 'waiting'>): boolean {
  return [ended, waiting].some(
    (each) => each && NOT_STARTED.includes(each.reason) && MEMORY_TOO_LOW.test(each.message),
  );
}
