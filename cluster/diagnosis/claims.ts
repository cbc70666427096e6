import type { Finding } from '../../config/problems';
import { listOf, type Manifest } from '../../render/manifest';
import type { ClusterState } from './cluster-state';
import { ofWorkload, troubledPods } from './pods';

/** Claims that have no volume although a pod wants to mount them. One that no pod mounts may wait for ever. */
export function* unboundClaims(state: ClusterState): Generator<Manifest> {
  for (const claim of state.ofKind('PersistentVolumeClaim')) {
    const mounted = state.ofKind('Pod').some((pod) => mounts(pod, claim));
    if (claim.status?.phase === 'Pending' && mounted) yield claim;
  }
}

/** The class that a claim names, if it names one. */
export function classOf({ spec }: Manifest): string | undefined {
  return spec?.storageClassName || undefined;
}

/** A finding about a claim, and the same for each workload that cannot start without it. */
export function* ofClaim(
  state: ClusterState,
  claim: Manifest,
  text: string,
  fix: string,
): Generator<Required<Finding>> {
  yield { severity: 'error', subject: `claim ${claim.metadata.name}`, text, fix };
  for (const { workload, pod } of troubledPods(state)) {
    if (mounts(pod.object, claim)) yield ofWorkload(workload, text, fix);
  }
}

/** Whether a pod has a volume that outlives it. */
export function mountsData({ spec }: Manifest): boolean {
  return listOf(spec?.volumes).some(({ persistentVolumeClaim }) => persistentVolumeClaim);
}

function mounts({ spec }: Manifest, claim: Manifest): boolean {
  return listOf(spec?.volumes).some((volume) => volume.persistentVolumeClaim?.claimName === claim.metadata.name);
}
