import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Bottom first: a folder may import from itself and from those before it. */
const layers = [
  'releases',
  'config',
  'imports',
  'charts',
  'rules',
  'render',
  'validate',
  'diagnosis',
  'main',
  'cluster',
  'scripts',
  'commands',
  'test',
];

const sources = readdirSync('.', { recursive: true, encoding: 'utf8' })
  .filter((path) =>
    /^(releases|config|charts|rules|render|validate|diagnosis|cluster|scripts|commands|test)\/.*\.ts$|^main\.ts$/.test(
      path,
    ),
  )
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

const layerOf = (path: string) => layers.indexOf((path.split('/')[0] ?? '').replace(/\.ts$/, ''));

test('each folder imports only from those below it', () => {
  const upward = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/from '(\.[^']+)(?<!\.json)'/g)]
      .map(([, target = '']) => normalize(join(dirname(path), target)))
      .filter((target) => layerOf(target) < 0 || layerOf(target) > layerOf(path))
      .map((target) => `${path} imports ${target}`),
  );
  expect(upward).toEqual([]);
  expect(sources.length).toBeGreaterThan(30);
});

test('config and charts touch neither files nor the environment of the process', () => {
  const impure = sources.filter(
    ({ path, text }) =>
      /^(releases|config|charts|rules|render|validate|diagnosis)\//.test(path) &&
      /process\.(env|cwd|exit)|node:(fs|child_process|os)/.test(text),
  );
  expect(impure.map(({ path }) => path)).toEqual([]);
});

test('tests never import the composition root', () => {
  const importers = sources.filter(({ path, text }) => path.startsWith('test/') && /from '(\.\.\/)+main'/.test(text));
  expect(importers).toEqual([]);
});

test('charts and config never ask which release line they render', () => {
  const asking = sources.flatMap(({ path, text }) =>
    /^(config|charts|rules|render)\//.test(path) && /['"`]0\.[0-9]{2}(\.[0-9]+)?['"`]|line\.name [!=]==/.test(text)
      ? [path]
      : [],
  );
  expect(asking).toEqual([]);
});
