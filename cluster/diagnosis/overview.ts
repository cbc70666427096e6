import { KEPT } from '../../config/names';
import { conditionOf, fieldsOf } from '../../render/manifest';
import { type Address, addressesOf, tagOf } from '../studio-manifests';
import type { ClusterState, PodState, WorkloadState } from './cluster-state';

/** One row of the table of workloads. */
export interface RunningWorkload {
  readonly name: string;
  readonly ready: number;
  readonly desired: number;
  /** Tag of the release. */
  readonly release: string;
  /** When the oldest of its pods started. @default no pod has started */
  readonly since?: string;
  /** @default pods cannot be read */
  readonly restarts?: number;
  /** The reason of the last restart. */
  readonly lastRestart?: string;
}

/** What the screen of `status` shows besides findings. */
export interface Overview {
  readonly workloads: readonly RunningWorkload[];
  /** The addresses for people and applications. */
  readonly addresses: readonly Address[];
  readonly certificates: readonly { readonly name: string; readonly ready: boolean; readonly notAfter?: string }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly size: string;
    readonly phase: string;
    readonly used?: number;
    /** Folders on it with data that was set aside, as its annotation lists them. */
    readonly kept?: readonly string[];
  }[];
  /** When the last backup was taken, and by what. @default no backup is known */
  readonly lastBackup?: { readonly at: string; readonly by: string };
  /** Resources that could not be read. */
  readonly unread: readonly string[];
}

/** The annotation of a claim with the time of its last backup by `junjo-k8s backup`. */
export const LAST_BACKUP = 'junjo-ai-studio/last-backup';

/** Describes a studio, healthy or not. */
export function overviewOf(state: ClusterState): Overview {
  return {
    workloads: state.workloads.map((workload) => runningOf(state, workload)),
    addresses: addressesOf(state),
    certificates: state.ofKind('Certificate').map((certificate) => ({
      name: certificate.metadata.name,
      ready: conditionOf(certificate, 'Ready')?.status === 'True',
      notAfter: certificate.status?.notAfter,
    })),
    volumes: state.ofKind('PersistentVolumeClaim').map(({ metadata, spec, status }) => {
      const { usedBytes, capacityBytes } = state.volumes.get(metadata.name) ?? {};
      const kept = fieldsOf(metadata.annotations)[KEPT];
      return {
        name: metadata.name,
        size: status?.capacity?.storage ?? spec?.resources?.requests?.storage ?? '',
        phase: metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''),
        ...(usedBytes !== undefined && capacityBytes && { used: usedBytes / capacityBytes }),
        ...(kept && { kept: String(kept).split(',') }),
      };
    }),
    lastBackup: lastBackupOf(state),
    unread: state.unread,
  };
}

function runningOf(state: ClusterState, { name, object, desired, readyPods, pods }: WorkloadState): RunningWorkload {
  const containers = pods.flatMap((pod) => pod.containers);
  const restarted = containers.filter(({ restarts }) => restarts > 0);
  const [last] = restarted.filter(({ ended }) => ended).sort((a, b) => endOf(b) - endOf(a));
  return {
    name,
    ready: readyPods,
    desired,
    release: String(tagOf(object) ?? ''),
    since: pods.map(startedAt).filter(Boolean).sort()[0],
    restarts: state.canRead('pods') ? restarted.reduce((sum, { restarts }) => sum + restarts, 0) : undefined,
    lastRestart: last?.ended && `${last.ended.reason}, exit code ${last.ended.exitCode}`,
  };
}

function endOf({ ended }: PodState['containers'][number]): number {
  return ended?.at.getTime() ?? 0;
}

function startedAt({ object }: PodState): string | undefined {
  return object.status?.startTime;
}

function lastBackupOf(state: ClusterState): Overview['lastBackup'] {
  const copies = [
    ...state.ofKind('PersistentVolumeClaim').map(({ metadata }) => ({
      at: fieldsOf(metadata.annotations)[LAST_BACKUP],
      by: 'the command backup',
    })),
    ...state.ofKind('ReplicationSource').map(({ status }) => ({ at: status?.lastSyncTime, by: 'VolSync' })),
    ...state
      .ofKind('Backup')
      .filter(({ status }) => status?.phase === 'Completed')
      .map(({ status }) => ({ at: status?.completionTimestamp, by: 'Velero' })),
  ];
  return copies.filter(({ at }) => at).sort((a, b) => (a.at < b.at ? 1 : -1))[0];
}
