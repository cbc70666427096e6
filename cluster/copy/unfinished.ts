import { inOneLine } from '../../config/text';
import type { Manifest } from '../../render/manifest';
import { Refusal } from '../refusal';
import { Downtime, startAgain } from './downtime';
import { type Owner, stillRuns } from './owner';
import { type Holdings, VolumePod } from './volume-pod';
import type { Work } from './work';
import { findStudio, type LiveStudio, type StoppedMark, startArgs, stoppedMark } from './writers';

/** What a command prints that was interrupted between the first and the last move on the volume. */
export const MOVES_INTERRUPTED =
  'The command was interrupted while it moved folders, and may be incomplete. Run backup, restore, or set-aside: each completes the moves first. Until then, the backend does not start on an incomplete volume.';

// A mark of another machine that is younger may belong to a command that is about to copy.
const YOUNG_MS = 10 * 60_000;

/** A studio, and whether interrupted moves on its volume were completed now. */
export interface FoundStudio extends LiveStudio {
  readonly finished: boolean;
}

/**
 * Finds the studio of a namespace. If an earlier command was killed, its work is completed first: the moves on the volume, then
 * the restart.
 * @param rendered the backend as the env file renders it, if it may not be applied yet
 * @throws Refusal when another command still runs
 */
export async function findStudioStarted(work: Work, rendered?: Manifest): Promise<FoundStudio> {
  const { kubectl, pace, console, owner, signal } = work;
  const studio = await findStudio(kubectl, rendered);
  const leftOver = await new VolumePod(pace, owner, work).leftOver(signal);
  const marks = studio.writers.flatMap((writer) => {
    const mark = stoppedMark(writer);
    return mark ? [{ name: writer.metadata.name, mark }] : [];
  });
  const stopped = marks.map(({ name, mark: { replicas, token } }) => ({ name, replicas, token }));
  const running = marks.find(({ mark }) => isInUse(mark));
  if (running) {
    const { since, pid, host } = running.mark;
    throw new Refusal(
      `Another command is working on this studio: process ${pid} on ${host} stopped it at ${since}.`,
      `Wait until that command ends. If process ${pid} is a different program, run:`,
      ...stopped.map((each) => `  ${kubectl.commandLine(startArgs(each))}`),
    );
  }
  if (!leftOver && marks.length === 0) return { ...studio, finished: false };
  const [first] = marks;
  console.err(
    inOneLine(
      first
        ? `A command on ${first.mark.host} stopped the studio at ${first.mark.since}, and exited before restarting it. Restarting the studio.`
        : `${commandOf(leftOver)} on ${leftOver?.host ?? 'an unknown host'} exited before deleting its pod. Deleting the pod.`,
    ),
  );
  let finished = false;
  // A backup only reads. What another command left on the volume is completed before anything starts.
  if ([leftOver, ...marks.map(({ mark }) => mark)].some((each) => each && each.command !== 'backup')) {
    try {
      finished = await finishMoves(work, studio);
    } catch (error) {
      if (stopped.length === 0) throw error;
      throw new Refusal(
        ...(error as Error).message.split('\n'),
        'The studio stays stopped, because folders on the volume may be only partly moved. Fix this, then run the command again.',
        'To restart the studio without it, run:',
        ...stopped.map((each) => `  ${kubectl.commandLine(startArgs(each))}`),
      );
    }
  }
  if (!(await startAgain(work, stopped))) throw new Refusal('The studio failed to restart. Run the commands above');
  return { ...(await findStudio(kubectl, rendered)), finished };
}

/**
 * Creates the pod of a command and reads what the volume contains. Interrupted moves are completed first.
 * @returns what is on the volume, and whether such moves were completed
 */
export async function openVolume(
  pod: VolumePod,
  work: Work,
  studio: LiveStudio,
  { readOnly }: { readonly readOnly?: boolean } = {},
): Promise<Holdings & { readonly finished: boolean }> {
  const { signal } = work;
  const open = async () => {
    await pod.create({ backend: studio.backend, claim: studio.claim.metadata.name, readOnly }, signal);
    return pod.ask<Holdings>({ command: 'look', signal });
  };
  const holdings = await open();
  if (holdings.plans.length === 0) return { ...holdings, finished: false };
  await pod.delete(signal);
  await finishMoves(work, studio);
  return { ...(await open()), finished: true };
}

/**
 * Completes the moves that a command had begun, and removes what it left on the volume. The studio is stopped meanwhile.
 * @returns whether there were such moves
 */
async function finishMoves(work: Work, studio: LiveStudio): Promise<boolean> {
  const { console, signal } = work;
  const pod = new VolumePod(work.pace, work.owner, work);
  // kubectl apply sets the replicas, and leaves the mark of the stop.
  const running = studio.writers.filter((writer) => !stoppedMark(writer) || writer.spec?.replicas !== 0);
  const downtime = new Downtime({ ...studio, writers: running }, work);
  let started = true;
  let finished = false;
  try {
    await pod.create({ backend: studio.backend, claim: studio.claim.metadata.name }, signal);
    const { plans } = await pod.ask<Holdings>({ command: 'look', signal });
    if (plans.length > 0) await downtime.begin(signal);
    const done = await pod.ask<{ readonly finished: readonly string[]; readonly removed: readonly string[] }>({
      command: 'finish',
    });
    finished = done.finished.length > 0;
    if (finished) console.err('Completed the folder moves of an interrupted command.');
    for (const name of done.removed)
      console.err(inOneLine(`Removed ${name} from the volume, which an interrupted restore left behind.`));
  } finally {
    started = await downtime.end();
    await pod.delete().catch((error: Error) => console.err(inOneLine(`  ${error.message}`)));
  }
  if (!started) throw new Refusal('The studio failed to restart. Run the commands above');
  return finished;
}

function commandOf(owner: Partial<Owner> | undefined): string {
  return owner?.command ? `The command ${owner.command}` : 'A command';
}

function isInUse(mark: StoppedMark): boolean {
  return stillRuns(mark) ?? Date.now() - Date.parse(mark.since) < YOUNG_MS;
}
