import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadStudio } from '../config/load-studio';
import type { Problem } from '../config/problems';
import { variables } from '../config/variables';
import { howToRun } from '../main';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { initEnv } from './init-env';
import { repositoryFiles } from './repository';

interface InitOptions extends JsonOptions {
  readonly repo?: string;
  /** Settings as `NAME=value`. */
  readonly set?: readonly string[];
}

export const init: Command<InitOptions> = {
  name: 'init',
  summary: 'Write a .env for a studio on localhost, with fresh secrets, or begin a repository for Argo CD',
  options: [
    {
      flags: '--repo <folder>',
      text: 'begin a GitOps repository there: settings, package, workflow; no file is replaced',
    },
    { flags: '--set <setting>', text: 'NAME=value for its studio.env; may be repeated', repeatable: true },
    jsonOption,
  ],
  examples: [
    ['init', 'writes .env; one that is there stays as it is'],
    [
      'init --repo studio --set JUNJO_PROD_FRONTEND_URL=https://studio.example.com --set JUNJO_PROD_BACKEND_URL=https://api.example.com',
      'begins a repository in the folder studio, and tells what its studio.env still needs',
    ],
  ],
  run: async (options, io) => (options.repo ? initRepository(options.repo, options, io) : initLocal(options, io)),
};

function initLocal(options: InitOptions, io: Io): ExitCode {
  const file = '.env';
  if (options.set) {
    io.err('--set is for the studio.env of --repo.');
    return 2;
  }
  if (!initEnv(file)) {
    const text = 'is there already and was left as it is. Move it away first, if it is to be replaced';
    return tell({ problems: [{ severity: 'error', file, text }] }, options, io);
  }
  const next = howToRun('synth', io.environment);
  const text = `Wrote ${file}: a studio on localhost, with fresh secrets. Next: ${next}`;
  return tell({ problems: [], text, result: { files: [file] } }, options, io);
}

function initRepository(folder: string, options: InitOptions, io: Io): ExitCode {
  const settings = (options.set ?? []).map((setting) => /^([A-Za-z_]\w*)=([^'\n]*)$/.exec(setting));
  const wrong = settings.indexOf(null);
  if (wrong >= 0) {
    io.err(`--set is NAME=value, without single quotes and line breaks in the value; the ${wrong + 1}. is not.`);
    return 2;
  }
  const values = Object.fromEntries(settings.map((setting) => [setting?.[1] ?? '', setting?.[2] ?? '']));
  const secret = variables.find((variable) => 'secret' in variable && variable.name in values);
  if (secret) {
    io.err(`${secret.name} is a secret, and studio.env is committed. JUNJO_K8S_SECRETS says where secrets come from.`);
    return 2;
  }
  const files = repositoryFiles(folder, values).map(({ path, text }) => ({ path: join(folder, path), text }));
  const there = files.filter(({ path }) => existsSync(path));
  if (there.length > 0) {
    const text = 'is there already. Nothing was written: name another folder, or move it away';
    const problems = there.map(({ path }): Problem => ({ severity: 'error', file: path, text }));
    return tell({ problems }, options, io);
  }
  for (const { path, text } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  }
  const studio = files.filter(({ path }) => path === join(folder, 'studio.env'));
  const readFile = (path: string) =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8') : undefined;
  const { problems } = loadStudio(studio, { readFile });
  const text = [
    `Wrote ${files.map(({ path }) => path).join(', ')}.`,
    '',
    'Next:',
    `  cd ${folder} && git init && npm install`,
    ...(problems.some(({ severity }) => severity === 'error') ? ['  mend studio.env'] : []),
    '  JUNJO_ENV_FILES=studio.env npm run synth',
    '  git add . && git commit -m "Begin"',
    'JUNJO_K8S_GIT_REPO in studio.env adds what Argo CD needs, in dist/argocd/.',
  ].join('\n');
  return tell({ problems, text, result: { files: files.map(({ path }) => path) } }, options, io);
}
