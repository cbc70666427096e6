import { loadAll } from 'js-yaml';
import type { Problem } from '../../config/problems';
import { quantityBytes } from '../../config/quantity';
import { type Fields, fieldsOf, listOf, type Manifest } from '../../render/manifest';
import type { OutputFile } from './left-behind';

/** A field that is set once and for all, and what the way around it is. */
interface Fixed {
  readonly kind: string;
  /** For example `spec.selector`. */
  readonly path: string;
  /** A cluster fills it in where it is left out, so that naming what it chose changes nothing. @default false */
  readonly filledIn?: boolean;
  readonly way: string;
}

const ANOTHER_CLAIM = 'docs/runbook.md, A claim that should shrink or move, has the way: backup, new claim, restore';
const ANOTHER_VOLUME =
  'The files do not move with it. docs/runbook.md, A changed data path, has the way: stop, copy, delete the old volume object';
const DELETE_FIRST = 'Delete the object in the cluster first; its data stays';

/** What the API server refuses to change: pkg/apis/core/validation and pkg/apis/apps/validation of kubernetes/kubernetes. */
const fixed: readonly Fixed[] = [
  { kind: 'PersistentVolumeClaim', path: 'spec.storageClassName', filledIn: true, way: ANOTHER_CLAIM },
  { kind: 'PersistentVolumeClaim', path: 'spec.accessModes', way: ANOTHER_CLAIM },
  { kind: 'PersistentVolumeClaim', path: 'spec.volumeMode', way: ANOTHER_CLAIM },
  { kind: 'PersistentVolumeClaim', path: 'spec.volumeName', filledIn: true, way: ANOTHER_CLAIM },
  { kind: 'PersistentVolumeClaim', path: 'spec.selector', way: ANOTHER_CLAIM },
  { kind: 'PersistentVolume', path: 'spec.local', way: ANOTHER_VOLUME },
  { kind: 'PersistentVolume', path: 'spec.nodeAffinity', way: ANOTHER_VOLUME },
  { kind: 'PersistentVolume', path: 'spec.volumeMode', way: ANOTHER_VOLUME },
  { kind: 'Deployment', path: 'spec.selector', way: DELETE_FIRST },
  { kind: 'StatefulSet', path: 'spec.selector', way: DELETE_FIRST },
  { kind: 'StatefulSet', path: 'spec.serviceName', way: DELETE_FIRST },
  { kind: 'StatefulSet', path: 'spec.podManagementPolicy', way: DELETE_FIRST },
  { kind: 'StatefulSet', path: 'spec.volumeClaimTemplates', way: DELETE_FIRST },
  { kind: 'Secret', path: 'type', way: DELETE_FIRST },
];

/** What Kubernetes would refuse when the new output is applied over the one before. */
export function refusedChanges(
  folder: string,
  before: readonly OutputFile[],
  after: readonly OutputFile[],
): readonly Problem[] {
  const changed = without(after, before);
  if (changed.length === 0) return [];
  const now = new Map(without(before, after).map(({ manifest }) => [keyOf(manifest), manifest]));
  return changed.flatMap(({ path, manifest: old }) => {
    const file = `${folder}/${path}`;
    const fresh = now.get(keyOf(old));
    if (!fresh) return [];
    return [...changesOf(old, fresh)].map((text): Problem => {
      const otherwise = 'If this was never applied, or is gone from the cluster, delete this file and synth again';
      return { severity: 'error', file, text: `${old.kind} ${old.metadata.name}: ${text}. ${otherwise}` };
    });
  });
}

/** The objects in those of the files that some others do not have as they are. Reading YAML takes longer than all the rest. */
function without(others: readonly OutputFile[], files: readonly OutputFile[]): readonly PlacedObject[] {
  const texts = new Map(others.map(({ path, text }) => [path, text]));
  return files.filter(({ path, text }) => texts.get(path) !== text).flatMap(objectsIn);
}

interface PlacedObject {
  readonly path: string;
  readonly manifest: Manifest;
}

function* changesOf(old: Manifest, fresh: Manifest): Generator<string> {
  for (const { path, filledIn, way } of fixed.filter(({ kind }) => kind === old.kind)) {
    const [was, is] = [fieldAt(old, path), fieldAt(fresh, path)];
    if (sorted(was) === sorted(is) || (filledIn && was === undefined)) continue;
    yield `${path} cannot change from ${shown(was)} to ${shown(is)}. ${way}`;
  }
  if (old.kind !== 'PersistentVolumeClaim') return;
  const path = 'spec.resources.requests.storage';
  const [was, is] = [fieldAt(old, path), fieldAt(fresh, path)].map(String);
  const [most = 0, least = 0] = [quantityBytes(was ?? ''), quantityBytes(is ?? '')];
  if (least < most) yield `a claim cannot shrink from ${was} to ${is}. ${ANOTHER_CLAIM}`;
}

function fieldAt(manifest: Manifest, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => fieldsOf(value)[key], manifest);
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value || '""' : sorted(value);
}

/** Text that is the same for the same value, in whatever order its fields stand. */
function sorted(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      part !== null && typeof part === 'object' && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? ''
  );
}

/** The objects of a file that is applied; of what is no manifest any more nothing is known. */
function objectsIn({ path, text }: OutputFile): readonly PlacedObject[] {
  if (!path.endsWith('.k8s.yaml')) return [];
  try {
    const manifests = listOf(loadAll(text)).filter(isManifest);
    return manifests.map((manifest) => ({ path, manifest }));
  } catch {
    return [];
  }
}

function isManifest(value: Fields): value is Manifest {
  return (
    typeof value.apiVersion === 'string' && typeof value.kind === 'string' && Boolean(fieldsOf(value.metadata).name)
  );
}

function keyOf({ apiVersion, kind, metadata }: Manifest): string {
  return [apiVersion.split('/')[0], kind, metadata.namespace, metadata.name].join(' ');
}
