import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, resolve, sep } from 'node:path';
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { DEFAULT_SCALAR_STYLE_RULES, type DumpOptions, dump, loadAll, SCALAR_STYLE } from 'js-yaml';
import { textOf } from '../config/encoding';
import { isOfSystem, reasonOf, type Unreadable, UnwritableFile } from '../config/files';
import type { GitOps } from '../config/studio-config';
import { printable } from '../config/text';
import { isManifest, type Manifest, type PlacedManifest } from './manifest';

/** A file of the output folder. */
export interface RenderedFile {
  /** Relative to the output folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Unix permissions. */
  readonly mode: number;
}

/** The objects of all charts below a construct; the path of a chart below it is its file. */
export function manifestsBelow(scope: Construct): readonly PlacedManifest[] {
  const above = scope.node.path === '' ? 0 : scope.node.path.length + 1;
  return scope.node
    .findAll()
    .filter((construct) => construct instanceof Chart)
    .flatMap((chart) => {
      const file = `${chart.node.path.slice(above)}.k8s.yaml`;
      return objectsOf(chart).map((object) => ({ file, manifest: object.toJson() }));
    });
}

/**
 * The objects of a chart, without those of charts in it. `chart.toJson()` would also look for dependencies between charts, in
 * all of the App for each chart; here charts are files, whose names give the order.
 */
export function objectsOf(chart: Chart): readonly ApiObject[] {
  const objects = chart.node.findAll().filter((construct) => construct instanceof ApiObject);
  return objects.filter((object) => Chart.of(object) === chart);
}

/**
 * The list of what kustomize reads in a folder: one of the names in api/konfig/general.go of kubernetes-sigs/kustomize. By
 * another of them, kustomization.yaml, `kubectl apply -f` would take it for an object; it reads no file without an ending.
 */
export const KUSTOMIZATION = 'Kustomization';

/**
 * The files of objects, in the order of their names. A file with a Secret is for its owner alone. Where Flux applies them, each
 * folder has a list for kustomize.
 */
export function filesOf(placed: readonly PlacedManifest[]): readonly RenderedFile[] {
  const files = objectFiles(placed);
  const isOfFlux = files.some(({ path }) => gitOpsOf(path) === 'flux');
  return isOfFlux ? [...files, ...kustomizations(files)] : files;
}

/**
 * The list of each folder. Without one, Flux also applies what lies in the folders below (scanManifests in
 * kustomize_generator.go of fluxcd/pkg). A file with a Secret is in no list, because it is not in Git.
 */
function kustomizations(files: readonly RenderedFile[]): readonly RenderedFile[] {
  const folders = [...new Set(files.map(({ path }) => posix.dirname(path)))];
  return folders.sort().map((folder) => {
    const own = files.filter(({ path, mode }) => posix.dirname(path) === folder && mode !== SECRET_MODE);
    const resources = own.map(({ path }) => posix.basename(path));
    const text = dump({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources });
    return { path: posix.join(folder, KUSTOMIZATION), text, mode: 0o644 };
  });
}

/** Permissions of a file with a Secret. */
export const SECRET_MODE = 0o600;

function objectFiles(placed: readonly PlacedManifest[]): readonly RenderedFile[] {
  const byPath = new Map<string, Manifest[]>();
  for (const { file, manifest } of placed) byPath.set(file, [...(byPath.get(file) ?? []), manifest]);
  return [...byPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, manifests]) => ({
      path,
      text: manifests.map(yamlOf).join('---\n'),
      mode: manifests.some(({ kind }) => kind === 'Secret') ? SECRET_MODE : 0o644,
    }));
}

/**
 * One document. js-yaml quotes each text that a reader of YAML 1.1 or 1.2 would take for something else. Bidirectional controls,
 * which YAML allows as they are, are escaped like the others, so that a terminal and a review show the text that is there.
 */
export function yamlOf(manifest: Manifest): string {
  const options = { lineWidth: -1, noRefs: true, quoteStyle: 'double', scalarStyleRules } as const;
  return printable(dump(manifest, options));
}

const scalarStyleRules: DumpOptions['scalarStyleRules'] = [
  (layout) => {
    if (printable(layout.node.value) !== layout.node.value) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
  },
  ...Object.values(DEFAULT_SCALAR_STYLE_RULES),
];

/**
 * Files that are replaced together. Each is first written next to its place, and renamed at the end. If one cannot be written, for
 * example on a full disk, no file changes. A link, or a file with other permissions, is replaced and never written through.
 */
export class NewFiles {
  private readonly written: { readonly temporary: string; readonly path: string }[] = [];
  private readonly folders: string[] = [];

  /**
   * Writes files beside their places below a folder.
   * @throws UnwritableFile when the folder, or one below it, is a link or a file, and when the system refuses
   */
  add(files: readonly RenderedFile[], folder: string): void {
    for (const { path, text, mode } of files) {
      const place = join(folder, path);
      try {
        checkPlace(folder, path);
        const made = makeFolder(dirname(place));
        if (made) this.folders.push(made);
        // A short name of its own: that of the file may be as long as the file system allows.
        const temporary = join(dirname(place), `.new-${randomBytes(6).toString('hex')}`);
        this.written.push({ temporary, path: place });
        writeFileSync(temporary, text, { mode, flag: 'wx' });
      } catch (error) {
        throw unwritable(place, error);
      }
    }
  }

  /** Puts the files in their places. */
  commit(): void {
    for (const { temporary, path } of this.written) {
      try {
        renameSync(temporary, path);
      } catch (error) {
        throw unwritable(path, error);
      }
    }
    this.folders.length = 0;
  }

  /** Removes what is not in its place. */
  discard(): void {
    for (const { temporary } of this.written) rmSync(temporary, { force: true });
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Makes a folder and those above it. The recursive call of Node.js never ends below /proc or a link that leads nowhere, where
 * the system says both that the parent is there and that it is not: MKDirpSync of src/node_file.cc.
 * @returns the first one that was not there
 */
export function makeFolder(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const above = makeFolder(dirname(path));
  mkdirSync(path);
  return above ?? path;
}

/** Writes files below a folder, with their permissions: all of them, or none. @throws UnwritableFile */
export function writeFiles(files: readonly RenderedFile[], folder: string): void {
  const fresh = new NewFiles();
  try {
    fresh.add(files, folder);
    fresh.commit();
  } finally {
    fresh.discard();
  }
}

/** @throws UnwritableFile when a file would not lie in the folder itself, or a folder is in its place */
function checkPlace(folder: string, path: string): void {
  const names = path.split('/');
  const folders = names.map((_, index) => join(folder, ...names.slice(0, index)));
  for (const each of folders) {
    // Without a slash at its end, which would follow a link.
    const found = lstatSync(resolve(each), { throwIfNoEntry: false });
    if (found && !found.isDirectory()) throw new UnwritableFile(each, `is ${kindOf(found)}, not a folder`);
  }
  const place = join(folder, path);
  if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) throw new UnwritableFile(place, 'is a folder');
}

/** The error for a file that the system refuses, in the words of the system; any other error as it is. */
export function unwritable(path: string, error: unknown): unknown {
  // A temporary file, of which nobody needs to know, is behind it.
  const cause = error instanceof UnwritableFile ? error.cause : error;
  return isOfSystem(cause) ? new UnwritableFile(path, reasonOf(cause), { cause }) : error;
}

/** A link, a file or something else, in words. */
function kindOf(found: Stats): string {
  if (found.isSymbolicLink()) return 'a link';
  if (found.isDirectory()) return 'a folder';
  return found.isFile() ? 'a file' : 'a device, a pipe or a socket';
}

/**
 * The most bytes of a text file that is read. The API server takes less than 2 MiB of one object, and files with many objects,
 * such as the CRDs of an operator, have less than 5 MiB.
 */
export const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** The text of a file, or why it cannot be read; nothing where no such file exists. It waits for no pipe and reads no device. */
export function readText(path: string): string | Unreadable | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile()) return { problem: `is ${kindOf(found)}. Name a regular file` };
    const bytes = readAtMost(file, MAX_TEXT_BYTES);
    return bytes
      ? textOf(bytes)
      : { problem: `is larger than ${MAX_TEXT_BYTES / 1024 / 1024} MiB. Name a smaller file` };
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(error.code ?? '');
    return isMissing ? undefined : { problem: `cannot be read (${reasonOf(error)})` };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The bytes of an open file, or nothing where it has more. Not every file that never ends has a size. */
export function readAtMost(file: number, bytes: number): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let left = bytes; left >= 0; ) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const read = readSync(file, chunk);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    left -= read;
  }
  return undefined;
}

/** The tool that applies the objects of a file to itself, if they are not part of the studio. @default they are part of it */
export function gitOpsOf(path: string): GitOps | undefined {
  const folders = path.split('/').slice(0, -1);
  return (['argocd', 'flux'] as const).find((each) => folders.includes(each));
}

/** A document of an output folder is not an object that can be applied. */
export class ManifestError extends Error {}

/**
 * Reads the objects of an output folder: every `*.k8s.yaml` in it and below.
 * @throws YAMLException for a file that is not YAML, ManifestError for a document that is not an object with a name and for
 * a file that cannot be read, and the error of the file system for a folder that cannot
 */
export function readManifests(folder: string): readonly PlacedManifest[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.k8s.yaml') && statSync(join(folder, name)).isFile())
    .sort()
    .flatMap((name) => {
      const file = name.split(sep).join('/');
      const path = join(folder, name);
      const text = readText(path);
      if (typeof text !== 'string') throw new ManifestError(`${path}: ${text?.problem ?? 'does not exist'}`);
      const documents = loadAll(text, { filename: path });
      return documents
        .filter((document) => document !== null && document !== undefined)
        .map((manifest) => {
          if (isManifest(manifest) && isTree(manifest)) return { file, manifest };
          throw new ManifestError(`${path}: contains a document that is not a Kubernetes object with a name`);
        });
    });
}

/** Values of one object. What a studio renders has some thousands. */
const MAX_VALUES = 1_000_000;

/** Whether an object can be written as JSON. Aliases that are nested, or refer to themselves, stand for more than any text holds. */
function isTree(object: unknown): boolean {
  const pending = [object];
  for (let seen = 0; pending.length > 0; seen += 1) {
    if (seen + pending.length > MAX_VALUES) return false;
    const value = pending.pop();
    if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) pending.push(each);
  }
  return true;
}
