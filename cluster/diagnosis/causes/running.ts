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
  // A container that started stops answering, and the kubelet restarts it.
  {
    name: 'liveness-failing',
    *findings(state) {
      yield* killedByProbe(state, 'liveness');
    },
  },
  // A container does not answer within the time for its start, and the kubelet restarts it.
  {
    name: 'startup-failing',
    *findings(state) {
      yield* killedByProbe(state, 'startup');
    },
  },
  // Something outside of the program ended it.
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
            `${container.name} was killed (code 137, SIGKILL), ${times}, without the reason OOMKilled. Either a child process or the node ran out of memory, or the container did not stop in time`,
            advice(
              'Check whether the node is short of memory (SystemOOM, MemoryPressure), or whether a probe failed. If neither is the case, set the next larger JUNJO_K8S_SIZE, then render and apply again. This gives a child process more memory',
              ...look,
            ),
          );
        else if (how.exitCode === 143)
          yield ofWorkload(
            workload,
            `${container.name} received SIGTERM and stopped (code 143), ${times}. The kubelet sends it when a probe fails. Another program in its pod can send it too`,
            advice(
              'Find out in the events of the pod what stops it. A failing probe has an event Unhealthy',
              ...look.slice(-1),
              previousLog(state, crash),
            ),
          );
      }
    },
  },
  // A container exits again and again. Only its log says why.
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
        const describe = state.command('describe', 'pod', pod.name);
        if (how.exitCode === 0 && words === '' && SERVING_CONTAINERS.includes(container.name)) {
          yield ofWorkload(
            workload,
            `${container.name} exits with code 0, ${container.restarts} times so far. Most likely the kubelet restarts it because a probe fails${state.canRead('events') ? '' : '. Only events show that, and you cannot read events'}`,
            advice(
              'Check in the events of the pod whether a probe fails. Undo any patch of its probes or its command',
              state.command('describe', 'pod', pod.name),
              previousLog(state, crash),
            ),
          );
          continue;
        }
        yield ofWorkload(
          workload,
          `${container.name} exits with ${codeOf(how.exitCode)}, ${container.restarts} times so far${words ? `: ${words}` : `. ${unreadLog(state)}`}`,
          advice(
            setting
              ? `Correct ${setting} in the env file, then render and apply again`
              : readable
                ? words
                  ? 'Read the whole log, and fix what it reports'
                  : 'Read the events of the pod and its log. Undo any patch of its command'
                : 'Ask for permission to read logs, or ask someone who has it to find out why the container exits',
            ...(words ? [] : [describe]),
            ...(readable ? [previousLog(state, crash)] : []),
          ),
        );
      }
    },
  },
  // A container started, but does not answer, or no longer answers.
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
          `${container.name} is running but does not answer${said}`,
          advice(
            isOwn({ workload, pod, container })
              ? 'Read the log to find out why it does not answer. Undo any patch of its probes'
              : `Read the log to find out why it does not answer. Ask the owner of the tool that adds ${container.image} to the pods to fix it: no setting of the studio can`,
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
          text: `${container.name} was restarted ${container.restarts} times, the last time after it exited with ${codeOf(how.exitCode)}`,
          fix: advice('Read the log of its previous run to find out why it exited', previousLog(state, found)),
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
        'Read what it logged before the restart. Undo any patch of its probes',
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
