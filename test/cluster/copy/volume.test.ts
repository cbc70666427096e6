import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { honestArchive } from '../../support/hostile-archives';
import { contents } from '../../support/live-studio';
import { describeWith } from '../../support/programs';
import { withSystemPython } from '../../support/python';

const PROGRAM = 'cluster/copy/volume.py';
// Ends the process before its rename of that number, as a node that loses power would.
const DYING = `
import os, runpy, sys
left, rename = int(sys.argv[1]), os.rename
def dying(*names):
    global left
    left -= 1
    if left < 0: os._exit(9)
    rename(*names)
os.rename = dying
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name='__main__')`;

// A volume on which two blocks are free.
const SMALL = `
import collections, runpy, shutil, sys
shutil.disk_usage = lambda path: collections.namedtuple('usage', 'free')(8192)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')`;

// A volume on which nothing can be written.
const FULL = `
import builtins, errno, os, runpy, sys
real = builtins.open
def full(file, mode='r', *rest, **named):
    if 'w' not in mode: return real(file, mode, *rest, **named)
    real(file, mode).close()
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)
builtins.open = full
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')`;

let data: string;
const put = (name: string, text: string) => {
  mkdirSync(join(data, name, '..'), { recursive: true });
  writeFileSync(join(data, name), text);
};
const swap = ['swap', '.junjo-restore-1', '{"aside":".junjo-before-1"}'];
const run = ([command = '', ...args]: readonly string[], dyingAt?: number) => {
  const call = [PROGRAM, command, data, ...args];
  return spawnSync('python3', dyingAt === undefined ? call : ['-c', DYING, String(dyingAt), ...call], {
    encoding: 'utf8',
    env: withSystemPython,
  });
};

describeWith(['python3'], 'the program that copies a volume', () => {
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'junjo-volume-'));
    for (const name of ['sqlite/junjo.db', 'spans/a', 'only-old']) put(name, 'old');
    for (const name of ['sqlite/junjo.db', 'spans/b', 'only-new']) put(`.junjo-restore-1/${name}`, 'new');
  });

  afterEach(() => rmSync(data, { recursive: true }));

  const swapped = () => {
    expect(run(swap)).toMatchObject({ status: 0, stdout: '{"aside": ".junjo-before-1"}\n' });
    return contents(data);
  };

  test('a change of places that dies at any moment is finished by the next call', () => {
    const done = swapped();
    expect(Object.keys(done)).toEqual(
      expect.arrayContaining(['only-new', '.junjo-before-1/only-old', '.junjo-before-1/spans/a']),
    );
    expect(Object.keys(done)).not.toContain('only-old');
    expect(swapped()).toEqual(done);
    for (let moment = 0; moment < 6; moment += 1) {
      rmSync(data, { recursive: true });
      for (const name of ['sqlite/junjo.db', 'spans/a', 'only-old']) put(name, 'old');
      for (const name of ['sqlite/junjo.db', 'spans/b', 'only-new']) put(`.junjo-restore-1/${name}`, 'new');
      expect(run(swap, moment).status).toBe(9);
      const archive = run(['archive', '{"header":{}}']);
      expect(archive).toMatchObject({ status: 1, stderr: expect.stringContaining('Run it again') });
      expect(swapped()).toEqual(done);
    }
  });

  test('what appeared on the volume after interrupted moves is neither replaced nor lost', () => {
    // The old data is aside; the studio was started by hand, and made a database of its own.
    expect(run(swap, 3).status).toBe(9);
    put('sqlite/junjo.db', 'of a studio that was started meanwhile');
    const before = contents(data);
    expect(run(swap)).toMatchObject({ status: 1, stderr: expect.stringContaining('sqlite appeared on the volume') });
    expect(contents(data)).toEqual(before);
  });

  describe('a plan that no restore has written is not followed', () => {
    const [aside, stage] = ['.junjo-before-1', '.junjo-restore-1'];
    const old = ['only-old', 'spans', 'sqlite'].map((name) => [name, `${aside}/${name}`]);
    const fresh = ['only-new', 'spans', 'sqlite'].map((name) => [`${stage}/${name}`, name]);
    const both = [...old, ...fresh];

    test.each<[string, object]>([
      ['with the new before the old', { aside, stage, moves: [...fresh, ...old] }],
      ['with a move twice', { aside, stage, moves: [...old, ...old, ...fresh] }],
      ['with a move to another name', { aside, stage, moves: [...both, ['only-new', 'elsewhere']] }],
      ['with a move out of a folder', { aside, stage, moves: [['spans/a', `${aside}/spans/a`], ...both] }],
      ['with a move out of the volume', { aside, stage, moves: [['..', `${aside}/..`], ...both] }],
      ['with a move of what restores keep', { aside, stage, moves: [[stage, `${aside}/${stage}`], ...both] }],
      ['with another stage', { aside, stage: '.junjo-restore-2', moves: [] }],
      ['that puts the old data elsewhere', { aside: 'spans', stage, moves: [['only-old', 'spans/only-old']] }],
      ['that leaves something in the stage', { aside, stage, moves: [...old, ...fresh.slice(1)] }],
    ])('%s', (_, plan) => {
      put(`${stage}.plan`, JSON.stringify(plan));
      const before = contents(data);
      for (const command of [['finish'], swap]) {
        expect(run(command)).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(/was not written|does not list/),
        });
        expect(contents(data)).toEqual(before);
      }
    });
  });

  test.each<[string, () => void]>([
    ['a file with the name of a stage', () => put('.junjo-restore-2', '')],
    ['a link with the name of a stage', () => symlinkSync('sqlite', join(data, '.junjo-restore-2'))],
    ['a link with the name of a plan', () => symlinkSync('sqlite', join(data, '.junjo-restore-2.plan'))],
    ['a link with the name of what was there', () => symlinkSync('.', join(data, '.junjo-before-1'))],
    ['a name of no restore', () => put('.junjo-restore-a b/x', '')],
  ])('%s is neither followed nor removed by any command', (_, prepare) => {
    prepare();
    const before = contents(data);
    const receive = ['receive', '.junjo-restore-3', '{"bytes": 1000}'];
    for (const command of [['look'], receive, swap, ['finish']]) {
      expect(run(command)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('was not written by this tool'),
      });
      expect(contents(data)).toEqual(before);
    }
  });

  describe('what is set aside', () => {
    const away = (time: string) => ['swap', `.junjo-restore-${time}`, `{"aside":".junjo-before-${time}","empty":true}`];
    const back = ['swap', '.junjo-restore-4', '{"aside":".junjo-before-4","from":".junjo-before-2"}'];
    let before: Readonly<Record<string, string>>;

    beforeEach(() => {
      rmSync(join(data, '.junjo-restore-1'), { recursive: true });
      put('.junjo-studio.json', '{"line": "0.82"}');
      before = contents(data);
    });

    const ends = (call: readonly string[]) => {
      expect(run(call)).toMatchObject({ status: 0, stderr: '' });
      return contents(data);
    };
    const inFolder = (folder: string) => contents(join(data, folder));

    test('comes back with the mark, beside what is set aside for it', () => {
      expect(ends(away('2'))['.junjo-before-2/.junjo-studio.json']).toBe(before['.junjo-studio.json']);
      expect(readdirSync(data)).toEqual(['.junjo-before-2']);
      expect(inFolder('.junjo-before-2')).toEqual(before);
      put('sqlite/junjo.db', 'of the new release');
      const fresh = contents(data, /^\.junjo-before-2/);
      ends(back);
      expect(contents(data, /^\.junjo-before-4/)).toEqual(before);
      expect(inFolder('.junjo-before-4')).toEqual(fresh);
    });

    test.each([
      ['set aside', () => away('2'), () => undefined],
      [
        'brought back',
        () => back,
        () => {
          ends(away('2'));
          put('sqlite/junjo.db', 'of the new release');
          put('new', 'new');
        },
      ],
    ])('and dies while it is %s, is finished by the same call or by another', (_, call, prepare) => {
      prepare();
      const start = mkdtempSync(join(tmpdir(), 'junjo-start-'));
      cpSync(data, start, { recursive: true });
      const done = ends(call());
      expect(ends(call())).toEqual(done);
      let deaths = 0;
      for (let moment = 0; ; moment += 1) {
        for (const next of [call(), ['finish']]) {
          rmSync(data, { recursive: true });
          cpSync(start, data, { recursive: true });
          const { status } = run(call(), moment);
          if (status === 9) {
            deaths += 1;
            expect(readdirSync(data).filter((name) => name.endsWith('.plan'))).toHaveLength(1);
          }
          expect(ends(next)).toEqual(done);
        }
        if (deaths < 2 * (moment + 1)) break;
      }
      rmSync(start, { recursive: true });
      expect(deaths).toBeGreaterThan(7);
    });

    test('stays alone in its folder when the call is repeated after its end', () => {
      ends(away('2'));
      put('new', 'new');
      ends(away('2'));
      expect(readdirSync(data)).toEqual(['.junjo-before-2', 'new']);
    });

    test('leaves no plan where its folder cannot be made', () => {
      const full = FULL.replace('builtins.open = full', "os.mkdir = lambda path, mode: full(path, 'w')").replace(
        'real(file, mode).close()',
        'pass',
      );
      const call = ['-c', full, PROGRAM, 'swap', data, ...away('2').slice(1)];
      expect(spawnSync('python3', call, { env: withSystemPython }).status).toBe(1);
      expect(contents(data)).toEqual(before);
    });

    test('and died before its plan was written, is set aside by the same call', () => {
      mkdirSync(join(data, '.junjo-before-2'));
      ends(away('2'));
      expect(inFolder('.junjo-before-2')).toEqual(before);
    });

    test('stays where it is on a full volume', () => {
      const call = ['-c', FULL, PROGRAM, 'swap', data, ...away('2').slice(1)];
      const { status, stderr } = spawnSync('python3', call, { encoding: 'utf8', env: withSystemPython });
      expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('The volume is full') });
      expect(contents(data)).toEqual(before);
    });

    test.each(['../x', '.', 'spans', '.junjo-before-2/../../x', '.junjo-restore-9', '.junjo-before-4'])(
      'does not come back from %s',
      (from) => {
        const call = ['swap', '.junjo-restore-4', JSON.stringify({ aside: '.junjo-before-4', from })];
        expect(run(call)).toMatchObject({ status: 1, stderr: expect.stringContaining('is not a valid name of') });
        expect(contents(data)).toEqual(before);
      },
    );

    test('does not come back with what this program keeps', () => {
      put('.junjo-before-2/.junjo-before-3/x', '');
      const state = contents(data);
      expect(run(back)).toMatchObject({ status: 1, stderr: expect.stringContaining('is not data of a studio') });
      expect(contents(data)).toEqual(state);
    });

    test.each([
      ['the same folder', { aside: '.junjo-before-2', stage: '.junjo-before-2', moves: [] }],
      ['a folder out of the volume', { aside: '.junjo-before-4', stage: '../x', moves: [['../x/a', 'a']] }],
      ['a folder of the data', { aside: '.junjo-before-4', stage: 'spans', moves: [['spans/a', 'a']] }],
    ])('does not come back by a plan from %s', (_, plan) => {
      put('.junjo-restore-4.plan', JSON.stringify(plan));
      const state = contents(data);
      expect(run(['finish'])).toMatchObject({ status: 1, stderr: expect.stringContaining('was not written') });
      expect(contents(data)).toEqual(state);
    });

    test('is listed with its size and its mark', () => {
      ends(away('2'));
      for (const name of ['a', 'b', 'c']) put(`.junjo-before-3/${name}`, 'four');
      mkdirSync(join(data, '.junjo-before-4'));
      execFileSync('mkfifo', [join(data, '.junjo-before-4/.junjo-studio.json')]);
      const { stdout } = run(['asides']);
      expect(JSON.parse(stdout)).toEqual({
        '.junjo-before-2': { files: 4, bytes: 25, mark: { line: '0.82' }, obstacle: null },
        '.junjo-before-3': { files: 3, bytes: 12, mark: null, obstacle: null },
        '.junjo-before-4': { files: 0, bytes: 0, mark: null, obstacle: null },
      });
    });

    test('may be what no backup can copy', () => {
      execFileSync('sh', ['-c', 'touch "$1/$(printf "\\377")"', 'touch', data]);
      expect(JSON.parse(run(['look']).stdout)).toMatchObject({ obstacle: expect.stringContaining('not a valid name') });
      expect(run(away('2')).status).toBe(0);
      expect(readdirSync(data)).toEqual(['.junjo-before-2']);
      expect(run(back).status).toBe(0);
      expect(readdirSync(data)).toContain('only-old');
      expect(readdirSync(data)).toHaveLength(5);
    });
  });

  test('puts what was there in no folder but its own', () => {
    const before = contents(data);
    for (const aside of ['../x', 'spans', '.junjo-before-1/../../x']) {
      expect(run(['swap', '.junjo-restore-1', JSON.stringify({ aside })])).toMatchObject({ status: 1 });
      expect(contents(data)).toEqual(before);
    }
  });

  test('receives nothing while a change of places is half done', () => {
    expect(run(swap, 3).status).toBe(9);
    const before = contents(data);
    const { status, stderr } = run(['receive', '.junjo-restore-2', '{"bytes": 1000}']);
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('Run it again') });
    expect(contents(data)).toEqual(before);
  });

  test('receives no more files than the volume has blocks', () => {
    const call = ['-c', SMALL, PROGRAM, 'receive', data, '.junjo-restore-2', '{"bytes": 1000}'];
    const { status, stderr } = spawnSync('python3', call, {
      encoding: 'utf8',
      env: withSystemPython,
      input: honestArchive(),
    });
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('has no room for the copy'),
    });
    expect(readdirSync(data)).not.toContain('.junjo-restore-2');
  });

  test('a volume that is not empty changes places with nothing, unless what is there may be moved aside', () => {
    const before = contents(data);
    expect(run(['swap', '.junjo-restore-1', '{}'])).toMatchObject({
      status: 1,
      stderr: 'The volume is not empty: it contains only-old, spans, sqlite\n',
    });
    expect(contents(data)).toEqual(before);
  });

  test('a copy with more names at its top than a plan holds changes nothing, and leaves no plan', () => {
    for (let index = 0; index < 6000; index += 1) put(`.junjo-restore-1/${'n'.repeat(100)}${index}`, '');
    expect(run(swap)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Too many files and folders at the top'),
    });
    expect(Object.keys(contents(data, /^\.junjo-/)).sort()).toEqual(
      ['only-old', 'spans', 'spans/a', 'sqlite', 'sqlite/junjo.db'].sort(),
    );
    expect(run(['finish'])).toMatchObject({ status: 0, stdout: '{"finished": [], "removed": [".junjo-restore-1"]}\n' });
  });

  test.each(['[', '{"line":'])('a mark of many "%s" inside each other is no mark', (part) => {
    put('.junjo-studio.json', part.repeat(100_000));
    expect(JSON.parse(run(['look']).stdout)).toMatchObject({ mark: null });
  });

  test('receives nothing for which the volume has no room', () => {
    const { status, stderr } = run(['receive', '.junjo-restore-2', JSON.stringify({ bytes: 1e18 })]);
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/MiB left, but the copy needs/),
    });
  });
});
