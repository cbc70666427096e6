import { readdirSync, readFileSync } from 'node:fs';

/** Settings of the commands themselves, which stand in the environment and in no env file. */
const OF_COMMANDS = ['JUNJO_ENV_FILES', 'JUNJO_STUDIOS'];

const page = readFileSync('docs/variables.md', 'utf8');
const known = [...[...page.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name), ...OF_COMMANDS];

const sources = ['charts', 'cli', 'cluster', 'config', 'releases', 'render'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`),
);

/** What a text names as a setting. One that ends in `_` stands for several, as in `JUNJO_K8S_…`. */
function unknownSettings(text: string): string[] {
  return [...text.matchAll(/\bJUNJO_[A-Z0-9_]+/g)]
    .map(([name]) => name)
    .filter((name) => !(name.endsWith('_') ? known.some((each) => each.startsWith(name)) : known.includes(name)));
}

test.each([...sources, 'main.ts'])('%s names no setting that does not exist', (file) => {
  expect(unknownSettings(readFileSync(file, 'utf8'))).toEqual([]);
});

test('a setting that does not exist is found', () => {
  expect(unknownSettings('correct JUNJO_K8S_GATEWAY_LISTENER and JUNJO_K8S_SIZE, or any JUNJO_K8S_…')).toEqual([
    'JUNJO_K8S_GATEWAY_LISTENER',
  ]);
});
