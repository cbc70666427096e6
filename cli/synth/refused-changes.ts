import { page } from '../../config/how-to-run';
import { intakeClaimNames } from '../../config/names';
import type { Problem } from '../../config/problems';
import { quantityBytes } from '../../config/quantity';
import { fieldsOf, groupOf, type Manifest, type PlacedManifest, titleOf } from '../../render/manifest';
import { manifestsIn, type OutputFile } from './left-behind';

/** A field that Kubernetes never changes, and what to do instead. */
interface Fixed {
  readonly kind: string;
  /** For example `spec.selector`. */
  readonly path: string;
  /** The cluster fills in this field if it is not set, and setting the same value changes nothing. @default false */
  readonly filledIn?: boolean;
  readonly way: string;
}

const ANOTHER_CLAIM = `Back up, create a new claim, and restore: ${page('docs/runbook.md', 'A claim that should shrink or move')}`;
const ANOTHER_QUEUE =
  'Wait until the queue of the intake is empty. Then delete the StatefulSet with --cascade=orphan, the claim, and its pod, and apply';
const ANOTHER_VOLUME = `The files stay in the old place. Stop the studio, copy them, and delete the old volume object: ${page('docs/runbook.md', 'A changed data path')}`;
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

/** Changes between the old and the new output that Kubernetes would refuse. */
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
      const otherwise = 'If the object does not exist in the cluster, delete this file and render again';
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

/** The same text for equal values, whatever the order of their fields. */
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
