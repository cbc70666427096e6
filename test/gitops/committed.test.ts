import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeCertificate } from '../support/certificate';
import { envText, freshSecret, production, type Settings } from '../support/studio';
import { Workspace } from '../support/workspace';

let workspace: Workspace;
const git = (...args: string[]) =>
  workspace.run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args]);
const synth = (environment?: NodeJS.ProcessEnv) => workspace.run('npm', ['run', '--silent', 'synth'], environment);
const read = (path: string) => readFileSync(join(workspace.path, path), 'utf8');
function write(path: string, text: string): void {
  mkdirSync(dirname(join(workspace.path, path)), { recursive: true });
  writeFileSync(join(workspace.path, path), text);
}

beforeEach(() => {
  workspace = new Workspace();
  cpSync('.gitignore', join(workspace.path, '.gitignore'));
  git('init', '--quiet');
});

afterEach(() => workspace.remove());

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
  test('has no secret in it after everything that Git does not ignore is committed', () => {
    const secrets = values();
    write('cert.pem', makeCertificate().pem);
    write('.env', envText(settings(secrets)));
    expect(synth()).toMatchObject({ status: 0 });
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

test('npm run synth and npx cdk8s synth agree on what is sealed', () => {
  write('cert.pem', makeCertificate().pem);
  write('.env', envText(production({ ...values(), JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem' })));
  expect(synth()).toMatchObject({ status: 0 });
  const [kept, sealed] = [read('sealed/junjo-ai-studio.json'), read('dist/30-sealed-secret.k8s.yaml')];
  expect(workspace.run('npx', ['cdk8s', '--check-upgrade=false', 'synth'])).toMatchObject({ status: 0 });
  expect([read('sealed/junjo-ai-studio.json'), read('dist/30-sealed-secret.k8s.yaml')]).toEqual([kept, sealed]);
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

  test('renders each file into its folder; a studio that is removed disappears', () => {
    write('studios/blue.env', studio('blue'));
    write('studios/green.env', studio('green'));
    const { status, stdout } = synth(studios);
    expect(status).toBe(0);
    expect(stdout).toContain('kubectl apply -f dist/green/foundation -f dist/green/');
    expect(readdirSync(join(workspace.path, 'dist')).sort()).toEqual(['blue', 'green']);
    rmSync(join(workspace.path, 'studios/green.env'));
    expect(synth(studios).status).toBe(0);
    expect(readdirSync(join(workspace.path, 'dist')).sort()).toEqual(['blue', 'left-behind.sh']);
    const removal = readFileSync(join(workspace.path, 'dist/left-behind.sh'), 'utf8');
    expect(removal).toMatch(/^kubectl -n green delete .*deployment\.apps\/junjo-ai-studio-backend/m);
    expect(removal).not.toContain('-n blue');
    expect(existsSync(join(workspace.path, '.env'))).toBe(false);
  });

  test('shares the env files of JUNJO_ENV_FILES, which each studio overrides', () => {
    write('shared.env', 'JUNJO_K8S_SIZE=large\nJUNJO_LOG_LEVEL=info\n');
    write('studios/blue.env', studio('blue', { JUNJO_LOG_LEVEL: 'debug' }));
    expect(synth({ ...studios, JUNJO_ENV_FILES: 'shared.env' }).status).toBe(0);
    expect(read('dist/blue/20-settings.k8s.yaml')).toContain('JUNJO_LOG_LEVEL: debug');
    expect(read('dist/blue/40-backend.k8s.yaml')).toContain('memory: 2500Mi');
  });

  test('without a studio is an error', () => {
    mkdirSync(join(workspace.path, 'studios'));
    expect(synth(studios)).toMatchObject({
      status: 1,
      stderr: 'studios/: holds no studio. Each studio is a file NAME.env in it\n',
    });
    expect(synth({ JUNJO_STUDIOS: 'nowhere' }).status).toBe(1);
  });
});
