import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../refusal';

/** Where a backup goes. */
export interface BackupFile {
  readonly path: string;
  /** Its folder, where backups that have names of our own gather. @default the file was named by the user */
  readonly folder?: string;
}

/** The file that a user named, or one with the time in its name in the folder that they named. */
export function backupFile(named: string | undefined, namespace: string, now: Date): BackupFile {
  const folder = named === undefined ? '.' : isFolder(named) ? named : undefined;
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const path = folder === undefined ? (named ?? '') : join(folder, `${namespace}-${time}.tar.gz`);
  if (existsSync(path)) throw new Refusal(`${path} is there already, and no backup is written over. Name another file`);
  return { path, folder };
}

/** Removes all but the newest backups of a namespace from a folder. @returns what is gone */
export function rotate(folder: string, namespace: string, keep: number): readonly string[] {
  const own = readdirSync(folder).filter(
    (name) => name.startsWith(`${namespace}-`) && /^\d{8}T\d{6}Z\.tar\.gz$/.test(name.slice(namespace.length + 1)),
  );
  // Their names are in the order of time.
  const gone = own.sort().slice(0, Math.max(0, own.length - keep));
  for (const name of gone) rmSync(join(folder, name));
  return gone;
}

function isFolder(path: string): boolean {
  return path.endsWith('/') || (existsSync(path) && statSync(path).isDirectory());
}
