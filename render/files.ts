import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { dump, loadAll } from 'js-yaml';
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

/** The files of objects, in the order of their names. A file with a Secret is for its owner alone. */
export function filesOf(placed: readonly PlacedManifest[]): readonly RenderedFile[] {
  const byPath = new Map<string, Manifest[]>();
  for (const { file, manifest } of placed) byPath.set(file, [...(byPath.get(file) ?? []), manifest]);
  return [...byPath]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, manifests]) => ({
      path,
      text: manifests.map(yamlOf).join('---\n'),
      mode: manifests.some(({ kind }) => kind === 'Secret') ? 0o600 : 0o644,
    }));
}

/** One document. js-yaml quotes each text that a reader of YAML 1.1 or 1.2 would take for something else. */
export function yamlOf(manifest: Manifest): string {
  return dump(manifest, { lineWidth: -1, noRefs: true, quoteStyle: 'double' });
}

/** Writes files below a folder, with their permissions. */
export function writeFiles(files: readonly RenderedFile[], folder: string): void {
  for (const { path, text, mode } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode });
  }
}

/** Whether a file holds what Argo CD applies to itself, and not the studio. */
export function isOfArgoCd(path: string): boolean {
  return path.split('/').slice(0, -1).includes('argocd');
}

/** A document of an output folder is no object that can be applied. */
export class ManifestError extends Error {}

/**
 * Reads the objects of an output folder: every `*.k8s.yaml` in it and below.
 * @throws YAMLException for a file that is not YAML, ManifestError for a document that is not an object with a name, and the
 * error of the file system for a file that cannot be read
 */
export function readManifests(folder: string): readonly PlacedManifest[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.k8s.yaml') && statSync(join(folder, name)).isFile())
    .sort()
    .flatMap((name) => {
      const file = name.split(sep).join('/');
      const documents = loadAll(readFileSync(join(folder, name), 'utf8'), { filename: join(folder, name) });
      return documents
        .filter((document) => document !== null && document !== undefined)
        .map((manifest) => {
          if (isManifest(manifest) && isTree(manifest)) return { file, manifest };
          throw new ManifestError(`${join(folder, name)}: holds a document that is not an object with a name`);
        });
    });
}

/** Whether a value can be written as JSON: one whose anchor refers to itself cannot. */
function isTree(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
