import { intakeClaimNames } from '../../../config/names';
import { quantityBytes } from '../../../config/quantity';
import { claimsOf, conditionOf, fieldsOf, type Manifest } from '../../../render/manifest';
import { isOfStudio, releasedAdvice, releasedVolumes, rescueAdvice } from '../../rescue';
import { isDefaultClass } from '../../storage';
import { advice, type Cause, type Found, type Waiting } from '../cause';
import type { ClusterState } from '../cluster-state';
import { ofWorkload, troubledPods, unscheduled } from '../pods';
import { NEW_QUEUE, newQueue } from './intake';

/** A provisioner needs seconds. One that reports nothing for longer is not running. */
const CLAIM_UNBOUND_SECONDS = 120;

/** A deleted claim stays for as long as pods use it, and no other pod can mount it. Every other finding is secondary. */
export const claimTerminating: Cause = {
  name: 'claim-terminating',
  *findings(state) {
    if (state.endsNamespace) return;
    const claims = studioClaims(state).filter(({ metadata }) => metadata.deletionTimestamp);
    const volumes = state.ofKind('PersistentVolume');
    const fix = rescueAdvice({ kubectl: state.commands, claims, volumes, endsNamespace: false });
    for (const { metadata } of claims) {
      yield {
        severity: 'error',
        subject: `claim ${metadata.name}`,
        text: 'is being deleted. When the last pod that uses it ends, the claim is gone, and its data too unless the volume is retained. No new pod can mount it, so do not restart any pod',
        fix,
      };
    }
  },
};

/**
 * The claim is deleted and its volume is retained. A new claim gets a new, empty volume, or none where it names this one, unless
 * the old one is reserved for it.
 */
export const volumeReleased: Cause = {
  name: 'volume-released',
  *findings(state) {
    if (state.endsNamespace || !state.canRead('persistentvolumeclaims')) return;
    // A claim that names its volume has a volumeName before it is bound.
    const waits = (claim: Manifest | undefined, volume: Manifest) =>
      (claim?.spec?.volumeName ?? volume.metadata.name) === volume.metadata.name;
    const bound = state.ofKind('PersistentVolumeClaim').filter(({ status }) => status?.phase === 'Bound');
    const mounted = mountedNames(state);
    const volumes = releasedVolumes(state.ofKind('PersistentVolume'), bound, state.namespace).filter(
      (volume) =>
        (state.workloads.length === 0 || mounted.includes(volume.spec?.claimRef.name)) &&
        waits(state.named('PersistentVolumeClaim', volume.spec?.claimRef.name), volume),
    );
    const fix = releasedAdvice(state.commands, volumes);
    for (const { metadata, spec } of volumes) {
      const { name } = fieldsOf(spec?.claimRef);
      const claim = state.named('PersistentVolumeClaim', name);
      const text = `the volume ${metadata.name} holds the data of the deleted claim ${name} and is still reserved for it`;
      if (claim?.spec?.volumeName) {
        yield* ofClaim(state, claim, `cannot be bound: ${text}`, fix);
        continue;
      }
      yield {
        severity: 'error',
        subject: `volume ${metadata.name}`,
        text: `holds the data of the claim ${name}, which was deleted. A new claim gets a different, empty volume`,
        fix,
      };
      // Before the new claim is bound, its volume can still be this one.
      if (claim) yield* ofClaim(state, claim, `waits for a new volume, but ${text}`, fix);
    }
  },
};

export const claimCauses: readonly Cause[] = [
  // The claim names a volume that is not there, or that another claim has.
  {
    name: 'claim-volume-taken',
    *findings(state) {
      if (!state.canRead('persistentvolumes')) return;
      for (const claim of unboundClaims(state)) {
        const name = claim.spec?.volumeName;
        const volume = state.named('PersistentVolume', name);
        const holder = volume?.spec?.claimRef;
        if (!name) continue;
        if (!volume) {
          yield* ofClaim(
            state,
            claim,
            `its volume ${name} does not exist`,
            advice(
              'Apply dist/foundation again if it contains that volume, or create the volume as it was. The command lists the existing volumes',
              state.clusterCommand('get', 'persistentvolumes'),
            ),
          );
        } else if (holder && (holder.namespace !== state.namespace || holder.name !== claim.metadata.name)) {
          yield* ofClaim(
            state,
            claim,
            `its volume ${name} is reserved for the claim ${holder.name} in the namespace ${holder.namespace}`,
            advice(
              'Name another volume in the claim: a volume serves only one claim. The commands show which claim uses this volume',
              state.clusterCommand('get', 'persistentvolumes', name),
              state.clusterCommand('get', 'persistentvolumeclaims', `--namespace=${holder.namespace}`),
            ),
          );
        }
      }
    },
  },
  // The claim names a storage class that the cluster does not have.
  {
    name: 'claim-class-missing',
    *findings(state) {
      for (const claim of unboundClaims(state)) {
        const name = claim.spec?.storageClassName;
        const told = state
          .eventsOf(claim, 'ProvisioningFailed')
          .some(({ message }) => /storageclass.*not found/i.test(message));
        const known = state.ofKind('StorageClass').map(({ metadata }) => metadata.name);
        // Without any class in the list, only the event shows that this one does not exist. A volume by name needs no class.
        if (!name || claim.spec?.volumeName || known.includes(name) || (!told && known.length === 0)) continue;
        yield* ofClaim(
          state,
          claim,
          `its storage class ${name} does not exist`,
          advice(
            `Set JUNJO_K8S_STORAGE_CLASS to ${known.length > 0 ? `one of ${known.join(', ')}` : 'one that exists'}. The class of a claim cannot be changed. Delete this claim, which has no volume and no data, then render and apply again`,
            state.command('delete', 'persistentvolumeclaim', claim.metadata.name),
          ),
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
        const none = names.length === 0 && state.canRead('storageclasses.storage.k8s.io');
        yield* ofClaim(
          state,
          claim,
          'names no storage class, and the cluster has no default storage class',
          advice(
            none
              ? 'Install a storage provisioner: the cluster has no storage class'
              : `Set JUNJO_K8S_STORAGE_CLASS to ${names.length > 0 ? `one of ${names.join(', ')}` : 'a class of the cluster'}, then render and apply again. The command lists the classes`,
            state.clusterCommand('get', 'storageclasses'),
          ),
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
        const external = events.find(({ reason }) => ['ExternalProvisioning', 'Provisioning'].includes(reason));
        const storageClass = state.named('StorageClass', claim.spec?.storageClassName);
        const by = storageClass ? ` ${storageClass.provisioner}` : '';
        const describe = state.command('describe', 'persistentvolumeclaim', claim.metadata.name);
        const fix = advice(
          `Check the pods of the storage provisioner${by}, which creates the volume. The commands show the events of the claim, and the pods that are not running`,
          describe,
          state.clusterCommand('get', 'pods', '--all-namespaces', '--field-selector=status.phase!=Running'),
        );
        if (failed && claim.spec?.storageClassName === '') {
          yield* ofClaim(
            state,
            claim,
            `uses the storage class "", which provisions no volumes, and no existing volume fits: ${failed.message}`,
            advice(
              'Create a volume with its size and access mode, or set JUNJO_K8S_STORAGE_CLASS to a class that provisions volumes. The command lists the existing volumes',
              state.clusterCommand('get', 'persistentvolumes'),
            ),
          );
        } else if (failed) {
          yield* ofClaim(state, claim, `no volume can be provisioned for it: ${failed.message}`, fix);
        } else if (external) {
          const wait = {
            since: external.first,
            allowedSeconds: CLAIM_UNBOUND_SECONDS,
          };
          yield* waitOfClaim(state, claim, `waits for its storage provisioner${by} to create a volume`, fix, wait);
        } else if (isSilent(state, claim)) {
          yield* ofClaim(
            state,
            claim,
            'has no volume, and no event says why: a cluster keeps events for an hour',
            advice(
              `Check the pods of the storage provisioner${by}. The commands show the claim, and its events when they occur again`,
              describe,
              state.command('get', 'events', '--watch', `--field-selector=involvedObject.name=${claim.metadata.name}`),
            ),
          );
        }
      }
      // Without permission to read claims, their events and the scheduler tell.
      for (const { workload, pod, reasons } of state.canRead('persistentvolumeclaims') ? [] : unscheduled(state)) {
        if (!/unbound immediate PersistentVolumeClaims/.test(reasons)) continue;
        const names = claimsOf(pod.object);
        const told = state
          .ofKind('Event')
          .findLast(
            ({ reason, involvedObject }) =>
              involvedObject?.kind === 'PersistentVolumeClaim' &&
              names.includes(involvedObject.name) &&
              ['ProvisioningFailed', 'FailedBinding'].includes(reason),
          );
        yield ofWorkload(
          workload,
          `its claim ${names.join(', ')} has no volume${told ? `: ${String(told.message).trim()}` : ''}. You cannot read claims`,
          advice(
            'Read the events of the claim, and fix what they report. Or ask for permission to read claims, and run this command again',
            state.command('get', 'events', '--field-selector=involvedObject.kind=PersistentVolumeClaim'),
            state.clusterCommand('get', 'storageclasses'),
          ),
        );
      }
      for (const claim of studioClaims(state)) {
        if (claim.status?.phase !== 'Lost') continue;
        const { name } = claim.metadata;
        const fix = intakeClaimNames.includes(name)
          ? advice(
              `Bring the volume ${claim.spec?.volumeName} back, or give the collector a new claim. With a new claim, the spans of this queue are lost. ${NEW_QUEUE}`,
              newQueue(state, name),
            )
          : advice(
              `Bring the volume ${claim.spec?.volumeName} back, or restore a backup into a new claim. The commands show the claim and the existing volumes`,
              state.command('describe', 'persistentvolumeclaim', name),
              state.clusterCommand('get', 'persistentvolumes'),
            );
        yield* ofClaim(state, claim, `its volume ${claim.spec?.volumeName} is lost: the object no longer exists`, fix);
      }
    },
  },
  // The claim asks for more than its volume has. The studio runs, with less room than its settings say.
  {
    name: 'claim-smaller-than-requested',
    *findings(state) {
      for (const claim of studioClaims(state)) yield* ofGrowth(state, claim);
    },
  },
  // The pods mount a claim that does not exist.
  {
    name: 'claim-missing',
    *findings(state) {
      for (const { workload, reasons } of unscheduled(state)) {
        const name = /persistentvolumeclaim "([^"]+)" not found/.exec(reasons)?.[1];
        if (!name) continue;
        yield ofWorkload(
          workload,
          `its claim ${name} does not exist`,
          advice(
            `Apply dist/foundation, which creates the claim of the studio${intakeClaimNames.includes(name) ? '' : ', or set JUNJO_K8S_EXISTING_CLAIM to a claim that exists'}. The command lists the claims of the namespace`,
            state.command('get', 'persistentvolumeclaims'),
          ),
        );
      }
    },
  },
];

/** The claims that the studio mounts or has mounted. Other claims of the namespace are not part of the studio. */
function studioClaims(state: ClusterState): readonly Manifest[] {
  const mounted = mountedNames(state);
  return state
    .ofKind('PersistentVolumeClaim')
    .filter((claim) => state.workloads.length === 0 || mounted.includes(claim.metadata.name) || isOfStudio(claim));
}

function mountedNames(state: ClusterState): readonly string[] {
  return state.workloads.flatMap(({ object, pods }) => [
    ...claimsOf(fieldsOf(object.spec?.template)),
    ...pods.flatMap((pod) => claimsOf(pod.object)),
  ]);
}

/** Claims that have no volume although a pod wants to mount them. One that no pod mounts may wait for ever. */
function* unboundClaims(state: ClusterState): Generator<Manifest> {
  for (const claim of studioClaims(state)) {
    const mounted = state.ofKind('Pod').some((pod) => claimsOf(pod).includes(claim.metadata.name));
    if (claim.status?.phase === 'Pending' && mounted) yield claim;
  }
}

/** Whether a claim should have a volume by now, and nothing explains why it has none. */
function isSilent(state: ClusterState, claim: Manifest): boolean {
  const { creationTimestamp, annotations } = claim.metadata;
  const storageClass = state.named('StorageClass', claim.spec?.storageClassName);
  // Such a class makes no volume before the pod has a node. Why the pod has none is a finding of its own.
  const waits =
    storageClass?.volumeBindingMode === 'WaitForFirstConsumer' &&
    !fieldsOf(annotations)['volume.kubernetes.io/selected-node'];
  const age = state.secondsSince(creationTimestamp ?? state.now);
  return state.canRead('events') && state.eventsOf(claim).length === 0 && !waits && age > CLAIM_UNBOUND_SECONDS;
}

/** A claim whose volume should grow: since when, and what blocks it. */
function* ofGrowth(state: ClusterState, claim: Manifest): Generator<Found> {
  const { name } = claim.metadata;
  const { requests } = fieldsOf(claim.spec?.resources);
  const { capacity, allocatedResourceStatuses } = fieldsOf(claim.status);
  const [wanted, has] = [requests, capacity].map((sizes) => String(fieldsOf(sizes).storage));
  const isLess = (quantityBytes(String(has)) ?? Infinity) < (quantityBytes(String(wanted)) ?? 0);
  if (claim.status?.phase !== 'Bound' || !isLess) return;
  const what = `requests ${wanted} but has ${has}`;
  const subject = `claim ${name}`;
  const describe = state.command('describe', 'persistentvolumeclaim', name);
  const condition = (...types: string[]) =>
    types.map((type) => conditionOf(claim, type)).find((found) => found?.status === 'True');
  // Since 1.31 failures are conditions too. What cannot ever succeed is "Infeasible".
  const refusal = condition('ControllerResizeError', 'NodeResizeError');
  const failed = [
    ...state.eventsOf(claim, 'VolumeResizeFailed'),
    ...state.eventsOf(claim, 'FileSystemResizeFailed'),
  ].pop();
  const infeasible = /Infeasible|Failed/.test(String(fieldsOf(allocatedResourceStatuses).storage));
  if (refusal || failed || infeasible) {
    const words = refusal?.message || failed?.message || 'its storage system rejects that size';
    const fix = advice(
      'Make room in the storage system, or raise its quota. Kubernetes tries again by itself. The command shows each attempt',
      describe,
    );
    yield { severity: 'warning', subject, text: `${what} and cannot be expanded: ${words}`, fix };
    return;
  }
  const pending = condition('FileSystemResizePending');
  const resizing = condition('Resizing');
  const external = state.eventsOf(claim, 'ExternalExpanding')[0];
  const since = pending?.lastTransitionTime ?? resizing?.lastTransitionTime ?? external?.first;
  const step = pending
    ? 'the file system has not grown yet'
    : resizing
      ? 'the storage system is expanding the volume'
      : 'no CSI resizer has expanded the volume';
  const mounting = state.workloads.filter(({ object }) => claimsOf(fieldsOf(object.spec?.template)).includes(name));
  const lateFix =
    pending && mounting.length > 0
      ? advice(
          'Restart the pods that mount it: the file system grows when the volume is mounted',
          state.command(
            'rollout',
            'restart',
            ...mounting.map(({ object }) => `${object.kind.toLowerCase()}/${object.metadata.name}`),
          ),
        )
      : advice(
          `Check whether the CSI driver${provisionerOf(state, claim)} has a resizer, and whether the resizer runs. The studio keeps running with less room. The commands show the events of the claim, and the pods that are not running`,
          describe,
          state.clusterCommand('get', 'pods', '--all-namespaces', '--field-selector=status.phase!=Running'),
        );
  const text = `${what}: ${step}`;
  if (since)
    yield {
      severity: 'wait',
      late: 'warning',
      subject,
      text,
      since,
      fix: advice(
        'Wait until its capacity has grown. The command shows the capacity',
        state.command('get', 'persistentvolumeclaim', name, '--watch'),
      ),
      lateFix,
    };
  else yield { severity: 'warning', subject, text, fix: lateFix };
}

function provisionerOf(state: ClusterState, claim: Manifest): string {
  const found = state.named('StorageClass', claim.spec?.storageClassName);
  return found ? ` (class ${found.metadata.name}, provisioner ${found.provisioner})` : '';
}

/** A finding about a claim, and the same for each workload that cannot start without it. */
function* ofClaim(state: ClusterState, claim: Manifest, text: string, fix: string): Generator<Found> {
  yield { severity: 'error', subject: `claim ${claim.metadata.name}`, text, fix };
  for (const { workload, pod } of troubledPods(state)) {
    if (claimsOf(pod.object).includes(claim.metadata.name)) yield ofWorkload(workload, text, fix);
  }
}

/** The same while it may still recover. */
function* waitOfClaim(
  state: ClusterState,
  claim: Manifest,
  text: string,
  fix: string,
  wait: Pick<Waiting, 'since' | 'allowedSeconds'>,
): Generator<Found> {
  for (const found of ofClaim(state, claim, text, fix)) yield { ...found, ...wait, severity: 'wait' };
}
