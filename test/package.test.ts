import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { committedExample, exampleNames, exampleSources } from '../tools/example-studios';
import { development, envText, freshSecret, production } from './support/studio';
import { Workspace } from './support/workspace';

const NAME = 'junjo-ai-studio-cdk8s';

/** What bare keys of an env file find. */
const secrets = Object.fromEntries(
  ['JUNJO_SESSION_SECRET', 'JUNJO_SECURE_COOKIE_KEY', 'JUNJO_INTERNAL_GRPC_TOKEN', 'QDRANT_API_KEY'].map((name) => [
    name,
    freshSecret(),
  ]),
);

/** Of Node.js 22.8 or newer. */
const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: unknown };

let root: string;
/** The package as npm unpacks it, with no other package near it. */
let installed: string;

/** Every file below a folder. */
function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name)).sort();
}

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(filesBelow(folder).map((path) => [path.slice(folder.length), readFileSync(path, 'utf8')]));
}

function node(cwd: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { JUNJO_ENV_FILES: _, JUNJO_STUDIOS: __, ...inherited } = process.env;
  const env = { ...inherited, ...secrets, XDG_CACHE_HOME: join(root, 'cache'), ...environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

const junjo = (cwd: string, ...args: string[]) => node(cwd, [join(installed, 'build', 'junjo-k8s.js'), ...args]);

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'junjo-ai-studio-'));
  const workspace = new Workspace();
  const packed = workspace.run('npm', ['pack', '--silent', '--pack-destination', root]);
  workspace.remove();
  if (packed.status !== 0) throw new Error(packed.stderr);
  spawnSync('tar', ['-xzf', join(root, packed.stdout.trim()), '-C', root]);
  installed = join(root, 'package');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('the package', () => {
  test('installs nothing else, and is small', () => {
    const { dependencies, optionalDependencies, peerDependenciesMeta, peerDependencies } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    );
    expect([dependencies, optionalDependencies]).toEqual([undefined, undefined]);
    for (const name of Object.keys(peerDependencies)) expect(peerDependenciesMeta[name]).toEqual({ optional: true });
    const bytes = filesBelow(installed).reduce((sum, path) => sum + statSync(path).size, 0);
    expect(bytes).toBeLessThan(2_000_000);
  });

  test('holds what is built, and nothing of a clone', () => {
    const top = filesBelow(installed).map((path) => path.slice(installed.length + 1).split('/')[0]);
    expect([...new Set(top)].sort()).toEqual(['LICENSE', 'README.md', 'build', 'package.json']);
  });

  test('has the licence of everything that is bundled', () => {
    const licences = readFileSync(join(installed, 'build', 'LICENSES.txt'), 'utf8');
    for (const name of ['cdk8s', 'cdk8s-plus-27', 'commander', 'constructs', 'js-yaml', 'tldts', 'yaml']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+$`, 'm'));
    }
  });
});

describe('junjo-k8s', () => {
  test('renders in an empty folder, and validates it', () => {
    const cwd = folder('empty');
    expect(junjo(cwd, 'synth')).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(cwd).sort()).toEqual(['.env', 'dist']);
    expect(junjo(cwd, 'validate')).toMatchObject({ status: 0, stderr: '' });
  });

  // The committed ones are rendered by cdk8s as it is published; a bundle holds cdk8s as tools/bundle.js rewrites it.
  test.each(exampleNames())('renders examples/%s to the bytes that a clone renders, and that are committed', (name) => {
    const cwd = folder(`committed-${name}`);
    cpSync(join('examples', name), cwd, { recursive: true });
    rmSync(join(cwd, 'dist'), { recursive: true });
    const { sources, several, options } = exampleSources(name);
    const texts = sources.flatMap(({ files }) => files.map(({ text }) => text)).join('\n');
    const variables = [...new Set(texts.match(/\b[A-Z0-9_]*(SECRET|KEY|TOKEN)[A-Z0-9_]*\b/g))];
    const environment = Object.fromEntries(variables.map((variable) => [variable, options.environment?.(variable)]));
    const selection = several ? ['--studios', 'studios'] : ['--env-file', 'studio.env'];
    const render = (program: string, output: string) => {
      const { status } = node(cwd, [program, 'synth', ...selection, '--output', output], environment);
      expect(status).toBe(0);
      return join(cwd, output);
    };
    const packed = render(join(installed, 'build', 'junjo-k8s.js'), 'packed');
    const clone = render(resolve('tools/run.js'), 'clone');
    expect(contents(packed)).toEqual(contents(clone));
    const rendered = Object.entries(contents(packed));
    const shown = rendered.filter(([path]) => (statSync(join(packed, path)).mode & 0o777) !== 0o600);
    const committed = [...committedExample(name)].map(([path, text]) => [`/${path}`, text]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(committed));
  });

  test.each([
    'co.uk',
    'com.au',
    'github.io',
    'run.app',
    's3.amazonaws.com',
    'kawasaki.jp',
    'pvt.k12.ma.us',
    'xn--p1ai',
  ])('knows the public suffix %s', (suffix) => {
    const cwd = folder(`suffix-${suffix}`);
    const synth = (ui: string, api: string) => {
      const urls = { JUNJO_PROD_FRONTEND_URL: `https://${ui}`, JUNJO_PROD_BACKEND_URL: `https://${api}` };
      writeFileSync(join(cwd, '.env'), envText(production(urls)));
      return junjo(cwd, 'synth');
    };
    // Under kawasaki.jp, a suffix is any name below it.
    expect(synth(`ui.two.one.${suffix}`, `api.two.one.${suffix}`)).toMatchObject({ status: 0 });
    const { status, stderr } = synth(`one.two.${suffix}`, `two.one.${suffix}`);
    expect([status, stderr]).toEqual([1, expect.stringContaining('is on another site')]);
  });

  test('draws a diagram as text, and says what a picture needs', () => {
    const cwd = folder('diagram');
    junjo(cwd, 'synth');
    expect(junjo(cwd, 'diagram', '--format', 'mermaid')).toMatchObject({ status: 0, stderr: '' });
    expect(junjo(cwd, 'diagram')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('npx --package junjo-ai-studio-cdk8s --package @viz-js/viz junjo-k8s diagram'),
    });
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

  test('is one file that needs no other', () => {
    const cwd = folder('one-file');
    cpSync(join(installed, 'build', 'cli.js'), join(cwd, 'cli.js'));
    writeFileSync(join(cwd, '.env'), envText(development()));
    const { status, stdout } = node(cwd, ['cli.js', 'stream']);
    expect(status).toBe(0);
    expect(stdout).toContain('kind: Namespace');
  });
});

/** What V8 made of the command is kept by Node.js itself from 22.8 on. */
(enableCompileCache ? describe.skip : describe)('the code that V8 made', () => {
  let cwd: string;
  let caches: string;

  const stream = (environment: NodeJS.ProcessEnv = { XDG_CACHE_HOME: caches }) =>
    node(cwd, [join(installed, 'build', 'junjo-k8s.js'), 'stream'], environment);
  const kept = () => readdirSync(join(caches, 'junjo-k8s'));

  beforeEach(() => {
    caches = mkdtempSync(join(root, 'caches-'));
    cwd = mkdtempSync(join(root, 'code-'));
    writeFileSync(join(cwd, '.env'), envText(development()));
  });

  test('is kept for its owner alone, and taken the next time', () => {
    const first = stream();
    const [name = ''] = kept();
    const code = statSync(join(caches, 'junjo-k8s', name));
    expect(stream()).toEqual(first);
    expect(first.status).toBe(0);
    expect(kept()).toEqual([name]);
    expect([code.mode & 0o777, statSync(join(caches, 'junjo-k8s')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(statSync(join(caches, 'junjo-k8s', name)).ino).toBe(code.ino);
  });

  test.each([
    ['alone can write is run', 0o600, 'of somebody else\n'],
    ['and others can write is not run, and replaced', 0o622, expect.stringContaining('kind: Namespace')],
  ])('that its owner %s', (_, mode, stdout) => {
    stream();
    const [name = ''] = kept();
    const path = join(caches, 'junjo-k8s', name);
    // V8 takes code of any source of the same length.
    const program = `
      require(process.argv[3]).setFlags();
      const { readFileSync, writeFileSync } = require('node:fs');
      const { length } = require('node:module').wrap(readFileSync(process.argv[1], 'utf8'));
      const source = '(function (exports) { exports.main = () => console.log("of somebody else"); })';
      const script = new (require('node:vm').Script)(source.padEnd(length));
      const bundle = {};
      script.runInThisContext()(bundle);
      bundle.main();
      writeFileSync(process.argv[2], script.createCachedData());`;
    const built = (file: string) => join(installed, 'build', file);
    expect(node(cwd, ['-e', program, built('cli.js'), path, built('code-cache.js')]).stderr).toBe('');
    chmodSync(path, mode);
    expect(stream()).toMatchObject({ status: 0, stdout });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is not kept of a command that failed, for which it was not all that it needs', () => {
    writeFileSync(join(cwd, '.env'), 'JUNJO_ENV=neither\n');
    expect(stream().status).toBe(1);
    expect(existsSync(join(caches, 'junjo-k8s'))).toBe(false);
  });

  test.each([
    ['there is no home', { HOME: '', XDG_CACHE_HOME: '' }],
    ['the home is no folder', { HOME: '/dev/null', XDG_CACHE_HOME: '' }],
    ['a relative folder is named', { HOME: '', XDG_CACHE_HOME: 'caches' }],
    ['it is not wanted', { HOME: '', NODE_DISABLE_COMPILE_CACHE: '1' }],
  ])('is not kept where %s', (_, environment) => {
    expect(stream(environment)).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(cwd)).toEqual(['.env']);
    expect(readdirSync(caches)).toEqual([]);
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
