import { posix } from 'node:path';
import type { Manifest, PlacedManifest } from '../../render/manifest';
import { needsServerSide } from '../../render/object-size';

/** Kinds that make UI and API reachable from outside the cluster. */
const EDGE = /^(Ingress|Gateway|(HTTP|GRPC|TLS|TCP)Route)$/;

/** The parts of a rendered studio, in the order in which they are applied. */
export interface Parts {
  /** Arguments of `kubectl apply` for the namespace, claims, and volumes. Empty where none is rendered. */
  readonly foundation: readonly string[];
  /** For everything else, except the edge. */
  readonly studio: readonly string[];
  /** For the files that open the studio to the outside. Empty where none is rendered. */
  readonly edge: readonly string[];
}

/** Divides the files of an output folder. @param folder as the user names it */
export function partsOf(folder: string, placed: readonly PlacedManifest[]): Parts {
  const place = folder.split('\\').join('/');
  const files = [...new Set(placed.map(({ file }) => file))].sort();
  const isOfFoundation = (file: string) => file.startsWith('foundation/');
  const isOfEdge = (file: string) => placed.some((each) => each.file === file && EDGE.test(each.manifest.kind));
  const [edge, others] = [files.filter(isOfEdge), files.filter((file) => !isOfEdge(file) && !isOfFoundation(file))];
  const apply = ['apply', ...(placed.some(({ manifest }) => needsServerSide(manifest)) ? ['--server-side'] : [])];
  const named = (names: readonly string[]) =>
    names.length > 0 ? [...apply, ...names.flatMap((name) => ['-f', fileFlag(posix.join(place, name))])] : [];
  return {
    foundation: named(files.some(isOfFoundation) ? ['foundation'] : []),
    studio: named(others),
    edge: named(edge),
  };
}

/** A path for the flag -f, in which kubectl reads comma-separated values: https://pkg.go.dev/github.com/spf13/pflag#StringSlice */
export function fileFlag(path: string): string {
  return /[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
}

/** Services that publish UI or API themselves, which no order of files keeps closed. A patch that waives a rule can make one so. */
export function openServices(objects: readonly Manifest[], names: readonly string[]): readonly string[] {
  return objects
    .filter(({ kind, metadata, spec }) => kind === 'Service' && names.includes(metadata.name) && isOpen(spec?.type))
    .map(({ metadata }) => metadata.name);
}

function isOpen(type: unknown): boolean {
  return type === 'LoadBalancer' || type === 'NodePort';
}
