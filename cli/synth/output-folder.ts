import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkStudioName } from '../../config/parts/studios';
import type { Built, Problem } from '../../config/problems';
import { KUSTOMIZATION, readText } from '../../render/files';
import { filePurposeOf } from '../explain/purposes';
import { LEFT_BEHIND, type OutputFile } from './left-behind';

/** A file of an output folder, with its Unix permissions. */
export interface WrittenFile extends OutputFile {
  readonly mode: number;
}

/**
 * The files of an output folder, if it exists. Anything that synth never writes is a problem, because the whole folder is
 * replaced: a file of another name, a link, or a folder without rendered files.
 */
export function readOutput(folder: string): Built<readonly WrittenFile[]> {
  const failed = (text: string): ReturnType<typeof readOutput> => {
    return { value: [], problems: [{ severity: 'error', file: folder, text }] };
  };
  // A slash at the end would follow a link.
  const found = stateOf(resolve(folder));
  if (!found) return { value: [], problems: [] };
  if (!found.isDirectory()) {
    const kind = found.isSymbolicLink() ? 'a link' : 'a file';
    return failed(`is ${kind}, not a folder. Move it, or name a folder with --output`);
  }
  const paths: string[] = [];
  const foreign = firstForeign(folder, '', paths);
  if (foreign !== undefined) {
    return failed(
      `contains ${foreign}, which synth did not render. synth replaces the whole folder, so move that file or name another folder`,
    );
  }
  const read = paths.map((path) => ({ path, text: readText(join(folder, path)) }));
  const value = read.flatMap(({ path, text }) =>
    typeof text === 'string' ? [{ path, text, mode: lstatSync(join(folder, path)).mode & 0o777 }] : [],
  );
  const problems = read.flatMap(({ path, text }): readonly Problem[] => {
    if (typeof text === 'string') return [];
    const reason = text?.problem ?? 'was removed in the meantime';
    return [
      {
        severity: 'error',
        file: join(folder, path),
        text: `${reason}. synth has to compare it with the new file. Move it out of the folder`,
      },
    ];
  });
  return { value, problems };
}

/** Nothing if it does not exist or cannot be read. Writing it later fails with the reason. */
function stateOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Searches a folder, and collects its rendered files. @returns the first path that synth did not render, if there is one */
function firstForeign(root: string, folder: string, rendered: string[]): string | undefined {
  const byName = (a: Dirent, b: Dirent) => (a.name < b.name ? -1 : 1);
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).sort(byName)) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      const before = rendered.length;
      const foreign = firstForeign(root, path, rendered);
      if (foreign !== undefined) return foreign;
      if (rendered.length === before && !isOwnFolder(path)) return `${path}/`;
    } else if (entry.isFile() && isRendered(path)) rendered.push(path);
    else return path;
  }
  return undefined;
}

/** Whether synth may write a file of this path, in the output folder itself or in the folder of one of several studios. */
function isRendered(path: string): boolean {
  if (path === LEFT_BEHIND) return true;
  const folder = path.split('/').slice(0, -1).join('/');
  if (path.split('/').at(-1) === KUSTOMIZATION) return folder === '' || isOwnFolder(folder) || isOfStudio(folder);
  const file = filePurposeOf(path)?.file;
  if (file === undefined) return false;
  const studio = path.slice(0, -`${file}.k8s.yaml`.length);
  return studio === '' || isOfStudio(studio.slice(0, -1));
}

/** Whether a folder may belong to one of several studios. */
function isOfStudio(folder: string): boolean {
  return checkStudioName(folder, '').length === 0;
}

/** Whether synth creates a folder of this name, even if it is empty now. */
function isOwnFolder(path: string): boolean {
  return /^([^/]+\/)?(foundation|argocd|flux)$/.test(path);
}
