import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { pageAnywhere, publication } from '../config/how-to-run';
import { committedExample, exampleSources } from '../tools/example-studios';
import { envText, freshSecret, type Manifest, production } from './support/studio';
import { Workspace } from './support/workspace';

const NAME = 'junjo-ai-studio-cdk8s';

/** What bare keys of an env file find. */
const secrets = Object.fromEntries(
  ['JUNJO_SESSION_SECRET', 'JUNJO_SECURE_COOKIE_KEY', 'JUNJO_INTERNAL_GRPC_TOKEN', 'QDRANT_API_KEY'].map((name) => [
    name,
    freshSecret(),
  ]),
);

let root: string;
let tarball: string;
/** The package as npm unpacks it, with no other package near it. */
let installed: string;

/** Every file below a folder. */
function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name)).sort();
}

function node(cwd: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { JUNJO_ENV_FILES: _, JUNJO_STUDIOS: __, ...inherited } = process.env;
  const env = { ...inherited, ...secrets, ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

const command = () => join(installed, 'build', 'junjo-k8s.js');
const junjo = (cwd: string, ...args: string[]) => node(cwd, [command(), ...args]);

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'junjo-ai-studio-'));
  const workspace = new Workspace('copied');
  const packed = workspace.run('npm', ['pack', '--silent', '--pack-destination', root]);
  workspace.remove();
  if (packed.status !== 0) throw new Error(packed.stderr);
  tarball = join(root, packed.stdout.trim());
  spawnSync('tar', ['-xzf', tarball, '-C', root]);
  installed = join(root, 'package');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the package', () => {
  test('passes the smoke run of the CI workflow', () => {
    const { jobs } = load(readFileSync('.github/workflows/ci.yml', 'utf8')) as Manifest;
    const { run } = jobs.package.steps.find(
      ({ name }: Manifest) => name === 'Render and validate a studio in an empty folder',
    );
    const environment = { ...process.env, RUNNER_TEMP: root, JUNJO_ENV_FILES: '', JUNJO_STUDIOS: '' };
    const { status, stdout, stderr } = spawnSync('bash', ['-ec', run], {
      cwd: root,
      encoding: 'utf8',
      env: environment,
    });
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect(stdout).toMatch(/\d+ objects/);
  });

  test('installs nothing else, and is small', () => {
    const { dependencies, optionalDependencies, peerDependenciesMeta, peerDependencies } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    );
    expect([dependencies, optionalDependencies]).toEqual([undefined, undefined]);
    for (const name of Object.keys(peerDependencies)) expect(peerDependenciesMeta[name]).toEqual({ optional: true });
    const bytes = filesBelow(installed).reduce((sum, path) => sum + statSync(path).size, 0);
    expect(bytes).toBeLessThan(4_000_000);
  });

  test('holds what is built, and nothing of a clone', () => {
    const top = filesBelow(installed).map((path) => path.slice(installed.length + 1).split('/')[0]);
    expect([...new Set(top)].sort()).toEqual([
      '.env.example',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'build',
      'docs',
      'package.json',
    ]);
  });

  test('holds every page that a message names, with its heading', () => {
    const sources = execFileSync('git', ['ls-files', '*.ts', ':!test', ':!tools'], { encoding: 'utf8' }).split('\n');
    const named = sources.filter(Boolean).flatMap((path) => {
      const calls = readFileSync(path, 'utf8').matchAll(/\bpage(?:Anywhere)?\(\s*'([^']+)'(?:,\s*'([^']+)')?/g);
      return [...calls].map(([, file = '', heading]) => ({ file, heading }));
    });
    expect(named.length).toBeGreaterThan(3);
    for (const { file, heading } of named) {
      const text = readFileSync(join(installed, file), 'utf8');
      if (heading) expect(text).toMatch(new RegExp(`^#+ ${heading.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`, 'm'));
    }
  });

  test('names a page by a path that the user has', () => {
    const studio = folder('pages');
    writeFileSync(join(studio, '.env'), envText(production()));
    const { stderr } = junjo(studio, 'synth');
    const [, path = ''] = /\(([^()]*docs\/runbook\.md)/.exec(stderr) ?? [];
    if (publication.repository) expect(path).toBe(pageAnywhere('docs/runbook.md'));
    else expect(readFileSync(resolve(studio, path), 'utf8')).toContain('## Back up');
  });

  test('has the licence of everything that is bundled', () => {
    const licences = readFileSync(join(installed, 'build', 'LICENSES.txt'), 'utf8');
    for (const name of ['cdk8s', 'cdk8s-plus-27', 'commander', 'constructs', 'js-yaml', 'tldts', 'yaml']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, 'm'));
    }
  });
});

describe('junjo-k8s', () => {
  let studio: string;
  let synth: ReturnType<typeof node>;

  beforeAll(() => {
    studio = folder('studio');
    synth = junjo(studio, 'synth');
  });

  test('renders in an empty folder', () => {
    expect(synth).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(studio).sort()).toEqual(['.env', 'dist']);
  });

  test('validates and explains what it rendered', () => {
    expect(junjo(studio, 'validate', 'dist')).toMatchObject({ status: 0, stderr: '' });
    const { status, stdout } = junjo(studio, 'explain', 'Deployment/junjo-ai-studio-backend');
    expect([status, stdout]).toEqual([0, expect.stringContaining('JUNJO_LOG_LEVEL')]);
  });

  // Of different edges, stores of secrets and releases; examples.test.ts compares all of them from source.
  test.each(['production-traefik', 'gitops-sealed', 'three-studios', 'release-0.70'])(
    'renders examples/%s to the bytes that are committed',
    (name) => {
      const cwd = folder(`committed-${name}`);
      cpSync(join('examples', name), cwd, { recursive: true });
      rmSync(join(cwd, 'dist'), { recursive: true, force: true });
      const { sources, several, options } = exampleSources(name);
      const texts = sources.flatMap(({ files }) => files.map(({ text }) => text)).join('\n');
      const variables = [...new Set(texts.match(/\b[A-Z0-9_]*(SECRET|KEY|TOKEN)[A-Z0-9_]*\b/g))];
      const environment = Object.fromEntries(variables.map((variable) => [variable, options.environment?.(variable)]));
      const selection = several ? ['--studios', 'studios'] : ['--env-file', 'studio.env'];
      expect(node(cwd, [command(), 'synth', ...selection], environment).status).toBe(0);
      const rendered = (path: string) => readFileSync(join(cwd, 'dist', path), 'utf8');
      for (const [path, text] of committedExample(name)) expect([path, rendered(path)]).toEqual([path, text]);
    },
  );

  test.each(['co.uk', 'github.io'])('knows the public suffix %s', (suffix) => {
    const cwd = folder(`suffix-${suffix}`);
    const synth = (ui: string, api: string) => {
      const urls = { JUNJO_PROD_FRONTEND_URL: `https://${ui}`, JUNJO_PROD_BACKEND_URL: `https://${api}` };
      writeFileSync(join(cwd, '.env'), envText(production(urls)));
      return junjo(cwd, 'synth');
    };
    expect(synth(`studio.one.${suffix}`, `api.one.${suffix}`)).toMatchObject({ status: 0 });
    const { status, stderr } = synth(`one.${suffix}`, `two.${suffix}`);
    expect([status, stderr]).toEqual([1, expect.stringContaining('is not on the same site')]);
  });

  test('draws a diagram as text, and says what a picture needs', () => {
    expect(junjo(studio, 'diagram', '--format', 'mermaid')).toMatchObject({ status: 0, stderr: '' });
    expect(junjo(studio, 'diagram')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'An SVG needs Graphviz, which is not in this package. Use --format mermaid.\n',
    });
  });

  test('draws a picture beside Graphviz, and installed without it says how to add it', () => {
    const project = folder('my project');
    const modules = join(project, 'node_modules');
    cpSync(installed, join(modules, NAME), { recursive: true });
    const program = join(modules, NAME, 'build', 'junjo-k8s.js');
    expect(node(project, [program, 'synth']).status).toBe(0);
    expect(node(project, [program, 'diagram', '--output', 'my studio.svg']).stderr).toBe(
      [
        'An SVG needs Graphviz, which is not in this package. Use --format mermaid, or add Graphviz:',
        '  npm install @viz-js/viz',
        "  npx junjo-k8s diagram --output 'my studio.svg'\n",
      ].join('\n'),
    );
    mkdirSync(join(modules, '@viz-js'));
    symlinkSync(resolve('node_modules/@viz-js/viz'), join(modules, '@viz-js/viz'));
    const { status, stdout } = node(project, [program, 'diagram']);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^<svg /)]);
  });

  test('starts a repository that npm installs without a registry, and that renders', () => {
    const cwd = folder('new repository');
    const address = '--set JUNJO_ALLOW_ORIGINS=https://studio.example.com --set JUNJO_K8S_INGRESS_CLASS=traefik';
    const hosts = '--ui https://studio.example.com --api https://api.example.com --spans https://spans.example.com';
    const init = junjo(cwd, 'init', '--repo', 'my studio', '--package', tarball, ...`${hosts} ${address}`.split(' '));
    expect([init.status, init.stdout]).toEqual([
      0,
      expect.stringContaining("  cd 'my studio'\n  git init\n  npm install\n"),
    ]);
    const repository = join(cwd, 'my studio');
    const shell = (line: string) => spawnSync('bash', ['-ec', line], { cwd: repository, encoding: 'utf8' });
    expect(shell('git init --quiet && npm install --offline --silent')).toMatchObject({ status: 0, stderr: '' });
    // What the workflow of the repository runs.
    expect(shell('rm -r node_modules && npm ci --offline --silent && npm run synth')).toMatchObject({ status: 0 });
    expect(shell('npm run --silent validate -- --refuse Secret dist')).toMatchObject({ status: 0, stderr: '' });
    const committed = shell('git add . && git ls-files').stdout.split('\n');
    expect(committed).toEqual(
      expect.arrayContaining(['package-lock.json', `vendor/${basename(tarball)}`, 'studio.env']),
    );
  });

  test('runs from a read-only installation', () => {
    const readOnly = folder('read-only');
    cpSync(installed, readOnly, { recursive: true });
    for (const path of filesBelow(readOnly)) chmodSync(path, 0o444);
    for (const path of [join(readOnly, 'build'), readOnly]) chmodSync(path, 0o555);
    const before = filesBelow(readOnly);
    const cwd = folder('beside-read-only');
    expect(node(cwd, [join(readOnly, 'build', 'junjo-k8s.js'), 'synth'])).toMatchObject({ status: 0, stderr: '' });
    expect(filesBelow(readOnly)).toEqual(before);
    for (const path of [readOnly, join(readOnly, 'build')]) chmodSync(path, 0o755);
  });
});

describe('the library', () => {
  let app: string;

  beforeAll(() => {
    app = folder('library');
    cpSync('examples/library', app, { recursive: true });
    mkdirSync(join(app, 'node_modules'));
    cpSync(installed, join(app, 'node_modules', NAME), { recursive: true });
    for (const name of ['cdk8s', 'cdk8s-plus-27', 'constructs', 'typescript', '@types']) {
      symlinkSync(resolve('node_modules', name), join(app, 'node_modules', name));
    }
  });

  test('has types, and mounts studios beside charts of somebody else', () => {
    expect(node(app, ['node_modules/typescript/bin/tsc'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(node(app, ['main.js']).status).toBe(0);
    const rendered = filesBelow(join(app, 'dist')).map((path) => readFileSync(path, 'utf8'));
    expect(rendered.filter((text) => /^kind: PriorityClass$/m.test(text))).toHaveLength(1);
    for (const name of ['blue', 'green']) {
      const own = rendered.filter((text) => text.includes(`namespace: ${name}\n`));
      expect(own.filter((text) => /^kind: Deployment$/m.test(text))).toHaveLength(3);
    }
  });

  test('runs the app of docs/library.md, which names the setting that is wrong', () => {
    const [, source = ''] = /^```ts\n(.*?)^```$/ms.exec(readFileSync('docs/library.md', 'utf8')) ?? [];
    writeFileSync(join(app, 'page.ts'), source);
    const tsc = ['node_modules/typescript/bin/tsc', '--module', 'node16', '--types', 'node', '--strict', 'page.ts'];
    expect(node(app, [...tsc, '--ignoreConfig'])).toEqual({ status: 0, stdout: '', stderr: '' });
    const cwd = folder('library/page');
    expect(junjo(cwd, 'init', '--yes').status).toBe(0);
    expect(node(cwd, ['../page.js'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(join(cwd, 'dist'))).toContain('studio-40-backend-c8d9fb38.k8s.yaml');
    const env = readFileSync(join(cwd, '.env'), 'utf8');
    writeFileSync(join(cwd, '.env'), env.replace('JUNJO_ENV=development', 'JUNJO_ENV=prodution'));
    const wrong = { status: 1, stderr: expect.stringMatching(/^\.env:\d+ JUNJO_ENV: /) };
    expect(node(cwd, ['../page.js'])).toMatchObject(wrong);
  });

  test('can be imported as a module of either kind', () => {
    const imported = node(app, [
      '--input-type=module',
      '-e',
      `import { Studio, loadStudio } from '${NAME}'; console.log(typeof Studio, typeof loadStudio)`,
    ]);
    expect(imported).toMatchObject({ status: 0, stdout: 'function function\n' });
  });

  test('hides all that is not public', () => {
    const { status, stderr } = node(app, ['-e', `require('${NAME}/build/cli.js')`]);
    expect(status).toBe(1);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
