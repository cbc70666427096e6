import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { lineOf } from '../../releases';
import { type Connection, confirmed } from '../connection';
import { LAST_BACKUP } from '../diagnosis/overview';
import { KubectlError } from '../kubectl';
import { Refusal } from '../refusal';
import { checkArchive } from './archive';
import { type BackupFile, backupFile, rotate } from './backup-files';
import { Downtime, findStudioStarted, refuseUnlessStoppable } from './downtime';
import type { Pace } from './pace';
import { ProgressLine, size } from './progress';
import { type Holdings, VOLUME_POD, VolumePod } from './volume-pod';
import { type LiveStudio, planHeading } from './writers';

/** What is copied, and where to. */
export interface BackupProps {
  /** File or folder to write. @default a file in this folder, named after namespace and time */
  readonly file?: string;
  /** Copies while the studio runs. @default false */
  readonly live?: boolean;
  /** How many backups of the namespace stay in the folder. @default all */
  readonly keep?: number;
  /** Argo CD is paused, even if this command cannot see it. @default false */
  readonly argoCdPaused?: boolean;
  /** Asks nothing. @default false */
  readonly yes?: boolean;
}

/** Copies the data of a studio out of its cluster into one file on this machine. */
export class Backup {
  private readonly pod: VolumePod;

  constructor(
    private readonly props: BackupProps,
    private readonly connection: Connection,
    private readonly pace: Pace,
    private readonly signal: AbortSignal,
  ) {
    this.pod = new VolumePod(connection.kubectl, pace);
  }

  /** @returns false when it was not wanted, or the data is damaged */
  async run(): Promise<boolean> {
    const { target, kubectl, console } = this.connection;
    const { keep } = this.props;
    const file = backupFile(this.props.file, target.namespace, new Date());
    if (keep !== undefined && file.folder === undefined) {
      throw new Refusal('--keep counts the backups of a folder: name a folder, not a file');
    }
    const studio = await findStudioStarted(kubectl, this.pace, console);
    await this.check(studio);
    console.err(this.plan(studio, file));
    const question = this.props.live ? 'Copy now?' : 'Stop the studio now?';
    if (!this.props.yes && !(await confirmed(question, console, this.signal))) return false;
    if (file.folder !== undefined) mkdirSync(file.folder, { recursive: true });

    const partial = `${file.path}.partial`;
    try {
      await this.copy(studio, partial);
      const checked = await checkArchive(partial);
      this.signal.throwIfAborted();
      renameSync(partial, file.path);
      const { files, databases, leftOut } = checked.manifest;
      console.out(
        `${file.path}: ${Object.keys(files).length} files, ${size(checked.bytes)}; size and SHA-256 of each are as on the volume.`,
      );
      for (const name of leftOut) console.err(`  ${name} was left out: it is not a file, folder or link`);
      const damaged = Object.entries(databases).filter(([, verdict]) => verdict !== 'ok');
      for (const [name, verdict] of damaged) console.err(`  ${name} is damaged on the volume: ${verdict}`);
      if (damaged.length > 0) return false;
      console.out(`  SQLite's integrity_check: ${Object.keys(databases).join(', ') || 'no databases'} ok`);
      await this.remember(studio);
      if (keep !== undefined && file.folder !== undefined) {
        for (const gone of rotate(file.folder, target.namespace, keep)) console.out(`  removed ${gone}`);
      }
      return true;
    } finally {
      rmSync(partial, { force: true });
    }
  }

  /** Notes on the claim when its data was copied, for `status` to tell; the backup is good without it. */
  private async remember({ claim }: LiveStudio): Promise<void> {
    const note = `${LAST_BACKUP}=${new Date().toISOString()}`;
    try {
      const args = ['annotate', 'persistentvolumeclaim', claim.metadata.name, '--overwrite', note];
      await this.connection.kubectl.text(args);
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      this.connection.console.err(`  status will not tell of it: ${error.message}`);
    }
  }

  private async check(studio: LiveStudio): Promise<void> {
    const { live, argoCdPaused } = this.props;
    if (live) {
      const line = lineOf(studio.tag);
      if (!line) throw new Refusal(`Nothing is known of the stores of ${studio.tag}: copy it without --live`);
      if (!line.stores.copiesWhileRunning) {
        throw new Refusal(
          `${line.stores.description} of ${studio.tag} cannot be copied while the studio writes: copy it without --live`,
        );
      }
      return;
    }
    const how = { ownPod: VOLUME_POD, argoCdPaused };
    await refuseUnlessStoppable(this.connection.kubectl, studio, how, this.signal);
  }

  private plan(studio: LiveStudio, { path }: BackupFile): string {
    const what = this.props.live
      ? 'The studio keeps running. What is only in the memory of ingestion is not in the copy.'
      : 'Backend and ingestion stop, their volume is copied, and they start again whatever happens.';
    return [...planHeading(this.connection.target, studio), `Backup     ${path}`, what].join('\n');
  }

  /** Copies the volume into a file; the studio is started again before this ends, in whatever way. */
  private async copy(studio: LiveStudio, path: string): Promise<void> {
    const { live } = this.props;
    const downtime = new Downtime(this.connection.kubectl, studio, this.pace, this.connection.console, VOLUME_POD);
    let started = true;
    try {
      // Before the stop: whatever keeps the pod from running costs no downtime. SQLite locks through a file beside the database.
      await this.pod.create(
        { backend: studio.backend, claim: studio.claim.metadata.name, readOnly: !live },
        this.signal,
      );
      const holdings: Holdings = JSON.parse(await this.pod.run({ command: 'look', signal: this.signal }));
      if (!live) {
        this.connection.console.err('Stopping backend and ingestion …');
        await downtime.begin(this.signal);
      }
      await this.stream(studio, holdings, path);
      if (!live) await downtime.confirm(this.signal);
    } finally {
      started = await downtime.end();
      await this.pod.delete().catch((error: Error) => {
        this.connection.console.err(`  The pod ${VOLUME_POD} is left over: ${error.message}`);
      });
    }
    if (!started) throw new Refusal('The copy is whole, and the studio does not run');
    if (!live) await downtime.untilReady(this.signal);
  }

  private async stream(studio: LiveStudio, { bytes, mark }: Holdings, path: string): Promise<void> {
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
    const progress = new ProgressLine(this.connection.console, 'Copying', bytes);
    try {
      await this.pod.run({
        command: 'archive',
        args: [JSON.stringify({ header, live: header.live, log: lineOf(studio.tag)?.stores.logPath })],
        output: file,
        onNews: (news) => progress.reach(news.bytes),
        signal: this.signal,
      });
    } catch (error) {
      throw isOfFile(error) ? new Refusal(`${path} cannot be written: ${error.message}`) : error;
    } finally {
      progress.end();
    }
    this.connection.console.err(`Copied ${size(bytes)}, ${size(file.bytesWritten)} compressed.`);
  }
}

/** What the file system of this machine refuses: no space, no permission. */
function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
