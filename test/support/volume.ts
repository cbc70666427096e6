import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { upgradeGuardFacts, VOLUME_MARK } from '../../charts/upgrade-guard';
import { type ReleaseLine, releaseLines } from '../../releases';
import { asUserOfPods, USER_OF_PODS, withSystemPython } from './python';

const isRoot = process.getuid?.() === 0;
const SPAN_FILES = 'test/support/span-files';

/** Runs Python as the user of the pods. */
function runPython(args: readonly string[]) {
  const [program = '', ...rest] = asUserOfPods(['python3', '-I', ...args]);
  return spawnSync(program, rest, { encoding: 'utf8', env: withSystemPython, timeout: 120_000 });
}

/** What a container ends with. */
export interface Ended {
  readonly status: number | null;
  /** Standard output and error. */
  readonly log: string;
  /** What `kubectl describe pod` shows of it. */
  readonly reason: string;
}

/** Databases by what made them: each is made once. */
const databases = new Map<string, Buffer>();

/** A release line by its name. */
export function lineCalled(name: string): ReleaseLine {
  const line = releaseLines.find((each) => each.name === name);
  if (!line) throw new Error(`no line is called ${name}`);
  return line;
}

/** The statements that make the database of users of a line: its tables that matter, and how it says its schema. */
export function usersOf({ stores: { usersSchema: schema, usersTable } }: ReleaseLine): string {
  const tables = ['users', 'api_keys', ...(usersTable ? [usersTable] : [])].map(
    (name) => `create table ${name} (id text)`,
  );
  return [
    ...tables,
    ...('alembic' in schema ? revised(schema.alembic) : [`pragma user_version=${schema.userVersion}`]),
  ].join(';');
}

/** The table of Alembic with these revisions. */
export function revised(...revisions: readonly string[]): readonly string[] {
  // As https://github.com/sqlalchemy/alembic makes it.
  const column = 'version_num varchar(32) not null, constraint alembic_version_pkc primary key (version_num)';
  return [
    `create table alembic_version (${column})`,
    ...revisions.map((revision) => `insert into alembic_version values ('${revision}')`),
  ];
}

/** The volume of a studio as a folder, and the programs that run on it as the user of the pods. */
export class Volume {
  private readonly root = mkdtempSync(join(tmpdir(), 'junjo-volume-'));
  readonly path = join(this.root, 'data');

  constructor() {
    chmodSync(this.root, 0o755);
    mkdirSync(this.path);
    this.own(this.path);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** What the releases of a line leave on a volume; `minutesAgo` is when they wrote it last. */
  fill(line: ReleaseLine, minutesAgo = 0): this {
    const { stores } = line;
    if (!existsSync(join(this.path, stores.usersPath))) this.database(stores.usersPath, usersOf(line));
    if (stores.spans === 'DuckDB') {
      this.write('duckdb/traces.duckdb', 'DUCK', minutesAgo);
      this.write('badgerdb/MANIFEST', 'Bdgr', minutesAgo);
      return this;
    }
    this.database('sqlite/metadata.db', 'create table files (id text)');
    const columns = stores.columns?.count;
    this.copy(`${columns}.ipc`, `spans/wal/batch_1_${columns}.ipc`, minutesAgo);
    this.copy(`${columns}.parquet`, `spans/parquet/year=2026/month=01/day=02/spans_${columns}.parquet`, minutesAgo);
    this.copy(`${columns}.parquet`, 'spans/hot_snapshot.parquet', minutesAgo);
    return this;
  }

  /** A real SQLite database in WAL mode, in place of one that is there. */
  database(path: string, statements: string): void {
    const file = this.place(path);
    const made = databases.get(statements);
    if (made) writeFileSync(file, made);
    else {
      rmSync(file, { force: true });
      this.python('import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])', [
        file,
        `${statements}; pragma journal_mode=wal`,
      ]);
      databases.set(statements, readFileSync(file));
    }
    this.own(file);
  }

  /** Runs a program of Python as the user of the pods. @returns what it prints */
  python(code: string, args: readonly string[]): string {
    const { status, stdout, stderr } = runPython(['-c', code, ...args]);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }

  /** One of the span files that a real writer made. */
  copy(source: string, path: string, minutesAgo = 0): void {
    copyFileSync(join(SPAN_FILES, source), this.place(path));
    this.touch(path, minutesAgo);
  }

  write(path: string, text: string | Buffer, minutesAgo = 0): void {
    writeFileSync(this.place(path), text);
    this.touch(path, minutesAgo);
  }

  delete(path: string): void {
    rmSync(join(this.path, path), { recursive: true });
  }

  /** The mark, or nothing on a volume without one. */
  get mark(): Readonly<Record<string, string>> | undefined {
    const file = join(this.path, VOLUME_MARK);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  }

  /** Every file of the volume. */
  get files(): readonly string[] {
    return readdirSync(this.path, { recursive: true, encoding: 'utf8' }).sort();
  }

  /** Starts the guard of a line, as the manifests do. */
  guard(line: ReleaseLine, acceptedLosses: readonly string[] = []): Ended {
    const args = this.guardArguments(line, acceptedLosses);
    const { status, stdout, stderr } = runPython(args);
    return { status, log: stdout + stderr, reason: readFileSync(args[3], 'utf8') };
  }

  /** The guard as a pod finds it, its facts, the volume and an empty termination log. */
  guardArguments(line: ReleaseLine, acceptedLosses: readonly string[] = []): [string, string, string, string] {
    const facts = join(this.root, 'facts.json');
    const log = join(this.root, 'termination-log');
    writeFileSync(facts, JSON.stringify(upgradeGuardFacts({ line, lines: releaseLines, acceptedLosses })));
    writeFileSync(log, '');
    // The kubelet lets everybody write it.
    chmodSync(log, 0o666);
    return [this.program('upgrade-guard.py'), facts, this.path, log];
  }

  /** A program as a pod finds it: readable for everybody. */
  program(name: string): string {
    const file = join(this.root, name);
    copyFileSync(join('charts/programs', name), file);
    chmodSync(file, 0o644);
    return file;
  }

  private own(path: string): void {
    if (isRoot) chownSync(path, USER_OF_PODS, USER_OF_PODS);
  }

  private place(path: string): string {
    for (const [index, character] of [...path].entries()) {
      const folder = join(this.path, path.slice(0, index));
      if (character !== '/' || existsSync(folder)) continue;
      mkdirSync(folder);
      this.own(folder);
    }
    return join(this.path, path);
  }

  private touch(path: string, minutesAgo: number): void {
    const file = join(this.path, path);
    this.own(file);
    const seconds = Date.now() / 1000 - minutesAgo * 60;
    utimesSync(file, seconds, seconds);
  }
}
