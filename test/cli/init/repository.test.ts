import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publication } from '../../../config/how-to-run';
import { Folder } from '../../support/folder';
import { freshSecret } from '../../support/studio';

let folder: Folder;
const path = (name: string) => join(folder.path, name);
const cli = (...args: string[]) => folder.junjo(args);
const { version, name: packageName } = JSON.parse(readFileSync('package.json', 'utf8'));
const tarball = `${packageName}-${version}.tgz`;
/** Starts a repository that installs a tarball. */
const initRepo = (name: string, ...args: string[]) => cli('init', '--repo', name, '--package', tarball, ...args);
const urls = [
  'JUNJO_PROD_FRONTEND_URL=https://studio.example.com',
  'JUNJO_PROD_BACKEND_URL=https://api.example.com',
  'JUNJO_PROD_INGESTION_URL=https://spans.example.com',
  'JUNJO_ALLOW_ORIGINS=https://studio.example.com',
  'JUNJO_K8S_INGRESS_CLASS=traefik',
  'JUNJO_K8S_GIT_REPO=https://git.example.com/team/studio.git',
].flatMap((setting) => ['--set', setting]);

const published = { ...publication };

beforeEach(() => {
  Object.assign(publication, { onNpm: false });
  folder = new Folder();
  folder.write(tarball, 'package');
});

afterEach(() => {
  Object.assign(publication, published);
  folder.remove();
});

test('init --repo makes a repository whose studio renders, with the package pinned', async () => {
  const { status, stdout } = await initRepo('My Studio', ...urls);
  expect(status).toBe(0);
  expect(stdout).toContain('npm install');
  expect(stdout).toContain("  cd 'My Studio'\n");
  const made = ['.github', '.gitignore', 'package.json', 'studio.env', 'vendor'];
  expect(readdirSync(path('My Studio')).sort()).toEqual(made);
  const manifest = JSON.parse(readFileSync(path('My Studio/package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: 'my-studio', devDependencies: { [packageName]: `file:vendor/${tarball}` } });
  expect(readFileSync(path(`My Studio/vendor/${tarball}`), 'utf8')).toBe('package');
  // What the workflow of the repository calls.
  const called = readFileSync(path('My Studio/.github/workflows/manifests.yml'), 'utf8').matchAll(
    /npm run (?:--silent )?(\w+)/g,
  );
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining([...called].map(([, script]) => script)));
  const render = await cli('synth', '--output', 'My Studio/dist', '-e', 'My Studio/studio.env');
  expect(render.status).toBe(0);
  expect(readdirSync(path('My Studio/dist'))).toContain('argocd');
});

test('its scripts render and validate the studio, and the workflow may name dist again', async () => {
  await initRepo('.', ...urls);
  const { scripts } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
  for (const script of ['synth', 'validate']) {
    const [, ...words] = scripts[script].split(' ');
    expect([script, await cli(...words)]).toEqual([script, expect.objectContaining({ status: 0 })]);
  }
  expect(await cli('validate', 'dist', 'dist')).toEqual(await cli('validate', 'dist'));
});

test('with --flux its studio renders what Flux needs, and the next steps apply that', async () => {
  const { status, stdout } = await initRepo('studio', '--flux', ...urls);
  expect([status, stdout]).toEqual([0, expect.stringContaining('  kubectl apply -f dist/flux\n')]);
  // The tool opens the edge at once.
  expect(stdout).toMatch(
    /Create the first user before the edge opens\. See \S*docs\/gitops\.md, "4\. Let the tool apply the studio"\nThen run:\n {2}kubectl apply/,
  );
  expect(stdout).not.toContain('Argo CD');
  expect((await cli('synth', '--output', 'studio/dist', '-e', 'studio/studio.env')).status).toBe(0);
  expect(readdirSync(path('studio/dist'))).toEqual(expect.arrayContaining(['flux', 'Kustomization']));
  expect(readdirSync(path('studio/dist'))).not.toContain('argocd');
});

test('an artifact is pushed as the page about GitOps says', async () => {
  const { stdout } = await initRepo(
    'studio',
    '--flux',
    ...urls.slice(0, -1),
    'JUNJO_K8S_GIT_REPO=oci://registry.example.com/team/studio',
  );
  const [, push = ''] = /^ {3}(flux push artifact .*?)\n {3}```/ms.exec(readFileSync('docs/gitops.md', 'utf8')) ?? [];
  expect(stdout).toContain(`  ${push.replace(/ \\\n */g, ' ')}\n`);
});

test('with --flux and no repository of Git it says what is missing', async () => {
  const { status, stderr } = await initRepo('studio', '--flux', ...urls.slice(0, -2));
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/JUNJO_K8S_GITOPS: has no effect without JUNJO_K8S_GIT_REPO/),
  ]);
});

test('a setting names Flux as --flux does, and the next steps are those of the tool that is set', async () => {
  const { stdout } = await initRepo('studio', '--set', 'JUNJO_K8S_GITOPS=flux', ...urls);
  expect(stdout).toContain('  kubectl apply -f dist/flux\n');
  const other = await initRepo('other', '--flux', '--set', 'JUNJO_K8S_GITOPS=argocd', ...urls);
  expect(other).toMatchObject({
    status: 2,
    stderr: '--flux cannot be combined with JUNJO_K8S_GITOPS=argocd. Remove one of the two.\n',
  });
});

test('for a repository of artifacts the next steps push one', async () => {
  const artifacts = ['--set', 'JUNJO_K8S_GIT_REPO=oci://registry.example.com/studio'];
  const { status, stdout } = await initRepo('studio', '--flux', ...urls.slice(0, -2), ...artifacts);
  expect([status, stdout]).toEqual([
    0,
    expect.stringContaining('  flux push artifact oci://registry.example.com/studio:latest --path=dist'),
  ]);
  const tag = ['--set', 'JUNJO_K8S_GIT_REVISION=v1'];
  const other = await initRepo('other', '--flux', ...urls.slice(0, -2), ...artifacts, ...tag);
  expect(other.stdout).toContain('oci://registry.example.com/studio:v1 ');
});

test.each([['--flux'], ['--package', 'x.tgz']])('%s without --repo is wrong usage', async (...args) => {
  expect(await cli('init', ...args)).toMatchObject({ status: 2, stderr: expect.stringContaining('--repo') });
});

describe('the package that the repository installs', () => {
  const specOf = (name: string) => JSON.parse(readFileSync(path(`${name}/package.json`), 'utf8')).devDependencies;

  test.each([
    ['https://git.example.com/team/junjo.git#v1', 'git+https://git.example.com/team/junjo.git#v1'],
    ['git@git.example.com:team/junjo.git', 'git+ssh://git@git.example.com/team/junjo.git'],
    ['ssh://git@git.example.com/team/junjo.git', 'git+ssh://git@git.example.com/team/junjo.git'],
    ['git+file:///srv/junjo', 'git+file:///srv/junjo'],
    ['github:team/junjo', 'github:team/junjo'],
    ['https://files.example.com/junjo.tgz', 'https://files.example.com/junjo.tgz'],
  ])('%s is an address that npm installs from', async (named, spec) => {
    expect((await cli('init', '--repo', 'studio', '--package', named, ...urls)).status).toBe(0);
    expect(specOf('studio')).toEqual({ [packageName]: spec });
    expect(existsSync(path('studio/vendor'))).toBe(false);
  });

  test('is the version of this program once it is on npm', async () => {
    Object.assign(publication, { onNpm: true });
    expect((await cli('init', '--repo', 'studio', ...urls)).status).toBe(0);
    expect(specOf('studio')).toEqual({ [packageName]: version });
  });

  test('a clone names none: it says how to make one, and writes nothing', async () => {
    const { status, stdout, stderr } = await cli('init', '--repo', 'my studio', ...urls);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('\n  npm pack\n');
    expect(stderr).toContain(`\n  npm run init -- --repo 'my studio' --package ./${tarball}\n`);
    expect(existsSync(path('my studio'))).toBe(false);
  });

  test.each([
    ['missing.tgz', 'does not exist'],
    ['studio', 'is not a tarball or a Git URL'],
    [packageName, 'is not a tarball or a Git URL'],
  ])('%s is refused', async (named, said) => {
    const { status, stderr } = await cli('init', '--repo', 'studio', '--package', named, ...urls);
    expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
    expect(existsSync(path('studio'))).toBe(false);
  });

  test('an address with a password is refused, and the password is not printed', async () => {
    const password = freshSecret().replace(/\W/g, '');
    const named = `https://me:${password}@git.example.com/team/junjo.git`;
    const { status, stderr } = await cli('init', '--repo', 'studio', '--package', named, ...urls);
    expect([status, stderr]).toEqual([2, expect.stringContaining('holds a password')]);
    expect(stderr).not.toContain(password);
  });

  test('on a terminal it asks until the answer can be used', async () => {
    const answers = ['nothing.tgz', tarball];
    const terminal = () => ({ ask: async () => answers.shift(), close: () => undefined });
    const { status, stdout } = await folder.junjo(['init', '--repo', 'studio', ...urls], { terminal });
    expect([status, answers]).toEqual([0, []]);
    expect(stdout).toContain('does not exist');
    expect(specOf('studio')).toEqual({ [packageName]: `file:vendor/${tarball}` });
  });
});

test('its scripts are about its own studio.env, from anywhere', async () => {
  await initRepo('.', ...urls);
  const { scripts } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
  const run = (name: string, ...more: string[]) => cli(...scripts[name].split(' ').slice(1), ...more);
  const { status, stdout } = await run('synth');
  expect([status, stdout]).toEqual([0, expect.stringContaining('(production)')]);
  expect(await run('validate', 'dist')).toMatchObject({ status: 0, stderr: '' });
  writeFileSync(path('more.env'), 'JUNJO_K8S_NAME=more\n');
  expect((await run('synth', '-e', 'more.env')).stdout).toContain('for the namespace more');
  expect(existsSync(path('.env'))).toBe(false);
});

test('Git keeps its studio.env, and ignores secrets', async () => {
  await initRepo('repository', ...urls);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder.path, encoding: 'utf8' });
  git('init', '--quiet', 'repository');
  for (const name of ['studio.env', 'secrets.env', '.env', '.new-0123456789ab'])
    writeFileSync(path(`repository/${name}`), '', { flag: 'a' });
  const stdout = git('-C', 'repository', 'ls-files', '--others', '--exclude-standard');
  expect(stdout.trim().split('\n')).toEqual(expect.arrayContaining(['studio.env', 'package.json']));
  expect(stdout).not.toMatch(/secrets\.env|^\.env$|\.new-/m);
});

test('it says what studio.env still needs', async () => {
  const { status, stderr } = await initRepo('repository');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^repository\/studio\.env JUNJO_PROD_FRONTEND_URL: is missing/m);
});

test('it replaces no file, and then writes none', async () => {
  mkdirSync(path('repository'));
  writeFileSync(path('repository/package.json'), 'mine');
  const { status, stdout, stderr } = await initRepo('repository', ...urls);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain('repository/package.json: already exists');
  expect(readdirSync(path('repository'))).toEqual(['package.json']);
  expect(readFileSync(path('repository/package.json'), 'utf8')).toBe('mine');
});

test.each(['JUNJO_K8S_NAME', 'JUNJO_K8S_NAME=a\nb', '=a'])('--set %j is wrong usage', async (setting) => {
  expect((await initRepo('repository', '--set', setting)).status).toBe(2);
  expect(existsSync(path('repository'))).toBe(false);
});

test('a secret is not written into a file that is committed, nor printed', async () => {
  const secret = freshSecret();
  const { status, stdout, stderr } = await initRepo('repository', '--set', `JUNJO_SESSION_SECRET=${secret}`);
  expect(status).toBe(2);
  expect(stderr).toContain('JUNJO_SESSION_SECRET is a secret');
  expect(stdout + stderr).not.toContain(secret);
  expect(existsSync(path('repository'))).toBe(false);
});
