import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../refusal';

/** Where a backup goes. */
export interface BackupFile {
  readonly path: string;
  /** Its folder, if this command named the file. @default the user named the file */
  readonly folder?: string;
}

/** The file that the user named, or a file with the time in its name in the folder that they named. */
export function backupFile(named: string | undefined, namespace: string, now: Date): BackupFile {
  const folder = named === undefined ? '.' : isFolder(named) ? named : undefined;
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const path = folder === undefined ? (named ?? '') : join(folder, `${namespace}-${time}.tar.gz`);
  if (existsSync(path))
    throw new Refusal(`${path} already exists. Name another file: a backup never overwrites a file`);
  return { path, folder };
}

/** Removes all but the newest backups of a namespace from a folder. @returns the removed files */
export function rotate(folder: string, namespace: string, keep: number): readonly string[] {
  const own = readdirSync(folder).filter((name) => isOwn(name, namespace));
  // Their names are in the order of time.
  const gone = own.sort().slice(0, Math.max(0, own.length - keep));
  for (const name of gone) rmSync(join(folder, name));
  return gone;
}

/** ms after which no backup still writes a file: see Pace.stallSeconds. */
const STALE_MS = 10 * 60_000;

/** Removes the files of killed backups of a namespace from a folder. @returns a message for each file */
export function removePartial(folder: string, namespace: string, now: number): readonly string[] {
  const left = readdirSync(folder).filter(
    (name) => isOwn(name.replace(/\.partial$/, ''), namespace) && name.endsWith('.partial'),
  );
  return left.map((name) => {
    const path = join(folder, name);
    if (now - statSync(path).mtimeMs < STALE_MS)
      return `  ${path} is incomplete: another backup is writing it, or left it behind`;
    rmSync(path);
    return `  Removed ${path}, which an interrupted backup left behind`;
  });
}

function isOwn(name: string, namespace: string): boolean {
  return name.startsWith(`${namespace}-`) && /^\d{8}T\d{6}Z\.tar\.gz$/.test(name.slice(namespace.length + 1));
}

function isFolder(path: string): boolean {
  return path.endsWith('/') || (existsSync(path) && statSync(path).isDirectory());
}
