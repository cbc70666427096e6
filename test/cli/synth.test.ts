import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { development, envText, freshSecret } from '../support/studio';
import { Workspace } from '../support/workspace';

let workspace: Workspace;
const npm = (script: string, environment?: NodeJS.ProcessEnv) =>
  workspace.run('npm', ['run', '--silent', script], environment);
const cdk8s = () => workspace.run('npx', ['cdk8s', '--check-upgrade=false', 'synth']);
const mode = (path: string) => (statSync(join(workspace.path, path)).mode & 0o777).toString(8);
const write = (path: string, text: string) => writeFileSync(join(workspace.path, path), text);

/** Every file of a folder with its bytes. */
function contents(folder: string): Record<string, string> {
  const root = join(workspace.path, folder);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(root.length + 1), readFileSync(path, 'utf8')]));
}

beforeEach(() => {
  workspace = new Workspace();
});

afterEach(() => workspace.remove());

test('npm run synth without an env file writes one with fresh secrets, and renders a studio on localhost', () => {
  const { status, stdout, stderr } = npm('synth');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toContain('kubectl apply -f dist/foundation -f dist/');
  expect(stdout).toContain('http://localhost:5153');
  expect(mode('.env')).toBe('600');
  expect(mode('dist/30-secrets.k8s.yaml')).toBe('600');
  const secrets = /^JUNJO_(?:SESSION_SECRET|SECURE_COOKIE_KEY)=(.*)$/gm;
  const values = [...readFileSync(join(workspace.path, '.env'), 'utf8').matchAll(secrets)].map(
    ([, value = '']) => value,
  );
  expect(values.map((value) => Buffer.from(value, 'base64').length)).toEqual([32, 32]);
  expect(values[0]).not.toBe(values[1]);
  for (const value of values) expect(stdout).not.toContain(value);
});

test('an env file is written where .env.example was deleted, too', () => {
  rmSync(join(workspace.path, '.env.example'));
  const { status, stderr } = npm('synth');
  expect([status, stderr]).toEqual([0, '']);
  expect(mode('.env')).toBe('600');
});

test('npx cdk8s synth renders the same bytes', () => {
  npm('synth');
  const rendered = contents('dist');
  expect(cdk8s().status).toBe(0);
  expect(contents('dist')).toEqual(rendered);
  expect(Object.keys(rendered)).toContain('foundation/00-namespace.k8s.yaml');
});

test('what Kubernetes would refuse is refused before dist/ changes, until the old file is gone', () => {
  const settings = development({ JUNJO_K8S_STORAGE_SIZE: '20Gi' });
  write('.env', envText(settings));
  expect(npm('synth').status).toBe(0);
  const before = contents('dist');
  write('.env', envText({ ...settings, JUNJO_K8S_STORAGE_SIZE: '5Gi' }));
  const { status, stderr } = npm('synth');
  expect(status).toBe(1);
  expect(stderr).toContain('a claim cannot shrink from 20Gi to 5Gi');
  expect(contents('dist')).toEqual(before);
  rmSync(join(workspace.path, 'dist/foundation/10-storage.k8s.yaml'));
  expect(npm('synth').status).toBe(0);
  expect(contents('dist')['foundation/10-storage.k8s.yaml']).toContain('5Gi');
});

test('a bad env file gives all its problems and exit status 1, and leaves dist/ as it was', () => {
  npm('synth');
  const before = contents('dist');
  write('.env', 'JUNJO_ENV=nowhere\nJUNJO_SESION_SECRET=x\n');
  const { status, stdout, stderr } = npm('synth');
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr.trim().split('\n')).toEqual([
    '.env:1 JUNJO_ENV: must be one of: development, production',
    '.env:2 JUNJO_SESION_SECRET: is not a variable of Junjo AI Studio. Did you mean JUNJO_SESSION_SECRET?',
    '.env JUNJO_SESSION_SECRET: is missing. Generate one: openssl rand -base64 32',
    '.env JUNJO_SECURE_COOKIE_KEY: is missing. Generate one: openssl rand -base64 32',
  ]);
  expect(contents('dist')).toEqual(before);
  expect(readdirSync(workspace.path).filter((name) => name.startsWith('.dist-'))).toEqual([]);
});

test('a file that a studio no longer has disappears from dist/', () => {
  write('.env', envText(development()));
  npm('synth');
  write('.env', envText(development({ JUNJO_K8S_EXISTING_CLAIM: 'mine' })));
  npm('synth');
  expect(Object.keys(contents('dist'))).not.toContain('foundation/10-storage.k8s.yaml');
});

test('dist/ is left alone where nothing changes, and whatever somebody changed in it is put back', () => {
  write('.env', envText(development()));
  npm('synth');
  const before = contents('dist');
  const secrets = join(workspace.path, 'dist/30-secrets.k8s.yaml');
  const inode = () => statSync(secrets).ino;
  const first = inode();
  const { status, stdout } = npm('synth');
  expect([status, inode()]).toEqual([0, first]);
  expect(stdout).toContain('kubectl apply -f dist/foundation -f dist/');

  chmodSync(secrets, 0o644);
  npm('synth');
  expect(mode('dist/30-secrets.k8s.yaml')).toBe('600');
  for (const [path, text] of Object.entries(before)) {
    write(join('dist', path), `${text}# mine\n`);
    npm('synth');
    expect(contents('dist')).toEqual(before);
  }
  rmSync(secrets);
  npm('synth');
  expect(contents('dist')).toEqual(before);
  write('dist/more.k8s.yaml', '{}\n');
  npm('synth');
  expect(contents('dist')).toEqual(before);
  const link = join(workspace.path, 'dist/link.k8s.yaml');
  symlinkSync(secrets, link);
  npm('synth');
  expect([existsSync(link), contents('dist')]).toEqual([false, before]);
});

test('JUNJO_ENV_FILES names the env files, and no .env is written beside them', () => {
  write('shared.env', envText(development()));
  write('own.env', 'JUNJO_K8S_NAME=own\n');
  const { status } = npm('synth', { JUNJO_ENV_FILES: 'shared.env,own.env' });
  expect(status).toBe(0);
  expect(contents('dist')['foundation/00-namespace.k8s.yaml']).toContain('name: own');
  expect(readdirSync(workspace.path)).not.toContain('.env');
});

test('an env file that is not there is one line and no stack trace', () => {
  const { status, stderr } = npm('synth', { JUNJO_ENV_FILES: 'nowhere.env' });
  expect(status).toBe(1);
  expect(stderr.trim()).toBe('nowhere.env: does not exist or cannot be read. Is its name right?');
});

test('npm run init never replaces an env file', () => {
  const secret = freshSecret();
  write('.env', `JUNJO_SESSION_SECRET=${secret}\n`);
  const { status, stderr } = npm('init');
  expect(status).toBe(1);
  expect(stderr).toContain('.env: is there already');
  expect(readFileSync(join(workspace.path, '.env'), 'utf8')).toBe(`JUNJO_SESSION_SECRET=${secret}\n`);
});
