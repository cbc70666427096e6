import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeCertificate } from '../support/certificate';
import { Folder } from '../support/folder';
import { envText, freshSecret, production, type Settings } from '../support/studio';

let folder: Folder;
const git = (...args: string[]) => {
  const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  return spawnSync('git', [...author, ...args], { cwd: folder.path, encoding: 'utf8' });
};
const synth = (environment: NodeJS.ProcessEnv = {}) => folder.junjo(['synth'], { environment });
const read = (path: string) => readFileSync(join(folder.path, path), 'utf8');
function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder.path, path)), { recursive: true });
  folder.write(path, text);
}

beforeEach(() => {
  folder = new Folder();
  cpSync('.gitignore', join(folder.path, '.gitignore'));
  git('init', '--quiet');
});

afterEach(() => folder.remove());

const values = () => ({
  JUNJO_SESSION_SECRET: freshSecret(),
  JUNJO_SECURE_COOKIE_KEY: freshSecret(),
  OPENAI_API_KEY: `sk-${randomBytes(20).toString('hex')}`,
});
const repo = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
const none = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };

describe.each<[string, (secrets: Settings) => Settings]>([
  ['manifest', (secrets) => production({ ...secrets, ...repo })],
  [
    'sealed',
    (secrets) => production({ ...secrets, ...repo, JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' }),
  ],
])('a repository in mode %s', (mode, settings) => {
  test('has no secret in it after everything that Git does not ignore is committed', async () => {
    const secrets = values();
    write('cert.pem', makeCertificate().pem);
    write('.env', envText(settings(secrets)));
    expect(await synth()).toMatchObject({ status: 0 });
    git('add', '--all');
    git('commit', '--quiet', '--message', 'studio');
    const committed = git('ls-files', 'dist', 'sealed', '.env').stdout.split('\n');
    expect(committed).toContain('dist/40-backend.k8s.yaml');
    expect(committed).toContain('dist/argocd/00-application.k8s.yaml');
    expect(committed).not.toContain('dist/30-secrets.k8s.yaml');
    expect(committed).not.toContain('.env');
    expect(committed.includes('sealed/junjo-ai-studio.json')).toBe(mode === 'sealed');
    for (const value of Object.values(secrets)) {
      for (const form of [value, Buffer.from(value).toString('base64'), Buffer.from(value).toString('hex')]) {
        expect(git('grep', '--fixed-strings', form)).toMatchObject({ status: 1, stdout: '' });
      }
    }
  });
});

test('synth and the app of cdk8s.yaml agree on what is sealed', async () => {
  write('cert.pem', makeCertificate().pem);
  write('.env', envText(production({ ...values(), JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' })));
  expect(await synth()).toMatchObject({ status: 0 });
  const outputs = () => [read('sealed/junjo-ai-studio.json'), read('dist/30-sealed-secret.k8s.yaml')];
  const before = outputs();
  rmSync(join(folder.path, 'dist'), { recursive: true });
  const app = ['-r', resolve('node_modules/tsx/dist/cjs/index.cjs'), resolve('main.ts')];
  expect(spawnSync(process.execPath, app, { cwd: folder.path, encoding: 'utf8' })).toMatchObject({ status: 0 });
  expect(outputs()).toEqual(before);
});

describe('JUNJO_STUDIOS', () => {
  const studio = (name: string, settings: Settings = {}) =>
    envText(
      production({
        ...none,
        JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
        JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com`,
        JUNJO_PROD_INGESTION_URL: `https://spans.${name}.example.com`,
        JUNJO_K8S_SECRETS: 'existing',
        ...settings,
      }),
    );
  const studios = { JUNJO_STUDIOS: 'studios/' };

  test('renders each file into its folder; a studio that is removed disappears', async () => {
    write('studios/blue.env', studio('blue'));
    write('studios/green.env', studio('green'));
    const { status, stdout } = await synth(studios);
    expect(status).toBe(0);
    expect(stdout).toContain('kubectl apply -f dist/green/foundation -f dist/green/');
    expect(readdirSync(join(folder.path, 'dist')).sort()).toEqual(['blue', 'green']);
    rmSync(join(folder.path, 'studios/green.env'));
    expect((await synth(studios)).status).toBe(0);
    expect(readdirSync(join(folder.path, 'dist')).sort()).toEqual(['blue', 'left-behind.sh']);
    const removal = readFileSync(join(folder.path, 'dist/left-behind.sh'), 'utf8');
    expect(removal).toMatch(/^kubectl -n green delete .*deployment\.apps\/junjo-ai-studio-backend/m);
    expect(removal).not.toContain('-n blue');
    expect(existsSync(join(folder.path, '.env'))).toBe(false);
  });

  test('shares the env files of JUNJO_ENV_FILES, which each studio overrides', async () => {
    write('shared.env', 'JUNJO_K8S_SIZE=large\nJUNJO_LOG_LEVEL=info\n');
    write('studios/blue.env', studio('blue', { JUNJO_LOG_LEVEL: 'debug' }));
    expect((await synth({ ...studios, JUNJO_ENV_FILES: 'shared.env' })).status).toBe(0);
    expect(read('dist/blue/20-settings.k8s.yaml')).toContain('JUNJO_LOG_LEVEL: debug');
    expect(read('dist/blue/40-backend.k8s.yaml')).toContain('memory: 2500Mi');
  });

  test('without a studio is an error', async () => {
    mkdirSync(join(folder.path, 'studios'));
    expect(await synth(studios)).toMatchObject({
      status: 1,
      stderr: 'studios/: contains no studio. Create a file NAME.env in it for each studio\n',
    });
    expect((await synth({ JUNJO_STUDIOS: 'nowhere' })).status).toBe(1);
  });
});
