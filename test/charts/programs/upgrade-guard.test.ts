import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { VOLUME_MARK } from '../../../charts/upgrade-guard';
import { version } from '../../../package.json';
import { type ReleaseLine, releaseLines, stepName } from '../../../releases';
import { hostile, harmless as printable } from '../../support/controls';
import { describeWith } from '../../support/programs';
import { type Ended, lineCalled, revised, usersOf, Volume } from '../../support/volume';

let volume: Volume;

beforeEach(() => {
  volume = new Volume();
});
afterEach(() => {
  volume.remove();
});

const line082 = lineCalled('0.82');
const line081 = lineCalled('0.81');
const line070 = lineCalled('0.70');
const line085 = lineCalled('0.85');
const line086 = lineCalled('0.86');

/** A volume on which a line ran under these manifests. */
function ranOn(line: ReleaseLine): Volume {
  expect(volume.guard(line).status).toBe(0);
  return volume.fill(line);
}

/** A refusal in three lines: what is wrong, the tag to go back to, and how to go on. */
function expectStop({ status, log, reason }: Ended, [what, back, on]: readonly [RegExp, string, RegExp]): void {
  expect({ status, log }).toEqual({ status: 1, log: `upgrade-guard stops the start.\n${reason}` });
  const [first, second, third, ...rest] = reason.trimEnd().split('\n');
  expect(first).toMatch(what);
  expect(second).toMatch(back ? new RegExp(`^Set JUNJO_K8S_RELEASE=${back.replaceAll('.', '\\.')} to go back`) : /^/);
  expect(third).toMatch(on);
  expect(rest).toEqual([]);
}

const NO_SETTING = /^No setting helps\. .*: npm run set-aside\. It shows how to bring the data back\.$/;

/** The step that would be accepted. */
const accepting = (from: string, to: string) =>
  new RegExp(`^To start anyway, set JUNJO_K8S_ACCEPT_DATA_LOSS=${from}-to-${to}, for this step only\\.$`);

type Expected = (from: string, to: string) => readonly [RegExp, RegExp];

const refused: Expected = (from, to) => [
  new RegExp(`^sqlite/junjo\\.db was created by Junjo AI Studio .*\\b${from}\\b.*: the backend of ${to} would crash`),
  NO_SETTING,
];
const lacksTable: Expected = () => [
  /^sqlite\/junjo\.db was created by a later release: it lacks the table poller_state/,
  NO_SETTING,
];
const hidden: Expected = (from, to) => [
  new RegExp(`^This volume holds the spans of Junjo AI Studio ${from} .*none of them would appear`),
  accepting(from, to),
];
const stopsFlushes: Expected = (from, to) => [
  new RegExp(`^The write-ahead log holds spans of Junjo AI Studio ${from}, which would stop every flush of ${to}`),
  NO_SETTING,
];
const mixesUp: Expected = (from, to) => [
  new RegExp(`^The write-ahead log holds spans of Junjo AI Studio ${from}, whose columns ${to} would mix up`),
  accepting(from, to),
];
const misunderstood: Expected = (from, to) => [
  new RegExp(
    `^This volume holds the spans of Junjo AI Studio ${from}\\. Release line ${to} does not understand their workflows`,
  ),
  accepting(from, to),
];

const UP_TO_081 = ['0.80', '0.81.0', '0.81'];
const UP_TO_082 = ['0.70', ...UP_TO_081, '0.82'];
const FROM_083 = ['0.83', '0.84', '0.85', '0.86'];

/** What happens on a marked volume, and on one that compose filled, in every direction. Nothing where it starts. */
const MOVES: readonly [readonly string[], readonly string[], Expected | undefined, Expected | undefined][] = [
  [['0.70'], [...UP_TO_081, '0.82'], hidden, hidden],
  [['0.70'], FROM_083, refused, refused],
  [UP_TO_081, ['0.70'], lacksTable, lacksTable],
  [UP_TO_081, UP_TO_081, undefined, undefined],
  [UP_TO_081, ['0.82'], stopsFlushes, stopsFlushes],
  [UP_TO_081, FROM_083, refused, refused],
  [['0.82'], ['0.70'], lacksTable, lacksTable],
  [['0.82'], UP_TO_081, mixesUp, mixesUp],
  [['0.82'], FROM_083, refused, refused],
  [['0.83', '0.84'], UP_TO_082, refused, refused],
  [['0.83', '0.84'], ['0.83', '0.84'], undefined, undefined],
  // No file tells these apart, but the mark.
  [['0.83', '0.84'], ['0.85'], misunderstood, undefined],
  [['0.83', '0.84'], ['0.86'], refused, refused],
  [['0.85'], UP_TO_082, refused, refused],
  [['0.85'], ['0.83', '0.84'], misunderstood, undefined],
  [['0.85'], ['0.86'], refused, refused],
  [['0.86'], [...UP_TO_082, '0.83', '0.84', '0.85'], refused, refused],
];

/** The tag to go back to on a marked volume, and the line and tag that the files of an unmarked one tell. */
const BACK: Readonly<Record<string, readonly [marked: string, line: string, tag: string]>> = {
  // Not 0.70.4, which loses spans.
  '0.70': ['0.70.3', '0.70', '0.70.3'],
  '0.80': ['0.80.0', '0.81', '0.81.5'],
  '0.81.0': ['0.81.0', '0.81', '0.81.5'],
  '0.81': ['0.81.5', '0.81', '0.81.5'],
  '0.82': ['0.82.1', '0.82', '0.82.1'],
  '0.83': ['0.83.0', '0.85', '0.85.0'],
  '0.84': ['0.84.1', '0.85', '0.85.0'],
  '0.85': ['0.85.0', '0.85', '0.85.0'],
  '0.86': ['0.86.0', '0.86', '0.86.0'],
};

const moves = MOVES.flatMap(([froms, tos, marked, unmarked]) =>
  froms.flatMap((from) => tos.filter((to) => to !== from).map((to) => ({ from, to, marked, unmarked }))),
);

test('every ordered pair of lines has one expectation', () => {
  const pairs = releaseLines.flatMap((from) =>
    releaseLines.filter((to) => to !== from).map((to) => stepName(from, to)),
  );
  expect(moves.map(({ from, to }) => `${from}-to-${to}`).sort()).toEqual(pairs.sort());
});

describeWith(['python3'], 'the guard of the volume', () => {
  test.each(releaseLines.map((line) => [line.name, line] as const))('an empty volume is marked: %s', (name, line) => {
    const before = Date.now();
    const { status, reason } = volume.guard(line);
    expect({ status, reason }).toEqual({ status: 0, reason: '' });
    expect(volume.mark).toMatchObject({ line: name, manifests: version });
    const since = Date.parse(volume.mark?.since ?? '');
    // The mark counts whole seconds.
    expect(since).toBeGreaterThanOrEqual(before - 1000);
    expect(since).toBeLessThanOrEqual(Date.now());
    expect(volume.files).toEqual([VOLUME_MARK]);
  });

  test.each(releaseLines.map((line) => [line.name, line] as const))(
    'a restart passes and writes nothing: %s',
    (_, line) => {
      const { mark, files } = ranOn(line);
      const { status, log } = volume.guard(line);
      expect({ status, log }).toEqual({ status: 0, log: '' });
      expect({ mark: volume.mark, files: volume.files }).toEqual({ mark, files });
    },
  );

  describe('from one line to another', () => {
    test.each(moves.map((move) => [move.from, move.to, move] as const))('%s to %s, marked', (from, to, { marked }) => {
      const { mark } = ranOn(lineCalled(from));
      const ended = volume.guard(lineCalled(to));
      if (!marked) {
        expect(ended).toMatchObject({ status: 0, reason: '' });
        expect(volume.mark?.line).toBe(to);
        return;
      }
      const [what, on] = marked(from, to);
      expectStop(ended, [what, BACK[from]?.[0] ?? '', on]);
      expect(volume.mark).toEqual(mark);
      // The way back is open.
      expect(volume.guard(lineCalled(from))).toMatchObject({ status: 0, log: '' });
    });

    test.each(moves.map((move) => [move.from, move.to, move] as const))(
      '%s to %s, on a volume that compose filled',
      (from, to, { unmarked }) => {
        volume.fill(lineCalled(from));
        const ended = volume.guard(lineCalled(to));
        if (!unmarked) {
          expect(ended).toMatchObject({ status: 0, reason: '' });
          expect(volume.mark?.line).toBe(to);
          return;
        }
        const [, line = '', tag = ''] = BACK[from] ?? [];
        const [what, on] = unmarked(line, to);
        expectStop(ended, [what, tag, on]);
        expect(volume.mark).toBeUndefined();
      },
    );

    test.each([
      ['0.70', '0.82'],
      ['0.82', '0.81'],
      ['0.82', '0.80'],
      ['0.84', '0.85'],
      ['0.85', '0.83'],
    ])('%s to %s goes on with the step that was accepted, and with no other', (from, to) => {
      ranOn(lineCalled(from));
      const others = moves.map((move) => `${move.from}-to-${move.to}`).filter((step) => step !== `${from}-to-${to}`);
      // 0.83 and 0.84 wrote the same.
      const strangers = others.filter((step) => step !== '0.83-to-0.85');
      expect(volume.guard(lineCalled(to), strangers).status).toBe(1);
      const { status, log } = volume.guard(lineCalled(to), [`${from}-to-${to}`]);
      expect({ status, log }).toMatchObject({
        status: 0,
        log: expect.stringContaining(`${from}-to-${to} is accepted`),
      });
      expect(volume.mark?.line).toBe(to);
      // What was accepted is not asked again.
      expect(volume.guard(lineCalled(to))).toMatchObject({ status: 0, log: '' });
    });

    test.each([
      ['0.82', '0.83'],
      ['0.85', '0.86'],
      ['0.86', '0.85'],
      ['0.83', '0.82'],
      ['0.81', '0.70'],
      ['0.81', '0.82'],
    ])('nothing that is accepted lets %s to %s pass', (from, to) => {
      ranOn(lineCalled(from));
      const all = moves.map((move) => `${move.from}-to-${move.to}`);
      expect(volume.guard(lineCalled(to), all)).toMatchObject({
        status: 1,
        reason: expect.stringMatching('No setting'),
      });
      expect(volume.mark?.line).toBe(from);
    });

    test('old files may be left behind when the write-ahead log is flushed', () => {
      ranOn(line081).delete('spans/wal');
      expectStop(volume.guard(line082), [
        /^This volume holds the spans of Junjo AI Studio 0\.81\. Release line 0\.82 expects other columns in their files/,
        '0.81.5',
        accepting('0.81', '0.82'),
      ]);
      expect(volume.guard(line082, ['0.81-to-0.82'])).toMatchObject({ status: 0 });
    });

    test.each(UP_TO_081)('0.82 to %s passes without a word when the write-ahead log is flushed', (to) => {
      ranOn(line082).delete('spans/wal');
      expect(volume.guard(lineCalled(to))).toMatchObject({ status: 0, reason: '' });
    });

    test.each(['0.80', '0.82'])('0.70 goes back from %s where it made the database itself', (to) => {
      ranOn(line070);
      expect(volume.guard(lineCalled(to), [`0.70-to-${to}`]).status).toBe(0);
      volume.fill(lineCalled(to));
      expectStop(volume.guard(line070), [
        new RegExp(`^This volume holds the spans of Junjo AI Studio ${to} `),
        BACK[to]?.[0] ?? '',
        accepting(to, '0.70'),
      ]);
      expect(volume.guard(line070, [`${to}-to-0.70`]).status).toBe(0);
    });

    test.each(moves.filter(({ marked }) => marked).map(({ from, to }) => [from, to]))(
      '%s to %s goes on when everything was put aside',
      (from, to) => {
        ranOn(lineCalled(from));
        const aside = join(volume.path, '.junjo-before-20260102T030405Z');
        mkdirSync(aside);
        for (const name of ['sqlite', 'spans', 'duckdb', 'badgerdb'].filter((path) => volume.files.includes(path))) {
          renameSync(join(volume.path, name), join(aside, name));
        }
        expect(volume.guard(lineCalled(to))).toMatchObject({ status: 0, reason: '' });
        expect(volume.mark?.line).toBe(to);
      },
    );

    test('without a database, no setting is named that config would refuse', () => {
      volume.fill(line081).delete('sqlite');
      volume.delete('spans/wal');
      expectStop(volume.guard(line086), [
        /^This volume holds the spans of Junjo AI Studio 0\.81\. /,
        '0.81.5',
        NO_SETTING,
      ]);
    });
  });

  describe('the database of users', () => {
    const file = 'sqlite/junjo.db';

    test.each<[string, ReleaseLine, ReleaseLine]>([
      ['a restart of 0.82', line082, line085],
      ['a restart of 0.85', line085, line086],
      ['a restart of 0.86', line086, line082],
    ])('of another line stops %s', (_, line, other) => {
      ranOn(line).database(file, usersOf(other));
      const { files } = volume;
      expectStop(volume.guard(line), [/^sqlite\/junjo\.db was created by Junjo AI Studio /, '', NO_SETTING]);
      expect(volume.files).toEqual(files);
    });

    test.each(releaseLines.map((line) => [line.name, line] as const))('of nobody stops %s', (_, line) => {
      for (const [statements, name] of [
        [revised('0123456789ab').join(';'), 'revision 0123456789ab'],
        ['create table users (id text); pragma user_version=5', 'version 5'],
        ['pragma user_version=-1', 'version -1'],
        // The version is looked at first.
        [`pragma user_version=5; ${usersOf(line082)}`, 'version 5'],
        [revised('c7cc17a2bbe9', 'eec3757c7c24').join(';'), 'revision c7cc17a2bbe9 and eec3757c7c24'],
      ] as const) {
        volume.database(file, statements);
        expectStop(volume.guard(line), [
          new RegExp(`^sqlite/junjo\\.db has ${name}, which these manifests`),
          '',
          NO_SETTING,
        ]);
        expect(volume.mark).toBeUndefined();
      }
    });

    test('that 0.85 was started on is still of 0.86', () => {
      volume.database(file, `${usersOf(line086)};${revised().join(';')}`);
      expect(volume.guard(line085).reason).toMatch(
        /^sqlite\/junjo\.db was created by Junjo AI Studio 0\.86 \(version 4\)/,
      );
      expect(volume.guard(line086)).toMatchObject({ status: 0 });
    });

    test.each<[string, string | Buffer]>([
      ['an empty file', ''],
      ['another file', 'nonsense '.repeat(100)],
      ['the first bytes of a database', 'SQLite format 3\0\x10'],
      ['zeros', Buffer.alloc(8192)],
    ])('that is %s is left to the backend', (_, content) => {
      for (const line of releaseLines) {
        volume.write(file, content);
        expect(volume.guard(line)).toMatchObject({ status: 0, reason: '' });
      }
    });

    test('whose pages lead in a circle is left to the backend', () => {
      volume.database(file, usersOf(line082));
      const pages = readFileSync(join(volume.path, file));
      for (let page = 2; page <= pages.length / 4096; page += 1) {
        const at = (page - 1) * 4096;
        if (pages[at] !== 13) continue;
        pages.fill(0, at, at + 12);
        pages[at] = 5;
        pages.writeUInt32BE(page, at + 8);
      }
      volume.write(file, pages);
      expect(volume.guard(line086)).toMatchObject({ status: 0, reason: '' });
    });

    test('that names no revision is left to the backend, be it new or in the middle of its first start', () => {
      const odd = "create table alembic_version (version_num); insert into alembic_version values (null), (5), (x'00')";
      for (const statements of ['vacuum', 'create table other (id text)', revised().join(';'), odd]) {
        volume.database(file, statements);
        for (const line of releaseLines) expect(volume.guard(line)).toMatchObject({ status: 0, reason: '' });
      }
    });

    /** Writes a database as a program that is killed, so that some statements are in the log alone. */
    const killed = (before: string, after: string) => {
      mkdirSync(join(volume.path, 'sqlite'));
      chmodSync(join(volume.path, 'sqlite'), 0o777);
      const code = `
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.executescript('pragma journal_mode=wal; pragma wal_autocheckpoint=0;' + sys.argv[2])
database.execute('pragma wal_checkpoint(truncate)')
database.executescript(sys.argv[3])
os._exit(0)`;
      volume.python(code, [join(volume.path, file), before, after]);
    };

    test.each<[string, string, string, string]>([
      ['all', '', usersOf(line085), 'revision eec3757c7c24'],
      [
        'the revision',
        usersOf(line082),
        "update alembic_version set version_num = 'eec3757c7c24'",
        'revision eec3757c7c24',
      ],
      ['the version', 'create table users (id text)', 'pragma user_version=4', 'version 4'],
    ])('is read with its log, where that has %s', (_, before, after, name) => {
      killed(before, after);
      const bytes = () => [file, `${file}-wal`].map((path) => readFileSync(join(volume.path, path)));
      const content = bytes();
      // The index of the log may be lost, as on a restored volume.
      volume.delete('sqlite/junjo.db-shm');
      expect(volume.guard(line082).reason).toContain(`(${name})`);
      expect(bytes()).toEqual(content);
    });

    test('is read without what was not committed, and without what an older log left', () => {
      const update = (revision: string) => `update alembic_version set version_num = '${revision}'`;
      killed(
        usersOf(line082),
        `pragma cache_size=1; begin; ${update('eec3757c7c24')}; create table a as
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) select i, hex(zeroblob(200)) from n`,
      );
      expect(readFileSync(join(volume.path, `${file}-wal`)).includes('eec3757c7c24')).toBe(true);
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
      volume.delete('sqlite');
      const others = 'create table b (id text); drop table b;'.repeat(5);
      killed(
        usersOf(line082),
        `${others} ${update('0123456789ab')}; ${others} pragma wal_checkpoint(restart); ${update('c7cc17a2bbe9')}`,
      );
      expect(readFileSync(join(volume.path, `${file}-wal`)).includes('0123456789ab')).toBe(true);
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test('is read from the largest pages', () => {
      volume.database(file, `pragma page_size=65536; ${usersOf(line085)}`);
      expect(volume.guard(line082).reason).toContain('(revision eec3757c7c24)');
    });

    test('is read where many tables lie on small pages', () => {
      const tables = Array.from(
        { length: 300 },
        (_, index) => `create table t${index} (id text default '${'x'.repeat(200)}')`,
      );
      volume.database(file, `pragma page_size=512; ${tables.join(';')};${usersOf(line085)}`);
      expect(volume.guard(line082).reason).toContain('(revision eec3757c7c24)');
      expect(volume.guard(line085)).toMatchObject({ status: 0 });
    });

    test.each([line082, line085])('is read while another program locks it: $name', async (line) => {
      volume.database(file, usersOf(line082));
      const code = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.executescript('pragma journal_mode=delete; pragma locking_mode=exclusive; begin exclusive')
print('locked', flush=True)
sys.stdin.read()`;
      const locking = spawn('python3', ['-I', '-c', code, join(volume.path, file)]);
      await once(locking.stdout, 'data');
      expect(volume.guard(line).status).toBe(line === line082 ? 0 : 1);
      locking.stdin.end();
      await once(locking, 'exit');
    });

    test('that lacks the table of 0.70 stops also a restart of it', () => {
      ranOn(line070).database(file, usersOf(line082));
      expectStop(volume.guard(line070), [
        /it lacks the table poller_state, without which 0\.70 does not work/,
        '0.82.1',
        NO_SETTING,
      ]);
      volume.database(file, usersOf(line070));
      expect(volume.guard(line070)).toMatchObject({ status: 0, log: '' });
    });

    test('may be a pipe, which nobody ever writes', () => {
      const code =
        'import os, sys; [os.mkdir(path) for path in sys.argv[1:3]]; [os.mkfifo(path) for path in sys.argv[3:]]';
      volume.python(
        code,
        ['sqlite', 'spans', file, 'spans/parquet'].map((path) => join(volume.path, path)),
      );
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test('is read beside pipes in the place of its log and of the mark', () => {
      volume.database(file, usersOf(line085));
      const pipes = [`${file}-wal`, VOLUME_MARK].map((path) => join(volume.path, path));
      volume.python('import os, sys; [os.mkfifo(path) for path in sys.argv[1:]]', pipes);
      expect(volume.guard(line082).reason).toContain('(revision eec3757c7c24)');
      expect(volume.guard(line085)).toMatchObject({ status: 0 });
      expect(volume.mark?.line).toBe('0.85');
    });
  });

  describe('files of spans', () => {
    test('a studio that moved on before there were marks keeps running beside its old files', () => {
      volume.fill(line070, 60 * 24).fill(line081);
      expect(volume.guard(line081)).toMatchObject({ status: 0 });
    });

    test('the line that wrote last is the one whose spans would be lost', () => {
      volume.fill(line070).fill(line081, 60 * 24);
      expectStop(volume.guard(line081), [
        /^This volume holds the spans of Junjo AI Studio 0\.70 /,
        '0.70.3',
        accepting('0.70', '0.81'),
      ]);
    });

    test('a segment left in the write-ahead log stops the start, even where the newest spans are of this line', () => {
      volume.copy('14.ipc', 'spans/wal/batch_1_0001.ipc', 60);
      volume.copy('21.parquet', 'spans/parquet/year=2026/spans.parquet');
      const [what, on] = stopsFlushes('0.81', '0.82');
      expectStop(volume.guard(line082, ['0.81-to-0.82']), [what, '0.81.5', on]);
      volume.delete('spans/wal');
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test('a segment of 21 columns stops every flush of 0.86', () => {
      volume.copy('22.parquet', 'spans/parquet/year=2026/spans.parquet');
      volume.copy('21.ipc', 'spans/wal/batch_1_0001.ipc');
      const [what, on] = stopsFlushes('0.85', '0.86');
      expectStop(volume.guard(line086), [what, '0.85.0', on]);
    });

    test('a segment is known in either of the two forms that Arrow has', () => {
      const stream = readFileSync('test/support/span-files/14.ipc');
      volume.write('spans/wal/0001.arrow', Buffer.concat([Buffer.from('ARROW1\0\0'), stream]));
      expect(volume.guard(line082).reason).toContain('holds spans of Junjo AI Studio 0.81');
      expect(volume.guard(line081)).toMatchObject({ status: 0 });
    });

    test('flushed as the releases page says and put aside, the step to the new columns passes', () => {
      ranOn(line081);
      renameSync(join(volume.path, 'spans'), join(volume.path, 'spans-0.81'));
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test('what a crash left half written is not taken for spans', () => {
      volume.write('spans/wal/batch_1_0001.ipc.tmp', 'half');
      symlinkSync('nowhere', join(volume.path, 'spans/link'));
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test.each<[string, string | Buffer]>([
      ['nonsense', 'nonsense'],
      ['Parquet without its end', `PAR1${'x'.repeat(100)}`],
      ['Parquet with a footer that is larger than the file', Buffer.from('PAR1\xff\xff\xff\x7fPAR1', 'latin1')],
      ['Arrow without its schema', Buffer.from('\xff\xff\xff\xff\xff\xff\xff\xff', 'latin1')],
      ['nothing', ''],
    ])('a file of %s alone is asked about', (_, text) => {
      volume.write('spans/parquet/spans.parquet', text);
      expectStop(volume.guard(line082), [/^No known release wrote spans\/parquet\/spans\.parquet/, '', NO_SETTING]);
      expect(volume.mark).toBeUndefined();
      // Beside others it is a damaged one of theirs.
      expect(volume.fill(line082).guard(line082)).toMatchObject({ status: 0 });
    });

    test.each([
      ['14', '21'],
      ['21', '22'],
      ['22', '21'],
    ])('are whole or damaged: none of %s columns that is cut off is taken for one of %s', (columns, other) => {
      const line = releaseLines.find(({ stores }) => `${stores.columns?.count}` === other) ?? line082;
      for (const extension of ['ipc', 'parquet']) {
        const whole = readFileSync(`test/support/span-files/${columns}.${extension}`);
        for (const kept of [4, 8, 12, 64, 512, whole.length - 1]) {
          volume.write(`spans/parquet/cut.${extension}`, whole.subarray(0, kept));
          const { status, reason } = volume.guard(line);
          expect(status).toBe(1);
          expect(reason).toMatch(extension === 'ipc' && kept > 1500 ? /^This volume holds/ : /^No known release wrote/);
        }
        volume.delete('spans');
      }
    });

    /** A file of 22 columns, of which the last has another name of the same length. */
    const unknown = (extension: string) => {
      const known = readFileSync(`test/support/span-files/22.${extension}`).toString('latin1');
      return Buffer.from(known.replaceAll('api_key_id', 'not_known_'), 'latin1');
    };

    test.each([
      ['spans/wal/batch_1_0001.ipc', 'ipc'],
      ['spans/parquet/year=2026/spans.parquet', 'parquet'],
    ])('with a column that nobody knows stop every line that would look at them: %s', (path, extension) => {
      for (const line of releaseLines) {
        // An old one among files that the line knows.
        volume.fill(line).write(path, unknown(extension), 60);
        const stop = [
          new RegExp(`^${path} has columns that these manifests \\(${version}\\) do not support`),
          '',
          NO_SETTING,
        ] as const;
        expectStop(volume.guard(line, [`0.70-to-${line.name}`]), stop);
        volume.delete(path);
        expect(volume.guard(line)).toMatchObject({ status: 0 });
        volume.write(path, unknown(extension), 60);
        // A restart looks at no file.
        expect(volume.guard(line)).toMatchObject({ status: 0, log: '' });
        volume.delete(VOLUME_MARK);
        for (const folder of ['sqlite', 'spans', 'duckdb', 'badgerdb']) {
          if (volume.files.includes(folder)) volume.delete(folder);
        }
      }
    });

    test.each(['23.ipc', '23.parquet'])('with one column more than any line are not taken for one: %s', (name) => {
      ranOn(line081).copy(name, 'spans/parquet/newer');
      expect(volume.guard(lineCalled('0.80')).reason).toBe('');
      expect(volume.guard(line082).reason).toMatch(/^spans\/parquet\/newer has columns that these manifests/);
      volume.delete(VOLUME_MARK);
      expect(volume.guard(line081).reason).toMatch(/^spans\/parquet\/newer has columns that these manifests/);
    });

    test.each(['ipc', 'parquet'])('with one column more are not known by a last one that is: %s', (extension) => {
      const text = readFileSync(`test/support/span-files/23.${extension}`).toString('latin1');
      const last = text.replaceAll('api_key_id', 'api_key_no').replaceAll('not_known_', 'api_key_id');
      volume.write('spans/parquet/newer', Buffer.from(last, 'latin1'));
      expect(volume.guard(line086).reason).toMatch(/^spans\/parquet\/newer has columns that these manifests/);
    });

    test.each<[string, readonly number[]]>([
      ['a list of more truths than there is time for', [0x19, 0xf1, ...Array(8).fill(0xff), 0x7f]],
      ['a list of more columns than there are', [0x29, 0xfc, ...Array(8).fill(0xff), 0x7f]],
      ['structs inside each other', Array(60_000).fill(0x1c)],
      ['lists inside each other', [0x19, ...Array(60_000).fill(0x19)]],
      ['a number without an end', [0x15, ...Array(60_000).fill(0xff)]],
      ['a text of more bytes than there are', [0x18, ...Array(8).fill(0xff), 0x7f]],
      ['a type that is none', [0x1f]],
    ])('of %s are damaged', (_, footer) => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(footer.length);
      volume.write(
        'spans/parquet/file',
        Buffer.concat([Buffer.from('PAR1'), Buffer.from(footer), size, Buffer.from('PAR1')]),
      );
      expect(volume.guard(line086).reason).toMatch(/^No known release wrote/);
    });

    test('are known by count and last column, not by a name that stands anywhere in them', () => {
      const value = Buffer.from(
        readFileSync('test/support/span-files/21.ipc').toString('latin1').replace('trace_state', 'api_key_idd'),
        'latin1',
      );
      volume.write('spans/wal/batch_1_0001.ipc', value);
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test('among many files the oldest are looked at, too', () => {
      for (const index of Array(401).keys()) volume.copy('21.parquet', `spans/parquet/part_${index}.parquet`);
      volume.copy('23.parquet', 'spans/parquet/part_old.parquet', 60 * 24 * 365);
      expect(volume.guard(line082).reason).toMatch(
        /^spans\/parquet\/part_old\.parquet has columns that these manifests/,
      );
    });

    test('are no pipes, which would never end', () => {
      volume.fill(line082);
      volume.python('import os, sys; os.mkfifo(sys.argv[1])', [join(volume.path, 'pipe')]);
      renameSync(join(volume.path, 'pipe'), join(volume.path, 'spans/parquet/pipe'));
      expect(volume.guard(line082)).toMatchObject({ status: 0, reason: '' });
    });

    test('among many files the newest tell which line wrote last', () => {
      for (const index of Array(300).keys()) volume.copy('21.parquet', `spans/parquet/part_${index}.parquet`);
      volume.copy('14.parquet', 'spans/parquet/part_old.parquet', 60 * 24 * 365);
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test('and databases that are damaged at random end in a decision, in little memory', () => {
      volume.fill(line086).delete('spans/hot_snapshot.parquet');
      const files = [
        'spans/wal/batch_1_22.ipc',
        'spans/parquet/year=2026/month=01/day=02/spans_22.parquet',
        'sqlite/junjo.db',
      ];
      const program = readFileSync('test/support/mutate-files.py', 'utf8');
      const printed = volume.python(program, ['1000', '1', ...volume.guardArguments(line086), ...files]);
      const { ends, mebibytes } = JSON.parse(printed);
      expect(Object.keys(ends).length).toBeGreaterThan(2);
      // Of the 128 that the container has, the interpreter takes a part.
      expect(mebibytes).toBeLessThan(60);
    });
  });

  describe('the mark', () => {
    const marked = (mark: object) => volume.write(VOLUME_MARK, JSON.stringify(mark));

    test.each([
      ['0.70', 'DuckDB 0.70.3', line070],
      ['0.81', 'Parquet 0.80.0', line081],
      ['0.82', 'Parquet 0.82.0', line082],
    ])('of %s by older manifests is known', (line, schema, same) => {
      marked({ line, schema, since: '2026-01-02T03:04:05Z', manifests: '0.0.9' });
      volume.fill(same);
      expect(volume.guard(same)).toMatchObject({ status: 0, log: '' });
      expect(volume.guard(line086).reason).toContain(`JUNJO_K8S_RELEASE=${BACK[line]?.[0]} to go back`);
    });

    test('of a line from 0.83 on is none that older manifests know', () => {
      for (const line of FROM_083.map(lineCalled)) {
        volume.guard(line);
        expect(volume.mark?.schema).not.toMatch(/^(DuckDB 0\.70\.3|Parquet 0\.80\.0|Parquet 0\.82\.0)$/);
        volume.delete(VOLUME_MARK);
      }
    });

    test.each([
      ['7.0', 'Tape 7.0.0'],
      ['0.82', 'Parquet 9.9.9'],
      ['9.9', 'Parquet 0.82.0'],
    ])('of a line that these manifests do not know stops the start: %s, %s', (line, schema) => {
      marked({ line, schema, manifests: 'some' });
      const { status, reason } = volume.guard(line082);
      expect(status).toBe(1);
      expect(reason).toMatch(new RegExp(`^Junjo AI Studio ${line} .*do not support it\\.\n.* some wrote .*\n.*delete`));
    });

    const newer = version.replace(/^[0-9]+/, (major) => `${Number(major) + 1}`);
    test.each([newer, version.replace(/[0-9]+$/, '10000000'), `${newer}-rc.1`, `${newer}+build`])(
      'of newer manifests stops the start, also a restart: %s',
      (manifests) => {
        const { mark, files } = ranOn(line082);
        marked({ ...mark, manifests });
        const { status, reason } = volume.guard(line082);
        expect(status).toBe(1);
        expect(reason).toMatch(
          /^Manifests of version \S+ started Junjo AI Studio 0\.82 on .*\nRender with version \S+ or newer\.\n.*delete/,
        );
        expect(reason).toContain(`Render with version ${manifests} or newer`);
        expect(volume.files).toEqual(files);
        volume.delete(VOLUME_MARK);
        expect(volume.guard(line082)).toMatchObject({ status: 0 });
      },
    );

    test.each([`${version}-rc.1`, `${version}+build`, version, '0.0.1', 'x', undefined, ['9.9.9']])(
      'of manifests that are no newer does not: %j',
      (manifests) => {
        const { mark } = ranOn(line082);
        marked({ ...mark, manifests });
        expect(volume.guard(line082)).toMatchObject({ status: 0, log: '' });
      },
    );

    test.each(['', '{"line": "0.8', '[]'])('that is none (%j) does not let a line pass', (text) => {
      volume.write(VOLUME_MARK, text);
      volume.fill(line081);
      expect(volume.guard(line082).status).toBe(1);
      expect(volume.guard(line081)).toMatchObject({ status: 0 });
      expect(volume.mark?.line).toBe('0.81');
    });

    test('of lists inside each other is none, and files are looked at', () => {
      volume.write(VOLUME_MARK, '['.repeat(100_000));
      expect(volume.guard(line082)).toMatchObject({ status: 0, log: expect.stringContaining('is not readable') });
      expect(volume.mark).toMatchObject({ line: '0.82' });
    });

    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const inMark = (value: string) => `{"line": ${value}, "schema": ${value}, "manifests": ${value}}`;
    const big = '9'.repeat(5000);

    test.each([
      ['lists inside each other', nested(100_000)],
      ['maps inside each other', '{"line":'.repeat(20_000)],
      ['one number', '7'],
      ['one text', '"0.82"'],
      ['a number that Python refuses', big],
      ['a number that Python refuses in a map', inMark(big)],
      ['lists inside a map, deeper than Python reads', inMark(nested(20_000))],
      ['100 MiB of spaces', Buffer.alloc(100 * 1024 * 1024, ' ')],
      ['a map behind too many spaces', `${' '.repeat(70_000)}{"line": "9.9", "schema": "x"}`],
      ['bytes of no text', Buffer.from([0xff, 0xfe, 0, 0x80])],
      ['a byte order mark of UTF-16', Buffer.from('{"line": "0.82"}', 'utf16le')],
      ['zeros, as a crash leaves them', Buffer.alloc(4096)],
    ])('that is none, %s, is written anew', (_, text) => {
      volume.write(VOLUME_MARK, text);
      const { status, log } = volume.guard(line082);
      expect({ status, log }).toEqual({
        status: 0,
        log: 'upgrade-guard: .junjo-studio.json is not readable and is replaced\nupgrade-guard: marked for Junjo AI Studio 0.82\n',
      });
      expect(volume.mark?.line).toBe('0.82');
    });

    test.each([
      ['nothing', '{}'],
      ['lists inside each other', inMark(nested(300))],
      ['lists as deep as Python reads them', inMark(nested(900))],
      ['a long number', inMark('9'.repeat(4000))],
      ['NaN', inMark('NaN')],
      ['a number without an end', inMark('-Infinity')],
      ['half a character', inMark('"\\ud800"')],
      ['a text with controls', inMark('"\\u0000\\u001b[31m\\u202e"')],
      ['a text of 60000 characters', inMark(`"${'x'.repeat(15_000)}"`)],
      ['true', inMark('true')],
      ['nothing else', inMark('null')],
      ['a map', inMark('{"name": "0.82"}')],
    ])('of no line that these manifests know stops the start: %s', (_, text) => {
      volume.write(VOLUME_MARK, text);
      const { status, log, reason } = volume.guard(line082);
      expect({ status, log }).toEqual({ status: 1, log: `upgrade-guard stops the start.\n${reason}` });
      expect(reason).toMatch(
        /^Junjo AI Studio .* ran on this volume last, but these manifests .* do not support it\.\n/,
      );
      expect(reason).toMatch(printable);
      expect(Buffer.byteLength(reason)).toBeLessThan(4096);
    });

    test.each([
      ['a folder', 'os.mkdir(path)', /^A folder has the name of a file that the guard needs\./],
      [
        'a link to itself',
        'os.symlink(path, path)',
        /^A link that points to itself has the name of a file that the guard needs\./,
      ],
      [
        'a file that may not be read',
        'open(path, "w").close(); os.chmod(path, 0)',
        /lacks permission to read or write the whole volume/,
      ],
    ])('that is %s stops the start, with its path', (_, code, says) => {
      const path = join(volume.path, VOLUME_MARK);
      volume.python(`import os, sys; path = sys.argv[1]; ${code}`, [path]);
      const { status, log, reason } = volume.guard(line082);
      expect({ status, log }).toEqual({ status: 1, log: `upgrade-guard stops the start.\n${reason}` });
      expect(reason).toMatch(says);
      expect(reason).toContain(VOLUME_MARK);
    });

    test.each(['a pipe', 'a link to a pipe'])('is not waited for where %s is in the place of the new one', (what) => {
      const [fresh, pipe] = [`${VOLUME_MARK}.new`, 'pipe'].map((name) => join(volume.path, name));
      const code =
        what === 'a pipe' ? 'os.mkfifo(sys.argv[1])' : 'os.mkfifo(sys.argv[2]); os.symlink("pipe", sys.argv[1])';
      volume.python(`import os, sys; ${code}`, [`${fresh}`, `${pipe}`]);
      const { status, log, reason } = volume.guard(line082);
      expect({ status, log }).toEqual({ status: 1, log: `upgrade-guard stops the start.\n${reason}` });
      // It is removed, and the kubelet starts the guard again.
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
    });

    test.each<[string, () => void]>([
      ['a mark', () => marked({ schema: 'x', line: `0.99${hostile}`, manifests: hostile })],
      ['the name of a file', () => volume.write(`spans/parquet/${hostile.replaceAll('/', '')}`, 'x')],
      [
        'a revision',
        () => volume.database('sqlite/junjo.db', revised(hostile.replaceAll("'", '').replaceAll('\0', '')).join(';')),
      ],
    ])('shows what %s says without controls, and in no line of its own', (_, prepare) => {
      prepare();
      const { status, reason } = volume.guard(line082);
      expect(status).toBe(1);
      expect(reason).toMatch(printable);
      expect(reason.trimEnd().split('\n')).toHaveLength(3);
    });
  });

  test('a volume that cannot be written says so, and what to do', () => {
    chmodSync(volume.path, 0o555);
    const { status, reason } = volume.guard(line082);
    chmodSync(volume.path, 0o755);
    expect(status).toBe(1);
    expect(reason).toMatch(
      /lacks permission to read or write the whole volume.*\n.*chown -R [0-9]+:[0-9]+ .*\n.*\.junjo-studio\.json/,
    );
  });

  test.each(['sqlite', 'sqlite/junjo.db', 'spans', 'spans/wal', 'spans/parquet/year=2026', 'spans/parquet'])(
    'a volume on which %s may not be read is not marked: nobody knows what it holds',
    (path) => {
      // As files of root are that compose wrote, on a volume whose top everybody may write.
      volume.fill(line082);
      chmodSync(join(volume.path, path), 0);
      const { status, reason } = volume.guard(line082);
      chmodSync(join(volume.path, path), 0o755);
      expect(status).toBe(1);
      expect(reason).toMatch(
        /lacks permission to read or write the whole volume.*\n.*chown -R [0-9]+:[0-9]+ .*\nNothing was changed/,
      );
      expect(volume.mark).toBeUndefined();
      expect(volume.guard(line082).status).toBe(0);
    },
  );

  test('what a volume says at length leaves room for the way on: the kubelet keeps 4096 bytes', () => {
    const long = 'x'.repeat(3000);
    for (const prepare of [
      () => volume.database('sqlite/junjo.db', revised(long).join(';')),
      () => volume.write(VOLUME_MARK, JSON.stringify({ line: long, schema: long, manifests: long })),
    ]) {
      prepare();
      const { status, reason } = volume.guard(line082);
      expect(status).toBe(1);
      expect(Buffer.byteLength(reason)).toBeLessThan(4096);
      expect(reason.trimEnd().split('\n')).toHaveLength(3);
    }
  });

  test('a full volume says so, and leaves no half mark', () => {
    const { files } = ranOn(line081);
    // What is written there is written to a device that is always full.
    symlinkSync('/dev/full', join(volume.path, `${VOLUME_MARK}.new`));
    expect(volume.guard(line081)).toMatchObject({ status: 0 });
    const { status, reason } = volume.guard(lineCalled('0.80'));
    expect(status).toBe(1);
    expect(reason).toMatch(/The volume is full.*\nEnlarge it.*\nNothing was changed/);
    expect(volume.mark?.line).toBe('0.81');
    expect(volume.files).toEqual(files);
  });

  test('a restore that was interrupted while it moved folders stops every start, also one that is a restart', () => {
    ranOn(line081).write('.junjo-restore-20260102T030405Z.plan', '{}');
    const { files } = volume;
    const { status, reason } = volume.guard(line081);
    expect({ status, reason }).toMatchObject({
      status: 1,
      reason: expect.stringMatching(/^A restore or set-aside was interrupted.*\n.*\n.*$/m),
    });
    expect(volume.files).toEqual(files);
    volume.delete('.junjo-restore-20260102T030405Z.plan');
    expect(volume.guard(line081).status).toBe(0);
  });

  test.each(['.junjo-restore-20260102T030405Z', '.junjo-before-1', 'somebodys.plan', '.junjo-restore-1.plan.new'])(
    '%s is not the plan of a restore, and stops nothing',
    (name) => {
      ranOn(line081).write(name, '{}');
      expect(volume.guard(line081)).toMatchObject({ status: 0, reason: '' });
    },
  );

  describe('ingestion', () => {
    const wait = (line: ReleaseLine) =>
      spawn('sh', [volume.program('wait-for-mark.sh'), join(volume.path, VOLUME_MARK), line.name]);

    test('waits until the volume is marked for its own line', async () => {
      const waiting = wait(line082);
      const [first] = await once(waiting.stdout, 'data');
      expect(String(first)).toContain(
        'waiting until the upgrade guard of the backend marks the volume for Junjo AI Studio 0.82',
      );
      expect(volume.guard(line081)).toMatchObject({ status: 0 });
      await sleep(1500);
      expect(waiting.exitCode).toBeNull();
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
      const [code] = await once(waiting, 'exit');
      expect(code).toBe(0);
    });

    test('waits while a restore is half done, although the mark is that of its line', async () => {
      ranOn(line082).write('.junjo-restore-20260102T030405Z.plan', '{}');
      const waiting = wait(line082);
      await once(waiting.stdout, 'data');
      await sleep(1500);
      expect(waiting.exitCode).toBeNull();
      volume.delete('.junjo-restore-20260102T030405Z.plan');
      expect(await once(waiting, 'exit')).toEqual([0, null]);
    });

    test('ends at once when the pod stops: PID 1 hears only the signals that it handles', async () => {
      const waiting = wait(line082);
      await once(waiting.stdout, 'data');
      waiting.kill('SIGTERM');
      // What a signal without a handler ends has no exit status.
      expect(await once(waiting, 'exit')).toEqual([143, null]);
    });

    test('waits beside a pipe in the place of the mark, and not for what nobody writes into it', async () => {
      volume.python('import os, sys; os.mkfifo(sys.argv[1])', [join(volume.path, VOLUME_MARK)]);
      const waiting = wait(line082);
      await once(waiting.stdout, 'data');
      expect(volume.guard(line082)).toMatchObject({ status: 0 });
      expect(await once(waiting, 'exit')).toEqual([0, null]);
    });

    test('does not wait after a restart', async () => {
      ranOn(line081);
      const [code] = await once(wait(line081), 'exit');
      expect(code).toBe(0);
    });
  });
});
