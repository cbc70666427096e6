import { advice, type Cause, type Found } from '../cause';
import type { ClusterState, PodState } from '../cluster-state';
import { settingIn, tellingLine } from '../log';
import {
  type ContainerTrouble,
  codeOf,
  crashes,
  endOf,
  ofWorkload,
  previousLog,
  processorAdvice,
  refusedByProcessor,
  SERVING_CONTAINERS,
  STABLE_SECONDS,
  troubledContainers,
  unreadLog,
} from '../pods';

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
  // Somebody or something outside of the program ended it.
  {
    name: 'killed',
    *findings(state) {
      for (const crash of crashes(state)) {
        const { container, how, pod, workload } = crash;
        const node = pod.object.spec?.nodeName;
        const times = `${container.restarts} times so far`;
        const look = [
          ...(node ? [state.clusterCommand('describe', 'node', node)] : []),
          state.command('describe', 'pod', pod.name),
        ];
        if (how.exitCode === 137)
          yield ofWorkload(
            workload,
            `${container.name} is killed (code 137, SIGKILL), ${times}, without the reason OOMKilled: a child process of it or its node ran out of memory, or it did not end in time when it was told to`,
            advice(
              'See whether the node is short of memory (SystemOOM, MemoryPressure) or a probe failed. If neither is so, set the next JUNJO_K8S_SIZE, synth and apply, so that a child process has more room',
              ...look,
            ),
          );
        else if (how.exitCode === 143)
          yield ofWorkload(
            workload,
            `${container.name} is told to end (code 143, SIGTERM), ${times}: not by itself, but by the kubelet for a probe that fails, or by another program in its pod`,
            advice(
              'See in its events who ends it; a probe that fails has an event Unhealthy',
              ...look.slice(-1),
              previousLog(state, crash),
            ),
          );
      }
    },
  },
  // A container ends again and again; only its log says why.
  {
    name: 'crash-loop',
    *findings(state) {
      for (const crash of crashes(state)) {
        const { container, how, log, pod, workload } = crash;
        const refused = refusedByProcessor(state, crash);
        if (refused) {
          yield ofWorkload(workload, `${container.name} ${refused}`, processorAdvice(state, crash));
          continue;
        }
        const words = tellingLine(log);
        const setting = settingIn(words);
        const readable = words !== '' || state.canRead('pods/log');
        if (how.exitCode === 0 && words === '' && SERVING_CONTAINERS.includes(container.name)) {
          yield ofWorkload(
            workload,
            `${container.name} ends with code 0, ${container.restarts} times so far: most likely the kubelet ends it for a probe that fails${state.canRead('events') ? '' : ', which only events tell, and you cannot read these'}`,
            advice(
              'See in its events whether a probe fails; undo any patch of its probes or its command',
              state.command('describe', 'pod', pod.name),
              previousLog(state, crash),
            ),
          );
          continue;
        }
        yield ofWorkload(
          workload,
          `${container.name} ends with ${codeOf(how.exitCode)}, ${container.restarts} times so far${words ? `: ${words}` : `. ${unreadLog(state)}`}`,
          advice(
            setting
              ? `Correct ${setting} in the env file, then synth and apply`
              : readable
                ? 'Read its whole log, and correct what it names'
                : 'Ask for the permission to read logs, or let somebody who has it read why it ends',
            readable ? previousLog(state, crash) : state.command('describe', 'pod', pod.name),
          ),
        );
      }
    },
  },
  // A container started well and does not answer, or not any more.
  {
    name: 'readiness-failing',
    *findings(state) {
      // Without a proxy that was added to a pod, the other containers have no connections. So the proxy comes first.
      const isOwn = ({ container }: ContainerTrouble) => SERVING_CONTAINERS.includes(container.name);
      const all = [...troubledContainers(state)];
      for (const { workload, pod, container } of [...all.filter((each) => !isOwn(each)), ...all.filter(isOwn)]) {
        if (!container.running || !container.started || container.ready || container.init) continue;
        const said = complaint(state, pod, 'readiness', container.runningSince);
        if (!said) continue;
        yield ofWorkload(
          workload,
          `${container.name} runs and does not answer${said}`,
          advice(
            isOwn({ workload, pod, container })
              ? 'Read why it does not answer; undo any patch of its probes'
              : `Read why it does not answer. Whoever runs what adds ${container.image} to the pods must repair it: no setting of the studio does`,
            state.command('logs', pod.name, '-c', container.name, '--tail=50'),
          ),
        );
      }
    },
  },
  // A container that runs at this moment, between two crashes.
  {
    name: 'restarting',
    *findings(state) {
      for (const { name, healthy, pods } of state.workloads) {
        const [found] = pods
          .flatMap((pod) => pod.containers.map((container) => ({ pod, container, how: endOf(container) })))
          .filter(
            ({ container, how }) =>
              container.restarts >= RESTARTS && how && state.secondsSince(how.at) < STABLE_SECONDS,
          );
        if (!healthy || !found?.how) continue;
        const { container, how } = found;
        yield {
          severity: 'warning',
          subject: name,
          text: `${container.name} was restarted ${container.restarts} times, last after it ended with ${codeOf(how.exitCode)}`,
          fix: advice('Read why it ended the last time', previousLog(state, found)),
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
      const name = /Container (\S+)/.exec(kill.message)?.[1] ?? '';
      const container = pod.containers.find((each) => each.name === name);
      const text = `the kubelet restarts ${name} because its ${probe} probe fails${complaint(state, pod, probe)}`;
      const fix = advice(
        'Read what it wrote before it was restarted; undo any patch of its probes',
        container ? previousLog(state, { pod, container }) : state.command('describe', 'pod', pod.name),
      );
      if (!workload.healthy) yield ofWorkload(workload, text, fix);
      else yield { severity: 'warning', subject: workload.name, text, fix };
    }
  }
}

/** What a probe said last, in brackets. @param since what it said before is of an earlier run of the container. */
function complaint(state: ClusterState, pod: PodState, probe: string, since: string | number = 0): string {
  const said = state
    .eventsOf(pod.object, 'Unhealthy')
    .filter(({ message, last }) => message.toLowerCase().startsWith(`${probe} probe`) && last >= new Date(since))
    .pop();
  const words = said?.message.replace(/^\w+ probe (failed|errored)[^:]*: /, '');
  return words ? ` (${words})` : '';
}
