import { COPY_POD, INTAKE_REPLICAS, intakeName, STOPPED } from '../../../config/names';
import type { Manifest } from '../../../render/manifest';
import { stillRuns } from '../../copy/owner';
import { type StoppedMark, startArgs, stoppedMark } from '../../copy/writers';
import { advice, type Cause, duration, type Said } from '../cause';
import type { ClusterState } from '../cluster-state';
import { referenceOf } from '../pods';

/** For how long the copy of a large volume may take. */
export const COPY_SECONDS = 4 * 3600;

/** A command whose pod is gone has been about to start the studio for so long at the most: YOUNG_MS in cluster/copy/unfinished.ts. */
const STARTING_SECONDS = 600;

/** A person stopped a workload, or a backup did, which starts it again unless it was interrupted. */
export const scaledToZero: Cause = {
  name: 'scaled-to-zero',
  *findings(state) {
    for (const workload of state.workloads.filter(({ desired }) => desired === 0)) {
      const { name: subject, object } = workload;
      const mark = stoppedMark(object);
      const isIntake = object.metadata.name === intakeName;
      if (mark) yield { subject, ...stoppedBy(state, mark) };
      else
        yield {
          severity: 'error',
          subject,
          text: isIntake
            ? 'is stopped (0 replicas): applications cannot send spans, and the queued spans wait'
            : 'is stopped (0 replicas)',
          fix: advice(
            'Start it, unless someone stopped it on purpose',
            state.command('scale', referenceOf(workload), `--replicas=${isIntake ? INTAKE_REPLICAS : 1}`),
          ),
        };
    }
  },
};

/** Whether a pod of a backup, restore or set-aside has ended. */
export function isOver({ status }: Manifest): boolean {
  return ['Succeeded', 'Failed'].includes(status?.phase);
}

/** Our own command, which first finishes what another command left: moves of folders, its pod, and the start. Then it only lists. */
export function finishing(state: ClusterState): string {
  return state.ownCommand('set-aside', '--list');
}

/** The finding about a workload that a backup, restore or set-aside stopped. */
function stoppedBy(state: ClusterState, mark: StoppedMark): Said {
  const { command, host, pid, since } = mark;
  if (Number.isNaN(Date.parse(since))) {
    return {
      severity: 'error',
      text: `was stopped by an unknown backup, restore or set-aside. Its annotation ${STOPPED} is not valid`,
      fix: advice('Start it with this command, which first finishes what the other command left', finishing(state)),
    };
  }
  const text = `was stopped by a ${command} (process ${pid} on ${host})`;
  const runs = stillRuns(mark);
  if (runs === false) {
    return {
      severity: 'error',
      text: `${text}, which was interrupted. It started ${duration(state.secondsSince(since))} ago`,
      fix: advice(`Start the studio. ${reason(mark)}`, ...start(state, mark)),
    };
  }
  // The pod of a command is there for as long as the command keeps the studio stopped.
  const copies = runs || !state.canRead('pods') || state.own('Pod').some((pod) => isCopy(pod) && !isOver(pod));
  return {
    severity: 'wait',
    since,
    allowedSeconds: copies ? COPY_SECONDS : STARTING_SECONDS,
    text: copies ? text : `${text}, whose pod is gone`,
    fix: advice(
      `Wait until it has ended: it starts the studio again. To see whether it still runs, run this command on ${host}`,
      `ps -p ${pid}`,
    ),
    lateFix: advice(
      `Check on ${host}, with the first command, whether process ${pid} is still this ${command}. If it is not, start the studio. ${reason(mark)}`,
      `ps -p ${pid}`,
      ...start(state, mark),
    ),
  };
}

/** What starts a studio again whose command is gone. A backup only reads; others may have moved folders in part. */
function start(state: ClusterState, { command, token }: StoppedMark): readonly string[] {
  if (command !== 'backup') return [finishing(state)];
  const leftOver = state.own('Pod').filter(isCopy);
  const stopped = state.workloads.flatMap(({ object }) => {
    const mark = stoppedMark(object);
    return mark?.token === token ? [{ name: object.metadata.name, replicas: mark.replicas, token }] : [];
  });
  return [
    ...leftOver.map(({ metadata }) => state.command('delete', 'pod', metadata.name)),
    ...stopped.map((each) => state.command(...startArgs(each))),
  ];
}

function reason({ command }: StoppedMark): string {
  return command === 'backup'
    ? 'The backup only read the volume'
    : `The ${command} may have moved only some of the folders. The set-aside command finishes the moves first, and then only lists`;
}

function isCopy({ metadata }: Manifest): boolean {
  return metadata.name === COPY_POD;
}
