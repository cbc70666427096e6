import { claimsOf, conditionOf, fieldsOf, type Manifest } from '../../../render/manifest';
import { releasedAdvice, releasedVolumes, rescueAdvice } from '../../rescue';
import { isDefaultClass } from '../../storage';
import type { Cause, Found } from '../cause';
import type { ClusterState } from '../cluster-state';
import { ofWorkload, troubledPods, unscheduled } from '../pods';

/** A provisioner needs seconds. One that reports nothing for longer is not running. */
const CLAIM_UNBOUND_DEADLINE_SECONDS = 120;

/** A deleted claim stays for as long as pods use it, and no other pod can mount it. All else that is wrong is secondary. */
export const claimTerminating: Cause = {
  name: 'claim-terminating',
  *findings(state) {
    if (state.endsNamespace) return;
    const claims = state.ofKind('PersistentVolumeClaim').filter(({ metadata }) => metadata.deletionTimestamp);
    const volumes = state.ofKind('PersistentVolume');
    const fix = rescueAdvice({ kubectl: state.commands, claims, volumes, endsNamespace: false });
    for (const { metadata } of claims) {
      yield {
        severity: 'error',
        subject: `claim ${metadata.name}`,
        text: 'is being deleted. It is gone, and its data unless the volume is retained, when the last pod that uses it ends. No new pod can mount it, so do not restart any',
        fix,
      };
    }
  },
};

/** The claim is deleted and its volume is retained. A new claim gets a new, empty volume unless the old one is reserved for it. */
export const volumeReleased: Cause = {
  name: 'volume-released',
  *findings(state) {
    if (state.endsNamespace || !state.canRead('persistentvolumeclaims')) return;
    const bound = state.ofKind('PersistentVolumeClaim').filter(({ spec }) => spec?.volumeName);
    const mounted = state.workloads.flatMap(({ object }) => claimsOf(fieldsOf(object.spec?.template)));
    const volumes = releasedVolumes(state.ofKind('PersistentVolume'), bound, state.namespace).filter(
      ({ spec }) => state.workloads.length === 0 || mounted.includes(spec?.claimRef.name),
    );
    const fix = releasedAdvice(state.commands, volumes);
    for (const { metadata, spec } of volumes) {
      yield {
        severity: 'error',
        subject: `volume ${metadata.name}`,
        text: `has the data of the claim ${spec?.claimRef.name}, which was deleted. A new claim gets another volume, which is empty`,
        fix,
      };
    }
  },
};

export const claimCauses: readonly Cause[] = [
  // The claim names a storage class that the cluster does not have.
  {
    name: 'claim-class-missing',
    *findings(state) {
      for (const claim of unboundClaims(state)) {
        const name = classOf(claim);
        const told = state
          .eventsOf(claim, 'ProvisioningFailed')
          .some(({ message }) => /storageclass.*not found/i.test(message));
        const known = state.ofKind('StorageClass').map(({ metadata }) => metadata.name);
        // Without any class in the list, only the event shows that this one does not exist.
        if (!name || known.includes(name) || (!told && known.length === 0)) continue;
        yield* ofClaim(
          state,
          claim,
          `its storage class ${name} does not exist`,
          `set JUNJO_K8S_STORAGE_CLASS to ${known.length > 0 ? `one of ${known.join(', ')}` : 'one that exists'}, synth, then: ${state.kubectl} delete persistentvolumeclaim ${claim.metadata.name} (it is empty), and apply again`,
        );
      }
    },
  },
  // The claim names no storage class, and the cluster has no default one.
  {
    name: 'claim-no-default-class',
    *findings(state) {
      const classes = state.ofKind('StorageClass');
      const hasDefault = classes.some(isDefaultClass);
      for (const claim of unboundClaims(state)) {
        if (claim.spec?.storageClassName !== undefined || hasDefault) continue;
        const told = state
          .eventsOf(claim, 'FailedBinding')
          .some(({ message }) => /no storage class is set/.test(message));
        if (!told) continue;
        const names = classes.map(({ metadata }) => metadata.name);
        yield* ofClaim(
          state,
          claim,
          'names no storage class, and the cluster has no default one',
          names.length > 0
            ? `set JUNJO_K8S_STORAGE_CLASS to one of ${names.join(', ')}, synth and apply`
            : 'install a storage provisioner: the cluster has no storage class at all',
        );
      }
    },
  },
  // The class exists, and no volume is provisioned.
  {
    name: 'claim-unbound',
    *findings(state) {
      for (const claim of unboundClaims(state)) {
        const events = state.eventsOf(claim);
        const failed = events.filter(({ reason }) => ['ProvisioningFailed', 'FailedBinding'].includes(reason)).pop();
        const external = events.filter(({ reason }) => ['ExternalProvisioning', 'Provisioning'].includes(reason)).pop();
        const age = state.secondsSince(claim.metadata.creationTimestamp ?? state.now);
        const fix = `${state.kubectl} describe persistentvolumeclaim ${claim.metadata.name}; look at the pods of the storage provisioner`;
        if (failed) {
          yield* ofClaim(state, claim, `no volume can be made for it: ${failed.message}`, fix);
        } else if (external && age > CLAIM_UNBOUND_DEADLINE_SECONDS) {
          yield* ofClaim(state, claim, 'its storage provisioner does not answer', fix);
        }
      }
      for (const claim of state.ofKind('PersistentVolumeClaim')) {
        if (claim.status?.phase === 'Lost') {
          const fix = `bring the volume ${claim.spec?.volumeName} back, or restore a backup into a new claim`;
          yield* ofClaim(state, claim, 'its volume is lost', fix);
        }
      }
    },
  },
  // The claim requests more than its volume has, and the storage cannot expand it.
  {
    name: 'claim-growing',
    *findings(state) {
      for (const claim of state.ofKind('PersistentVolumeClaim')) {
        const subject = `claim ${claim.metadata.name}`;
        const failed = state.eventsOf(claim, 'VolumeResizeFailed').pop();
        if (conditionOf(claim, 'FileSystemResizePending')?.status === 'True') {
          const fix = `${state.kubectl} rollout restart deployment: the file system grows when the pods start`;
          yield { severity: 'warning', subject, text: 'has grown; its file system has not yet', fix };
        } else if (failed) {
          const fix = `${state.kubectl} describe persistentvolumeclaim ${claim.metadata.name}`;
          yield { severity: 'warning', subject, text: `cannot grow: ${failed.message}`, fix };
        }
      }
    },
  },
  // The pods mount a claim that does not exist.
  {
    name: 'claim-missing',
    *findings(state) {
      for (const { workload, reasons } of unscheduled(state)) {
        const name = /persistentvolumeclaim "([^"]+)" not found/.exec(reasons)?.[1];
        if (name) {
          const fix = `kubectl apply -f dist/foundation, or correct JUNJO_K8S_EXISTING_CLAIM`;
          yield ofWorkload(workload, `its claim ${name} does not exist`, fix);
        }
      }
    },
  },
];

/** Claims that have no volume although a pod wants to mount them. One that no pod mounts may wait for ever. */
function* unboundClaims(state: ClusterState): Generator<Manifest> {
  for (const claim of state.ofKind('PersistentVolumeClaim')) {
    const mounted = state.ofKind('Pod').some((pod) => claimsOf(pod).includes(claim.metadata.name));
    if (claim.status?.phase === 'Pending' && mounted) yield claim;
  }
}

/** The class that a claim names, if it names one. */
function classOf({ spec }: Manifest): string | undefined {
  return spec?.storageClassName || undefined;
}

/** A finding about a claim, and the same for each workload that cannot start without it. */
function* ofClaim(state: ClusterState, claim: Manifest, text: string, fix: string): Generator<Found> {
  yield { severity: 'error', subject: `claim ${claim.metadata.name}`, text, fix };
  for (const { workload, pod } of troubledPods(state)) {
    if (claimsOf(pod.object).includes(claim.metadata.name)) yield ofWorkload(workload, text, fix);
  }
}
