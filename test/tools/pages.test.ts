import { readFileSync } from 'node:fs';
import { exampleEnvFile } from '../../cli/init/env-file';
import { howToRunAnywhere, pageAnywhere, publication } from '../../config/how-to-run';
import { variablesOf } from '../../config/variables';
import { defaultTag, newestTag, releaseLines } from '../../releases';
import { edgePage } from '../../tools/pages/edge-page';
import { libraryPage } from '../../tools/pages/library-page';
import { monitoringPage } from '../../tools/pages/monitoring-page';
import { filled, type Parts } from '../../tools/pages/page';
import { patchesPage } from '../../tools/pages/patches-page';
import { readme } from '../../tools/pages/readme';
import { releasesPage } from '../../tools/pages/releases-page';
import { scalePage } from '../../tools/pages/scale-page';
import { variablesPage } from '../../tools/pages/variables-page';
import { whichReleasePage } from '../../tools/pages/which-release-page';
import { problemsOf } from '../support/studio';

/** Whether the generated parts of a page are what the code says. */
function expectFilled(path: string, parts: Parts): void {
  const page = readFileSync(path, 'utf8');
  expect(page).toBe(filled(page, parts));
}

test('README.md and the page of the library say how to get the package (npm run docs writes it)', () => {
  expectFilled('README.md', readme());
  expectFilled('docs/library.md', libraryPage());
});

describe('once the package and the repository are published', () => {
  const before = { ...publication };
  beforeEach(() => Object.assign(publication, { onNpm: true, repository: 'https://git.example.com/team/studio' }));
  afterEach(() => Object.assign(publication, { repository: undefined, ...before }));

  test('README.md and hints name the package', () => {
    expect(readme().elsewhere).toContain('\nnpx junjo-ai-studio-cdk8s synth\n');
    expect(libraryPage().install).toContain('\nnpm install junjo-ai-studio-cdk8s cdk8s ');
    for (const part of [readme().elsewhere, libraryPage().install]) expect(part).not.toMatch(/tgz|npm pack/);
    expect(howToRunAnywhere('status', '--watch')).toBe('npx junjo-ai-studio-cdk8s status --watch');
  });

  test('messages name the address of a page', () => {
    const address = 'https://git.example.com/team/studio/blob/main/docs/runbook.md#back-up';
    expect(pageAnywhere('docs/runbook.md', 'Back up')).toBe(address);
  });
});

test('before the package is published, nothing asks npm for its name', () => {
  for (const part of [readme({ onNpm: false }).elsewhere, libraryPage({ onNpm: false }).install]) {
    expect(part).not.toMatch(/(npx|npm install) junjo-ai-studio-cdk8s/);
    expect(part).toContain('\nnpm pack\n');
  }
});

test('the page of variables is what the table says (npm run docs writes it)', () => {
  expectFilled('docs/variables.md', variablesPage());
});

test('.env.example is what the table says (npm run docs writes it)', () => {
  expect(readFileSync('.env.example', 'utf8')).toBe(exampleEnvFile());
});

test('the page of releases is what releases/ says (npm run docs writes it)', () => {
  expectFilled('docs/releases.md', releasesPage(releaseLines));
});

test('the page about applying has the path that creates the first user on each release', () => {
  const page = readFileSync('docs/apply.md', 'utf8');
  // A longer path contains the shorter one, so the character before it counts.
  for (const { api } of releaseLines) expect(page).toMatch(new RegExp(`(31323|\`)${api.firstUserPath}\\b`));
});

test('the page on which release to take is what releases/ says (npm run docs writes it)', () => {
  expectFilled('docs/which-release.md', whichReleasePage(releaseLines));
});

test('the page on which release to take recommends the newest without data, and no tag that loses data', () => {
  const { choice = '' } = whichReleasePage(releaseLines);
  expect(choice).toContain(
    `| no data yet | **${newestTag(releaseLines[releaseLines.length - 1] ?? releaseLines[0])}**`,
  );
  const recommended = choice.split('\n').map((row) => row.split(' | ')[1]);
  for (const { faults = {} } of releaseLines)
    for (const tag of Object.keys(faults)) expect(recommended.join()).not.toContain(tag);
  expect(choice).toContain('| the LLM playground | 0.82.1 or older |');
  expect(readFileSync('docs/which-release.md', 'utf8')).toContain(`\n## Why is ${defaultTag} the default?\n`);
});

test.each([
  'README.md',
  'examples/argocd-plugin/README.md',
  'docs/architecture.md',
  'docs/gitops.md',
  'docs/network.md',
  'docs/runbook.md',
])('%s, which nobody generates, says nothing of a release that would go stale', (page) => {
  // A step from one release to another stays what it is.
  const text = readFileSync(page, 'utf8').replace(/^## From [0-9.]+ to [0-9.]+\n.*?(?=^## )/ms, '');
  const words = text.match(/(?<![0-9.])[0-9]+(\.[0-9]+)+/g) ?? [];
  const releases = releaseLines.flatMap(({ name, tags }) => [name, ...tags]).filter((name) => name !== defaultTag);
  expect(words.filter((word) => releases.includes(word))).toEqual([]);
});

test('README.md names the release that runs unless another is set', () => {
  expect(readFileSync('README.md', 'utf8')).toContain(`\`JUNJO_K8S_RELEASE\`, ${defaultTag} by default`);
});

test('the page of the edge is what the table of controllers says (npm run docs writes it)', () => {
  expectFilled('docs/edge.md', edgePage());
});

test('the page of patches is what rules/ says (npm run docs writes it)', () => {
  expectFilled('docs/patches.md', patchesPage());
});

test('the counts on the page of scale are what is rendered (npm run docs writes it)', () => {
  expectFilled('docs/scale.md', scalePage());
});

test('the page of alerts is what charts/monitoring/ says (npm run docs writes it)', () => {
  expectFilled('docs/monitoring.md', monitoringPage());
});

test('every variable of every line has a row with a meaning', () => {
  const page = variablesPage().variables;
  const names = releaseLines.flatMap((line) => variablesOf(line).map(({ name }) => name));
  for (const name of names) expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|.+\\| .+ \\|$`, 'm'));
  expect(names.length).toBeGreaterThan(30);
});

test('every line of .env.example that can be uncommented is sound, or says what to put there', () => {
  const text = exampleEnvFile();
  const settings = [...text.matchAll(/^# (JUNJO_[A-Z0-9_]+|[A-Z]+_[A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [
    name,
    value,
  ]);
  expect(settings.length).toBeGreaterThan(15);
  for (const [name, value] of settings) {
    const printed = problemsOf(`${name}=${value}\n`).filter((line) => line.includes(`.env:1 ${name}:`));
    const allowed =
      /^note: |still holds a placeholder, so it is left out|has no effect without|has no effect with JUNJO_K8S_(BACKUP=none|SECRETS=manifest)|JUNJO_K8S_NODE: names the node of an absolute|_PROXY: the network policies allow|ACCEPT_DATA_LOSS: 0.70-to-0.82 is not a step to release line 0.70|JUNJO_K8S_PATCHES: patches.yaml cannot be read|SSL_CERTIFICATE: names a file that the image does not have/;
    expect(printed.filter((line) => !allowed.test(line))).toEqual([]);
  }
});

test('every tag has a row with its day and its SDK, be it that they are not known', () => {
  const { sdk } = releasesPage(releaseLines);
  for (const tag of releaseLines.flatMap(({ tags }) => tags)) expect(sdk).toContain(`\n| ${tag} | `);
  for (const row of ['| 0.70.4 | 2025-11-28 | unknown |', '| 0.83.0 | unknown | 0.67.0 |', '- 0.84.1 was prepared']) {
    expect(sdk).toContain(row);
  }
});

test('lines that follow one another are named by the first and the last', () => {
  const { variables } = variablesPage();
  for (const [name, where] of [
    ['GEMINI_API_KEY', 'backend \\(0\\.70 to 0\\.84\\) \\| all'],
    ['SPAN_BATCH_SIZE', '\\| 0\\.70 \\|'],
    ['BATCH_SIZE', '\\| 0\\.80 to 0\\.86 \\|'],
  ]) {
    expect(variables).toMatch(new RegExp(`^\\| \`${name}\` .*${where}`, 'm'));
  }
  const gap = releaseLines.map((line, index) => (index % 3 === 0 ? { ...line, variables: [] } : line));
  expect(variablesPage(gap).variables).toMatch(/^\| `BATCH_SIZE` .*\| 0\.80, 0\.81\.0, 0\.82, 0\.83, 0\.85, 0\.86 \|/m);
});

test('a page without a place for a generated part is an error', () => {
  expect(() => filled('# A page\n', { table: '| a |' })).toThrow('the page has no place for table');
});

test('data is set aside when the new release is applied and the edge closed: the old one would make its database anew', () => {
  const { moves = '' } = releasesPage(releaseLines);
  const ways = moves.split(/^### /m).filter((way) => way.includes('\nnpm run set-aside\n'));
  expect(ways).not.toEqual([]);
  for (const way of ways) {
    const order = [
      'delete --ignore-not-found ingress/',
      'grep -v 70-edge',
      'npm run set-aside',
      'dist/foundation -f dist/',
    ];
    const places = order.map((command) => way.indexOf(command));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  }
});
