import { statSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { holdsCredentials } from '../../config/credentials';
import { howToRun, packageFile } from '../../config/how-to-run';

/** The package in the package.json of a new repository. */
export interface Dependency {
  /** What package.json says about it: an address, or a path inside the repository. */
  readonly spec: string;
  /** A tarball that the repository keeps, so `npm ci` finds it in CI. @default npm fetches the package */
  readonly copy?: { readonly from: string; readonly to: string };
}

/** Why a package cannot be a dependency, for a person: `does not exist`. */
export interface Unusable {
  readonly problem: string;
}

/** The folder of a repository for the tarball. */
const FOLDER = 'vendor';

/** Reads the name of a package: a tarball on this machine, or an address that npm can install from. */
export function dependencyOf(named: string): Dependency | Unusable {
  if (holdsCredentials(named))
    return { problem: 'holds a password or a token, and package.json is committed. Leave it out of the address' };
  const address = addressOf(named);
  if (address) return { spec: address };
  const path = named.replace(/^file:/, '');
  if (!/\.(tgz|tar\.gz)$/.test(path))
    return { problem: 'is not a tarball or a Git URL. npm pack makes a tarball. A Git URL ends with .git' };
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return { problem: 'does not exist. Check the path' };
  const to = posix.join(FOLDER, basename(path));
  return { spec: `file:${to}`, copy: { from: path, to } };
}

/** An address as npm expects it. npm takes `https://….git` for a tarball, and `git@host:path` for a folder. */
function addressOf(named: string): string | undefined {
  if (/^(git\+(ssh|https?|file):\/\/|git:\/\/|(github|gitlab|bitbucket):)/.test(named)) return named;
  if (/^ssh:\/\//.test(named) || /^https?:\/\/[^#]*\.git(#.*)?$/.test(named)) return `git+${named}`;
  const [, login, path] = /^([\w.-]+@[\w.-]+):(?!\/\/)(.+)$/.exec(named) ?? [];
  if (login) return `git+ssh://${login}/${path}`;
  return /^https?:\/\/.*\.(tgz|tar\.gz)$/.test(named) ? named : undefined;
}

/** What to do where nothing says which package a repository installs. */
export function howToName(folder: string): string {
  return [
    'The repository needs a package to install. In a clone of this project, make a tarball:',
    '  npm pack',
    'Then name the tarball, or a Git URL of the project:',
    `  ${howToRun('init', '--repo', folder, '--package', `./${packageFile}`)}`,
  ].join('\n');
}
