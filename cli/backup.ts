import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { checkArchive } from '../cluster/copy/archive';
import { type BackupFile, backupFile, rotate } from '../cluster/copy/backup-files';
import { Downtime, findStudioStarted, refuseUnlessStoppable } from '../cluster/copy/downtime';
import { type Pace, usualPace } from '../cluster/copy/pace';
import { duration, ProgressLine, size } from '../cluster/copy/progress';
import { type Holdings, VOLUME_POD, VolumePod } from '../cluster/copy/volume-pod';
import type { LiveStudio } from '../cluster/copy/writers';
import { LAST_BACKUP } from '../cluster/diagnosis/overview';
import { type Kubectl, KubectlError } from '../cluster/kubectl';
import { Refusal } from '../cluster/refusal';
import { type ReleaseLine, releaseLines } from '../releases';
import { type ClusterOptions, type Connection, clusterOptions, confirm, withCluster } from './cluster-options';
import type { Command, ExitCode, Io } from './command';

export interface BackupOptions extends ClusterOptions {
  readonly file?: string;
  readonly live?: boolean;
  readonly keep?: string;
}

export const backup: Command<BackupOptions> = {
  name: 'backup',
  summary: "Copy a studio's data from its cluster into one file on this machine",
  argument: {
    name: '[file]',
    text: 'file to write, or a folder for one that is named after namespace and time (default: this folder)',
  },
  options: [
    ...clusterOptions,
    { flags: '--live', text: 'copy without stopping the studio, where its stores allow that' },
    { flags: '--keep <number>', text: 'afterwards remove all but so many of the backups in the folder' },
  ],
  examples: [
    ['backup', 'stop the studio, copy its volume, start it again'],
    ['backup /var/backups/junjo --keep 7 --yes', 'for cron: the last seven'],
    ['backup studio.tar.gz --live', 'while it runs: from 0.80 on'],
  ],
  run: (options, io) => backUp(options, io),
};

/** Makes a backup. @param pace of tests */
export function backUp(options: BackupOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  return withCluster(options, io, pace, (connection, signal) =>
    new Backup(options, io, pace, connection, signal).run(),
  );
}

class Backup {
  private readonly kubectl: Kubectl;
  private readonly pod: VolumePod;
  private readonly reporter = { say: (text: string) => this.io.err(text) };

  constructor(
    private readonly options: BackupOptions,
    private readonly io: Io,
    private readonly pace: Pace,
    private readonly connection: Connection,
    private readonly signal: AbortSignal,
  ) {
    this.kubectl = connection.kubectl;
    this.pod = new VolumePod(this.kubectl, pace);
  }

  async run(): Promise<ExitCode> {
    const { target } = this.connection;
    const keep = keepOf(this.options);
    const file = backupFile(this.options.file, target.namespace, new Date());
    if (keep !== undefined && file.folder === undefined) {
      throw new Refusal('--keep counts the backups of a folder: name a folder, not a file');
    }
    const studio = await findStudioStarted(this.kubectl, this.pace, this.reporter);
    await this.check(studio);
    this.io.err(this.plan(studio, file));
    if (!(await confirm(this.options.live ? 'Copy now?' : 'Stop the studio now?', this.options, this.signal))) return 1;
    if (file.folder !== undefined) mkdirSync(file.folder, { recursive: true });

    const partial = `${file.path}.partial`;
    try {
      await this.copy(studio, partial);
      const checked = await checkArchive(partial);
      this.signal.throwIfAborted();
      renameSync(partial, file.path);
      const { files, databases, leftOut } = checked.manifest;
      this.io.out(
        `${file.path}: ${Object.keys(files).length} files, ${size(checked.bytes)}; size and SHA-256 of each are as on the volume.`,
      );
      for (const name of leftOut) this.io.err(`  ${name} was left out: it is no file, folder or link`);
      const damaged = Object.entries(databases).filter(([, verdict]) => verdict !== 'ok');
      for (const [name, verdict] of damaged) this.io.err(`  ${name} is damaged on the volume: ${verdict}`);
      if (damaged.length > 0) return 1;
      this.io.out(`  SQLite's integrity_check: ${Object.keys(databases).join(', ') || 'no databases'} ok`);
      await this.remember(studio);
      if (keep !== undefined && file.folder !== undefined) {
        for (const gone of rotate(file.folder, target.namespace, keep)) this.io.out(`  removed ${gone}`);
      }
      return 0;
    } finally {
      rmSync(partial, { force: true });
    }
  }

  /** Notes on the claim when its data was copied, for `status` to tell; the backup is good without it. */
  private async remember({ claim }: LiveStudio): Promise<void> {
    const note = `${LAST_BACKUP}=${new Date().toISOString()}`;
    try {
      await this.kubectl.text(['annotate', 'persistentvolumeclaim', claim.metadata.name, '--overwrite', note]);
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      this.io.err(`  status will not tell of it: ${error.message}`);
    }
  }

  private async check(studio: LiveStudio): Promise<void> {
    const { live, argocdPaused } = this.options;
    if (live) {
      const line = lineOf(studio);
      if (!line) throw new Refusal(`Nothing is known of the stores of ${studio.tag}: copy it without --live`);
      if (!line.stores.copiesWhileRunning) {
        throw new Refusal(
          `${line.stores.description} of ${studio.tag} cannot be copied while the studio writes: copy it without --live`,
        );
      }
      return;
    }
    const how = { ownPod: VOLUME_POD, argoCdPaused: argocdPaused };
    await refuseUnlessStoppable(this.kubectl, studio, how, this.signal);
  }

  private plan({ tag, claim }: LiveStudio, { path }: BackupFile): string {
    const { context, server, namespace } = this.connection.target;
    const what = this.options.live
      ? 'The studio goes on running. What is only in the memory of ingestion is not in the copy.'
      : 'Backend and ingestion stop, their volume is copied, and they start again whatever happens.';
    return [
      `Context    ${context} (${server})`,
      `Namespace  ${namespace}`,
      `Studio     ${tag ?? 'of an unknown release'}, volume claim ${claim.metadata.name}`,
      `Backup     ${path}`,
      what,
    ].join('\n');
  }

  /** Copies the volume into a file; the studio is started again before this ends, in whatever way. */
  private async copy(studio: LiveStudio, path: string): Promise<void> {
    const { live } = this.options;
    const downtime = new Downtime(this.kubectl, studio, this.pace, this.reporter, VOLUME_POD);
    let started = true;
    try {
      // Before the stop: whatever keeps the pod from running costs no downtime. SQLite locks through a file beside the database.
      await this.pod.create(
        { backend: studio.backend, claim: studio.claim.metadata.name, readOnly: !live },
        this.signal,
      );
      const holdings: Holdings = JSON.parse(await this.pod.run({ command: 'look', signal: this.signal }));
      if (!live) {
        this.io.err('Stopping backend and ingestion …');
        await downtime.begin(this.signal);
      }
      await this.stream(studio, holdings, path);
      if (!live) await downtime.confirm(this.signal);
    } finally {
      started = await downtime.end();
      await this.pod.delete().catch((error: Error) => {
        this.io.err(`  The pod ${VOLUME_POD} is left over: ${error.message}`);
      });
    }
    if (!started) throw new Refusal('The copy is whole, and the studio does not run');
    if (live) return;
    const seconds = await downtime.untilReady(this.signal);
    this.io.err(
      seconds === undefined
        ? `The studio was started and is not ready yet. Look: ${this.kubectl.commandLine(['get', 'pods'])}`
        : `The studio was away for ${duration(seconds)}.`,
    );
  }

  private async stream(studio: LiveStudio, { bytes, mark }: Holdings, path: string): Promise<void> {
    const header = {
      taken: new Date().toISOString(),
      live: this.options.live ?? false,
      tag: studio.tag,
      mark,
      namespace: this.connection.target.namespace,
    };
    // A run that was killed may have left one.
    rmSync(path, { force: true });
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    const progress = new ProgressLine('Copying', bytes);
    try {
      await this.pod.run({
        command: 'archive',
        args: [JSON.stringify({ header, live: header.live, log: lineOf(studio)?.stores.logPath })],
        output: file,
        onNews: (news) => progress.reach(news.bytes),
        signal: this.signal,
      });
    } catch (error) {
      throw isOfFile(error) ? new Refusal(`${path} cannot be written: ${error.message}`) : error;
    } finally {
      progress.end();
    }
    this.io.err(`Copied ${size(bytes)}, ${size(file.bytesWritten)} compressed.`);
  }
}

/** What the file system of this machine refuses: no space, no permission. */
function isOfFile(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function keepOf({ keep }: BackupOptions): number | undefined {
  if (keep === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(keep)) throw new Refusal(`--keep ${keep}: is to be a number from 1 on`);
  return Number(keep);
}

/** The line of the release that runs, where it is known. */
function lineOf({ tag = '' }: LiveStudio): ReleaseLine | undefined {
  return releaseLines.find(({ name, tags }) => tags.includes(tag) || name === tag);
}
