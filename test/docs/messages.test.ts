import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';
import { commands } from '../../cli/cli';
import { commandLine } from '../../config/how-to-run';
import { name as packageName, scripts } from '../../package.json';
import { diagnosisOf, madeState, type RecordedState, recording } from '../support/cluster-state';
import { simpleCommands } from '../support/documents';
import { Folder } from '../support/folder';
import { crashes, made, stateOfCrash } from '../support/made-states';
import { argumentsOf, refusalOf } from '../support/own-commands';
import { development, envText, files, problemsOf, production } from '../support/studio';

jest.mock('../../config/how-to-run', () => {
  const actual = jest.requireActual('../../config/how-to-run');
  const printed: (readonly string[])[] = [];
  const recorded =
    (print: (...words: readonly string[]) => string) =>
    (...words: readonly string[]) => {
      printed.push(words);
      return print(...words);
    };
  return {
    ...actual,
    printed,
    howToRun: recorded(actual.howToRun),
    howToRunAnywhere: recorded(actual.howToRunAnywhere),
  };
});

/** The words of every command that the code printed while these tests ran. */
const { printed: everyCommand } = jest.requireMock<{ readonly printed: readonly (readonly string[])[] }>(
  '../../config/how-to-run',
);

interface Code {
  /** Text in quotes, `…` for each value in it. */
  readonly texts: readonly string[];
  /** The words of calls that print a command. A word that is not in the source is `VALUE`. */
  readonly calls: readonly (readonly string[])[];
}

interface Syntax {
  readonly type?: string;
  readonly value?: unknown;
  readonly quasis?: readonly { readonly cooked?: string }[];
  readonly callee?: { readonly value?: string; readonly property?: { readonly value?: string } };
  readonly arguments?: readonly { readonly spread: unknown; readonly expression: Syntax }[];
}

const PRINTERS = ['howToRun', 'howToRunAnywhere', 'ownCommand'];

function codeOf(path: string): Code {
  const texts: string[] = [];
  const calls: (readonly string[])[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, value, quasis = [], callee, arguments: args = [] } = node as Syntax;
    if (type === 'StringLiteral') texts.push(String(value));
    if (type === 'TemplateLiteral') texts.push(quasis.map(({ cooked = '' }) => cooked).join('…'));
    if (type === 'CallExpression' && PRINTERS.includes(callee?.value ?? callee?.property?.value ?? '')) {
      const words = args.filter(({ spread }) => !spread).map(({ expression }) => expression);
      calls.push(words.map((each) => (each.type === 'StringLiteral' ? String(each.value) : 'VALUE')));
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseSync(readFileSync(path, 'utf8'), { syntax: 'typescript' }));
  return { texts, calls };
}

const folders = ['main.ts', 'index.ts', 'charts', 'cli', 'cluster', 'config', 'releases', 'render'];
const sources = execFileSync('git', ['ls-files', ...folders], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, ...codeOf(path) }));
const names = [...commands.keys()];

/** What our parser says about words that a message prints. */
async function refused(words: readonly string[]): Promise<string> {
  const [command = []] = simpleCommands(commandLine('npm run', words));
  const args = argumentsOf(command);
  return args ? refusalOf(args) : `not a command of this project: ${words.join(' ')}`;
}

describe('the sources', () => {
  const calls = sources.flatMap(({ path, calls }) => calls.map((words) => [path, words] as const));
  // The first word decides about the rest.
  const known = calls.filter(([, [first]]) => first !== undefined && first !== 'VALUE');

  test('print commands', () => expect(known.length).toBeGreaterThan(20));

  test.each(known)('%s prints %j, which our parser takes', async (_, words) => {
    expect(await refused(words)).toBe('');
  });

  // The scripts of a new repository are not messages.
  const texts = sources
    .filter(({ path }) => path !== 'cli/init/repository.ts')
    .flatMap(({ path, texts }) => texts.map((text) => ({ path, text })));

  test('write no command by hand that works only for some users', () => {
    const byHand = new RegExp(`junjo-k8s (${names.join('|')})\\b|npx ${packageName}|npx junjo-k8s`);
    expect(texts.filter(({ text }) => byHand.test(text))).toEqual([]);
  });

  test('name only scripts of npm that exist', () => {
    const named = texts.flatMap(({ text }) => [...text.matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)]);
    expect(named.length).toBeGreaterThan(0);
    for (const [, script = ''] of named) expect(Object.keys(scripts)).toContain(script);
  });
});

test('the commands after a rendering quote a folder with a space', async () => {
  const folder = new Folder();
  const git = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' };
  folder.write('.env', envText(production(git)));
  await folder.junjo(['synth', '--output', 'my folder']);
  folder.write('.env', envText(production({ ...git, JUNJO_K8S_NAME: 'other' })));
  const { stdout } = await folder.junjo(['synth', '--output', 'my folder']);
  folder.remove();
  const lines = stdout.split('\n').filter((line) => /^ +(kubectl|sh) /.test(line));
  const paths = lines.flatMap(simpleCommands).flatMap((words) => words.filter((_, index) => words[index - 1] === '-f'));
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths) expect(path).toMatch(/^my folder\//);
});

describe('messages of commands that ran', () => {
  const namesIn = (folder: string) =>
    readdirSync(`test/cluster/diagnosis/${folder}`).map((file) => file.replace('.json', ''));
  const states: readonly RecordedState[] = [
    ...namesIn('states').map(recording),
    ...namesIn('made').map(madeState),
    ...Object.values(made).map(([state]) => state),
    ...crashes.map(([log]) => stateOfCrash(log)),
  ];
  const studios = [
    development(),
    production(),
    production({ JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'node-1' }),
    production({ JUNJO_K8S_MONITORING: 'prometheus' }),
    production({ JUNJO_K8S_BACKUP: 'volsync', JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'node-1' }),
  ];
  const lines: readonly (readonly string[])[] = [
    ['validate'],
    ['validate', 'no folder'],
    ['validate', 'empty folder'],
    ['synth'],
    ['synth', '--env-file', 'no.env'],
    ['diagram', 'no folder'],
    ['explain', 'nothing'],
    ['init', '--environment', 'production'],
    ['init', '--repo', 'my folder'],
    ['forward', '--manifests', 'no folder'],
    ...names.map((name) => [name, '--help']),
  ];

  test('start a command that our parser takes, with values quoted for a shell', async () => {
    for (const state of states) diagnosisOf(state);
    for (const studio of studios) {
      problemsOf(envText(studio));
      if (!problemsOf(envText(studio)).some((line) => !/^(note|warning): /.test(line))) files(studio);
    }
    const folder = new Folder();
    for (const args of lines) await folder.junjo(args);
    folder.remove();
    // A help ends with placeholders such as [options].
    const printed = everyCommand.filter((words) => words.at(-1) !== '--help' && words.length > 0);
    expect(printed.length).toBeGreaterThan(50);
    for (const words of printed) {
      const line = commandLine(['junjo'], words);
      if (!words.includes('>')) expect(simpleCommands(line)).toEqual([['junjo', ...words]]);
      expect([words, await refused(words)]).toEqual([words, '']);
    }
  });
});
