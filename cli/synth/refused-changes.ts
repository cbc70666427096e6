import { intakeClaimNames } from '../../config/names';
import type { Problem } from '../../config/problems';
import { quantityBytes } from '../../config/quantity';
import { fieldsOf, groupOf, type Manifest, type PlacedManifest, titleOf } from '../../render/manifest';
import { manifestsIn, type OutputFile } from './left-behind';

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
const ANOTHER_QUEUE =
  'A claim of the intake holds spans only until ingestion has taken them: let its queue empty. Then delete the StatefulSet with --cascade=orphan, the claim and its pod, and apply';
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
  after: readonly PlacedManifest[],
): readonly Problem[] {
  const now = new Map(after.map(({ manifest }) => [keyOf(manifest), manifest]));
  return before.flatMap(manifestsIn).flatMap(({ file, manifest: old }) => {
    const fresh = now.get(keyOf(old));
    if (!fresh) return [];
    return [...changesOf(old, fresh)].map((text): Problem => {
      const otherwise = 'If this was never applied, or is gone from the cluster, delete this file and synth again';
      return { severity: 'error', file: `${folder}/${file}`, text: `${titleOf(old)}: ${text}. ${otherwise}` };
    });
  });
}

function* changesOf(old: Manifest, fresh: Manifest): Generator<string> {
  for (const { path, filledIn, way } of fixed.filter(({ kind }) => kind === old.kind)) {
    const [was, is] = [fieldAt(old, path), fieldAt(fresh, path)];
    if (sorted(was) === sorted(is) || (filledIn && was === undefined)) continue;
    yield `${path} cannot change from ${shown(was)} to ${shown(is)}. ${isQueue(old) ? ANOTHER_QUEUE : way}`;
  }
  if (old.kind !== 'PersistentVolumeClaim') return;
  const path = 'spec.resources.requests.storage';
  const [was, is] = [fieldAt(old, path), fieldAt(fresh, path)].map(String);
  const [most = 0, least = 0] = [quantityBytes(was ?? ''), quantityBytes(is ?? '')];
  if (least < most) yield `a claim cannot shrink from ${was} to ${is}. ${isQueue(old) ? ANOTHER_QUEUE : ANOTHER_CLAIM}`;
}

function isQueue({ kind, metadata }: Manifest): boolean {
  return kind === 'PersistentVolumeClaim' && intakeClaimNames.includes(metadata.name);
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

function keyOf(manifest: Manifest): string {
  return [groupOf(manifest), manifest.kind, manifest.metadata.namespace, manifest.metadata.name].join(' ');
}
