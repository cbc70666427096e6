import { howToRun } from '../../../config/how-to-run';
import { intakeClaimNames } from '../../../config/names';
import { quantityBytes } from '../../../config/quantity';
import { conditionOf, fieldsOf, type Manifest, mountedClaims } from '../../../render/manifest';
import { canMount, HOSTNAME, isDefaultClass, placesOf } from '../../storage';
import { type Check, error, ok, type PreflightView, type Result, warning } from '../check';
import { volumesOf } from '../placement';

/** Provisioners of file systems on which SQLite's locks do not hold. */
const SHARED = /nfs|efs\.csi|smb|azurefile|file\.csi\.azure|filestore|cephfs|glusterfs/i;

/** The classes that make the volumes. */
export const storageClass: Check = {
  name: 'storage-class',
  *results(studio, cluster) {
    const mounted = new Set(studio.pods.flatMap(mountedClaims));
    const names = studio
      .ofKind('PersistentVolumeClaim')
      // A claim that names its volume, or the class "", gets no volume from a class.
      .filter(({ metadata, spec }) => mounted.has(metadata.name) && !spec?.volumeName && spec?.storageClassName !== '')
      .map(({ spec }) => spec?.storageClassName);
    if (names.length > 0 && !cluster.canRead('storageclasses.storage.k8s.io')) {
      yield warning('you lack permission to list storage classes');
      return;
    }
    for (const name of new Set(names)) yield* ofClass(name, cluster);
  },
};

/** @param name nothing stands for the default class */
function* ofClass(name: string | undefined, cluster: PreflightView): Generator<Result> {
  const classes = cluster.ofKind('StorageClass');
  const found = name === undefined ? newest(classes.filter(isDefaultClass)) : cluster.named('StorageClass', name);
  if (!found) {
    const names = classes.map(({ metadata }) => metadata.name);
    yield error(
      name === undefined ? 'there is no default storage class' : `there is no storage class ${name}`,
      `set JUNJO_K8S_STORAGE_CLASS${names.length > 0 ? ` to one of ${names.join(', ')}` : ', once there is one'}`,
    );
    return;
  }
  const { metadata, provisioner, allowVolumeExpansion, reclaimPolicy, volumeBindingMode } = found;
  yield ok(`storage class ${metadata.name}, ${provisioner}`);
  if (SHARED.test(provisioner ?? ''))
    yield error(
      `${provisioner} makes a network file system, on which SQLite is corrupted`,
      'set JUNJO_K8S_STORAGE_CLASS to one of block storage',
    );
  if (!allowVolumeExpansion)
    yield warning(`volumes of ${metadata.name} cannot grow later`, 'choose JUNJO_K8S_STORAGE_SIZE with room');
  if (reclaimPolicy !== 'Retain')
    yield warning(
      `${metadata.name} deletes the volume with its claim`,
      `keep backups: JUNJO_K8S_BACKUP, or ${howToRun('backup')}`,
    );
  if (volumeBindingMode === 'Immediate')
    yield warning(
      `${metadata.name} places the volume before the pods`,
      'a class with volumeBindingMode WaitForFirstConsumer, where nodes are in several zones',
    );
}

/** Of several default classes Kubernetes takes the one that was made last. */
function newest(classes: readonly Manifest[]): Manifest | undefined {
  const madeAt = ({ metadata }: Manifest) => String(metadata.creationTimestamp ?? '');
  return [...classes].sort((a, b) => madeAt(b).localeCompare(madeAt(a)))[0];
}

/** Claims that exist already: those of somebody else, which the pods mount, and what cannot be changed of the studio's own. */
export const claim: Check = {
  name: 'claim',
  *results(studio, cluster) {
    const own = studio.ofKind('PersistentVolumeClaim');
    const mounted = new Set(studio.pods.flatMap(mountedClaims));
    for (const name of mounted) {
      if (!own.some(({ metadata }) => metadata.name === name)) yield existing(name, cluster);
    }
    for (const wanted of own) {
      const live = cluster.named('PersistentVolumeClaim', wanted.metadata.name, cluster.namespace);
      if (live) yield changed(wanted, live, cluster);
    }
  },
};

/** A claim that the manifests do not hold. */
function existing(name: string, cluster: PreflightView): Result {
  const found = cluster.named('PersistentVolumeClaim', name, cluster.namespace);
  if (!cluster.canRead('persistentvolumeclaims'))
    return warning(`you lack permission to list claims; ${name} must exist`);
  if (!found)
    return error(`there is no claim ${name} in ${cluster.namespace}`, 'make it, or correct JUNJO_K8S_EXISTING_CLAIM');
  const lost = found.status?.phase === 'Lost';
  if (found.metadata.deletionTimestamp || lost)
    return error(
      `claim ${name} ${lost ? 'has lost its volume' : 'is being deleted'}`,
      'restore a backup into a new claim, and name that one in JUNJO_K8S_EXISTING_CLAIM',
    );
  return ok(`claim ${name}, ${found.status?.phase}`);
}

/** The studio's own claim, which is there already. */
function changed(wanted: Manifest, live: Manifest, cluster: PreflightView): Result {
  const { name } = live.metadata;
  const size = ({ spec }: Manifest) => fieldsOf(spec?.resources).requests?.storage;
  const [before, after] = [live, wanted].map((each) => quantityBytes(String(size(each))) ?? 0) as [number, number];
  const [liveClass, wantedClass] = [live.spec?.storageClassName, wanted.spec?.storageClassName];
  const isQueue = intakeClaimNames.includes(name);
  const setting = isQueue ? 'JUNJO_K8S_INTAKE_STORAGE_SIZE' : 'JUNJO_K8S_STORAGE_SIZE';
  const move = isQueue
    ? 'let its queue empty, delete the StatefulSet with --cascade=orphan, the claim and its pod, apply'
    : `${howToRun('backup')}, delete dist/foundation, apply, ${howToRun('restore', 'FILE')}`;
  if (live.metadata.deletionTimestamp)
    return error(
      `claim ${name} is being deleted`,
      isQueue
        ? 'keep its pod until its queue is empty, then delete the pod and apply'
        : `back up at once: ${howToRun('backup')}`,
    );
  if (after < before)
    return error(
      `claim ${name} cannot shrink from ${size(live)} to ${size(wanted)}`,
      `${setting}=${size(live)}, or ${move}`,
    );
  if (wantedClass && liveClass && wantedClass !== liveClass)
    return error(
      `claim ${name} is of class ${liveClass}, which cannot change`,
      `JUNJO_K8S_STORAGE_CLASS=${liveClass}, or ${move}`,
    );
  if (after === before) return ok(`claim ${name} is there, ${live.status?.phase}`);
  const storageClass = cluster.named('StorageClass', liveClass);
  const grows = storageClass && !storageClass.allowVolumeExpansion ? error : warning;
  return grows(`claim ${name} will grow from ${size(live)} to ${size(wanted)}`, 'its class must allow it');
}

/** The nodes whose folders hold the data. */
export const node: Check = {
  name: 'node',
  *results(studio, cluster) {
    if (!cluster.canRead('nodes')) return;
    const nodes = cluster.ofKind('Node');
    for (const volume of volumesOf(studio)) {
      const [found] = nodes.filter((each) => canMount(each, volume));
      const wanted = placesOf(volume).flatMap(({ values }) => values)[0] ?? '';
      if (!found) yield absent(wanted, nodes);
      else yield ofNode(found);
    }
  },
};

/** The scheduler compares the label of the hostname, which is not always the name of the node. */
function absent(name: string, nodes: readonly Manifest[]): Result {
  const hosts = nodes.map(({ metadata }) => fieldsOf(metadata.labels)[HOSTNAME] ?? metadata.name);
  const renamed = nodes.find(({ metadata }) => metadata.name === name);
  const label = fieldsOf(renamed?.metadata.labels)[HOSTNAME];
  return renamed
    ? error(
        `the node ${name} has the label ${HOSTNAME}=${label}, so that no pod finds its folder there`,
        `set JUNJO_K8S_NODE to ${label}`,
      )
    : error(`there is no node ${name}`, `set JUNJO_K8S_NODE to one of ${hosts.join(', ')}`);
}

function ofNode(found: Manifest): Result {
  const { name } = found.metadata;
  if (conditionOf(found, 'Ready')?.status !== 'True')
    return error(`the node ${name} is not ready`, `kubectl describe node ${name}`);
  if (found.spec?.unschedulable) return error(`the node ${name} is cordoned`, `kubectl uncordon ${name}`);
  return ok(`the node ${name} is ready`);
}
