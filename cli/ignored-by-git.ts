import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { holdsCredentials } from '../config/credentials';
import { type EnvFileText, readEnvFiles } from '../config/env-files';
import { isPlaceholder } from '../config/placeholders';
import { inOneLine, listed, shellWord } from '../config/text';
import { variablesOf } from '../config/variables';
import { releaseLines } from '../releases';

/** A file with secrets, in a repository of Git. */
interface SecretFile {
  /** Top folder of the repository. */
  readonly top: string;
  /** Path below the top folder. */
  readonly path: string;
  /** Path as the person named it. */
  readonly named: string;
}

/** The paths of the env files that hold a secret, and not only a placeholder or a reference to one. */
export function filesWithSecrets(files: readonly EnvFileText[]): readonly string[] {
  const secrets = new Set(releaseLines.flatMap(variablesOf).flatMap(({ name, secret }) => (secret ? [name] : [])));
  const isSecret = (value: string) =>
    /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? holdsCredentials(value) : value !== '' && !isPlaceholder(value);
  const holdsSecret = (file: EnvFileText) =>
    readEnvFiles([file], () => undefined, []).all.some(({ name, value }) => secrets.has(name) && isSecret(value));
  return [...new Set(files.filter(holdsSecret).map(({ path }) => path))];
}

/**
 * What to do about files with secrets that Git could commit: the lines for .gitignore, and a command for files that Git tracks.
 * Empty where Git ignores all of them, outside a repository, and on a machine without Git.
 */
export function gitAdvice(paths: readonly string[]): readonly string[] {
  const files = paths.flatMap(inRepository);
  const tops = [...new Set(files.map(({ top }) => top))];
  return tops.flatMap((top) => {
    const own = files.filter((file) => file.top === top);
    const names = own.map(({ path }) => path);
    const ignored = pathsFrom(top, ['check-ignore', '--no-index', '-z', '--stdin'], names);
    const tracked = pathsFrom(top, ['--literal-pathspecs', 'ls-files', '-z', '--', ...names]);
    if (ignored === 'refused' || tracked === 'refused') return refusedLines(own);
    if (!ignored || !tracked) return [];
    return [
      ...ignoreLines(own.filter(({ path }) => !ignored.has(path))),
      ...untrackLines(own.filter(({ path }) => tracked.has(path))),
    ];
  });
}

/** The lines have no indent: a space at the start belongs to a pattern of Git. */
function ignoreLines(files: readonly SecretFile[]): readonly string[] {
  const [first] = files;
  if (!first) return [];
  const patterns = [...new Set(files.map(patternOf))];
  const gitignore = relative(process.cwd(), join(first.top, '.gitignore'));
  return [
    '',
    `Git does not ignore ${withSecrets(files)}.`,
    `Add ${patterns.length === 1 ? 'this line' : 'these lines'} to ${inOneLine(gitignore)}:`,
    ...patterns,
  ];
}

/** Git refuses a repository that is damaged, or that belongs to another user. Its message says how to change that. */
function refusedLines(files: readonly SecretFile[]): readonly string[] {
  return [
    '',
    `Git refuses to read this repository, so nothing checked that it ignores ${withSecrets(files)}.`,
    'To see why, run: git status',
  ];
}

function untrackLines(files: readonly SecretFile[]): readonly string[] {
  if (files.length === 0) return [];
  return [
    '',
    `Git already tracks ${withSecrets(files)}. Remove ${files.length === 1 ? 'it' : 'them'} from Git, and commit that:`,
    ...files.map(({ named }) => `  git rm --cached ${shellWord(named)}`),
    'Then change the secrets, because the history of Git keeps their values.',
  ];
}

/** The names of files with secrets, shortened. */
function withSecrets(files: readonly SecretFile[]): string {
  const names = files.map(({ named }) => inOneLine(named));
  const some = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} more files`] : names;
  return `${listed(some)}, which ${files.length === 1 ? 'holds' : 'hold'} secrets`;
}

/** One line covers the Secrets of all studios. Any other file has a line with its path. */
function patternOf({ path }: SecretFile): string {
  const name = basename(path);
  if (name === '.env') return name;
  if (name.endsWith('secrets.k8s.yaml')) return '*secrets.k8s.yaml';
  return `/${path.replace(/[\\*?[\] ]/g, '\\$&')}`;
}

/** The file in its repository. Of a link, Git commits only the path to which it points. */
function inRepository(named: string): readonly SecretFile[] {
  if (!lstatSync(named, { throwIfNoEntry: false })?.isFile()) return [];
  const folder = realpathSync(dirname(resolve(named)));
  const top = topOf(folder);
  return top === undefined ? [] : [{ top, path: relative(top, join(folder, basename(named))), named }];
}

/** The top folder of the repository that a folder is in. */
function topOf(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  return dirname(folder) === folder ? undefined : topOf(dirname(folder));
}

/** The paths that Git prints. Nothing where Git is missing. */
function pathsFrom(
  top: string,
  args: readonly string[],
  input: readonly string[] = [],
): ReadonlySet<string> | 'refused' | undefined {
  // A hook of Git sets GIT_DIR and GIT_INDEX_FILE, which can belong to another repository.
  const { GIT_DIR: _, GIT_WORK_TREE: __, GIT_INDEX_FILE: ___, ...env } = process.env;
  const options = { encoding: 'utf8', env, input: input.join('\0') } as const;
  const { status, stdout, error } = spawnSync('git', ['-C', top, ...args], options);
  if (error) return undefined;
  // check-ignore ends with 1 when it ignores none of them.
  return status === 0 || status === 1 ? new Set(stdout.split('\0').filter(Boolean)) : 'refused';
}
