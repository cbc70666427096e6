import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as nodeModule from 'node:module';
import { join, resolve } from 'node:path';
import { development, envText } from '../support/studio';
import { Workspace } from '../support/workspace';

let workspace: Workspace;
const path = (name: string) => join(workspace.path, name);
const run = (...args: string[]) => workspace.run('node', ['tools/run.js', ...args]);

/** What the bundle is made of, beside packages. */
function sources(): readonly string[] {
  const script = `require('./scripts/bundle')
    .bundle({ entryPoints: ['cli/cli.ts'], outfile: 'unused.js', write: false, metafile: true })
    .then(({ metafile }) => console.log(Object.keys(metafile.inputs).join('\\n')))`;
  const { stdout } = workspace.run('node', ['-e', script]);
  return stdout.split('\n').filter((input) => /^[a-z][^:]*$/.test(input) && !input.includes('node_modules/'));
}

beforeAll(() => {
  workspace = new Workspace();
  // Its own, so that bundles of changed sources are not kept in ours.
  rmSync(path('node_modules'));
  mkdirSync(path('node_modules'));
  for (const name of readdirSync('node_modules').filter((entry) => entry !== '.cache')) {
    symlinkSync(resolve('node_modules', name), path(join('node_modules', name)));
  }
});

afterAll(() => workspace.remove());

test('a command from source runs what the sources say, after any of them changed', () => {
  expect(run('--version').stderr).toBe('');
  const kinds = new Map(sources().map((source) => [source.split('/')[0], source]));
  expect([...kinds.keys()]).toEqual(
    expect.arrayContaining(['charts', 'commands', 'config', 'main.ts', 'package.json']),
  );
  for (const [kind, source] of kinds) {
    if (source.endsWith('.json')) continue;
    appendFileSync(path(source), `\nprocess.stderr.write('changed ${kind}\\n');\n`);
    expect(run('--version').stderr).toContain(`changed ${kind}\n`);
  }
});

test('and when a program that a pod runs changed', () => {
  writeFileSync(path('.env'), envText(development()));
  expect(run('stream').stdout).not.toContain('# changed');
  appendFileSync(path('charts/programs/upgrade-guard.py'), '\n# changed\n');
  expect(run('stream').stdout).toContain('# changed');
});

test('and when the workflow of a GitOps repository changed', () => {
  appendFileSync(path('.github/workflows/manifests.yml'), '\n# changed\n');
  run('init', '--repo', 'repository');
  expect(readFileSync(path('repository/.github/workflows/manifests.yml'), 'utf8')).toContain('# changed');
});

test('and when the version in package.json changed, to another of the same length', () => {
  const manifest = readFileSync(path('package.json'), 'utf8');
  for (const version of ['7.8.9', '9.8.7']) {
    writeFileSync(path('package.json'), manifest.replace(/"version": ".*"/, `"version": "${version}"`));
    expect(run('--version').stdout).toContain(version);
  }
});

test('and when npm installed another version of a package, which changes the lock file', () => {
  const name = 'fastest-levenshtein';
  rmSync(path(`node_modules/${name}`));
  cpSync(`node_modules/${name}`, path(`node_modules/${name}`), { recursive: true });
  for (const file of ['mod.js', 'esm/mod.js']) {
    appendFileSync(path(`node_modules/${name}/${file}`), "\nprocess.stderr.write('changed package\\n');\n");
  }
  appendFileSync(path('package-lock.json'), '\n');
  expect(run('--version').stderr).toContain('changed package');
});

test('and when it is bundled in another way', () => {
  const changed = readFileSync(path('tools/bundle.js'), 'utf8').replace(
    'bundle: true,',
    'bundle: true, banner: { js: "process.stderr.write(\'changed bundling\\\\n\');" },',
  );
  writeFileSync(path('tools/bundle.js'), changed);
  expect(run('--version').stderr).toContain('changed bundling');
});

test('what did not change is not bundled again', () => {
  run('--version');
  rmSync(path('node_modules/esbuild'));
  expect(run('--version').status).toBe(0);
});

test('a code cache that is none is not run, and is replaced', () => {
  const sound = run('--version');
  const cache = path('node_modules/.cache/junjo-k8s');
  const codes = readdirSync(cache).filter((name) => name.endsWith('.code'));
  for (const name of codes) writeFileSync(join(cache, name), 'not code');
  expect(run('--version')).toEqual(sound);
  const replaced = codes.filter((name) => readFileSync(join(cache, name), 'utf8') !== 'not code');
  // One of each content, of which the present one ran. Newer versions of Node.js keep a cache of their own.
  expect(replaced).toHaveLength('enableCompileCache' in nodeModule ? 0 : 1);
});

test('draws a picture the second time, too', () => {
  expect(run('synth').status).toBe(0);
  const first = run('diagram');
  expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('</svg>') });
  expect(run('diagram')).toEqual(first);
});
