import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { dump } from 'js-yaml';
import type { Manifest, PlacedManifest } from './manifest';

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
      // chart.toJson() would look for dependencies between charts, which are files here, in all of the app for each of them.
      const objects = chart.node.findAll().filter((construct) => construct instanceof ApiObject);
      const own = objects.filter((object) => Chart.of(object) === chart);
      return own.map((object) => ({ file, manifest: object.toJson() }));
    });
}

/** The files of objects, in the order of their names. */
export function filesOf(placed: readonly PlacedManifest[]): readonly RenderedFile[] {
  const paths = [...new Set(placed.map(({ file }) => file))].sort();
  return paths.map((path) => {
    const manifests = placed.filter(({ file }) => file === path).map(({ manifest }) => manifest);
    return {
      path,
      text: manifests.map(yamlOf).join('---\n'),
      mode: manifests.some(({ kind }) => kind === 'Secret') ? 0o600 : 0o644,
    };
  });
}

/** One document. js-yaml quotes what any reader, of YAML 1.1 or 1.2, would take for something else than the text it is. */
function yamlOf(manifest: Manifest): string {
  return dump(manifest, { lineWidth: -1, noRefs: true, quoteStyle: 'double' });
}
