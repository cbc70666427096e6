import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Folder } from '../../support/folder';
import { freshSecret } from '../../support/studio';

let folder: Folder;
const path = (name: string) => join(folder.path, name);
const cli = (...args: string[]) => folder.junjo(args);
const urls = [
  'JUNJO_PROD_FRONTEND_URL=https://studio.example.com',
  'JUNJO_PROD_BACKEND_URL=https://api.example.com',
  'JUNJO_PROD_INGESTION_URL=https://spans.example.com',
  'JUNJO_ALLOW_ORIGINS=https://studio.example.com',
  'JUNJO_K8S_INGRESS_CLASS=traefik',
  'JUNJO_K8S_GIT_REPO=https://git.example.com/team/studio.git',
].flatMap((setting) => ['--set', setting]);

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

test('init --repo makes a repository whose studio renders, with the package pinned', async () => {
  const { status, stdout } = await cli('init', '--repo', 'My Studio', ...urls);
  expect(status).toBe(0);
  expect(stdout).toContain('npm install');
  expect(readdirSync(path('My Studio')).sort()).toEqual(['.github', '.gitignore', 'package.json', 'studio.env']);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const manifest = JSON.parse(readFileSync(path('My Studio/package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: 'my-studio', devDependencies: { 'junjo-ai-studio-cdk8s': version } });
  // What the workflow of the repository calls.
  const called = readFileSync(path('My Studio/.github/workflows/manifests.yml'), 'utf8').matchAll(
    /npm run (?:--silent )?(\w+)/g,
  );
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining([...called].map(([, script]) => script)));
  const render = await cli('synth', '--output', 'My Studio/dist', '-e', 'My Studio/studio.env');
  expect(render.status).toBe(0);
  expect(readdirSync(path('My Studio/dist'))).toContain('argocd');
});

test('with --flux its studio renders what Flux needs, and the next steps apply that', async () => {
  const { status, stdout } = await cli('init', '--repo', 'studio', '--flux', ...urls);
  expect([status, stdout]).toEqual([0, expect.stringContaining('  kubectl apply -f dist/flux\n')]);
  expect(stdout).not.toContain('Argo CD');
  expect((await cli('synth', '--output', 'studio/dist', '-e', 'studio/studio.env')).status).toBe(0);
  expect(readdirSync(path('studio/dist'))).toEqual(expect.arrayContaining(['flux', 'Kustomization']));
  expect(readdirSync(path('studio/dist'))).not.toContain('argocd');
});

test('with --flux and no repository of Git it says what is missing', async () => {
  const { status, stderr } = await cli('init', '--repo', 'studio', '--flux', ...urls.slice(0, -2));
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/JUNJO_K8S_GITOPS: has no effect without JUNJO_K8S_GIT_REPO/),
  ]);
});

test('a setting names Flux as --flux does, and the next steps are those of the tool that is set', async () => {
  const { stdout } = await cli('init', '--repo', 'studio', '--set', 'JUNJO_K8S_GITOPS=flux', ...urls);
  expect(stdout).toContain('  kubectl apply -f dist/flux\n');
  const other = await cli('init', '--repo', 'other', '--flux', '--set', 'JUNJO_K8S_GITOPS=argocd', ...urls);
  expect(other).toMatchObject({
    status: 2,
    stderr: '--flux cannot be combined with JUNJO_K8S_GITOPS=argocd. Leave one of the two out.\n',
  });
});

test('for a repository of artifacts the next steps push one', async () => {
  const artifacts = ['--set', 'JUNJO_K8S_GIT_REPO=oci://registry.example.com/studio'];
  const { status, stdout } = await cli('init', '--repo', 'studio', '--flux', ...urls.slice(0, -2), ...artifacts);
  expect([status, stdout]).toEqual([
    0,
    expect.stringContaining('  flux push artifact oci://registry.example.com/studio:latest --path=dist'),
  ]);
  const tag = ['--set', 'JUNJO_K8S_GIT_REVISION=v1'];
  const other = await cli('init', '--repo', 'other', '--flux', ...urls.slice(0, -2), ...artifacts, ...tag);
  expect(other.stdout).toContain('oci://registry.example.com/studio:v1 ');
});

test('--flux without --repo is wrong usage', async () => {
  expect(await cli('init', '--flux')).toMatchObject({ status: 2, stderr: expect.stringContaining('--repo') });
});

test('its scripts are about its own studio.env, from anywhere', async () => {
  await cli('init', '--repo', '.', ...urls);
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
  await cli('init', '--repo', 'repository', ...urls);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder.path, encoding: 'utf8' });
  git('init', '--quiet', 'repository');
  for (const name of ['studio.env', 'secrets.env', '.env', '.new-0123456789ab'])
    writeFileSync(path(`repository/${name}`), '', { flag: 'a' });
  const stdout = git('-C', 'repository', 'ls-files', '--others', '--exclude-standard');
  expect(stdout.trim().split('\n')).toEqual(expect.arrayContaining(['studio.env', 'package.json']));
  expect(stdout).not.toMatch(/secrets\.env|^\.env$|\.new-/m);
});

test('it says what studio.env still needs', async () => {
  const { status, stderr } = await cli('init', '--repo', 'repository');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^repository\/studio\.env JUNJO_PROD_FRONTEND_URL: is missing/m);
});

test('it replaces no file, and then writes none', async () => {
  mkdirSync(path('repository'));
  writeFileSync(path('repository/package.json'), 'mine');
  const { status, stdout, stderr } = await cli('init', '--repo', 'repository', ...urls);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain('repository/package.json: is there already');
  expect(readdirSync(path('repository'))).toEqual(['package.json']);
  expect(readFileSync(path('repository/package.json'), 'utf8')).toBe('mine');
});

test.each(['JUNJO_K8S_NAME', 'JUNJO_K8S_NAME=a\nb', '=a'])('--set %j is wrong usage', async (setting) => {
  expect((await cli('init', '--repo', 'repository', '--set', setting)).status).toBe(2);
  expect(existsSync(path('repository'))).toBe(false);
});

test('a secret is not written into a file that is committed, nor printed', async () => {
  const secret = freshSecret();
  const { status, stdout, stderr } = await cli(
    'init',
    '--repo',
    'repository',
    '--set',
    `JUNJO_SESSION_SECRET=${secret}`,
  );
  expect(status).toBe(2);
  expect(stderr).toContain('JUNJO_SESSION_SECRET is a secret');
  expect(stdout + stderr).not.toContain(secret);
  expect(existsSync(path('repository'))).toBe(false);
});
