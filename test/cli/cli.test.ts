import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { development, envText, freshSecret } from '../support/studio';
import { Workspace } from '../support/workspace';

let workspace: Workspace;
const cli = (...args: string[]) => workspace.junjo(args);
const path = (name: string) => join(workspace.path, name);
const write = (name: string, text: string) => writeFileSync(path(name), text);

beforeEach(() => {
  workspace = new Workspace();
});

afterEach(() => workspace.remove());

describe('called wrongly', () => {
  test.each([
    [[], 'Usage: junjo-k8s'],
    [['syth'], 'Did you mean synth?'],
    [['synth', '--foo'], "unknown option '--foo'"],
    [['synth', '--output'], 'argument missing'],
    [['synth', 'something'], 'too many arguments'],
  ])('as junjo-k8s %j, it says so and ends with 2', (args, said) => {
    const { status, stdout, stderr } = cli(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('    at ');
  });
});

test('--version tells the version of the package and the release lines', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { status, stdout } = cli('--version');
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^junjo-k8s ${version}, for the release lines 0\\.70, .*0\\.82`));
});

test('every command has a help with examples and exit codes', () => {
  const list = cli('--help').stdout;
  const names = [...list.matchAll(/^ {2}([a-z]+) (?!\[command)\[/gm)].map(([, name = '']) => name);
  expect(names).toEqual(expect.arrayContaining(['init', 'synth', 'validate', 'stream', 'forward', 'app']));
  for (const name of names) {
    const { status, stdout } = cli(name, '--help');
    expect(status).toBe(0);
    expect(stdout).toContain(`Examples:\n  junjo-k8s ${name}`);
    expect(stdout).toContain('Exit codes:');
  }
});

describe('synth', () => {
  test('renders into the folder of --output, and again in its place', () => {
    write('.env', envText(development()));
    expect(cli('synth', '--output', 'a/b').stdout).toContain('kubectl apply -f a/b/foundation -f a/b/');
    write('.env', envText(development({ JUNJO_K8S_EXISTING_CLAIM: 'mine' })));
    expect(cli('synth', '--output', 'a/b').status).toBe(0);
    expect(readdirSync(path('a'))).toEqual(['b']);
    expect(readdirSync(path('a/b/foundation'))).toEqual(['00-namespace.k8s.yaml']);
    expect(existsSync(path('dist'))).toBe(false);
  });

  test('replaces no folder that holds anything else', () => {
    write('.env', envText(development()));
    mkdirSync(path('precious'));
    write('precious/notes.txt', 'mine');
    const { status, stdout, stderr } = cli('synth', '--output', 'precious');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      'precious: holds notes.txt, which is not rendered, and all of the folder would be replaced. Name another\n',
    );
    expect(readdirSync(path('precious'))).toEqual(['notes.txt']);
    expect(readFileSync(path('precious/notes.txt'), 'utf8')).toBe('mine');
  });

  test('says in one line what the file system refuses', () => {
    write('.env', envText(development()));
    write('file', '');
    const { status, stdout, stderr } = cli('synth', '--output', 'file/dist');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/file: E[A-Z]+: .+\. Nothing else was written\n$/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('takes env files in their order, before those of the environment', () => {
    write('shared.env', envText(development()));
    write('own.env', 'JUNJO_K8S_NAME=own\n');
    const options = ['synth', '--env-file', 'shared.env', '-e', 'own.env'];
    const { status } = workspace.junjo(options, { JUNJO_ENV_FILES: 'nowhere.env' });
    expect(status).toBe(0);
    expect(readFileSync(path('dist/foundation/00-namespace.k8s.yaml'), 'utf8')).toContain('name: own');
  });
});

describe('--json', () => {
  test('is one object with results', () => {
    write('.env', envText(development()));
    const { status, stdout, stderr } = cli('synth', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({
      problems: [],
      output: 'dist',
      studios: [{ name: 'junjo-ai-studio', environment: 'development' }],
    });
    for (const file of result.files) expect(existsSync(path(`dist/${file}`))).toBe(true);
  });

  test.each(['synth', 'validate'])('of %s is one object with problems, and holds no secret', (command) => {
    const secret = freshSecret().slice(0, 20);
    write('.env', envText(development({ JUNJO_SESSION_SECRET: secret })));
    const { status, stdout, stderr } = cli(command, '--json');
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

test('validate says whether all is well, and writes nothing', () => {
  const before = readdirSync(workspace.path);
  expect(cli('validate').stderr).toMatch(/^\.env: does not exist/);
  write('.env', envText(development()));
  const { status, stdout, stderr } = cli('validate');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('All is well with junjo-ai-studio');
  expect(readdirSync(workspace.path).sort()).toEqual([...before, '.env'].sort());
});

test('there are no colours in a pipe', () => {
  write('.env', 'JUNJO_ENV=nowhere\n');
  expect(cli('validate').stderr).not.toContain('\u001b');
  expect(cli('synth', '--foo').stderr).not.toContain('\u001b');
});

test('the app of a cdk8s.yaml writes nothing with a bad env file', () => {
  write('.env', 'JUNJO_ENV=nowhere\n');
  const { status, stderr } = cli('app');
  expect(status).toBe(1);
  expect(stderr).toContain('.env:1 JUNJO_ENV: must be one of: development, production');
  expect(existsSync(path('dist'))).toBe(false);
});
