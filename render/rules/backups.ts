import { fieldsOf, isSame, type Manifest, titleOf } from '../manifest';
import { holdsData, isVeleroSchedule, type RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** When a backup runs, where it is kept, and what it takes to run. */
const FREE = [
  /^trigger\.schedule$/,
  /^restic\.(cache|access|capacity|customCA|mover|prune|storageClass|unlock|volumeSnapshotClass)/,
  /^(schedule|skipImmediately|useOwnerReferencesInBackup)$/,
  /^template\.(csiSnapshotTimeout|itemOperationTimeout|metadata|storageLocation|uploaderConfig|volumeSnapshotLocations)$/,
];

/** Labels that Services and policies use to select pods of the studio. */
const SELECTED = ['app.kubernetes.io/name', 'app.kubernetes.io/component'];

/** Annotations of pods by which Velero runs a command in them, or copies their files while they change. */
const VELERO = /(^|\.)hook\.(backup|restore)\.velero\.io\/|^backup\.velero\.io\/backup-volumes$/;

/** Backups stay complete: a bad one would be noticed only when it is needed. */
export const backups: Rule = {
  name: 'backups',
  asks: 'VolSync and Velero back up all data, from a snapshot, into the rendered repository, and keep it at least as long. They run no commands in pods',
  reason: 'a missing, inconsistent or misplaced backup is noticed only during a restore',
  source: 'https://volsync.readthedocs.io/en/stable/usage/restic/backup.html',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests) {
      const before = studio.asRendered(manifest);
      if (!before || before === manifest) continue;
      if (manifest.kind === 'ReplicationSource' || isVeleroSchedule(manifest)) yield* ofBackup(manifest, before);
    }
    if (studio.rendered.manifests.some(isVeleroSchedule)) yield* ofVelero(studio);
  },
};

function* ofBackup(after: Manifest, before: Manifest): Generator<Violation> {
  const object = titleOf(after);
  const [spec, rendered] = [parts(after.spec), parts(before.spec)];
  for (const path of new Set([...spec.keys(), ...rendered.keys()])) {
    const [value, known] = [spec.get(path), rendered.get(path)];
    if (isSame(value, known) || (value !== undefined && FREE.some((free) => free.test(path)))) continue;
    if (known === undefined && (FREE.some((free) => free.test(path)) || (path === 'paused' && value === false)))
      continue;
    if (/^restic\.retain\.|^template\.ttl$/.test(path) && isKeptLonger(value, known)) continue;
    yield { object, text: `its ${path} was changed` };
  }
  const { moverPodLabels } = fieldsOf(fieldsOf(after.spec).restic);
  for (const label of SELECTED.filter((each) => each in fieldsOf(moverPodLabels))) {
    yield {
      object,
      text: `gives its pods the label ${label}, which network policies use to select pods of the studio`,
    };
  }
}

/** The fields of a spec down to those that are judged one by one. */
function parts(spec: unknown, above = ''): ReadonlyMap<string, unknown> {
  const entries = Object.entries(fieldsOf(spec)).flatMap(([key, value]): (readonly [string, unknown])[] => {
    const path = `${above}${key}`;
    // A copy method of its own makes a copy of one moment, too.
    if (path === 'restic.copyMethod' && value === 'Clone') return [[path, 'Snapshot']];
    return ['trigger', 'restic', 'restic.retain', 'template'].includes(path)
      ? [...parts(value, `${path}.`)]
      : [[path, value]];
  });
  return new Map(entries);
}

/** Numbers of snapshots, or a time of Velero; one more reason to keep a snapshot keeps more of them. */
function isKeptLonger(value: unknown, known: unknown): boolean {
  const hours = (time: unknown) => Number(/^([0-9.]+)(h|$)/.exec(String(time))?.[1]);
  return value !== undefined && (known === undefined || hours(value) >= hours(known));
}

function* ofVelero(studio: RenderedStudio): Generator<Violation> {
  for (const manifest of studio.manifests.filter(holdsData)) {
    if (fieldsOf(manifest.metadata.labels)['velero.io/exclude-from-backup'] === 'true') {
      yield { object: titleOf(manifest), text: 'has the label velero.io/exclude-from-backup' };
    }
  }
  for (const { metadata, title: object } of studio.pods) {
    for (const key of Object.keys(fieldsOf(metadata.annotations)).filter((each) => VELERO.test(each))) {
      yield {
        object,
        text: `the annotation ${key} makes Velero run a command or copy files of the pod, which no rule checks`,
      };
    }
  }
}
