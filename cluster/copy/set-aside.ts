import { howToRun } from '../../config/how-to-run';
import { workloadNames } from '../../config/names';
import { inOneLine } from '../../config/text';
import { lineOf, recommendedTag } from '../../releases';
import { type Fields, fieldsOf, listOf } from '../../render/manifest';
import { type Connection, confirmed } from '../connection';
import { Refusal } from '../refusal';
import { Downtime, type GitOpsPaused, refuseUnlessStoppable } from './downtime';
import { addedTo, findIntake, meanwhile, sayWaiting, stopIntake } from './intake';
import { noteKept } from './notes';
import { ended, newOwner } from './owner';
import type { Pace } from './pace';
import { fileCount, size } from './progress';
import { findStudioStarted, MOVES_INTERRUPTED, openVolume } from './unfinished';
import { type Held, type Holdings, notDeleted, VolumePod } from './volume-pod';
import type { Work } from './work';
import { type LiveStudio, planHeading, refuseUnlessBound } from './writers';

/** What is set aside, or brought back. */
export interface SetAsideProps extends GitOpsPaused {
  /** Folder on the volume to bring back. @default the volume is empty afterwards */
  readonly back?: string;
  /** Asks nothing. @default false */
  readonly yes?: boolean;
}

/** Folders on the volume with data that was set aside, by name. */
type Asides = Readonly<Record<string, Held>>;

/** What moves, and where to. */
interface Move {
  readonly holdings: Holdings;
  /** What comes back. @default nothing */
  readonly back?: Held;
  /** When, in a form for names of files. */
  readonly time: string;
}

const FOLDER = /^\.junjo-before-[0-9A-Za-z]+$/;

/** Moves the data of a studio into a folder on its volume, or back. */
export class SetAside {
  private readonly work: Work;
  private readonly pod: VolumePod;

  constructor(
    private readonly props: SetAsideProps,
    private readonly connection: Connection,
    pace: Pace,
    signal: AbortSignal,
  ) {
    const { kubectl, console } = connection;
    this.work = { kubectl, console, pace, owner: newOwner('set-aside'), signal };
    this.pod = new VolumePod(pace, this.work.owner, this.work);
  }

  /** Moves the data. @returns false if the user declined, or the studio failed to restart */
  run(): Promise<boolean> {
    return this.untilEnded(() => this.make());
  }

  /** Lists the folders; the studio keeps running. */
  list(): Promise<boolean> {
    return this.untilEnded(async () => {
      const { console, signal } = this.work;
      const { backend, claim } = await findStudioStarted(this.work);
      await this.pod.create({ backend, claim: claim.metadata.name, readOnly: true }, signal);
      const asides = await this.pod.ask<Asides>({ command: 'asides', signal });
      await noteKept(this.work, claim, Object.keys(asides));
      if (Object.keys(asides).length === 0) console.err('The volume has no data that was set aside.');
      for (const [name, held] of Object.entries(asides)) console.out(inOneLine(`${name}  ${textOf(held)}`));
      return true;
    });
  }

  private async untilEnded(work: () => Promise<boolean>): Promise<boolean> {
    try {
      return await work();
    } finally {
      await this.deletePod();
      ended(this.work.owner);
    }
  }

  private deletePod(): Promise<void> {
    const { err } = this.work.console;
    return this.pod.delete().catch((error: Error) => err(inOneLine(`  ${notDeleted(error)}`)));
  }

  private async make(): Promise<boolean> {
    const { back, yes } = this.props;
    const { kubectl, console, signal } = this.work;
    if (back !== undefined && !FOLDER.test(back)) {
      throw new Refusal(
        `--back ${back}: is not the name of a folder that set-aside or restore --replace creates. To list these folders, run:`,
        this.again('--list'),
      );
    }
    const studio = await findStudioStarted(this.work);
    refuseAfterMoves(studio.finished);
    refuseUnlessBound(studio);
    await refuseUnlessStoppable(kubectl, studio, this.props, signal);
    let move = await this.look(studio);
    if (!isNothing(move)) {
      console.err(await this.plan(studio, move));
      if (!yes) {
        // The pod blocks other commands, and would end by itself if the answer takes long.
        await this.pod.delete(signal);
        if (!(await confirmed('Stop the studio and move its data?', console, signal))) return false;
        move = await this.look(studio);
      }
    }
    if (isNothing(move)) {
      console.out('Nothing to set aside: the volume is empty.');
      return true;
    }
    const downtime = new Downtime(studio, this.work);
    const { started, aside } = await this.move(downtime, move);
    await this.deletePod();
    if (back) console.out(inOneLine(`The data of ${back} is back in place.`));
    if (aside) console.out(this.epilogue(studio, aside, move.holdings));
    const others = move.holdings.asides.filter((name) => name !== back);
    await noteKept(this.work, studio.claim, aside ? [...others, aside] : others);
    if (started) await downtime.untilReady(signal);
    return started;
  }

  /** Creates the pod, and looks at what is on the volume and at what comes back. */
  private async look(studio: LiveStudio): Promise<Move> {
    const { back } = this.props;
    const { signal } = this.work;
    const { finished, ...holdings } = await openVolume(this.pod, this.work, studio);
    refuseAfterMoves(finished);
    // To the millisecond, and never one that was there before the clock was set back.
    let now = Date.now();
    while (holdings.asides.includes(asideOf(timeOf(now)))) now += 1;
    const time = timeOf(now);
    if (back === undefined) return { holdings, time };
    if (!holdings.asides.includes(back)) {
      throw new Refusal(
        `--back ${back}: the volume has no such folder. It has ${holdings.asides.join(', ') || 'no folder that was set aside'}`,
      );
    }
    const reason = await this.pod.judge(back, signal);
    if (reason) throw new Refusal(...reason);
    return { holdings, time, back: (await this.pod.ask<Asides>({ command: 'asides', signal }))[back] };
  }

  private async plan(studio: LiveStudio, { holdings, back }: Move): Promise<string> {
    const { kubectl, signal } = this.work;
    const isEmpty = holdings.entries.length === 0;
    const intake = await findIntake(kubectl, signal);
    const waiting = await sayWaiting(kubectl, intake, this.fateOfWaiting(), signal);
    return [
      ...planHeading(this.connection.target, studio),
      `Volume     ${isEmpty ? 'empty' : textOf(holdings)}`,
      ...(back ? [`Back       ${this.props.back}: ${textOf(back)}`] : []),
      `Backend and ingestion stop while the data moves. ${meanwhile(intake, 'Exporters can drop spans during this time.')}`,
      ...(waiting ? [waiting] : []),
      ...(isEmpty ? [] : ['The current data moves into a folder on the same volume. Nothing is deleted.']),
      back
        ? `The data of ${this.props.back} replaces it, and the studio starts with it.`
        : `${studio.tag ? `Release ${studio.tag}` : 'The studio'} starts on an empty volume, without users, API keys, and spans.`,
      ...(back ? [] : this.warnings(studio, holdings)),
    ]
      .map(inOneLine)
      .join('\n');
  }

  /** What happens to spans in the queues of the intake. A collector drops spans that ingestion refuses for their API key. */
  private fateOfWaiting(): string {
    return this.props.back
      ? addedTo('the data that comes back')
      : `They are lost: an empty volume has no API keys, so ingestion refuses them. To keep them in the queues, answer no and stop the intake first: ${stopIntake(this.work.kubectl)}`;
  }

  /** Warnings about a start on an empty volume. */
  private warnings({ tag }: LiveStudio, holdings: Holdings): readonly string[] {
    const isReader = tag !== undefined && lineOf(tag)?.name === markedLine(holdings);
    return [
      'Anyone who can reach the studio can then create the first user. Close the edge first.',
      ...(isReader
        ? [
            `The applied release ${tag} can read the current data. To change to another release, apply that release first.`,
          ]
        : []),
    ];
  }

  /** Stops the studio, moves the data, and restarts the studio, whatever happens. */
  private async move(
    downtime: Downtime,
    { time }: Move,
  ): Promise<{ readonly started: boolean; readonly aside: string | null }> {
    const { back } = this.props;
    const { console, signal } = this.work;
    const way = back === undefined ? { empty: true } : { from: back };
    let aside: string | null = null;
    let started = true;
    let moving = false;
    let done = false;
    let isSure = true;
    try {
      console.err('Stopping backend and ingestion …');
      await downtime.begin(signal);
      moving = true;
      const args = [`.junjo-restore-${time}`, JSON.stringify({ aside: asideOf(time), ...way })];
      // Nothing interrupts it: it takes a moment.
      ({ aside } = await this.pod.ask<{ readonly aside: string | null }>({ command: 'swap', args }));
      done = true;
    } catch (error) {
      isSure = !moving || error instanceof Refusal;
      throw error;
    } finally {
      started = await downtime.end();
      if (!done && isSure && (!moving || (await this.isUnmoved()))) downtime.tell(started);
      else if (!done) {
        console.err(MOVES_INTERRUPTED);
        console.err(`To see which folders were set aside: ${this.again('--list')}`);
      }
    }
    return { aside, started };
  }

  /** Whether a refused command had not begun to move anything. */
  private async isUnmoved(): Promise<boolean> {
    return this.pod.ask<Holdings>({ command: 'look' }).then(
      ({ plans }) => plans.length === 0,
      () => false,
    );
  }

  /** Describes where the data is, how to bring it back, and how to delete it. */
  private epilogue({ backend, claim }: LiveStudio, aside: string, held: Held): string {
    const marked = markedLine(held);
    const line = lineOf(marked);
    const known = marked === undefined ? 'to the release that wrote it' : `to a release of the line ${marked}`;
    const release = `set JUNJO_K8S_RELEASE${line ? `=${recommendedTag(line)}` : ` ${known}`}`;
    const { containers, volumes } = fieldsOf(backend.spec?.template?.spec);
    const isOfClaim = ({ persistentVolumeClaim: of }: Fields) => of?.claimName === claim.metadata.name;
    const volume = listOf(volumes).find(isOfClaim)?.name;
    const mounts = listOf(listOf(containers).find(({ name }) => name === 'backend')?.volumeMounts);
    const path = `${mounts.find(({ name }) => name === volume)?.mountPath}/${aside}`;
    const remove = ['exec', `deployment/${workloadNames.backend}`, '-c', 'backend', '--', 'rm', '-r', path];
    return [
      inOneLine(`The previous data is in the folder ${aside} on the volume. It uses ${textOf(held)} there.`),
      inOneLine(
        `To bring it back, ${release}, render, and apply. The backend may then wait in its init container. Then run:`,
      ),
      this.again('--back', aside),
      'To delete it permanently once the backend runs:',
      this.work.kubectl.commandLine(remove),
    ].join('\n');
  }

  /** This command with other options, for the same studio. */
  private again(...options: readonly string[]): string {
    return howToRun('set-aside', ...options, ...this.work.kubectl.globalFlags());
  }
}

/** Refuses after the moves of an earlier command were completed, because the volume then has other data than the user saw. */
function refuseAfterMoves(finished: boolean): void {
  if (finished) {
    throw new Refusal(
      'The completed moves have changed the data on the volume. Check it with --list before you run this command again',
    );
  }
}

/** Whether a volume is empty, and stays so. */
function isNothing({ holdings, back }: Move): boolean {
  return !back && holdings.entries.length === 0;
}

function asideOf(time: string): string {
  return `.junjo-before-${time}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:.]/g, '');
}

/** The line of a mark, which may come from anyone. */
function markedLine({ mark }: Held): string | undefined {
  return typeof mark?.line === 'string' ? mark.line.slice(0, 40) : undefined;
}

function textOf(held: Held): string {
  const line = markedLine(held);
  return `${fileCount(held.files)}, ${size(held.bytes)}, ${line === undefined ? 'release line unknown' : `release line ${line}`}`;
}
