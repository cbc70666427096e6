import { existsSync, readFileSync } from 'node:fs';
import { run } from '../../commands/cli';
import { variablesOf } from '../../config/variables';
import { scripts } from '../../package.json';
import { releaseLines } from '../../releases';
import { development, files, freshSecret, type Manifest, production, Rendered, render } from '../support/studio';

const page = readFileSync('docs/runbook.md', 'utf8');
const lines = [...page.matchAll(/```(?:bash)?\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#')),
);
const inline = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
const commands = [...lines, ...inline.filter((text) => /^(kubectl|npx|npm|sh) /.test(text))];

const git = { JUNJO_K8S_SECRETS: 'existing', JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
const noSecrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
const node = { JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'worker-1' };
const studios = [development(node), production(), production({ ...git, ...noSecrets })];

/** Every file that some studio renders to, and those that commands write. */
const rendered = new Set([
  ...studios.flatMap((each) => files(each).map(({ path }) => `dist/${path}`)),
  'dist/left-behind.sh',
]);
const folders = new Set([...rendered].map((path) => path.slice(0, path.lastIndexOf('/'))));

/** What a command line of `npx junjo-k8s` says when it is asked for help. */
async function help(command: string): Promise<string> {
  let text = '';
  const io = {
    out: (part: string) => {
      text += part;
    },
    err: () => undefined,
    color: false,
    environment: {},
  };
  expect(await run([command, '--help'], io)).toBe(0);
  return text;
}

test('the runbook has commands for every accident', () => {
  expect(lines.length).toBeGreaterThan(20);
  expect(page).toMatch(/^## Accidents$/m);
});

test('every file and folder of dist/ that a command names is rendered', () => {
  const named = commands.flatMap((line) => line.match(/(?<![\w/])dist\/[\w./-]*/g) ?? []);
  expect(named.length).toBeGreaterThan(10);
  for (const path of named) {
    const known = rendered.has(path) || folders.has(path.replace(/\/$/, ''));
    expect({ path, known }).toEqual({ path, known: true });
  }
});

test('every setting that it names is one', () => {
  const known = new Set(releaseLines.flatMap((line) => variablesOf(line).map(({ name }) => name)));
  const named = page.match(/\bJUNJO_[A-Z0-9_]+\b/g) ?? [];
  expect(named.length).toBeGreaterThan(30);
  // These two are of the command itself: commands/studio-options.ts.
  const ofCommand = ['JUNJO_STUDIOS', 'JUNJO_ENV_FILES'];
  expect(named.filter((name) => !known.has(name) && !ofCommand.includes(name))).toEqual([]);
});

test('every script of npm that it names is there', () => {
  const named = commands.flatMap((line) => line.match(/(?<=\bnpm run )[\w:-]+/g) ?? []);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  expect(named).toContain('synth');
});

test('every subcommand of junjo-k8s that it names is there, and has the options', async () => {
  const named = [...commands, ...inline].filter((line) => /(^|npx )junjo-k8s /.test(line));
  expect(named.length).toBeGreaterThan(3);
  for (const line of named) {
    const [command = '', ...words] = line.replace(/^.*?junjo-k8s /, '').split(' ');
    const text = await help(command);
    for (const option of words.filter((word) => /^--?[a-z]/.test(word))) expect(text).toContain(option);
  }
});

test('every object of a studio that kubectl is asked for is rendered', () => {
  const all = new Rendered(studios.flatMap((each) => files(each)));
  const pods = render(production({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() }));
  const inNamespace = commands.filter((line) => /kubectl -n (junjo-ai-studio|<namespace>) /.test(line));
  const named = inNamespace.flatMap((line) => line.match(/\b(deploy(?:ment)?|service)s?[ /](junjo-[\w-]+)/g) ?? []);
  expect(named.length).toBeGreaterThan(0);
  for (const reference of named) {
    const [kind = '', name = ''] = reference.split(/[ /]/);
    const found = all
      .ofKind(kind.startsWith('deploy') ? 'Deployment' : 'Service')
      .some(({ metadata }) => metadata.name === name);
    expect({ reference, found }).toEqual({ reference, found: true });
  }
  for (const line of inNamespace.filter((each) => / -c /.test(each))) {
    const [, container] = / -c ([\w-]+)/.exec(line) ?? [];
    const [, workload] = /deploy(?:ment)?\/junjo-ai-studio-([\w-]+)/.exec(line) ?? [];
    const { containers, initContainers = [] } = pods.pod(workload ?? '').spec;
    const names = [...containers, ...initContainers].map(({ name }: Manifest) => name);
    expect({ line, known: names.includes(container) }).toEqual({ line, known: true });
  }
});

test('every link to a heading or a page leads there', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  const headings = (text: string) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slug(heading));
  for (const [, path = '', anchor] of page.matchAll(/\]\(([\w./-]*)(?:#([\w-]+))?\)/g)) {
    const file = path === '' ? 'docs/runbook.md' : `docs/${path}`;
    expect({ file, there: existsSync(file) }).toEqual({ file, there: true });
    if (anchor) expect(headings(readFileSync(file, 'utf8'))).toContain(anchor);
  }
});

test('what synth refuses names headings of the runbook', () => {
  for (const heading of ['A claim that should shrink or move', 'A changed data path']) {
    expect(page).toContain(`\n### ${heading}\n`);
    expect(readFileSync('commands/refused-changes.ts', 'utf8')).toContain(heading);
  }
});
