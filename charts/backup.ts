import { Chart } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { qdrantName } from '../config/names';
import type { ClaimBackup, StudioConfig, VeleroBackup, VolSyncBackup } from '../config/studio-config';
import { Schedule } from '../imports/velero.io';
import { ReplicationSource, ReplicationSourceSpecResticCopyMethod } from '../imports/volsync.backube';
import { dataLabels, labels, objectMeta, type StudioIdentity } from './metadata';
import { podSecurityContext } from './pod/security';
import { QDRANT_USER } from './qdrant';
import { mountedClaim } from './storage';

/** Label of the pods in which VolSync reads and writes volumes: controllers/utils/cleanup.go of backube/volsync. */
export const volSyncPods = { 'app.kubernetes.io/created-by': 'volsync' };

/** Size of the claim that VolSync makes for restic's cache; its own default, written out. */
const CACHE = '1Gi';

/** Days between two prunes of the repository, which cost traffic; VolSync's own default, written out. */
const PRUNE_DAYS = 7;

/** A claim that VolSync backs up. */
export interface BackedUpClaim extends ClaimBackup {
  readonly claim: string;
  /** uid of the user who owns its files. */
  readonly user: number;
}

/** The claims of a studio that VolSync backs up. Velero backs up the whole namespace. */
export function claimsToBackUp({
  backup,
  line,
  storage,
}: Pick<StudioConfig, 'backup' | 'line' | 'storage'>): readonly BackedUpClaim[] {
  if (backup.kind !== 'volsync') return [];
  const { data, vectors } = backup;
  return [
    { claim: mountedClaim(storage), user: line.users.backend, ...data },
    ...(vectors ? [{ claim: qdrantName, user: QDRANT_USER, ...vectors }] : []),
  ];
}

/** What is backed up, and what does it. */
export interface BackupChartProps extends StudioIdentity {
  readonly backup: VolSyncBackup | VeleroBackup;
  /** Each has a separate object. */
  readonly claims: readonly BackedUpClaim[];
  /** Development images write as root, so VolSync must read as root. */
  readonly imageTarget: StudioConfig['imageTarget'];
}

/** Backs up the data on a schedule. */
export class BackupChart extends Chart {
  constructor(scope: Construct, id: string, props: BackupChartProps) {
    super(scope, id);
    const { backup, claims } = props;
    if (backup.kind === 'volsync') {
      for (const each of claims) addReplicationSource(this, props, backup, each);
    }
    if (backup.kind === 'velero') addSchedule(this, props, backup);
  }
}

function addReplicationSource(
  scope: Construct,
  props: BackupChartProps,
  { keepDays, snapshotClass }: VolSyncBackup,
  { claim, user, repository, schedule }: BackedUpClaim,
): void {
  new ReplicationSource(scope, claim, {
    metadata: objectMeta(props, claim),
    spec: {
      sourcePvc: claim,
      trigger: { schedule },
      restic: {
        // The studio keeps writing: what restic reads must not change while it reads.
        copyMethod: ReplicationSourceSpecResticCopyMethod.SNAPSHOT,
        ...(snapshotClass && { volumeSnapshotClassName: snapshotClass }),
        repository,
        retain: { daily: keepDays },
        pruneIntervalDays: PRUNE_DAYS,
        cacheCapacity: CACHE,
        moverSecurityContext: moverSecurityContext(user, props.imageTarget),
      },
    },
  });
}

/** VolSync's pods run as the owner of the files, so Pod Security `restricted` admits them. */
function moverSecurityContext(
  user: number,
  imageTarget: StudioConfig['imageTarget'],
): k8s.PodSecurityContext & {
  seccompProfile: { type: string };
} {
  return { ...podSecurityContext({ user, imageTarget }), seccompProfile: { type: 'RuntimeDefault' } };
}

function addSchedule(scope: Construct, { studio, namespace }: StudioIdentity, backup: VeleroBackup): void {
  new Schedule(scope, 'schedule', {
    // Named for the namespace of the studio, because the Schedules of all studios are in the namespace of Velero.
    metadata: { name: namespace, namespace: backup.namespace, labels: labels(studio) },
    spec: {
      schedule: backup.schedule,
      // Backups outlive the schedule.
      useOwnerReferencesInBackup: false,
      template: {
        // Without labels here a backup gets those of the Schedule, `app.kubernetes.io/instance` included, and Argo CD prunes it
        // where it tracks by that label: pkg/builder/backup_builder.go of vmware-tanzu/velero.
        metadata: { labels: { ...dataLabels } },
        includedNamespaces: [namespace],
        // A snapshot that stays in the storage of the volume is lost with it.
        snapshotMoveData: true,
        ttl: `${backup.keepDays * 24}h0m0s`,
      },
    },
  });
}
