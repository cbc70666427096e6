import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { variablesOf } from '../../config/variables';
import { name as packageName, scripts, version } from '../../package.json';
import { releaseLines } from '../../releases';
import { commandsOf, inlineCode, type Page, pages, shellLines, simpleCommands } from '../support/documents';
import { argumentsOf, isOurs, refusalOf } from '../support/own-commands';
import { describeWith, pathOf } from '../support/programs';
import { development, files, freshSecret, type Manifest, production, Rendered, render } from '../support/studio';

const git = { JUNJO_K8S_SECRETS: 'existing', JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
const noSecrets = { JUNJO_SESSION_SECRET: undefined, JUNJO_SECURE_COOKIE_KEY: undefined };
const node = { JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'worker-1' };
const studios = [
  development(node),
  production(),
  production({ ...git, ...noSecrets }),
  production({ ...git, ...noSecrets, JUNJO_K8S_GITOPS: 'flux' }),
];

/** Every file that some studio renders to, and those that commands write. */
const rendered = new Set([
  ...studios.flatMap((each) => files(each).map(({ path }) => `dist/${path}`)),
  'dist/left-behind.sh',
]);
const folders = new Set([...rendered].map((path) => path.slice(0, path.lastIndexOf('/'))));

const page = (path: string): Page => ({ path, text: readFileSync(path, 'utf8') });
const named = pages.map(({ path }) => path);

test('a command is taken apart as a shell does it', () => {
  expect(simpleCommands('A=1 npm run x > log && kubectl get "a b" | grep c')).toEqual([
    ['npm', 'run', 'x'],
    ['kubectl', 'get', 'a b'],
    ['grep', 'c'],
  ]);
  expect(simpleCommands('npm run backup # stops; copies')).toEqual([['npm', 'run', 'backup']]);
  expect(() => simpleCommands("kubectl -p '{")).toThrow('not closed');
});

test('the pages have commands to try', () => {
  expect(pages.flatMap(commandsOf).length).toBeGreaterThan(60);
  expect(pages.flatMap(commandsOf).filter(argumentsOf).length).toBeGreaterThan(25);
  expect(page('docs/runbook.md').text).toMatch(/^## Accidents$/m);
});

test.each(named)('%s: junjo-k8s knows every command line of it', async (path) => {
  for (const command of commandsOf(page(path))) {
    const args = argumentsOf(command);
    if (args && args.length > 0) expect([args, await refusalOf(args)]).toEqual([args, '']);
  }
});

test.each(named)('%s: every script of npm that it names is there, and npx runs what is installed or ours', (path) => {
  for (const [program, first = '', second = ''] of commandsOf(page(path))) {
    if (program === 'npm' && first === 'run' && !['', '--silent'].includes(second))
      expect(Object.keys(scripts)).toContain(second);
    if (program === 'npx' && !isOurs(first)) expect(first).toMatch(/^(cdk8s|jest|tsc|tsx|biome)$/);
  }
});

test.each(named)('%s: every file and folder of dist/ that a command names is rendered', (path) => {
  // With several studios, each has a folder. The pages call one of them alpha.
  const words = commandsOf(page(path)).flatMap((command) =>
    command.map((word) => word.replace(/^dist\/alpha\b/, 'dist')),
  );
  for (const word of words) {
    if (!word.startsWith('dist/') || word.includes('*')) continue;
    const known = rendered.has(word) || folders.has(word.replace(/\/$/, ''));
    expect({ word, known }).toEqual({ word, known: true });
  }
});

test.each(named)('%s: every setting that it names is one', (path) => {
  const known = new Set(releaseLines.flatMap((line) => variablesOf(line).map(({ name }) => name)));
  // These two are of the command itself: cli/manifests.ts.
  const ofCommand = ['JUNJO_STUDIOS', 'JUNJO_ENV_FILES'];
  const names = page(path).text.match(/\bJUNJO_[A-Z0-9]+(?:_[A-Z0-9]+)*\b(?![_*…])/g) ?? [];
  expect(names.filter((name) => !known.has(name) && !ofCommand.includes(name))).toEqual([]);
});

describeWith(['kubectl'], 'kubectl', () => {
  const kubectl = pathOf('kubectl');
  const help = (...args: string[]) => execFileSync(kubectl, args, { encoding: 'utf8', stdio: 'pipe' });
  const flags = (text: string) =>
    new Set([...text.matchAll(/^\s+(?:(-\w), )?(--[\w-]+)/gm)].flatMap(([, ...names]) => names));
  const ofAll = flags(help('options'));

  test.each(named)('%s: it knows every verb and option', (path) => {
    for (const [program, ...words] of commandsOf(page(path))) {
      if (program !== 'kubectl') continue;
      const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
      const namespaced = own[0] === '-n' ? own.slice(2) : own;
      const [verb = ''] = namespaced;
      const depth = { rollout: 2, config: 2, create: namespaced[1] === 'secret' ? 3 : 2 }[verb] ?? 1;
      const group = namespaced.slice(0, depth);
      const known = flags(help(...group, '--help'));
      const options = namespaced.flatMap((word) => /^(--?[a-zA-Z][\w-]*)/.exec(word)?.[1] ?? []);
      const unknown = options.filter((option) => !known.has(option) && !ofAll.has(option));
      expect([words, unknown]).toEqual([words, []]);
    }
  });

  test('a verb that is none is noticed', () => {
    expect(() => help('gett', '--help')).toThrow();
  });
});

test('every object of a studio that kubectl is asked for is rendered', () => {
  const all = new Rendered(studios.flatMap((each) => files(each)));
  const pods = render(production({ JUNJO_K8S_RELEASE: '0.82.1', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() }));
  const lines = pages.flatMap((each) => [...shellLines(each), ...inlineCode(each)]);
  const inNamespace = lines.filter((line) => /kubectl -n (junjo-ai-studio|<namespace>) /.test(line));
  const references = inNamespace.flatMap(
    (line) => line.match(/\b(deploy(?:ment)?|service)s?[ /](junjo-[\w-]+)/g) ?? [],
  );
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) {
    const [kind = '', name = ''] = reference.split(/[ /]/);
    const found = all
      .ofKind(kind.startsWith('deploy') ? 'Deployment' : 'Service')
      .some(({ metadata }) => metadata.name === name);
    expect({ reference, found }).toEqual({ reference, found: true });
  }
  // Of several pods of a Deployment, kubectl shows the log of one that is ready, not of the one in trouble.
  expect(lines.filter((line) => / logs (-\S+ )*deploy(ment)?[ /]/.test(line))).toEqual([]);
  for (const line of inNamespace.filter((each) => / -c /.test(each))) {
    const [, container] = / -c ([\w-]+)/.exec(line) ?? [];
    const [, workload] = /(?:deploy(?:ment)?\/junjo-ai-studio-|\/component=)([\w-]+)/.exec(line) ?? [];
    const { containers, initContainers = [] } = pods.pod(workload ?? '').spec;
    const names = [...containers, ...initContainers].map(({ name }: Manifest) => name);
    expect({ line, known: names.includes(container) }).toEqual({ line, known: true });
  }
});

/** The anchors of a page, as Git platforms make them of its headings. */
function anchorsOf(path: string): readonly string[] {
  const headings = readFileSync(path, 'utf8').match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test.each(named)('%s: every link to a file or a heading leads there', (path) => {
  for (const [, target = '', anchor] of page(path).text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)/g)) {
    const file = target === '' ? path : join(dirname(path), target);
    expect({ file, there: existsSync(file) }).toEqual({ file, there: true });
    if (anchor) expect([file, anchorsOf(file)]).toEqual([file, expect.arrayContaining([anchor])]);
  }
});

test('what synth refuses names headings of the runbook', () => {
  for (const heading of ['A claim that should shrink or move', 'A changed data path']) {
    expect(page('docs/runbook.md').text).toContain(`\n### ${heading}\n`);
    expect(readFileSync('cli/synth/refused-changes.ts', 'utf8')).toContain(heading);
  }
});

test('README fits on two screens', () => {
  expect(page('README.md').text.split('\n').length).toBeLessThanOrEqual(100);
});

test.each(['preflight', 'diff', 'apply', 'status', 'diagram', 'explain', 'validate', 'init', 'forward', 'backup'])(
  'README names the command %s once',
  (name) => {
    const called = commandsOf(page('README.md')).filter((command) => argumentsOf(command)?.[0] === name);
    expect(called.length).toBe(1);
  },
);

test.each(named.filter((path) => path.startsWith('docs/')))('README links to %s in its list of pages', (path) => {
  const [, list = ''] = page('README.md').text.split('\n## More\n');
  expect(list).toContain(`](${path})`);
});

test('README begins with what a clone needs: install, then render', () => {
  expect(shellLines(page('README.md')).slice(0, 2)).toEqual(['npm ci', 'npm run synth']);
});

test.each(named)('%s: a tarball that it names is the one that npm pack makes', (path) => {
  const tarballs = page(path).text.match(/junjo-ai-studio-cdk8s-\d[\w.-]*\.tgz/g) ?? [];
  expect([...new Set(tarballs)].filter((name) => name !== `${packageName}-${version}.tgz`)).toEqual([]);
});
