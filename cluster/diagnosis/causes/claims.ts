import type { Finding } from '../../../config/problems';
import { claimsOf, conditionOf, type Manifest } from '../../../render/manifest';
import { isDefaultClass } from '../../storage';
import type { Cause } from '../cause';
import type { ClusterState } from '../cluster-state';
import { ofWorkload, troubledPods, unscheduled } from '../pods';

/** A provisioner needs seconds. One that reports nothing for longer is not running. */
const CLAIM_UNBOUND_DEADLINE_SECONDS = 120;

export const claimCauses: readonly Cause[] = [
  // A deleted claim stays for as long as pods use it, and takes the data along when they end.
  {
    name: 'claim-terminating',
    *findings(state) {
      if (state.named('Namespace', state.namespace)?.metadata.deletionTimestamp) return;
      for (const { metadata } of state.ofKind('PersistentVolumeClaim')) {
        if (!metadata.deletionTimestamp) continue;
        yield {
          severity: 'error',
          subject: `claim ${metadata.name}`,
          text: 'is being deleted: it disappears, with its data, as soon as no pod uses it',
          fix: 'junjo-k8s backup, at once and before anything restarts; then delete the studio, apply again and restore',
        };
      }
    },
  },
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
function* ofClaim(state: ClusterState, claim: Manifest, text: string, fix: string): Generator<Required<Finding>> {
  yield { severity: 'error', subject: `claim ${claim.metadata.name}`, text, fix };
  for (const { workload, pod } of troubledPods(state)) {
    if (claimsOf(pod.object).includes(claim.metadata.name)) yield ofWorkload(workload, text, fix);
  }
}
