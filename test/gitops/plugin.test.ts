import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { bundleCommand } from '../../tools/build';
import { makeCertificate } from '../support/certificate';
import {
  development,
  envText,
  freshSecret,
  load as loadStudio,
  type Manifest,
  production,
  type Settings,
} from '../support/studio';

const plugin: Manifest = load(readFileSync('examples/argocd-plugin/plugin.yaml', 'utf8'));
const patch: Manifest = load(readFileSync('examples/argocd-plugin/repo-server-sidecar.yaml', 'utf8'));
const dockerfile = readFileSync('examples/argocd-plugin/Dockerfile', 'utf8');
const IMAGE_FOLDER = '/opt/junjo-ai-studio';

let root: string;
/** What the image holds. */
let image: string;
/** What Argo CD hands the plugin as its working directory. */
let checkout: string;

/** Does what the Dockerfile says, with what `npm run build` would make. */
async function buildImage(): Promise<void> {
  for (const [, from = '', to = ''] of dockerfile.matchAll(/^COPY (\S+) (\S+)$/gm)) {
    expect(from).toBe('build/cli.js');
    await bundleCommand(to.replace(IMAGE_FOLDER, image));
  }
}

/** Runs the plugin's command as the sidecar does. */
function generate(environment: NodeJS.ProcessEnv = {}) {
  const { command, args } = plugin.spec.generate;
  const [program = '', ...rest] = [...command, ...args].map((arg: string) => arg.replaceAll(IMAGE_FOLDER, image));
  const env = { PATH: process.env.PATH, HOME: '/tmp', ...environment };
  const { status, stdout, stderr } = spawnSync(program, rest, { cwd: checkout, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

function write(path: string, text: string): void {
  const target = join(checkout, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

/** A production studio whose secrets are elsewhere. */
function existing(settings: Settings = {}): string {
  return envText(
    production({
      JUNJO_SESSION_SECRET: undefined,
      JUNJO_SECURE_COOKIE_KEY: undefined,
      JUNJO_K8S_SECRETS: 'existing',
      ...settings,
    }),
  );
}

function hosts(name: string): Settings {
  return {
    JUNJO_PROD_FRONTEND_URL: `https://${name}.example.com`,
    JUNJO_PROD_BACKEND_URL: `https://api.${name}.example.com`,
    JUNJO_PROD_INGESTION_URL: `https://spans.${name}.example.com`,
  };
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'junjo-ai-studio-'));
  image = join(root, 'image');
  await buildImage();
});

beforeEach(() => {
  checkout = mkdtempSync(join(root, 'checkout-'));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('generate', () => {
  test('prints one stream of documents, the namespace first, and nothing else', () => {
    write('.env', existing());
    const { status, stdout } = generate();
    expect(status).toBe(0);
    expect(stdout.startsWith('---\napiVersion: v1\nkind: Namespace\n')).toBe(true);
    expect(stdout.endsWith('\n')).toBe(true);
    const documents: Manifest[] = loadAll(stdout);
    expect(stdout.match(/^---$/gm)).toHaveLength(documents.length);
    for (const document of documents) {
      expect(document).toMatchObject({
        apiVersion: expect.any(String),
        kind: expect.any(String),
        metadata: { name: expect.any(String) },
      });
    }
    const kinds = documents.map(({ kind }) => kind);
    expect(kinds).toEqual(
      expect.arrayContaining(['PersistentVolumeClaim', 'ConfigMap', 'Deployment', 'Service', 'Ingress']),
    );
    expect(kinds).not.toContain('Secret');
  });

  test('prints the same bytes again, and writes nothing into the checkout', () => {
    write('.env', existing());
    expect(generate().stdout).toBe(generate().stdout);
    expect(existsSync(join(checkout, 'dist'))).toBe(false);
    expect(existsSync(join(checkout, 'sealed'))).toBe(false);
  });

  test('leaves out what Argo CD applies to itself', () => {
    write('.env', existing({ JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' }));
    const { status, stdout } = generate();
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/^kind: (Application|AppProject)/m);
  });

  test('takes the env files from the Application', () => {
    write('shared.env', existing());
    write('studios/alpha.env', 'JUNJO_K8S_NAME=alpha\n');
    const { status, stdout } = generate({ ARGOCD_ENV_JUNJO_ENV_FILES: 'shared.env,studios/alpha.env' });
    expect(status).toBe(0);
    const [namespace]: Manifest[] = loadAll(stdout);
    expect(namespace.metadata.name).toBe('alpha');
  });

  test('takes a folder of studios from the Application, all namespaces first', () => {
    write('shared.env', existing());
    for (const name of ['alpha', 'beta']) write(`studios/${name}.env`, envText(hosts(name)));
    const environment = { ARGOCD_ENV_JUNJO_STUDIOS: 'studios', ARGOCD_ENV_JUNJO_ENV_FILES: 'shared.env' };
    const { status, stdout } = generate(environment);
    expect(status).toBe(0);
    const documents: Manifest[] = loadAll(stdout);
    const namespaces = documents.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
    expect(namespaces).toEqual(['alpha', 'beta']);
    expect(documents.filter(({ kind }) => kind === 'Deployment')).toHaveLength(6);
  });

  test('prints what is sealed, without any secret in the checkout', () => {
    const sealed = { JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'sealing-cert.pem' };
    const { pem } = makeCertificate();
    const { source } = loadStudio(production(sealed), {
      readFile: (path) => (path.endsWith('.pem') ? pem : undefined),
    }).secrets;
    if (source.kind !== 'sealed') throw new Error(source.kind);
    write('.env', existing(sealed));
    write('sealing-cert.pem', pem);
    write(source.kept.path, source.kept.text);
    const { status, stdout } = generate();
    expect(status).toBe(0);
    const found: Manifest = loadAll(stdout).find((document) => (document as Manifest).kind === 'SealedSecret');
    expect(found.spec.encryptedData).toEqual(source.ciphertexts);
    expect(generate().stdout).toBe(stdout);
  });
});

describe('generate fails with an empty stdout', () => {
  test('when the env file is wrong, with its problems on stderr', () => {
    write('.env', existing({ JUNJO_ENV: 'nowhere' }));
    const { status, stdout, stderr } = generate();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('.env:1 JUNJO_ENV: must be one of: development, production');
  });

  test('when there is no env file', () => {
    const { status, stdout, stderr } = generate();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('.env: does not exist');
  });

  test('when it would print a Secret, of which nothing appears', () => {
    const secret = freshSecret();
    write('.env', envText(development({ JUNJO_SESSION_SECRET: secret })));
    const { status, stdout, stderr } = generate();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Use existing, sealed or external');
    expect(stderr).not.toContain(secret);
    expect(stderr).not.toContain(Buffer.from(secret).toString('base64'));
  });

  test('when the renderer prints nothing', () => {
    const { command, args } = plugin.spec.generate;
    const script = args[0].replace(/node \S+ stream/, 'true');
    expect(script).not.toBe(args[0]);
    const { status, stdout } = spawnSync(command[0], [...command.slice(1), script], {
      cwd: checkout,
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([1, '']);
  });
});

describe('the checkout is only data', () => {
  test('its scripts, packages and compiler settings do not run', () => {
    write('.env', existing());
    const expected = generate();
    const trap = "require('node:fs').writeFileSync('trapped', '')\n";
    const paths = { '*': ['./trap/index.js'] };
    write('trap/index.js', trap);
    write('node_modules/cdk8s/index.js', trap);
    write('node_modules/yaml/index.js', trap);
    write('cli.js', trap);
    write('main.ts', trap);
    write('package.json', JSON.stringify({ type: 'module', scripts: { stream: 'touch trapped' } }));
    write('tsconfig.json', JSON.stringify({ compilerOptions: { baseUrl: '.', paths } }));
    expect(generate()).toEqual(expected);
    expect(existsSync(join(checkout, 'trapped'))).toBe(false);
  });

  test('an env file cannot read the environment of the sidecar', () => {
    const token = freshSecret();
    write('.env', `${existing()}JUNJO_ALLOW_ORIGINS=https://studio.example.com,https://\${TOKEN}.example.com\n`);
    const { stdout, stderr } = generate({ TOKEN: token, ARGOCD_ENV_TOKEN: token });
    expect(stderr).toContain('refers to $TOKEN, which is not set');
    expect(stdout + stderr).not.toContain(token);
  });
});

describe('the plugin', () => {
  test('renders only for Applications that name it', () => {
    expect(plugin).toMatchObject({ apiVersion: 'argoproj.io/v1alpha1', kind: 'ConfigManagementPlugin' });
    expect(plugin.metadata).toEqual({ name: 'junjo-ai-studio' });
    expect(Object.keys(plugin.spec)).toEqual(['generate']);
  });

  test('runs the one file that the image has', () => {
    const copied = [...dockerfile.matchAll(/^COPY \S+ (\S+)$/gm)].map(([, to]) => to);
    expect(copied).toHaveLength(1);
    expect(plugin.spec.generate.args[0]).toContain(`node ${copied[0]} stream`);
  });
});

describe('the sidecar', () => {
  const { containers, volumes } = patch.spec.template.spec;
  const [sidecar] = containers;

  test('is one container beside those of the repo server', () => {
    expect(patch).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'argocd-repo-server' },
    });
    expect(containers.map(({ name }: Manifest) => name)).toEqual(['junjo-ai-studio']);
    expect(sidecar.command).toEqual(['/var/run/argocd/argocd-cmp-server']);
  });

  test('is restricted, as the user of the repo server', () => {
    expect(sidecar.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 999,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(dockerfile).toMatch(/\nUSER 999\n$/);
  });

  test('has a /tmp of its own, and mounts of others only what a plugin needs', () => {
    const own = volumes.map(({ name }: Manifest) => name);
    const mounts = sidecar.volumeMounts.map(({ name, mountPath }: Manifest) => [
      mountPath,
      own.includes(name) ? 'own' : name,
    ]);
    expect(Object.fromEntries(mounts)).toEqual({
      '/var/run/argocd': 'var-files',
      '/home/argocd/cmp-server/plugins': 'plugins',
      '/home/argocd/cmp-server/config/plugin.yaml': 'own',
      '/tmp': 'own',
    });
    expect(sidecar.env).toEqual([{ name: 'HOME', value: '/tmp' }]);
  });
});
