import { createReadStream, existsSync, statSync } from 'node:fs';
import { howToRun } from '../../config/how-to-run';
import { workloadNames } from '../../config/names';
import { inOneLine } from '../../config/text';
import { releaseLines } from '../../releases';
import type { Manifest } from '../../render/manifest';
import { type Connection, confirmed } from '../connection';
import { type Kubectl, KubectlError } from '../kubectl';
import { Refusal } from '../refusal';
import { checkArchive, FolderArchive } from './archive';
import { Downtime, type GitOpsPaused, refuseUnlessStoppable } from './downtime';
import { addedTo, findIntake, meanwhile, sayWaiting } from './intake';
import { type Caller, howToLook, refuseUnlessCopyable } from './look';
import { noteKept } from './notes';
import { ended, newOwner, type Owner } from './owner';
import { type Pace, patient } from './pace';
import { fileCount, integrityText, ProgressLine, size } from './progress';
import { findStudioStarted, MOVES_INTERRUPTED, openVolume } from './unfinished';
import { type Holdings, notDeleted, VolumePod } from './volume-pod';
import type { Work } from './work';
import { type LiveStudio, planHeading } from './writers';

/** What is restored, and where. */
export interface RestoreProps extends GitOpsPaused {
  /** File that a backup wrote, or the data folder of compose. */
  readonly source: string;
  /** The current data is moved into a folder on the volume. @default the volume must be empty */
  readonly replace?: boolean;
  /** Namespace in which the data gets its own claim. @default the data goes into the claim of the studio */
  readonly into?: string;
  readonly caller: Caller;
  /** Asks nothing. @default false */
  readonly yes?: boolean;
}

/** What is restored, after the checks on this machine. */
interface Source {
  readonly bytes: number;
  readonly files: number;
  readonly text: string;
  /** Tag of the release that ran when it was taken. @default not known */
  readonly tag?: string;
  readonly stream: () => NodeJS.ReadableStream;
}

/** Restores a backup, or the data folder of compose, to the volume of a studio. */
export class Restore {
  private readonly owner: Owner = newOwner('restore');

  constructor(
    private readonly props: RestoreProps,
    private readonly connection: Connection,
    private readonly pace: Pace,
    private readonly signal: AbortSignal,
  ) {}

  /** @returns false if the user declined, or the studio failed to restart */
  async run(): Promise<boolean> {
    try {
      return await this.make();
    } finally {
      ended(this.owner);
    }
  }

  private async make(): Promise<boolean> {
    const { into, yes } = this.props;
    const { kubectl, console, manifests } = this.connection;
    const source = await sourceOf(this.props.source, this.signal);
    const rendered = manifests?.named('Deployment', workloadNames.backend);
    const studio = await findStudioStarted(this.workIn(kubectl), rendered);
    if (into === undefined) {
      await refuseUnlessStoppable(kubectl, studio, this.props, this.signal);
    } else if (into === this.connection.target.namespace) {
      throw new Refusal(
        `--into ${into} is the namespace of the studio itself. Remove --into, or name another namespace`,
      );
    } else {
      await refuseUnlessCopyable(kubectl, studio.claim, into);
    }
    console.err(await this.plan(studio, source));
    if (!yes && !(await confirmed('Restore now?', console, this.signal))) return false;
    if (into === undefined) return this.place(this.workIn(kubectl), studio, source);
    await this.prepare(into, studio.claim);
    return this.place(this.workIn(kubectl.in(into)), { ...studio, writers: [] }, source);
  }

  private workIn(kubectl: Kubectl): Work {
    const { owner, pace, signal } = this;
    return { kubectl, console: this.connection.console, pace, owner, signal };
  }

  private async plan(studio: LiveStudio, source: Source): Promise<string> {
    const { target, kubectl } = this.connection;
    const { into, replace } = this.props;
    const intake = into === undefined ? await findIntake(kubectl, this.signal) : undefined;
    const waiting = await sayWaiting(kubectl, intake, addedTo('the restored data'), this.signal);
    return [
      ...planHeading({ ...target, namespace: into ?? target.namespace }, studio),
      `From       ${source.text}: ${fileCount(source.files)}, ${size(source.bytes)}`,
      ...(into === undefined
        ? [
            `The backup is copied to the volume next to the current data, and checked. Then backend and ingestion stop while folders are renamed. ${meanwhile(intake, 'Exporters can drop spans during this time.')}`,
            ...(waiting ? [waiting] : []),
          ]
        : ['The running studio is not changed.']),
      ...(replace
        ? ['The current data moves into a folder on the same volume. Nothing is deleted.']
        : ['If the volume is not empty, nothing is changed.']),
    ]
      .map(inOneLine)
      .join('\n');
  }

  /** Creates a namespace and a claim like those of the studio. */
  private async prepare(into: string, claim: Manifest): Promise<void> {
    const { namespace } = this.connection.target;
    const like = await this.connection.kubectl.json<Manifest>(['get', 'namespace', namespace]);
    const security = Object.entries(like.metadata.labels ?? {}).filter(([name]) =>
      name.startsWith('pod-security.kubernetes.io/'),
    );
    const { accessModes, resources, storageClassName, volumeMode } = claim.spec ?? {};
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: into, labels: Object.fromEntries(security) } },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: claim.metadata.name, namespace: into },
        spec: { accessModes, resources, storageClassName, volumeMode },
      },
    ];
    const target = patient(this.connection.kubectl.in(into), this.pace, this.connection.console);
    for (const object of objects) {
      try {
        await target.text(['create', '--validate=false', '-f', '-'], {
          input: JSON.stringify(object),
          signal: this.signal,
        });
      } catch (error) {
        // Its volume must be empty all the same.
        if (!(error instanceof KubectlError && error.failure === 'already exists')) throw error;
      }
    }
  }

  /** Copies next to the current data, checks, and swaps both. The studio, if there is one, is restarted at the end. */
  private async place(work: Work, studio: LiveStudio, source: Source): Promise<boolean> {
    const { console } = this.connection;
    const pod = new VolumePod(this.pace, this.owner, work);
    const downtime = new Downtime(studio, work);
    // To the millisecond: two restores of one second have separate folders.
    const time = new Date().toISOString().replace(/[-:.]/g, '');
    const stage = `.junjo-restore-${time}`;
    let aside: string | null = null;
    let kept: readonly string[] = [];
    let started = true;
    let staged = false;
    let swapping = false;
    let done = false;
    try {
      kept = (await this.openVolume(pod, work, studio)).asides;
      staged = true;
      await this.receive(pod, stage, source);
      const reason = await pod.judge(stage, this.signal);
      if (reason) throw new Refusal(...reason);
      if (studio.writers.length > 0) console.err('Stopping backend and ingestion …');
      await downtime.begin(this.signal);
      staged = false;
      swapping = true;
      const args = [stage, JSON.stringify(this.props.replace ? { aside: `.junjo-before-${time}` } : {})];
      // Nothing interrupts it: it takes a moment.
      ({ aside } = await pod.ask<{ readonly aside: string | null }>({ command: 'swap', args }));
      done = true;
    } finally {
      started = await downtime.end();
      if (swapping && !done) {
        console.err(MOVES_INTERRUPTED);
      } else if (!done && studio.writers.length > 0) downtime.tell(started);
      if (staged)
        await this.tidy(
          () => pod.ask({ command: 'discard', args: [stage] }),
          ({ message }) => `Could not delete ${stage} on the volume. The next restore deletes it. Cause: ${message}`,
        );
      await this.tidy(() => pod.delete(), notDeleted);
    }
    console.out(inOneLine(`Restored ${source.text}. The size and SHA-256 of each file match the backup.`));
    if (aside) {
      console.out(inOneLine(`The previous data is in the folder ${aside} on the volume.`));
      if (studio.writers.length > 0)
        console.out(`To bring it back, run: ${howToRun('set-aside', '--back', aside, ...work.kubectl.globalFlags())}`);
      await noteKept(work, studio.claim, [...kept, aside]);
    }
    if (!started) return false;
    if (studio.writers.length > 0) await downtime.untilReady(this.signal);
    else console.out(this.howToLook(studio, source));
    return true;
  }

  /** Creates the pod. */
  private async openVolume(pod: VolumePod, work: Work, studio: LiveStudio): Promise<Holdings> {
    const holdings = await openVolume(pod, work, studio);
    if (holdings.entries.length > 0 && !this.props.replace) {
      throw new Refusal(
        `The volume is not empty: it contains ${holdings.entries.slice(0, 5).join(', ')}. To move this into a folder on the volume first, add --replace`,
      );
    }
    for (const name of holdings.leftovers) {
      this.connection.console.err(
        inOneLine(`Removing ${name} from the volume, which an interrupted restore left behind.`),
      );
    }
    return holdings;
  }

  private async receive(pod: VolumePod, stage: string, source: Source): Promise<void> {
    const progress = new ProgressLine(this.connection.console, 'Copying', source.bytes);
    const databases = await pod.receive(stage, source.bytes, {
      input: source.stream(),
      onNews: (news) => progress.reach(news.bytes),
      signal: this.signal,
    });
    progress.end();
    const damaged = Object.entries(databases).find(([, verdict]) => verdict !== 'ok');
    if (damaged) {
      throw new Refusal(
        `${damaged[0]} is damaged, so the data was not changed. SQLite's integrity_check: ${damaged[1]}`,
      );
    }
    this.connection.console.err(`Copied ${size(source.bytes)}. ${integrityText(Object.keys(databases))}.`);
  }

  private howToLook({ claim, tag }: LiveStudio, { tag: takenFrom }: Source): string {
    const { into: namespace = '', caller } = this.props;
    const { kubectl } = this.connection;
    return howToLook({ kubectl, namespace, claim: claim.metadata.name, tag, takenFrom, caller });
  }

  private async tidy(work: () => Promise<unknown>, warning: (error: Error) => string): Promise<void> {
    await work().catch((error: Error) => this.connection.console.err(inOneLine(`  ${warning(error)}`)));
  }
}

/** Checks a backup or a folder before anything in the cluster is changed. */
async function sourceOf(path: string, signal: AbortSignal): Promise<Source> {
  if (!existsSync(path)) throw new Refusal(`${path} does not exist`);
  const kind = statSync(path);
  if (!kind.isFile() && !kind.isDirectory()) throw new Refusal(`${path} is not a file or folder`);
  if (kind.isDirectory()) {
    const folder = await FolderArchive.of(path);
    if (!releaseLines.some(({ stores }) => folder.has(stores.usersPath))) {
      throw new Refusal(
        `${path} is not the data folder of a studio: it has no sqlite/junjo.db. Name the folder of JUNJO_HOST_DB_DATA_PATH`,
      );
    }
    return { bytes: folder.bytes, files: folder.files, text: path, stream: () => folder.stream() };
  }
  const { bytes, manifest, header } = await checkArchive(path, signal);
  const damaged = Object.entries(manifest.databases).find(([, verdict]) => verdict !== 'ok');
  if (damaged)
    throw new Refusal(
      `${path}: ${damaged[0]} was already damaged when it was copied. Restore another backup. SQLite's integrity_check: ${damaged[1]}`,
    );
  const text = `${path}${header.taken ? ` (${header.taken}, release ${header.tag ?? 'unknown'})` : ''}`;
  const { tag } = header;
  return { bytes, files: Object.keys(manifest.files).length, text, tag, stream: () => createReadStream(path) };
}
