import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Io } from '../../cli/command';
import { type Pace, usualPace } from '../../cluster/copy/pace';
import { FakeApiServer } from './fake-api-server';
import { withSystemPython } from './python';
import { development, type Manifest, render, type Settings } from './studio';

/** Commands in tests look and try again more often; they wait as long as on a busy machine. */
export const hasty: Pace = { ...usualPace, pollMs: 20, retryMs: 20, startAttempts: 4, stopSeconds: 1 };

const CLAIM = 'junjo-ai-studio-data';

/** A studio that runs in a fake cluster, with its volume. */
export class LiveStudio {
  private constructor(
    readonly cluster: FakeApiServer,
    readonly namespace: string,
  ) {}

  /** Renders settings, applies them, and waits until the studio is ready. */
  static async start(settings: Settings = {}, namespace = 'junjo'): Promise<LiveStudio> {
    const cluster = await FakeApiServer.start();
    const studio = new LiveStudio(cluster, namespace);
    studio.apply(settings);
    await studio.ready();
    return studio;
  }

  /** Applies what settings render to. */
  apply(settings: Settings = {}, namespace = this.namespace): void {
    const { objects } = render(
      development({
        JUNJO_K8S_RELEASE: '0.82.1',
        JUNJO_INTERNAL_GRPC_TOKEN: token(),
        JUNJO_K8S_NAMESPACE: namespace,
        ...settings,
      }),
    );
    const kinds = ['Namespace', 'PersistentVolumeClaim', 'ConfigMap', 'Deployment'];
    this.cluster.apply(...objects.filter(({ kind }) => kinds.includes(kind)));
  }

  /** Puts collectors beside the studio. @param queues bytes that wait in each; `undefined`: it is not ready */
  addIntake(...queues: readonly (number | undefined)[]): void {
    const labels = { 'app.kubernetes.io/name': 'junjo-ai-studio', 'app.kubernetes.io/component': 'intake' };
    const ready = new Set<string>();
    for (const [index, bytes] of queues.entries()) {
      const name = `junjo-ai-studio-intake-${index}`;
      const volume = { name: 'queue', persistentVolumeClaim: { claimName: `queue-${name}` } };
      this.cluster.apply({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: this.namespace, labels },
        spec: { containers: [{ name: 'intake' }], volumes: [volume] },
      } as Manifest);
      if (bytes === undefined) continue;
      ready.add(name);
      const size = `otelcol_exporter_queue_size{data_type="traces",exporter="otlp_grpc/queue"} ${bytes}`;
      this.cluster.pages.set(`${name}:8888/metrics`, `# TYPE otelcol_exporter_queue_size gauge\n${size}\n`);
    }
    const { judge } = this.cluster.controllers;
    this.cluster.controllers.judge = (pod) =>
      pod.metadata.labels?.['app.kubernetes.io/component'] !== 'intake' || ready.has(pod.metadata.name)
        ? judge(pod)
        : 'pending';
  }

  /** The volume, as a folder of this machine. */
  get volume(): string {
    return this.cluster.volume(this.namespace, CLAIM);
  }

  volumeOf(namespace: string): string {
    return this.cluster.volume(namespace, CLAIM);
  }

  deployment(component: string): Manifest {
    return this.cluster.object('deployments', this.namespace, `junjo-ai-studio-${component}`);
  }

  /** What of the studio does not run as it should; nothing, when it does. */
  get trouble(): readonly string[] {
    return ['backend', 'ingestion'].flatMap((component) => {
      const { metadata, spec, status } = this.deployment(component);
      return [
        ...(spec.replicas === 1 ? [] : [`${component} has ${spec.replicas} replicas`]),
        ...(metadata.annotations?.['junjo-ai-studio/stopped'] ? [`${component} bears the mark`] : []),
        ...(status?.availableReplicas === 1 ? [] : [`${component} is not available`]),
      ];
    });
  }

  /** Resolves when the studio runs, with no mark of a stop. */
  async ready(): Promise<void> {
    await this.cluster.until(() => this.trouble.length === 0);
  }

  close(): Promise<void> {
    return this.cluster.close();
  }

  /** What a command knows of its process, and what it said. */
  io(): Io & { readonly said: string[] } {
    const said: string[] = [];
    const note = (text: string) => said.push(text);
    return { environment: this.cluster.environment, out: note, err: note, color: false, said };
  }
}

// Of 0.82: its releases look at the columns before they start on a volume.
const [SPANS, LOG] = ['parquet', 'ipc'].map((name) => readFileSync(`test/support/span-files/21.${name}`)) as [
  Buffer,
  Buffer,
];

/** Fills a folder as a studio of 0.82 does: real databases, one of them with a log, files, odd names. */
export function fillVolume(folder: string, { mebibytes = 1 } = {}): void {
  const write = (name: string, content: Buffer | string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  mkdirSync(join(folder, 'sqlite'), { recursive: true });
  // Killed after its last write, so that what it wrote is in the log alone.
  const script = `
import os, sqlite3, sys
for name, closed in (('junjo.db', True), ('metadata.db', False)):
    database = sqlite3.connect(os.path.join(sys.argv[1], 'sqlite', name))
    database.execute('pragma journal_mode=wal')
    database.execute('create table users (name text)')
    database.executemany('insert into users values (?)', [(f'user {i}',) for i in range(500)])
    database.commit()
    if closed: database.close()
os._exit(0)`;
  execFileSync('python3', ['-c', script, folder], { env: withSystemPython });
  for (let index = 0; index < 20; index += 1) write(`spans/parquet/2026/${index}.parquet`, SPANS);
  write('spans/wal/segment-1.ipc', LOG);
  write('large', randomBytes(mebibytes * 1024 * 1024));
  for (let index = 0; index < 20; index += 1) write(`odd/of ${index} bytes`, randomBytes(index));
  write('odd/empty', '');
  write(`odd/${'long '.repeat(40)}/${'ü€😀 %?#'.repeat(4)}`, 'odd');
  write('odd/it\'s "quoted"\nand $(split) *', 'odd');
  mkdirSync(join(folder, 'empty folder'));
  symlinkSync('odd/empty', join(folder, 'link'));
}

/** Everything below a folder with the digest of what it holds. @param without names at the top to leave out */
export function contents(folder: string, without = /^$/): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const found = names
    .filter((name) => !without.test(name.split('/')[0] ?? ''))
    .map((name) => {
      const path = join(folder, name);
      const info = lstatSync(path);
      if (info.isSymbolicLink()) return [name, `link to ${readlinkSync(path)}`];
      if (info.isDirectory()) return [name, 'folder'];
      return [name, createHash('sha256').update(readFileSync(path)).digest('hex')];
    });
  return Object.fromEntries(found.sort());
}

function token(): string {
  return randomBytes(32).toString('base64');
}
