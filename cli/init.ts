import { copyFileSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Terminal } from '../cluster/console';
import { lookupIn } from '../config/env-file';
import { isOfArtifacts } from '../config/git-source';
import { howToRun, installedFrom, packageFile, page, publication } from '../config/how-to-run';
import { loadStudio } from '../config/load-studio';
import { hasError, type Problem } from '../config/problems';
import { inOneLine, shellWord, withoutUserInfo } from '../config/text';
import { variables } from '../config/variables';
import { version } from '../package.json';
import { defaultTag } from '../releases';
import { readText, unwritable, writeFiles } from '../render/files';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { filesWithSecrets, gitAdvice } from './ignored-by-git';
import { written } from './init/env-file';
import { interview } from './init/interview';
import { type Dependency, dependencyOf, howToName } from './init/package';
import { newestRelease, questions } from './init/questions';
import { repositoryFiles } from './init/repository';

interface InitOptions extends JsonOptions {
  readonly from?: string;
  readonly repo?: string;
  /** The tarball or the Git URL that the repository installs. @default what this program was installed from */
  readonly package?: string;
  /** The repository is for Flux. @default for Argo CD */
  readonly flux?: boolean;
  /** Settings as `NAME=value`. */
  readonly set?: readonly string[];
  readonly yes?: boolean;
}

const FILE = '.env';

const THERE = 'already exists, and init does not replace it. Move it away first';

export const init: Command<InitOptions> = {
  name: 'init',
  summary: 'Write a .env, or start a Git repository for Argo CD or Flux. On a terminal it asks for what is missing',
  options: [
    ...questions.map(({ flag, value, text, choices }) => ({
      flags: `--${flag} <${value}>`,
      text,
      choices,
      mayBeEmpty: true,
    })),
    { flags: '--set <setting>', text: 'NAME=value for any other setting; may be repeated', repeatable: true },
    { flags: '--from <file>', text: 'start from this env file of compose: keep its lines, and add what is missing' },
    { flags: '-y, --yes', text: 'do not ask: use the defaults' },
    { flags: '--repo <folder>', text: 'start a GitOps repository in this folder: settings, package, workflow' },
    {
      flags: '--package <package>',
      text: 'with --repo: tarball or Git URL of this program, for package.json (default: where it was installed from)',
    },
    { flags: '--flux', text: 'with --repo: for Flux instead of Argo CD' },
    jsonOption,
  ],
  examples: [
    ['init', 'asks, and writes .env; never replaces an existing .env'],
    ['init --yes', 'writes a .env for a studio on localhost, with new secrets, and asks nothing'],
    ['init --from ../compose/.env', 'keeps the lines of that file, and asks for what is missing or wrong'],
    [
      `init --repo studio --package ./${packageFile} --ui https://studio.example.com --api https://api.example.com`,
      'starts a repository in the folder studio, and prints which settings are missing in its studio.env',
    ],
  ],
  run: initialise,
};

async function initialise(options: InitOptions, io: Io): Promise<ExitCode> {
  if (options.repo && options.from) {
    io.err('--repo cannot be combined with --from: the settings of a repository hold no secrets.');
    return 2;
  }
  const alone = (['flux', 'package'] as const).find((name) => options[name] && !options.repo);
  if (alone) {
    io.err(`--${alone} needs --repo. Add --repo with a folder, or remove --${alone}.`);
    return 2;
  }
  const given = settingsOf(options, io);
  if (!given) return 2;
  const { JUNJO_K8S_GITOPS: tool = 'flux' } = given;
  if (options.flux && tool !== 'flux') {
    io.err(`--flux cannot be combined with JUNJO_K8S_GITOPS=${tool}. Remove one of the two.`);
    return 2;
  }
  if (!options.repo) return initStudio(given, options, io);
  const dependency = await repositoryPackage(options.repo, options, io);
  return dependency ? initRepository(options.repo, given, dependency, options, io) : 2;
}

async function initStudio(given: Settings, options: InitOptions, io: Io): Promise<ExitCode> {
  const failed = (file: string, text: string) => tell({ problems: [{ severity: 'error', file, text }] }, options, io);
  if (existsSync(FILE)) return failed(FILE, THERE);
  const from = options.from === undefined ? undefined : readText(options.from);
  if (options.from !== undefined && typeof from !== 'string')
    return failed(options.from, from?.problem ?? 'cannot be read. Check the path');
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
  if (!draft) return failed(FILE, 'was not written: you cancelled');
  if (!terminal && draft.problems.length > 0) {
    // The lines of compose keep their numbers. Lines that were not written cannot be looked at.
    const lines = typeof from === 'string' ? from.split('\n').length : 0;
    const problems = draft.problems.map(
      ({ line, ...problem }): Problem => ({
        ...problem,
        file: options.from ?? FILE,
        ...(line !== undefined && line <= lines && { line }),
      }),
    );
    io.err(`${FILE} was not written. Pass the missing settings as options: ${howToRun('init', '--help')}`);
    return tell({ problems }, options, io);
  }
  if (!written(FILE, draft.text)) return failed(FILE, THERE);
  const isOlder = options.from === undefined && !terminal && given.JUNJO_K8S_RELEASE === undefined;
  const text = [
    `Wrote ${FILE}.${draft.problems.length > 0 ? ' Fix its problems before you render it.' : ''}`,
    ...(isOlder
      ? [
          `It is for release ${defaultTag}. If you have no data yet, take the newest release:`,
          `delete ${FILE}, and run this command again with --release ${newestRelease}.`,
        ]
      : []),
    `Next: ${howToRun('synth')}`,
    ...gitAdvice(filesWithSecrets([{ path: FILE, text: draft.text }])),
  ].join('\n');
  return tell({ problems: [...draft.notes, ...draft.problems], text, result: { files: [FILE] } }, options, io);
}

type Settings = Readonly<Record<string, string>>;

/** The settings that the options give. Prints what is wrong, and returns nothing, where an option cannot be used. */
function settingsOf(options: InitOptions, io: Io): Settings | undefined {
  const settings = (options.set ?? []).map((setting) => /^([A-Za-z_]\w*)=(.*)$/.exec(setting));
  const wrong = settings.indexOf(null);
  if (wrong >= 0) {
    io.err(`Write --set NAME=value, without line breaks in the value. Number ${wrong + 1} is different.`);
    return undefined;
  }
  const values = Object.fromEntries(settings.map((setting) => [setting?.[1] ?? '', setting?.[2] ?? '']));
  const secret = variables.find((variable) => 'secret' in variable && variable.name in values);
  if (secret) {
    const where = options.repo ? 'studio.env is committed' : 'other users of this machine can see a command line';
    io.err(`${secret.name} is a secret, and ${where}. Set JUNJO_K8S_SECRETS to say where secrets come from.`);
    return undefined;
  }
  const flags = options as Readonly<Record<string, unknown>>;
  const answers = questions.map(({ name, flag }) => [name, flags[camelCase(flag)]] as const);
  const answered = answers.filter(
    (answer): answer is readonly [(typeof answer)[0], string] => typeof answer[1] === 'string',
  );
  return { ...Object.fromEntries(answered), ...(options.flux && { JUNJO_K8S_GITOPS: 'flux' }), ...values };
}

/** The name that commander gives to the value of an option. */
function camelCase(flag: string): string {
  return flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The package that the repository installs. Asks on a terminal, or prints how to name one and returns nothing. */
async function repositoryPackage(folder: string, options: InitOptions, io: Io): Promise<Dependency | undefined> {
  if (options.package === undefined && publication.onNpm) return { spec: version };
  const named = options.package ?? installedFrom();
  const found = named === undefined ? undefined : dependencyOf(named);
  if (found && !('problem' in found)) return found;
  if (found) io.err(inOneLine(`--package ${withoutUserInfo(named ?? '')}: ${found.problem}.`));
  const terminal = options.yes || options.json ? undefined : io.terminal?.();
  const answered = terminal && (await askForPackage(terminal, io));
  terminal?.close();
  if (!answered) io.err(howToName(folder));
  return answered;
}

async function askForPackage({ ask }: Terminal, io: Io): Promise<Dependency | undefined> {
  for (;;) {
    const answer = await ask('Package of this program: a tarball that npm pack makes, or a Git URL: ');
    if (answer === undefined) return undefined;
    const found = dependencyOf(answer.trim());
    if (!('problem' in found)) return found;
    io.out(`  ${found.problem}`);
  }
}

function initRepository(
  folder: string,
  values: Settings,
  { spec, copy }: Dependency,
  options: InitOptions,
  io: Io,
): ExitCode {
  const made = repositoryFiles(folder, values, spec);
  const files = made.map(({ path, text }) => ({ path: join(folder, path), text }));
  const paths = [...files.map(({ path }) => path), ...(copy ? [join(folder, copy.to)] : [])];
  const there = paths.filter((path) => lstatSync(path, { throwIfNoEntry: false }));
  if (there.length > 0) {
    const text = 'already exists. Nothing was written. Name another folder, or move the file away';
    const problems = there.map((file): Problem => ({ severity: 'error', file, text }));
    return tell({ problems }, options, io);
  }
  writeFiles(
    made.map((file) => ({ ...file, mode: 0o644 })),
    folder,
  );
  if (copy) copyInto(folder, copy);
  const studio = files.filter(({ path }) => path === join(folder, 'studio.env'));
  const { problems } = loadStudio(studio, { readFile: (path) => readText(join(folder, path)) });
  const text = [
    'Wrote:',
    ...paths.map((path) => `  ${path}`),
    ...(copy ? [`The repository keeps the tarball in ${copy.to}, so npm ci finds it in CI.`] : []),
    '',
    'Next:',
    `  cd ${shellWord(folder)}`,
    '  git init',
    '  npm install',
    ...(hasError(problems) ? ['  # Fix the problems of studio.env first.'] : []),
    '  npm run synth',
    '  git add .',
    '  git commit -m "Add the studio"',
    ...lastSteps(values),
  ]
    .map(inOneLine)
    .join('\n');
  return tell({ problems, text, result: { files: paths } }, options, io);
}

function copyInto(folder: string, { from, to }: { readonly from: string; readonly to: string }): void {
  const target = join(folder, to);
  try {
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(from, target);
  } catch (error) {
    throw unwritable(target, error);
  }
}

/** How Argo CD or Flux gets the commit. */
function lastSteps(settings: Settings): readonly string[] {
  const { JUNJO_K8S_GITOPS: tool, JUNJO_K8S_GIT_REPO: repo = '', JUNJO_K8S_GIT_REVISION: tag = 'latest' } = settings;
  const name = tool === 'flux' ? 'Flux' : 'Argo CD';
  if (!repo) return [`Then set JUNJO_K8S_GIT_REPO in studio.env: synth also renders what ${name} needs.`];
  const push = isOfArtifacts({ repo })
    ? [
        `  flux push artifact ${repo}:${tag} --path=dist --source="$(git remote get-url origin)" --revision="$(git branch --show-current)@sha1:$(git rev-parse HEAD)"`,
      ]
    : [`  git remote add origin ${shellWord(repo)}`, '  git push origin HEAD:main'];
  const first = `Create the first user before the edge opens. See ${page('docs/gitops.md', '4. Let the tool apply the studio')}`;
  return [...push, first, 'Then run:', `  kubectl apply -f dist/${tool === 'flux' ? 'flux' : 'argocd'}`];
}
