import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { lookupIn } from '../config/env-file';
import { isOfArtifacts } from '../config/git-source';
import { howToRun } from '../config/how-to-run';
import { loadStudio } from '../config/load-studio';
import type { Problem } from '../config/problems';
import { inOneLine } from '../config/text';
import { variables } from '../config/variables';
import { defaultTag } from '../releases';
import { readText, writeFiles } from '../render/files';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { written } from './init/env-file';
import { interview } from './init/interview';
import { newestRelease, questions } from './init/questions';
import { repositoryFiles } from './init/repository';

interface InitOptions extends JsonOptions {
  readonly from?: string;
  readonly repo?: string;
  /** The repository is for Flux. @default for Argo CD */
  readonly flux?: boolean;
  /** Settings as `NAME=value`. */
  readonly set?: readonly string[];
  readonly yes?: boolean;
}

const FILE = '.env';

export const init: Command<InitOptions> = {
  name: 'init',
  summary: 'Write a .env, asking on a terminal for what it cannot know, or begin a repository for Argo CD or Flux',
  options: [
    ...questions.map(({ flag, value, text, choices }) => ({ flags: `--${flag} <${value}>`, text, choices })),
    { flags: '--set <setting>', text: 'NAME=value for any other setting; may be repeated', repeatable: true },
    { flags: '--from <file>', text: 'env file of compose whose lines are kept, and what is missing is added' },
    { flags: '-y, --yes', text: 'ask nothing: what is not given has its default' },
    {
      flags: '--repo <folder>',
      text: 'begin a GitOps repository there: settings, package, workflow; no file is replaced',
    },
    { flags: '--flux', text: 'with --repo: Flux applies the studio, and not Argo CD' },
    jsonOption,
  ],
  examples: [
    ['init', 'asks, and writes .env; one that is there stays as it is'],
    ['init --yes', 'a studio on localhost, with fresh secrets, no question asked'],
    ['init --from ../compose/.env', 'keeps the lines of that file, and asks for what is missing or wrong'],
    [
      'init --repo studio --ui https://studio.example.com --api https://api.example.com',
      'begins a repository in the folder studio, and tells what its studio.env still needs',
    ],
  ],
  run: initialise,
};

async function initialise(options: InitOptions, io: Io): Promise<ExitCode> {
  if (options.repo && options.from) {
    io.err('--repo cannot be combined with --from: settings for a repository come without secrets.');
    return 2;
  }
  if (options.flux && !options.repo) {
    io.err('--flux is about a repository. Name its folder with --repo, or leave --flux out.');
    return 2;
  }
  const given = settingsOf(options, io);
  if (!given) return 2;
  const { JUNJO_K8S_GITOPS: tool = 'flux' } = given;
  if (options.flux && tool !== 'flux') {
    io.err(`--flux cannot be combined with JUNJO_K8S_GITOPS=${tool}. Leave one of the two out.`);
    return 2;
  }
  return options.repo ? initRepository(options.repo, given, options, io) : initStudio(given, options, io);
}

async function initStudio(given: Settings, options: InitOptions, io: Io): Promise<ExitCode> {
  const failed = (file: string, text: string) => tell({ problems: [{ severity: 'error', file, text }] }, options, io);
  const isThere = 'is there already and was left as it is. Move it away first, if it is to be replaced';
  if (existsSync(FILE)) return failed(FILE, isThere);
  const from = options.from === undefined ? undefined : readText(options.from);
  if (options.from !== undefined && typeof from !== 'string')
    return failed(options.from, from?.problem ?? 'cannot be read. Is its name right?');
  const terminal = options.yes || options.json ? undefined : io.terminal?.();
  const draft = await interview({
    file: FILE,
    from: typeof from === 'string' ? from : undefined,
    given: new Map(Object.entries(given)),
    ask: terminal?.ask,
    show: io.out,
    options: { environment: lookupIn(io.environment), readFile: readText },
  });
  terminal?.close();
  if (!draft) return failed(FILE, 'was not written: the questions were not answered to the end');
  if (!terminal && draft.problems.length > 0) {
    // The lines that are kept have their numbers there; of a new file there are none to look at.
    const problems = draft.problems.map((problem) => ({ ...problem, file: options.from ?? FILE }));
    io.err(`${FILE} was not written. What is missing can be given with options: init --help`);
    return tell({ problems }, options, io);
  }
  if (!written(FILE, draft.text)) return failed(FILE, isThere);
  const wrong = draft.problems.length > 0 ? ', which still has to be mended' : '';
  const isOlder = options.from === undefined && !terminal && given.JUNJO_K8S_RELEASE === undefined;
  const newer = `It runs ${defaultTag}; without data, ${newestRelease} is recommended: --release ${newestRelease}. `;
  const text = `Wrote ${FILE}${wrong}. ${isOlder ? newer : ''}Next: ${howToRun('synth')}`;
  return tell({ problems: draft.problems, text, result: { files: [FILE] } }, options, io);
}

type Settings = Readonly<Record<string, string>>;

/** What the options say, by name of the variable; nothing, and what is wrong is told, where they cannot be read. */
function settingsOf(options: InitOptions, io: Io): Settings | undefined {
  const settings = (options.set ?? []).map((setting) => /^([A-Za-z_]\w*)=(.*)$/.exec(setting));
  const wrong = settings.indexOf(null);
  if (wrong >= 0) {
    io.err(`--set is NAME=value, without line breaks in the value; the ${wrong + 1}. is not.`);
    return undefined;
  }
  const values = Object.fromEntries(settings.map((setting) => [setting?.[1] ?? '', setting?.[2] ?? '']));
  const secret = variables.find((variable) => 'secret' in variable && variable.name in values);
  if (secret) {
    const where = options.repo ? 'studio.env is committed' : 'others see a command line';
    io.err(`${secret.name} is a secret, and ${where}. JUNJO_K8S_SECRETS says where secrets come from.`);
    return undefined;
  }
  const flags = options as Readonly<Record<string, unknown>>;
  const answers = questions.map(({ name, flag }) => [name, flags[camelCase(flag)]] as const);
  const answered = answers.filter(
    (answer): answer is readonly [(typeof answer)[0], string] => typeof answer[1] === 'string',
  );
  return { ...Object.fromEntries(answered), ...(options.flux && { JUNJO_K8S_GITOPS: 'flux' }), ...values };
}

/** As commander names the value of an option. */
function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function initRepository(folder: string, values: Settings, options: InitOptions, io: Io): ExitCode {
  const made = repositoryFiles(folder, values);
  const files = made.map(({ path, text }) => ({ path: join(folder, path), text }));
  const there = files.filter(({ path }) => lstatSync(path, { throwIfNoEntry: false }));
  if (there.length > 0) {
    const text = 'is there already. Nothing was written: name another folder, or move it away';
    const problems = there.map(({ path }): Problem => ({ severity: 'error', file: path, text }));
    return tell({ problems }, options, io);
  }
  writeFiles(
    made.map((file) => ({ ...file, mode: 0o644 })),
    folder,
  );
  const studio = files.filter(({ path }) => path === join(folder, 'studio.env'));
  const { problems } = loadStudio(studio, { readFile: (path) => readText(join(folder, path)) });
  const text = [
    `Wrote ${files.map(({ path }) => path).join(', ')}.`,
    '',
    'Next:',
    `  cd ${folder} && git init && npm install`,
    ...(problems.some(({ severity }) => severity === 'error') ? ['  mend studio.env'] : []),
    '  npm run synth',
    '  git add . && git commit -m "Begin"',
    ...lastSteps(values),
  ]
    .map(inOneLine)
    .join('\n');
  return tell({ problems, text, result: { files: files.map(({ path }) => path) } }, options, io);
}

/** How Argo CD or Flux gets what is committed. */
function lastSteps(settings: Settings): readonly string[] {
  const { JUNJO_K8S_GITOPS: tool, JUNJO_K8S_GIT_REPO: repo = '', JUNJO_K8S_GIT_REVISION: tag = 'latest' } = settings;
  if (tool !== 'flux') return ['JUNJO_K8S_GIT_REPO in studio.env adds what Argo CD needs, in dist/argocd/.'];
  const push = isOfArtifacts({ repo })
    ? `  flux push artifact ${repo}:${tag} --path=dist, with the options in docs/gitops.md`
    : '  push it to JUNJO_K8S_GIT_REPO, to the branch main unless JUNJO_K8S_GIT_REVISION names another';
  return [push, '  kubectl apply -f dist/flux'];
}
