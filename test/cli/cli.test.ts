import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { commands } from '../../cli/cli';
import { Folder } from '../support/folder';
import { development, envText, freshSecret } from '../support/studio';
import { fromSource, Workspace } from '../support/workspace';

let folder: Folder;
const cli = (...args: string[]) => folder.junjo(args);
const path = (name: string) => join(folder.path, name);
const write = (name: string, text: string) => writeFileSync(path(name), text);

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

describe('called wrongly', () => {
  test.each([
    [[], 'Usage: npm run junjo-k8s -- [options] [command]'],
    [['syth'], 'Did you mean synth?'],
    [['synth', '--foo'], "unknown option '--foo'"],
    [['synth', '--output'], 'argument missing'],
    [['synth', 'something'], 'too many arguments'],
    [
      ['synth', '--output', ''],
      "option '--output <folder>' argument '' is invalid. The value is empty. Set it, or remove the option",
    ],
    [['synth', '--studios='], "argument '' is invalid"],
    [['synth', '-e', ''], "argument '' is invalid"],
    [
      ['status', '--namespace', ''],
      "option '-n, --namespace <name>' argument '' is invalid. The value is empty. Set it, or remove the option",
    ],
    [['backup', '--namespace', ''], "argument '' is invalid"],
  ])('as junjo-k8s %j, it says so and ends with 2', async (args, said) => {
    const { status, stdout, stderr } = await cli(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('    at ');
  });
});

test('a setting of init may be empty: it is written as it is', async () => {
  const urls = [
    '--ui',
    'https://ui.example.com',
    '--api',
    'https://api.example.com',
    '--spans',
    'https://spans.example.com',
  ];
  const edge = ['--gateway', '', '--ingress-class', 'traefik'];
  expect(await cli('init', '--yes', '--environment', 'production', ...urls, ...edge)).toMatchObject({ status: 0 });
  expect(readFileSync(path('.env'), 'utf8')).toMatch(/^JUNJO_K8S_GATEWAY=$/m);
});

test.each(['--version', '-v', '-V', 'version'])('%s prints the version and the release lines', async (word) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { status, stdout } = await cli(word);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^junjo-k8s ${version}, for Junjo AI Studio 0\\.70, .*0\\.82`));
});

test('every command has a script in package.json, which starts it', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const start = scripts['junjo-k8s'];
  for (const name of commands.keys()) expect([name, scripts[name]]).toEqual([name, `${start} ${name}`]);
});

test('an example whose output a program reads has no lines of npm in it', async () => {
  expect((await cli('completion', '--help')).stdout).toContain('  npm run --silent completion bash >> ~/.bashrc\n');
});

test('every command has a help with examples and exit codes', async () => {
  const list = (await cli('--help')).stdout;
  const names = [...list.matchAll(/^ {2}([a-z]+) (?!\[command)\[/gm)].map(([, name = '']) => name);
  expect(names).toEqual(expect.arrayContaining(['init', 'synth', 'validate', 'stream', 'forward', 'preflight']));
  for (const name of names) {
    const { status, stdout } = await cli(name, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\\n  npm run (--silent )?${name}`));
    expect(stdout).toContain('Exit codes:');
  }
});

describe('synth', () => {
  test('renders into the folder of --output, and again in its place', async () => {
    write('.env', envText(development()));
    expect((await cli('synth', '--output', 'a/b')).stdout).toContain('kubectl apply -f a/b/foundation -f a/b/');
    write('.env', envText(development({ JUNJO_K8S_EXISTING_CLAIM: 'mine' })));
    expect((await cli('synth', '--output', 'a/b')).status).toBe(0);
    expect(readdirSync(path('a'))).toEqual(['b']);
    expect(readdirSync(path('a/b/foundation'))).toEqual(['00-namespace.k8s.yaml']);
    expect(existsSync(path('dist'))).toBe(false);
  });

  test('replaces no folder that holds anything else', async () => {
    write('.env', envText(development()));
    mkdirSync(path('precious'));
    write('precious/notes.txt', 'mine');
    const { status, stdout, stderr } = await cli('synth', '--output', 'precious');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      'precious: contains notes.txt, which synth did not render. synth replaces the whole folder, so move that file or name another folder\n',
    );
    expect(readdirSync(path('precious'))).toEqual(['notes.txt']);
    expect(readFileSync(path('precious/notes.txt'), 'utf8')).toBe('mine');
  });

  test('takes env files in their order, before those of the environment', async () => {
    write('shared.env', envText(development()));
    write('own.env', 'JUNJO_K8S_NAME=own\n');
    const options = ['synth', '--env-file', 'shared.env', '-e', 'own.env'];
    const { status } = await folder.junjo(options, { environment: { JUNJO_ENV_FILES: 'nowhere.env' } });
    expect(status).toBe(0);
    expect(readFileSync(path('dist/foundation/00-namespace.k8s.yaml'), 'utf8')).toContain('name: own');
  });
});

describe('--json', () => {
  test('is one object with results', async () => {
    write('.env', envText(development()));
    const { status, stdout, stderr } = await cli('synth', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      problems: [],
      output: 'dist',
      studios: [{ name: 'junjo-ai-studio', environment: 'development' }],
    });
    for (const file of result.files) expect(existsSync(path(`dist/${file}`))).toBe(true);
  });

  test.each(['synth', 'validate'])('of %s is one object with problems, and holds no secret', async (command) => {
    const secret = freshSecret().slice(0, 20);
    write('.env', envText(development({ JUNJO_SESSION_SECRET: secret })));
    const { status, stdout, stderr } = await cli(command, '--json');
    expect([status, stderr]).toEqual([1, '']);
    expect(JSON.parse(stdout).problems).toEqual([
      {
        severity: 'error',
        file: '.env',
        line: expect.any(Number),
        variable: 'JUNJO_SESSION_SECRET',
        text: expect.stringContaining('openssl'),
      },
    ]);
    expect(stdout).not.toContain(secret);
  });
});

describe('wrong usage with --json is one object', () => {
  test.each([
    ['status', '--timeout', '5m'],
    ['status', '--watch', '--timeout', 'soon'],
    ['init', '--repo', 'studio', '--from', '.env'],
    ['init', '--flux'],
    ['init', '--set', 'nothing'],
    ['init', '--repo', 'studio', '--package', 'nowhere'],
    ['validate', 'dist', '--env-file', '.env'],
    ['synth', '--nonsense'],
    ['diff', 'a', 'b'],
  ])('%s %s %s', async (...args) => {
    const { status, stdout, stderr } = await cli(...args, '--json');
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout);
    expect(error).toEqual({ message: expect.stringMatching(/\w/), failure: 'usage' });
    expect(stderr).toContain(error.message);
  });
});

test.each([
  ['forward', '--namespace'],
  ['backup', '-n'],
  ['status', '--context'],
  ['diff', '--kubeconfig'],
  ['synth', '--env-file'],
  ['synth', '--output'],
])('%s refuses an empty %s, as an unset variable of a shell leaves it', async (command, option) => {
  write('.env', envText(development()));
  const { status, stdout, stderr } = await cli(command, option, '');
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(new RegExp(`${option}.* is empty`));
});

test('validate says whether all is well, and writes nothing', async () => {
  const before = readdirSync(folder.path);
  expect((await cli('validate')).stderr).toMatch(/^\.env: does not exist/);
  write('.env', envText(development()));
  const { status, stdout, stderr } = await cli('validate');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('junjo-ai-studio: ');
  expect(readdirSync(folder.path).sort()).toEqual([...before, '.env'].sort());
});

describe('in a process', () => {
  let workspace: Workspace;
  const writeThere = (name: string, text: string) => writeFileSync(join(workspace.path, name), text);

  beforeEach(() => {
    workspace = new Workspace();
    writeThere('.env', 'JUNJO_ENV=nowhere\n');
  });

  afterEach(() => workspace.remove());

  test('it ends with the exit code, and there are no colours in a pipe', () => {
    for (const [args, code] of [
      [['validate'], 1],
      [['synth', '--', '--foo'], 2],
    ] as const) {
      const { status, stdout, stderr } = workspace.run('npm', ['run', '--silent', ...args]);
      expect([status, stdout]).toEqual([code, '']);
      expect(stderr).toMatch(/JUNJO_ENV|--foo/);
      expect(stderr).not.toContain('\u001b');
    }
  });

  test('it says in one line what the file system refuses', () => {
    writeThere('.env', envText(development()));
    writeThere('file', '');
    const args = ['run', '--silent', 'synth', '--', '--output', 'file/dist'];
    const { status, stdout, stderr } = workspace.run('npm', args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/file: E[A-Z]+: .+\. Nothing else was written\n$/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('with --json, an interruption is an object, too', async () => {
    writeThere('kubectl', `#!/bin/sh\ntouch '${join(workspace.path, 'called')}'\nexec sleep 3\n`);
    chmodSync(join(workspace.path, 'kubectl'), 0o755);
    const child = spawn(process.execPath, [...fromSource, 'status', '--namespace', 'team', '--json'], {
      cwd: workspace.path,
      env: { ...process.env, PATH: `${workspace.path}:${process.env.PATH}` },
    });
    const closed = once(child, 'close');
    const stdout = text(child.stdout);
    while (!existsSync(join(workspace.path, 'called'))) await sleep(20);
    child.kill('SIGINT');
    expect(await closed).toEqual([1, null]);
    expect(JSON.parse(await stdout)).toEqual({ error: { message: 'Interrupted (SIGINT)', failure: 'interrupted' } });
  });

  test('the app of a cdk8s.yaml writes nothing with a bad env file', () => {
    const { status, stderr } = workspace.run('node', ['-r', 'tsx/cjs', 'main.ts']);
    expect(status).toBe(1);
    expect(stderr).toContain('.env:1 JUNJO_ENV: must be one of: development, production');
    expect(existsSync(join(workspace.path, 'dist'))).toBe(false);
  });
});
