import { workloadNames } from '../../config/names';
import { type Manifest, textsOf } from '../../render/manifest';
import { Refusal } from '../refusal';
import type { StudioManifests } from '../studio-manifests';

/** What of a scheduled backup is restored, and where. */
export interface RestorePlanProps {
  /** Names this restore: VolSync restores again only under another name, and Velero takes each name once. */
  readonly name: string;
  /** Namespace into which the data is restored. @default the studio's own */
  readonly into?: string;
  /** The newest backup before this time, in RFC 3339; VolSync only. @default the newest of all */
  readonly asOf?: string;
}

/** A restore that `kubectl apply` of the objects starts, and what to do around it. */
export interface RestorePlan {
  readonly steps: readonly string[];
  readonly objects: readonly Manifest[];
}

/**
 * Plans the restore of what the manifests back up on a schedule. VolSync writes into the claims, which must be there and must
 * not be in use; Velero makes them, so that they must not be there.
 * @throws Refusal when nothing is backed up, or the time cannot be used
 */
export function restorePlan(studio: StudioManifests, { name, into, asOf }: RestorePlanProps): RestorePlan {
  const sources = studio.ofKind('ReplicationSource');
  const [schedule] = studio.ofKind('Schedule');
  const namespace = into ?? studio.namespace;
  if (asOf !== undefined && schedule) {
    throw new Refusal(
      '--as-of chooses among the backups of VolSync. With Velero, put backupName in the place of scheduleName',
    );
  }
  if (asOf !== undefined && !isTime(asOf)) {
    throw new Refusal(`--as-of ${asOf} is not a valid time. Write it as 2026-01-02T03:04:05Z`);
  }
  if (schedule) return { steps: veleroSteps(namespace), objects: [veleroRestore(schedule, name, namespace)] };
  if (sources.length > 0) {
    const objects = sources.map((source) => replicationDestination(source, { name, into: namespace, asOf }));
    return { steps: volSyncSteps(namespace), objects };
  }
  throw new Refusal(
    'JUNJO_K8S_BACKUP is none: nothing is backed up on a schedule. Restore a file: junjo-k8s restore FILE',
  );
}

function replicationDestination(
  { apiVersion, metadata, spec }: Manifest,
  { name, into, asOf }: RestorePlanProps,
): Manifest {
  const { repository, cacheCapacity, moverSecurityContext } = spec?.restic ?? {};
  return {
    apiVersion,
    kind: 'ReplicationDestination',
    // VolSync before 0.13 names the volume of its cache after the object, whichever its kind is: backube/volsync#1575.
    metadata: { labels: metadata.labels, name: `${metadata.name}-restore`, namespace: into },
    spec: {
      trigger: { manual: name },
      restic: {
        copyMethod: 'Direct',
        repository,
        destinationPVC: spec?.sourcePVC,
        ...(asOf && { restoreAsOf: asOf }),
        // A database beside the write-ahead log of another day is damaged. VolSync 0.11.
        enableFileDeletion: true,
        cacheCapacity,
        moverSecurityContext,
      },
    },
  };
}

/** Whether a text is a time of RFC 3339 in whole seconds, as VolSync takes it, on a day that the month has. */
function isTime(text: string): boolean {
  const [, date] = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  const day = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(Date.parse(text)) && !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === date;
}

function veleroRestore({ apiVersion, metadata, spec }: Manifest, name: string, into: string): Manifest {
  const includedNamespaces = textsOf(spec?.template?.includedNamespaces);
  const [from] = includedNamespaces;
  // A restore without namespaces would bring back all of them.
  if (from === undefined) throw new Refusal(`Schedule ${metadata.name} names no namespace in includedNamespaces`);
  return {
    apiVersion,
    kind: 'Restore',
    metadata: { labels: metadata.labels, name, namespace: metadata.namespace },
    spec: {
      scheduleName: metadata.name,
      includedNamespaces,
      // The rest of the studio comes from its manifests.
      includedResources: ['persistentvolumeclaims', 'persistentvolumes'],
      ...(into !== from && { namespaceMapping: { [from]: into } }),
    },
  };
}

function scale(namespace: string, replicas: 0 | 1): string {
  return `kubectl -n ${namespace} scale deployment ${workloadNames.backend} ${workloadNames.ingestion} --replicas=${replicas}`;
}

function volSyncSteps(namespace: string): readonly string[] {
  return [
    'The claim must be there, and the Secret of the repository beside it. Stop the studio, where it mounts the claim:',
    `    ${scale(namespace, 0)}`,
    'Apply this file, and wait for the time of the last sync:',
    `    kubectl -n ${namespace} get replicationdestination --watch`,
    'Delete what was applied, and start the studio again:',
    `    ${scale(namespace, 1)}`,
  ];
}

function veleroSteps(namespace: string): readonly string[] {
  return [
    'Velero makes claims and changes none: delete those that are there. Stop the studio first, where it mounts them:',
    `    ${scale(namespace, 0)}`,
    'Apply this file, and wait until the restore is Completed. Then apply dist/ again, and start the studio:',
    `    ${scale(namespace, 1)}`,
  ];
}
