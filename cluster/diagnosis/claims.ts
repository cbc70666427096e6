import { listOf } from '../../render/manifest';
import type { ClusterObject, ClusterState } from './cluster-state';
import type { Finding } from './finding';
import { ofWorkload, troubledPods } from './pods';

/** Claims that have no volume although a pod wants to mount them. One that no pod mounts may wait for ever. */
export function* unboundClaims(state: ClusterState): Generator<ClusterObject> {
  for (const claim of state.ofKind('PersistentVolumeClaim')) {
    const mounted = state.ofKind('Pod').some((pod) => mounts(pod, claim));
    if (claim.status?.phase === 'Pending' && mounted) yield claim;
  }
}

/** The class that a claim names, if it names one. */
export function classOf({ spec }: ClusterObject): string | undefined {
  return spec?.storageClassName || undefined;
}

/** A finding about a claim, and the same for each workload that cannot start without it. */
export function* ofClaim(state: ClusterState, claim: ClusterObject, text: string, next: string): Generator<Finding> {
  yield { severity: 'fail', subject: `claim ${claim.metadata.name}`, text, next };
  for (const { workload, pod } of troubledPods(state)) {
    if (mounts(pod.object, claim)) yield ofWorkload(workload, text, next);
  }
}

/** Whether a pod has a volume that outlives it. */
export function mountsData({ spec }: ClusterObject): boolean {
  return listOf(spec?.volumes).some(({ persistentVolumeClaim }) => persistentVolumeClaim);
}

function mounts({ spec }: ClusterObject, claim: ClusterObject): boolean {
  return listOf(spec?.volumes).some((volume) => volume.persistentVolumeClaim?.claimName === claim.metadata.name);
}
