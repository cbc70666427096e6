import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { inOneLine } from '../../config/text';
import { lineOf } from '../../releases';
import { type Connection, confirmed } from '../connection';
import type { Console } from '../console';
import { LAST_BACKUP } from '../diagnosis/overview';
import { KubectlError } from '../kubectl';
import { Refusal } from '../refusal';
import { checkArchive } from './archive';
import { type BackupFile, backupFile, removePartial, rotate } from './backup-files';
import { Downtime, type GitOpsPaused, refuseUnlessStoppable } from './downtime';
import { findIntake, type LiveIntake, meanwhile, sayWaiting } from './intake';
import { noteOnClaim } from './notes';
import { ended, newOwner } from './owner';
import type { Pace } from './pace';
import { fileCount, integrityText, ProgressLine, size } from './progress';
import { findStudioStarted, openVolume } from './unfinished';
import { type Held, notDeleted, VolumePod } from './volume-pod';
import type { Work } from './work';
import { type LiveStudio, planHeading, refuseUnlessBound } from './writers';

/** What is copied, and where to. */
export interface BackupProps extends GitOpsPaused {
  /** File or folder to write. @default a file in this folder, named after namespace and time */
  readonly file?: string;
  /** Copies while the studio runs. @default false */
  readonly live?: boolean;
  /** How many backups of the namespace stay in the folder. @default all */
  readonly keep?: number;
  /** Asks nothing. @default false */
  readonly yes?: boolean;
  /** Prints what went wrong and nothing else. @default false */
  readonly quiet?: boolean;
}

/** The outcome of a complete copy. */
interface Copied {
  /** The studio was started again. */
  readonly started: boolean;
  /** Why it is unknown whether something wrote during the copy. @default nothing wrote */
  readonly doubt?: Error;
}

/** Copies the data of a studio out of its cluster into one file on this machine. */
export class Backup {
  private readonly work: Work;
  private readonly pod: VolumePod;
  /** What a quiet backup prints only when it fails. */
  private readonly unsaid: string[] = [];

  constructor(
    private readonly props: BackupProps,
    private readonly connection: Connection,
    pace: Pace,
    signal: AbortSignal,
  ) {
    const { kubectl } = connection;
    const say = (text: string) => void this.unsaid.push(text);
    const console: Console = props.quiet ? { out: say, err: say } : connection.console;
    this.work = { kubectl, console, pace, owner: newOwner('backup'), signal };
    this.pod = new VolumePod(pace, this.work.owner, this.work);
  }

  /** @returns false if the user declined, the data is damaged, or the studio failed to restart */
  async run(): Promise<boolean> {
    try {
      const done = await this.make();
      if (!done) this.sayAll();
      return done;
    } catch (error) {
      this.sayAll();
      throw error;
    } finally {
      ended(this.work.owner);
    }
  }

  private sayAll(): void {
    for (const text of this.unsaid) this.connection.console.err(text);
  }

  private async make(): Promise<boolean> {
    const { namespace } = this.connection.target;
    const { console, signal } = this.work;
    const { keep } = this.props;
    const file = backupFile(this.props.file, namespace, new Date());
    if (keep !== undefined && file.folder === undefined) {
      throw new Refusal('--keep needs a folder of backups. Name a folder, not a file');
    }
    const studio = await findStudioStarted(this.work);
    await this.check(studio);
    const intake = await findIntake(this.work.kubectl, signal);
    console.err(this.plan(studio, intake, file));
    const question = this.props.live ? 'Back up now?' : 'Stop the studio and back up now?';
    if (!this.props.yes && !(await confirmed(question, this.connection.console, signal))) return false;
    if (file.folder !== undefined) mkdirSync(file.folder, { recursive: true });

    const partial = `${file.path}.partial`;
    try {
      const { started, doubt } = await this.copy(studio, intake, file, partial);
      const checked = await checkArchive(partial, signal);
      signal.throwIfAborted();
      const path = doubt ? `${file.path}.unconfirmed` : file.path;
      renameSync(partial, path);
      const { files, databases, leftOut } = checked.manifest;
      console.out(
        inOneLine(
          `${path}: ${fileCount(Object.keys(files).length)}, ${size(checked.bytes)}. The size and SHA-256 of each file match the volume.`,
        ),
      );
      for (const name of leftOut)
        this.warn(`  ${name} was left out: it is not a file, a folder, or a link inside the data`);
      const damaged = Object.entries(databases).filter(([, verdict]) => verdict !== 'ok');
      for (const [name, verdict] of damaged) console.err(inOneLine(`  ${name} is damaged on the volume: ${verdict}`));
      if (damaged.length > 0) {
        console.err('  The backup contains the damage, so restore refuses it. Your earlier backups were kept.');
        return false;
      }
      console.out(`  ${integrityText(Object.keys(databases))}`);
      if (doubt) {
        throw new Refusal(
          `${path} may be inconsistent: it is unknown whether something wrote to the volume during the copy. Back up again.`,
          `The cluster did not answer: ${doubt.message}`,
        );
      }
      const note = `${LAST_BACKUP}=${new Date().toISOString()}`;
      await noteOnClaim(this.work, studio.claim, note, (text) => this.warn(text));
      if (keep !== undefined && file.folder !== undefined) {
        for (const gone of rotate(file.folder, namespace, keep)) console.out(inOneLine(`  Removed ${gone}`));
      }
      if (!started) console.err('Backup complete, but the studio failed to restart. Run the commands above.');
      return started;
    } finally {
      rmSync(partial, { force: true });
    }
  }

  /** Prints a warning about a complete backup. */
  private warn(text: string): void {
    this.connection.console.err(inOneLine(text));
  }

  private async check(studio: LiveStudio): Promise<void> {
    refuseUnlessBound(studio);
    const { live } = this.props;
    if (live) {
      const line = lineOf(studio.tag);
      if (!line) {
        throw new Refusal(`The stores of release ${studio.tag ?? 'unknown'} are not known. Run backup without --live`);
      }
      if (!line.stores.copiesWhileRunning) {
        throw new Refusal(
          `Release ${studio.tag} uses ${line.stores.description}, which cannot be copied while the studio runs. Run backup without --live`,
        );
      }
      return;
    }
    await refuseUnlessStoppable(this.work.kubectl, studio, this.props, this.work.signal);
  }

  private plan(studio: LiveStudio, intake: LiveIntake | undefined, { path }: BackupFile): string {
    const spans = meanwhile(intake, 'Exporters drop spans that they cannot send within about half a minute.');
    const what = this.props.live
      ? 'The studio keeps running. Spans that are only in the memory of ingestion are not in the backup.'
      : `Backend and ingestion stop while their volume is copied. They restart afterwards, even after an error. ${spans}`;
    return [...planHeading(this.connection.target, studio), `Backup     ${path}`, what].map(inOneLine).join('\n');
  }

  /** Copies the volume into a file. However this ends, the studio is restarted first. */
  private async copy(
    studio: LiveStudio,
    intake: LiveIntake | undefined,
    file: BackupFile,
    partial: string,
  ): Promise<Copied> {
    const { live } = this.props;
    const { console, signal } = this.work;
    const downtime = new Downtime(studio, this.work);
    let copied: Omit<Copied, 'started'> | undefined;
    let started = true;
    try {
      const holdings = await this.openVolume(studio);
      if (file.folder !== undefined) {
        for (const text of removePartial(file.folder, this.connection.target.namespace, Date.now())) this.warn(text);
      }
      if (!live) {
        console.err('Stopping backend and ingestion …');
        await downtime.begin(signal);
      }
      await this.sayWaiting(intake);
      await this.stream(studio, holdings, partial);
      copied = {};
      if (!live) {
        await downtime.confirm(signal).catch((error) => {
          if (!(error instanceof KubectlError)) throw error;
          copied = { doubt: error };
        });
      }
    } catch (error) {
      copied = undefined;
      throw error;
    } finally {
      started = await downtime.end();
      if (!copied) downtime.tell(started);
      await this.pod.delete().catch((error: Error) => this.warn(`  ${notDeleted(error)}`));
    }
    if (!live && started) await downtime.untilReady(signal);
    return { ...copied, started };
  }

  /** Prints how much the intake holds when the copy begins. */
  private async sayWaiting(intake: LiveIntake | undefined): Promise<void> {
    const { kubectl, console, signal } = this.work;
    const then = `The intake sends them ${this.props.live ? 'to ingestion' : 'when ingestion runs again'}.`;
    const said = await sayWaiting(kubectl, intake, `They are not in this backup. ${then}`, signal);
    if (said) console.err(said);
  }

  /** Creates the pod, before the stop: if it does not start, there is no downtime. */
  private async openVolume(studio: LiveStudio): Promise<Held> {
    // SQLite locks through a file beside the database.
    const { obstacle, leftovers, ...held } = await openVolume(this.pod, this.work, studio, {
      readOnly: !this.props.live,
    });
    if (obstacle !== null) throw new Refusal(obstacle);
    for (const name of leftovers) {
      this.warn(`  ${name} on the volume is left over from an interrupted restore. The next restore removes it`);
    }
    return { ...held, obstacle };
  }

  private async stream(studio: LiveStudio, { bytes, mark }: Held, path: string): Promise<void> {
    const { console, signal } = this.work;
    const header = {
      taken: new Date().toISOString(),
      live: this.props.live ?? false,
      tag: studio.tag,
      mark,
      namespace: this.connection.target.namespace,
    };
    // A run that was killed may have left one.
    rmSync(path, { force: true });
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    const progress = new ProgressLine(console, 'Copying', bytes);
    try {
      await this.pod.run({
        command: 'archive',
        args: [JSON.stringify({ header, live: header.live, log: lineOf(studio.tag)?.stores.logPath })],
        output: file,
        onNews: (news) => progress.reach(news.bytes),
        signal,
      });
    } catch (error) {
      throw isOfFile(error) ? new Refusal(`Cannot write ${path}: ${error.message}`) : error;
    } finally {
      progress.end();
    }
    console.err(`Copied ${size(bytes)}, ${size(file.bytesWritten)} compressed.`);
  }
}

/** Whether the file system of this machine refused a write: no space, no permission. */
function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
