import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { filesWithSecrets, gitAdvice } from '../../cli/ignored-by-git';
import { Folder } from '../support/folder';
import { development, envText, freshSecret, production } from '../support/studio';

let folder: Folder;
const git = (...args: string[]) => execFileSync('git', ['-C', folder.path, ...args], { encoding: 'utf8' });
const synth = (...args: string[]) => folder.junjo(['synth', ...args]);

/** The lines that a command asks for, in the .gitignore that it names. */
function askedFor(stdout: string): readonly string[] {
  return (
    /^Add th(?:is line|ese lines) to .*\.gitignore:\n((?:.+\n)+)/m.exec(`${stdout}\n`)?.[1]?.trim().split('\n') ?? []
  );
}

/** What Git would commit. */
const open = () => git('ls-files', '--others', '--exclude-standard').trim().split('\n');

beforeEach(() => {
  folder = new Folder();
  git('init', '--quiet');
});

afterEach(() => folder.remove());

test('synth asks for two lines where Git ignores nothing, and for none when they are there', async () => {
  const { stdout } = await synth();
  expect(stdout).toContain('Git does not ignore .env and dist/30-secrets.k8s.yaml, which hold secrets.');
  expect(askedFor(stdout)).toEqual(['.env', '*secrets.k8s.yaml']);
  expect(open()).toEqual(expect.arrayContaining(['.env', 'dist/30-secrets.k8s.yaml']));
  folder.write('.gitignore', `${askedFor(stdout).join('\n')}\n`);
  expect(open().filter((path) => /env|secret/.test(path))).toEqual([]);
  expect((await synth()).stdout).not.toContain('Git ');
});

test('init asks for the line of the file that it writes', async () => {
  expect(askedFor((await folder.junjo(['init'])).stdout)).toEqual(['.env']);
  folder.write('.gitignore', '*.env\n');
  expect((await synth()).stdout).toContain('Git does not ignore dist/30-secrets.k8s.yaml, which holds secrets.');
});

test('other files have lines of their own, which Git understands', async () => {
  mkdirSync(join(folder.path, 'my [folder]'));
  folder.write('my [folder]/secrets.env', envText(development()));
  const args = ['--env-file', 'my [folder]/secrets.env', '--output', 'out/put'];
  const { stdout } = await synth(...args);
  expect(askedFor(stdout)).toEqual(['/my\\ \\[folder\\]/secrets.env', '*secrets.k8s.yaml']);
  folder.write('.gitignore', askedFor(stdout).join('\n'));
  expect((await synth(...args)).stdout).not.toContain('Git ');
});

test('several studios need one line for their Secrets', async () => {
  mkdirSync(join(folder.path, 'studios'));
  for (const name of ['a', 'b', 'c', 'd']) folder.write(`studios/${name}.env`, envText(development()));
  const { stdout } = await synth('--studios', 'studios');
  expect(stdout).toContain('Git does not ignore studios/a.env, studios/b.env and 6 more files, which hold secrets.');
  expect(askedFor(stdout)).toEqual([
    '/studios/a.env',
    '/studios/b.env',
    '/studios/c.env',
    '/studios/d.env',
    '*secrets.k8s.yaml',
  ]);
});

test('settings without secrets may be committed', async () => {
  const none = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
  folder.write('studio.env', envText({ ...production(), ...none, JUNJO_K8S_SECRETS: 'existing' }));
  const { status, stdout } = await synth('--env-file', 'studio.env');
  expect([status, stdout]).toEqual([0, expect.not.stringContaining('Git ')]);
});

test.each([
  [`JUNJO_SESSION_SECRET=${freshSecret()}`, true],
  ['HTTPS_PROXY=http://me:pass@proxy:3128', true],
  ['HTTPS_PROXY=http://proxy:3128', false],
  ['JUNJO_SESSION_SECRET=$SESSION', false],
  ['JUNJO_SESSION_SECRET=your_base64_secret_here', false],
  ['JUNJO_K8S_NAME=studio', false],
])('%s: is a secret, %s', (text, isSecret) => {
  expect(filesWithSecrets([{ path: 'a.env', text }])).toEqual(isSecret ? ['a.env'] : []);
});

test('a file that Git tracks is removed from it', async () => {
  folder.write('.env', envText(development()));
  folder.write('.gitignore', '.env\n*secrets.k8s.yaml\n');
  git('add', '--force', '.env');
  const { stdout } = await synth();
  expect(stdout).toContain(
    'Git already tracks .env, which holds secrets. Remove it from Git, and commit that:\n  git rm --cached .env\n',
  );
  expect(askedFor(stdout)).toEqual([]);
  const [, command = ''] = /^ {2}git (rm .*)$/m.exec(stdout) ?? [];
  git(...command.split(' '));
  expect((await synth()).stdout).not.toContain('Git ');
});

test('a folder below the top of the repository names the .gitignore of the top', async () => {
  mkdirSync(join(folder.path, 'deep'));
  const here = process.cwd();
  process.chdir(join(folder.path, 'deep'));
  try {
    folder.write('deep/.env', '');
    folder.write('deep/own.env', '');
    expect(gitAdvice(['.env', 'own.env', 'missing']).slice(-3)).toEqual([
      'Add these lines to ../.gitignore:',
      '.env',
      '/deep/own.env',
    ]);
  } finally {
    process.chdir(here);
  }
});

test('a link is not what it points to', async () => {
  const outside = new Folder();
  outside.write('env', envText(development({ JUNJO_SESSION_SECRET: freshSecret() })));
  symlinkSync(join(outside.path, 'env'), join(folder.path, '.env'));
  expect(askedFor((await synth()).stdout)).toEqual(['*secrets.k8s.yaml']);
  outside.remove();
});

test('a repository that Git refuses to read is reported', async () => {
  appendFileSync(join(folder.path, '.git/config'), 'not a config');
  const { status, stdout } = await synth();
  const said = 'nothing checked that it ignores .env and dist/30-secrets.k8s.yaml, which hold secrets.';
  expect([status, stdout]).toEqual([0, expect.stringContaining(said)]);
});

test.each(['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'])(
  '%s of a hook in another repository changes nothing',
  (name) => {
    folder.write('.env', envText(development()));
    git('add', '.env');
    const before = process.env[name];
    process.env[name] = join(folder.path, 'missing');
    try {
      const advice = gitAdvice([join(folder.path, '.env')]);
      expect(advice).toEqual(expect.arrayContaining([expect.stringMatching(/^Git does not ignore/)]));
      expect(advice).toEqual(expect.arrayContaining([expect.stringMatching(/^Git already tracks/)]));
    } finally {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    }
  },
);

test('a folder behind a link belongs to the repository that it is in', () => {
  mkdirSync(join(folder.path, 'deep'));
  folder.write('deep/.env', envText(development()));
  const outside = new Folder();
  symlinkSync(join(folder.path, 'deep'), join(outside.path, 'link'));
  expect(gitAdvice([join(outside.path, 'link', '.env')])).toContain('.env');
  outside.remove();
});

test('a name that Git would take for a pattern is a name', () => {
  folder.write(':(top)x.env', envText(development()));
  git('--literal-pathspecs', 'add', ':(top)x.env');
  expect(gitAdvice([join(folder.path, ':(top)x.env')]).join('\n')).toContain('Git already tracks');
});

test('without Git nothing is said', () => {
  folder.write('.env', envText(development()));
  const { PATH } = process.env;
  process.env.PATH = folder.path;
  try {
    expect(gitAdvice([join(folder.path, '.env')])).toEqual([]);
  } finally {
    process.env.PATH = PATH;
  }
});

test('outside a repository nothing is said', async () => {
  const outside = new Folder();
  expect((await outside.junjo(['synth'])).stdout).not.toContain('Git ');
  outside.remove();
});
