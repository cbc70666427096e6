import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Bottom first: a folder may import from itself and from those before it. */
const layers = [
  'releases',
  'config',
  'imports',
  'charts',
  'render',
  'index.ts',
  'main.ts',
  'cluster',
  'cli',
  'tools',
  'test',
];

/** Exceptions: the programs that pods run, the output folder, standard input, and how this program was installed. */
const readsFiles = ['charts/programs/index.ts', 'render/files.ts', 'render/input.ts', 'config/how-to-run.ts'];

/** These folders read no files and no environment. */
const pure = [
  'releases',
  'config',
  'charts',
  'render',
  'cluster/diagnosis',
  'cluster/preflight/checks',
  'cli/diagram',
  'cli/explain',
  'cli/validate',
];

const root = readdirSync('.', { withFileTypes: true }).filter(
  ({ name }) => !/^(\..*|node_modules|build|dist|examples)$/.test(name),
);
const sources = root
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(entry.name, { recursive: true, encoding: 'utf8' }).map((path) => join(entry.name, path))
      : [entry.name],
  )
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

const layerOf = (path: string) => layers.indexOf(path.split('/')[0] ?? '');
const isIn = (folders: readonly string[], path: string) => folders.some((folder) => path.startsWith(`${folder}/`));
/** The file or folder that an import names, from the root of the project. */
const imports = ({ path, text }: { path: string; text: string }) =>
  [...text.matchAll(/(?:from|import|import\(|require\()\s*['"](\.[^'"]*)(?<!\.json)['"]/g)].map(([, target = '']) => {
    const found = normalize(join(dirname(path), target));
    return found === 'main' ? 'main.ts' : found;
  });

test('every folder with code has its place in the layers', () => {
  expect(sources.filter(({ path }) => layerOf(path) < 0).map(({ path }) => path)).toEqual([]);
  const used = layers.filter((layer) => sources.some(({ path }) => path.split('/')[0] === layer));
  expect(used).toEqual(layers);
});

test('each folder imports only from those below it', () => {
  const upward = sources.flatMap((source) =>
    imports(source)
      .filter((target) => layerOf(target) < 0 || layerOf(target) > layerOf(source.path))
      .map((target) => `${source.path} imports ${target}`),
  );
  expect(upward).toEqual([]);
});

test('configuration, charts and rules touch neither files nor the process', () => {
  const impure = sources.filter(
    ({ path, text }) =>
      isIn(pure, path) &&
      !readsFiles.includes(path) &&
      /\bprocess\.(env|cwd|exit|argv|stdin)\b|['"](node:)?(fs|fs\/promises|child_process|os|worker_threads)['"]/.test(
        text,
      ),
  );
  expect(impure.map(({ path }) => path)).toEqual([]);
});

test('nothing but what a person runs imports the composition root', () => {
  const importers = sources.filter((source) => imports(source).includes('main.ts')).map(({ path }) => path);
  expect(importers.filter((path) => !isIn(['cli', 'tools', 'test'], path))).toEqual([]);
});

test('charts and config never ask which release line they render', () => {
  const asking = sources.filter(
    ({ path, text }) =>
      isIn(['config', 'charts', 'render'], path) && /['"`]0\.[0-9]{2}(\.[0-9]+)?['"`]|line\.name [!=]==/.test(text),
  );
  expect(asking.map(({ path }) => path)).toEqual([]);
});
