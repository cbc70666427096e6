import { inOneLine } from '../../config/text';
import type { Manifest } from '../../render/manifest';
import { Refusal } from '../refusal';
import { Downtime, startAgain } from './downtime';
import { stillRuns } from './owner';
import { type Holdings, VolumePod } from './volume-pod';
import type { Work } from './work';
import { findStudio, type LiveStudio, type StoppedMark, startArgs, stoppedMark } from './writers';

// A mark of another machine that is younger may belong to a command that is about to copy.
const YOUNG_MS = 10 * 60_000;

/** A studio, and whether moves on its volume had broken off before and were finished now. */
export interface FoundStudio extends LiveStudio {
  readonly finished: boolean;
}

/**
 * Finds the studio of a namespace. If a command was killed, its work is finished first: the moves on the volume that it had begun,
 * then the start.
 * @param rendered its backend as the env file renders it, where it need not be applied yet
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
      `A copy of this studio is under way: it was stopped ${since} by process ${pid} on ${host}. Wait until that has ended. If process ${pid} is another program, run:`,
      ...stopped.map((each) => `  ${kubectl.commandLine(startArgs(each))}`),
    );
  }
  if (!leftOver && marks.length === 0) return { ...studio, finished: false };
  const [first] = marks;
  console.err(
    inOneLine(
      first
        ? `The studio was stopped ${first.mark.since} by a command on ${first.mark.host} that did not live to start it again. Starting it.`
        : `A ${leftOver?.command ?? 'copy'} on ${leftOver?.host ?? 'an unknown host'} did not live to remove its pod. Removing it.`,
    ),
  );
  let finished = false;
  // A backup only reads. What another command left on the volume is put in order before anything starts on it.
  if ([leftOver, ...marks.map(({ mark }) => mark)].some((each) => each && each.command !== 'backup')) {
    try {
      finished = await finishMoves(work, studio);
    } catch (error) {
      if (stopped.length === 0) throw error;
      throw new Refusal(
        ...(error as Error).message.split('\n'),
        'This command starts nothing, because the data on the volume may be moved in part. When that is settled, run it again, or:',
        ...stopped.map((each) => `  ${kubectl.commandLine(startArgs(each))}`),
      );
    }
  }
  if (!(await startAgain(work, stopped))) throw new Refusal('The studio could not be started again');
  return { ...(await findStudio(kubectl, rendered)), finished };
}

/**
 * Creates the pod of a command and looks at the volume. Moves that had broken off are finished first.
 * @returns what is on the volume, and whether such moves were finished
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
 * Finishes the moves that a command had begun, and removes what it left on the volume. The studio is stopped for it.
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
    if (finished) console.err('Finished the moves of folders that had broken off.');
    for (const name of done.removed)
      console.err(inOneLine(`Removed ${name} from the volume, which a restore had left.`));
  } finally {
    started = await downtime.end();
    await pod.delete().catch((error: Error) => console.err(inOneLine(`  ${error.message}`)));
  }
  if (!started) throw new Refusal('The studio could not be started again');
  return finished;
}

function isInUse(mark: StoppedMark): boolean {
  return stillRuns(mark) ?? Date.now() - Date.parse(mark.since) < YOUNG_MS;
}
