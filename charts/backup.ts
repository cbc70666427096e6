import { Chart } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { qdrantName } from '../config/names';
import type { StudioConfig, VeleroBackup, VolSyncBackup } from '../config/studio-config';
import { Schedule } from '../imports/velero.io';
import { ReplicationSource, ReplicationSourceSpecResticCopyMethod } from '../imports/volsync.backube';
import { labels, objectMeta, type StudioIdentity } from './metadata';
import { podSecurityContext } from './pod/security';
import { QDRANT_USER } from './qdrant';
import { mountedClaim } from './storage';

/** Label of the pods in which VolSync reads and writes volumes: controllers/utils/cleanup.go of backube/volsync. */
export const volSyncPods = { 'app.kubernetes.io/created-by': 'volsync' };

/** Size of the claim that VolSync makes for restic's cache; its own default, written out. */
const CACHE = '1Gi';

/** Days between two prunes of the repository, which cost traffic; VolSync's own default, written out. */
const PRUNE_DAYS = 7;

/** A claim that is copied away. */
interface Copied {
  readonly claim: string;
  /** Owner of its files. */
  readonly user: number;
}

/** The claims of a studio. */
function copied({ line, qdrant, storage }: StudioConfig): readonly Copied[] {
  return [
    { claim: mountedClaim(storage), user: line.users.backend },
    ...(qdrant ? [{ claim: qdrantName, user: QDRANT_USER }] : []),
  ];
}

/** Copies the data away on a schedule. */
export class BackupChart extends Chart {
  constructor(scope: Construct, id: string, config: StudioConfig) {
    super(scope, id);
    const { backup } = config;
    const identity = { studio: config.name, namespace: config.namespace };
    if (backup.kind === 'volsync') {
      for (const each of copied(config)) addReplicationSource(this, identity, config, backup, each);
    }
    if (backup.kind === 'velero') addSchedule(this, identity, backup);
  }
}

function addReplicationSource(
  scope: Construct,
  identity: StudioIdentity,
  { imageTarget }: StudioConfig,
  { repository, schedule, keepDays, snapshotClass }: VolSyncBackup,
  { claim, user }: Copied,
): void {
  new ReplicationSource(scope, claim, {
    metadata: objectMeta(identity, claim),
    spec: {
      sourcePvc: claim,
      trigger: { schedule },
      restic: {
        // The studio writes on meanwhile: what is copied must not change under restic.
        copyMethod: ReplicationSourceSpecResticCopyMethod.SNAPSHOT,
        ...(snapshotClass && { volumeSnapshotClassName: snapshotClass }),
        repository,
        retain: { daily: keepDays },
        pruneIntervalDays: PRUNE_DAYS,
        cacheCapacity: CACHE,
        moverSecurityContext: moverSecurityContext(user, imageTarget),
      },
    },
  });
}

/** As whom VolSync's pods run: the owner of the files, so that no namespace need allow them more than `restricted` does. */
function moverSecurityContext(
  user: number,
  imageTarget: StudioConfig['imageTarget'],
): k8s.PodSecurityContext & {
  seccompProfile: { type: string };
} {
  return { ...podSecurityContext({ user, imageTarget }), seccompProfile: { type: 'RuntimeDefault' } };
}

/** Name of the Schedule: all of a Velero lie in one namespace. */
function scheduleName(namespace: string): string {
  return namespace;
}

function addSchedule(scope: Construct, { studio, namespace }: StudioIdentity, backup: VeleroBackup): void {
  new Schedule(scope, 'schedule', {
    metadata: { name: scheduleName(namespace), namespace: backup.namespace, labels: labels(studio) },
    spec: {
      schedule: backup.schedule,
      // Backups outlive the schedule.
      useOwnerReferencesInBackup: false,
      template: {
        includedNamespaces: [namespace],
        // A snapshot that stays where the volume is dies with it.
        snapshotMoveData: true,
        ttl: `${backup.keepDays * 24}h0m0s`,
      },
    },
  });
}
