import { Chart } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { qdrantName } from '../config/names';
import type { StudioConfig, VeleroBackup, VolSyncBackup } from '../config/studio-config';
import { Restore, Schedule } from '../imports/velero.io';
import {
  ReplicationDestination,
  ReplicationDestinationSpecResticCopyMethod,
  ReplicationSource,
  ReplicationSourceSpecResticCopyMethod,
} from '../imports/volsync.backube';
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

/** A claim that is backed up. */
export interface BackedUpClaim {
  readonly claim: string;
  /** uid of the user who owns its files. */
  readonly user: number;
}

/** The claims with data in a studio. */
export function claimsToBackUp({
  line,
  qdrant,
  storage,
}: Pick<StudioConfig, 'line' | 'qdrant' | 'storage'>): readonly BackedUpClaim[] {
  return [
    { claim: mountedClaim(storage), user: line.users.backend },
    ...(qdrant ? [{ claim: qdrantName, user: QDRANT_USER }] : []),
  ];
}

/** What is backed up, and what does it. */
export interface BackupChartProps extends StudioIdentity {
  readonly backup: VolSyncBackup | VeleroBackup;
  /** The claims that VolSync copies, each by an object of its own. Velero takes the whole namespace. */
  readonly claims: readonly BackedUpClaim[];
  /** Development images write as root, so that VolSync has to read as root. */
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
  { repository, schedule, keepDays, snapshotClass }: VolSyncBackup,
  { claim, user }: BackedUpClaim,
): void {
  new ReplicationSource(scope, claim, {
    metadata: objectMeta(props, claim),
    spec: {
      sourcePvc: claim,
      trigger: { schedule },
      restic: {
        // The studio keeps writing: what restic reads must not change meanwhile.
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

/** VolSync's pods run as the owner of the files, so that the level `restricted` of Pod Security admits them. */
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
        includedNamespaces: [namespace],
        // A snapshot that stays in the storage of the volume is lost with it.
        snapshotMoveData: true,
        ttl: `${backup.keepDays * 24}h0m0s`,
      },
    },
  });
}

/** What is restored, and where. */
export interface RestorePlan {
  /** Name of this restore; another name restores again. */
  readonly name: string;
  /** Namespace into which the data is restored. @default the studio's own */
  readonly into?: string;
  /** The newest backup before this time, in RFC 3339; VolSync only. @default the newest of all */
  readonly asOf?: string;
}

/** The studio whose backup is restored; any `StudioConfig` is one. */
export type RestoredStudio = Pick<
  StudioConfig,
  'name' | 'namespace' | 'backup' | 'imageTarget' | 'line' | 'qdrant' | 'storage'
>;

/**
 * The objects that restore a backup of `BackupChart`; `kubectl apply` of them is the restore.
 * VolSync writes into the claims, which must exist and must not be in use. Velero creates the claims, so they must not exist.
 */
export class RestoreChart extends Chart {
  constructor(scope: Construct, id: string, config: RestoredStudio, { name, into, asOf }: RestorePlan) {
    super(scope, id);
    const { backup, imageTarget } = config;
    const identity = { studio: config.name, namespace: into ?? config.namespace };
    if (backup.kind === 'volsync') {
      for (const { claim, user } of claimsToBackUp(config)) {
        new ReplicationDestination(this, claim, {
          metadata: objectMeta(identity, claim),
          spec: {
            trigger: { manual: name },
            restic: {
              copyMethod: ReplicationDestinationSpecResticCopyMethod.DIRECT,
              repository: backup.repository,
              destinationPvc: claim,
              ...(asOf && { restoreAsOf: asOf }),
              cacheCapacity: CACHE,
              moverSecurityContext: moverSecurityContext(user, imageTarget),
            },
          },
        });
      }
    }
    if (backup.kind === 'velero') {
      new Restore(this, 'restore', {
        metadata: { name, namespace: backup.namespace, labels: labels(config.name) },
        spec: {
          scheduleName: config.namespace,
          includedNamespaces: [config.namespace],
          // The rest of the studio comes from its manifests.
          includedResources: ['persistentvolumeclaims', 'persistentvolumes'],
          ...(into && into !== config.namespace && { namespaceMapping: { [config.namespace]: into } }),
        },
      });
    }
  }
}
