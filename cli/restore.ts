import { createReadStream, existsSync, statSync } from 'node:fs';
import { checkArchive, FolderArchive } from '../cluster/copy/archive';
import { Downtime, findStudioStarted, refuseUnlessStoppable } from '../cluster/copy/downtime';
import type { Claim, ObjectMeta } from '../cluster/copy/objects';
import { type Pace, usualPace } from '../cluster/copy/pace';
import { duration, ProgressLine, size } from '../cluster/copy/progress';
import { type Holdings, VOLUME_POD, VolumePod } from '../cluster/copy/volume-pod';
import type { LiveStudio } from '../cluster/copy/writers';
import { sleep } from '../cluster/interruption';
import { type Kubectl, KubectlError } from '../cluster/kubectl';
import { Refusal } from '../cluster/refusal';
import { releaseLines } from '../releases';
import { type ClusterOptions, type Connection, clusterOptions, confirm, withCluster } from './cluster-options';
import type { Command, ExitCode, Io } from './command';
import { planRestore } from './restore-plan';

export interface RestoreOptions extends ClusterOptions {
  readonly source?: string;
  readonly replace?: boolean;
  readonly into?: string;
  readonly plan?: boolean;
  readonly asOf?: string;
}

export const restore: Command<RestoreOptions> = {
  name: 'restore',
  summary: "Put a backup, or the data folder of docker compose, on a studio's volume",
  argument: { name: '[source]', text: 'file that backup wrote, or a folder: the .dbdata of compose' },
  options: [
    ...clusterOptions,
    { flags: '--replace', text: 'the volume need not be empty: what is there is moved aside on it' },
    { flags: '--into <namespace>', text: 'restore beside the running studio, into a claim of its own' },
    { flags: '--plan', text: 'print the manifest that restores a scheduled backup, and ask no cluster' },
    { flags: '--as-of <time>', text: 'with --plan: the newest backup before that time (VolSync)' },
  ],
  examples: [
    ['restore junjo-20260102T030405Z.tar.gz --replace', 'back to that day'],
    ['restore /mnt/junjo-data', 'move in from docker compose, which is stopped'],
    ['restore studio.tar.gz --into look', 'to look first'],
    ['restore --plan > restore.yaml', 'what VolSync or Velero backed up'],
  ],
  run: async (options, io) => {
    if (options.plan) return planRestore(options, io);
    if (options.source !== undefined) return restoreInto(options, io);
    io.err('restore: names no backup. Name a file or a folder, or say --plan for a scheduled backup');
    return 2;
  },
};

/** Restores. @param pace of tests */
export function restoreInto(options: RestoreOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  return withCluster(options, io, pace, (connection, signal) =>
    new Restore(options, io, pace, connection, signal).run(),
  );
}

/** What is restored, checked already as far as this machine can. */
interface Source {
  readonly bytes: number;
  readonly files: number;
  readonly text: string;
  readonly stream: () => NodeJS.ReadableStream;
}

class Restore {
  private readonly kubectl: Kubectl;
  private readonly reporter = { say: (text: string) => this.io.err(text) };

  constructor(
    private readonly options: RestoreOptions,
    private readonly io: Io,
    private readonly pace: Pace,
    private readonly connection: Connection,
    private readonly signal: AbortSignal,
  ) {
    this.kubectl = connection.kubectl;
  }

  async run(): Promise<ExitCode> {
    const { into } = this.options;
    const source = await sourceOf(this.options.source ?? '');
    const studio = await findStudioStarted(this.kubectl, this.pace, this.reporter, this.connection.rendered);
    if (into === undefined) {
      const how = { ownPod: VOLUME_POD, argoCdPaused: this.options.argocdPaused };
      await refuseUnlessStoppable(this.kubectl, studio, how, this.signal);
    } else if (into === this.connection.target.namespace) {
      throw new Refusal(`--into ${into}: the studio runs there. Leave --into out, or name another namespace`);
    }
    this.io.err(this.plan(studio, source));
    if (!(await confirm('Restore?', this.options, this.signal))) return 1;
    if (into === undefined) return this.place(this.kubectl, studio, source);
    await this.prepare(into, studio.claim);
    return this.place(this.kubectl.in(into), { ...studio, writers: [] }, source);
  }

  private plan({ tag, claim }: LiveStudio, source: Source): string {
    const { context, server, namespace } = this.connection.target;
    const { into, replace } = this.options;
    return [
      `Context    ${context} (${server})`,
      `Namespace  ${into ?? namespace}`,
      `Studio     ${tag ?? 'of an unknown release'}, volume claim ${claim.metadata.name}`,
      `From       ${source.text}: ${source.files} files, ${size(source.bytes)}`,
      ...(into === undefined
        ? [
            'It is copied beside what is there and checked; then backend and ingestion stop for the moment of the change.',
          ]
        : ['The running studio is not touched.']),
      ...(replace
        ? ['What is on the volume is moved aside, and stays there.']
        : ['Nothing is done unless the volume is empty.']),
    ].join('\n');
  }

  /** A namespace like the studio's, with a claim like the studio's. */
  private async prepare(into: string, claim: Claim): Promise<void> {
    const { namespace } = this.connection.target;
    const like = await this.kubectl.json<{ readonly metadata: ObjectMeta }>(['get', 'namespace', namespace]);
    const security = Object.entries(like.metadata.labels ?? {}).filter(([name]) =>
      name.startsWith('pod-security.kubernetes.io/'),
    );
    const { accessModes, resources, storageClassName, volumeMode } = claim.spec;
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: into, labels: Object.fromEntries(security) } },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: claim.metadata.name, namespace: into },
        spec: { accessModes, resources, storageClassName, volumeMode },
      },
    ];
    const target = this.kubectl.in(into);
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

  /** Copies beside what is there, checks, and puts it in its place; the studio, where there is one, runs at the end. */
  private async place(kubectl: Kubectl, studio: LiveStudio, source: Source): Promise<ExitCode> {
    const pod = new VolumePod(kubectl, this.pace);
    const downtime = new Downtime(kubectl, studio, this.pace, this.reporter, VOLUME_POD);
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const stage = `.junjo-restore-${time}`;
    let aside: string | null = null;
    let started = true;
    let staged = false;
    try {
      await pod.create({ backend: studio.backend, claim: studio.claim.metadata.name }, this.signal);
      const holdings: Holdings = JSON.parse(await pod.run({ command: 'look', signal: this.signal }));
      if (holdings.entries.length > 0 && !this.options.replace) {
        throw new Refusal(
          `The volume is not empty: it holds ${holdings.entries.slice(0, 5).join(', ')}. With --replace that is moved aside on the volume first`,
        );
      }
      staged = true;
      await this.receive(pod, stage, source);
      const reason = await pod.judge(stage, this.signal);
      if (reason) throw new Refusal(`The release that is applied here would not start on this data.\n${reason}`);
      if (studio.writers.length > 0) this.io.err('Stopping backend and ingestion …');
      await downtime.begin(this.signal);
      staged = false;
      aside = await this.swap(pod, stage, `.junjo-before-${time}`);
    } finally {
      started = await downtime.end();
      if (staged)
        await this.tidy(() => pod.run({ command: 'discard', args: [stage] }), `${stage} is left over on the volume`);
      await this.tidy(() => pod.delete(), `The pod ${VOLUME_POD} is left over`);
    }
    this.io.out(`${source.text} is on the volume: size and SHA-256 of each file are as they were.`);
    if (aside) this.io.out(`What was there is in ${aside} on the volume.`);
    if (!started) return 1;
    if (studio.writers.length > 0) await this.untilReady(downtime);
    else this.io.out(this.howToLook());
    return 0;
  }

  private async receive(pod: VolumePod, stage: string, source: Source): Promise<void> {
    const progress = new ProgressLine('Copying', source.bytes);
    const result = await pod.run({
      command: 'receive',
      args: [stage, JSON.stringify({ bytes: source.bytes })],
      input: source.stream(),
      onNews: (news) => progress.reach(news.bytes),
      signal: this.signal,
    });
    progress.end();
    const { databases }: { readonly databases: Readonly<Record<string, string>> } = JSON.parse(result);
    const damaged = Object.entries(databases).find(([, verdict]) => verdict !== 'ok');
    if (damaged) throw new Refusal(`${damaged[0]} is damaged: ${damaged[1]}`);
    const names = Object.keys(databases).join(', ') || 'no databases';
    this.io.err(`Copied ${size(source.bytes)}. SQLite's integrity_check: ${names} ok.`);
  }

  /** Nothing interrupts it: it takes a moment, and called again it finishes what a lost connection left. */
  private async swap(pod: VolumePod, stage: string, aside: string): Promise<string | null> {
    const args = [stage, JSON.stringify(this.options.replace ? { aside } : {})];
    for (let attempt = 1; ; attempt += 1) {
      try {
        return JSON.parse(await pod.run({ command: 'swap', args })).aside;
      } catch (error) {
        if (error instanceof Refusal || attempt === this.pace.startAttempts) throw error;
        this.io.err(`  ${(error as Error).message}\n  Trying again.`);
        await sleep(this.pace.retryMs * attempt);
      }
    }
  }

  private async untilReady(downtime: Downtime): Promise<void> {
    const seconds = await downtime.untilReady(this.signal);
    this.io.err(
      seconds === undefined
        ? `The studio was started and is not ready yet. Look: ${this.kubectl.commandLine(['get', 'pods'])}`
        : `The studio was away for ${duration(seconds)}.`,
    );
  }

  private howToLook(): string {
    const { into = '' } = this.options;
    return [
      `To look at it, render a studio on localhost for that namespace from an env file of its own, with`,
      `  JUNJO_ENV=development, JUNJO_K8S_NAMESPACE=${into}, and JUNJO_K8S_RELEASE and the storage settings of the running one,`,
      `apply it, and forward it. To end it: ${['kubectl', 'delete', 'namespace', into].join(' ')}`,
    ].join('\n');
  }

  private async tidy(work: () => Promise<unknown>, whatIsLeft: string): Promise<void> {
    await work().catch((error: Error) => this.io.err(`  ${whatIsLeft}: ${error.message}`));
  }
}

/** Looks at what is to be restored, before anything is touched. */
async function sourceOf(path: string): Promise<Source> {
  if (!existsSync(path)) throw new Refusal(`${path} does not exist`);
  if (statSync(path).isDirectory()) {
    const folder = await FolderArchive.of(path);
    if (!releaseLines.some(({ stores }) => folder.has(stores.usersPath))) {
      throw new Refusal(
        `${path} is no data folder of a studio: it has no sqlite/junjo.db. Name the folder of JUNJO_HOST_DB_DATA_PATH`,
      );
    }
    return { bytes: folder.bytes, files: folder.files, text: path, stream: () => folder.stream() };
  }
  const { bytes, manifest, header } = await checkArchive(path);
  const damaged = Object.entries(manifest.databases).find(([, verdict]) => verdict !== 'ok');
  if (damaged) throw new Refusal(`${path}: ${damaged[0]} was damaged when it was copied: ${damaged[1]}`);
  const text = `${path}${header.taken ? ` (${header.taken}, release ${header.tag ?? 'unknown'})` : ''}`;
  return { bytes, files: Object.keys(manifest.files).length, text, stream: () => createReadStream(path) };
}
