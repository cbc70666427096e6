import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative, resolve, sep } from 'node:path';
import { name as packageName, version } from '../package.json';
import { shellWord } from './text';

/** Where users get this project. */
export interface Publication {
  /** Whether the package is on npm, where `npx` finds it by its name. */
  readonly onNpm: boolean;
  /** Address of the repository, without a slash at the end. @default pages are named by their path */
  readonly repository?: string;
}

/** Change this after publishing the package or the repository: hints, alerts, and page names follow it. See CONTRIBUTING.md. */
export const publication: Publication = { onNpm: false };

/** Name of the command in the package. */
export const COMMAND = 'junjo-k8s';

/** The tarball that `npm pack` makes. */
export const packageFile = `${packageName}-${version}.tgz`;

/** How a program was started: the words in front of a command. With `npm run`, each command is a script instead. */
export type Start = 'npm run' | readonly string[];

/**
 * Finds out how the program was started.
 * @param file this module: a source file of a clone, or the bundle of a package
 * @param cwd working directory of the user
 * @param path directories with programs, as in the variable PATH
 */
export function startOf(file: string, cwd: string, path = ''): Start {
  if (file.endsWith('.ts')) return 'npm run';
  const program = join(dirname(file), `${COMMAND}.js`);
  const [before = '', ...behind] = file.split(`${sep}node_modules${sep}`);
  const packages = behind.length > 0 ? packagesOfNpx(before) : undefined;
  if (packages) {
    const [first = packageName, ...others] = packages;
    return others.length === 0 ? ['npx', first] : ['npx', ...packages.flatMap((each) => ['--package', each]), COMMAND];
  }
  if (behind.length > 0 && isBelow(before, cwd)) return ['npx', COMMAND];
  if (path.split(delimiter).some((folder) => leadsTo(join(folder, COMMAND), program))) return [COMMAND];
  return ['node', isBelow(cwd, program) ? relative(cwd, program) : program];
}

/** The packages that `npx` was called with: npm writes them beside what it installs. */
function packagesOfNpx(folder: string): readonly string[] | undefined {
  const file = join(folder, 'package.json');
  if (basename(dirname(folder)) !== '_npx' || !existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8'))._npx?.packages;
}

/**
 * The package that this program was installed from: a tarball, or an address. Nothing in a clone, and where npm installed the
 * program for all projects and keeps no record.
 */
export function installedFrom(file = __filename): string | undefined {
  const [before = '', ...behind] = file.split(`${sep}node_modules${sep}`);
  const manifest = join(before, 'package.json');
  if (behind.length === 0 || !existsSync(manifest)) return undefined;
  const { dependencies, devDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
  const spec: string | undefined = { ...dependencies, ...devDependencies }[packageName];
  return spec?.startsWith('file:') ? resolve(before, spec.slice('file:'.length)) : spec;
}

/** The commands that add a package of npm to this program, and then run a command with it. None where that is not possible. */
export function howToRunWith(added: string, ...words: readonly string[]): readonly string[] {
  return withPackage(startOf(__filename, process.cwd(), process.env.PATH), added, words);
}

/** The same for a start of the program. */
export function withPackage(start: Start, added: string, words: readonly string[]): readonly string[] {
  const again = commandLine(start, words);
  if (start === 'npm run') return ['npm ci', again];
  const [program, ...more] = start;
  if (program === COMMAND) return [`npm install --global ${added}`, again];
  if (program !== 'npx') return [];
  if (more[0] === COMMAND) return [`npm install ${added}`, again];
  const packages = [...more.filter((word) => word !== '--package' && word !== COMMAND), added];
  return [commandLine(['npx', ...packages.flatMap((each) => ['--package', each]), COMMAND], words)];
}

function isBelow(folder: string, path: string): boolean {
  return resolve(path) === folder || resolve(path).startsWith(`${folder}${sep}`);
}

function leadsTo(link: string, program: string): boolean {
  return existsSync(link) && realpathSync(link) === program;
}

/** A command line of this project, for a person to paste. It starts the program as this process was started. */
export function howToRun(...words: readonly string[]): string {
  return commandLine(startOf(__filename, process.cwd(), process.env.PATH), words);
}

/** The same for a text that others read, such as an alert: from a clone, or from npm once the package is there. */
export function howToRunAnywhere(...words: readonly string[]): string {
  return commandLine(publication.onNpm ? ['npx', packageName] : 'npm run', words);
}

/**
 * Joins the start of a program and the words of a command, quoted for a shell.
 * @param words the name of a command and its arguments; options without a name belong to the program
 */
export function commandLine(start: Start, words: readonly string[]): string {
  if (start !== 'npm run') return [...start, ...words].map(shellWord).join(' ');
  const isCommand = words.length > 0 && !words[0]?.startsWith('-');
  const [script = COMMAND, ...args] = isCommand ? words : [COMMAND, ...words];
  // npm itself takes the options in front of --.
  const separator = args.some((arg) => arg.startsWith('-')) ? ['--'] : [];
  return ['npm', 'run', script, ...separator, ...args].map(shellWord).join(' ');
}

/** A page for a message: its address, or else its file in the clone or the package, and the heading. */
export function page(path: string, heading?: string): string {
  const root = join(dirname(__filename), '..');
  const file = isBelow(process.cwd(), root) ? join(relative(process.cwd(), root), path) : join(root, path);
  return pageAt(publication.repository, publication.repository ? path : file, heading);
}

/** The same for a text that others read, with the path inside the project. */
export function pageAnywhere(path: string, heading?: string): string {
  return pageAt(publication.repository, path, heading);
}

function pageAt(repository: string | undefined, path: string, heading: string | undefined): string {
  if (repository) return `${repository}/blob/main/${path}${heading ? `#${anchorOf(heading)}` : ''}`;
  return heading ? `${path}, "${heading}"` : path;
}

/** The anchor that Git platforms make of a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
