import { howToRun, page } from '../../../config/how-to-run';
import { intakeClaimNames } from '../../../config/names';
import { quantityBytes } from '../../../config/quantity';
import { conditionOf, fieldsOf, type Manifest, mountedClaims } from '../../../render/manifest';
import { advice } from '../../diagnosis/cause';
import { canMount, HOSTNAME, isDefaultClass, placesOf } from '../../storage';
import { type Check, error, ok, type PreflightView, type Result, toOneOf, unread, warning } from '../check';
import { volumesOf } from '../placement';

/** Provisioners of file systems on which SQLite's locks do not hold. */
const SHARED = /nfs|efs\.csi|smb|azurefile|file\.csi\.azure|filestore|cephfs|glusterfs/i;

/** The classes that create the volumes. */
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
      yield unread('list storage classes', 'the storage class');
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
      name === undefined ? 'There is no default storage class' : `There is no storage class ${name}`,
      names.length > 0
        ? `Set JUNJO_K8S_STORAGE_CLASS ${toOneOf(names)}`
        : 'Create a storage class, and set JUNJO_K8S_STORAGE_CLASS to it',
    );
    return;
  }
  const { metadata, provisioner, allowVolumeExpansion, reclaimPolicy, volumeBindingMode } = found;
  yield ok(`The storage class ${metadata.name} uses the provisioner ${provisioner}`);
  if (SHARED.test(provisioner ?? ''))
    yield error(
      `The provisioner ${provisioner} creates a network file system, which corrupts SQLite databases`,
      'Set JUNJO_K8S_STORAGE_CLASS to a class of block storage',
    );
  if (!allowVolumeExpansion)
    yield warning(
      `Volumes of the class ${metadata.name} cannot grow later`,
      'Set JUNJO_K8S_STORAGE_SIZE large enough for future data',
    );
  if (reclaimPolicy !== 'Retain')
    yield warning(
      `The class ${metadata.name} deletes the volume with its claim`,
      advice('Keep backups: set JUNJO_K8S_BACKUP, or run this command from cron', howToRun('backup')),
    );
  if (volumeBindingMode === 'Immediate')
    yield warning(
      `The class ${metadata.name} creates the volume before the pods are scheduled`,
      'If the nodes are in several zones, use a class with volumeBindingMode WaitForFirstConsumer',
    );
}

/** Of several default classes, Kubernetes uses the one that was created last. */
function newest(classes: readonly Manifest[]): Manifest | undefined {
  const madeAt = ({ metadata }: Manifest) => String(metadata.creationTimestamp ?? '');
  return [...classes].sort((a, b) => madeAt(b).localeCompare(madeAt(a)))[0];
}

/** Existing claims: those that the pods mount but the manifests do not contain, and the studio's own that must change. */
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

/** A claim that the manifests do not contain. */
function existing(name: string, cluster: PreflightView): Result {
  const found = cluster.named('PersistentVolumeClaim', name, cluster.namespace);
  if (!cluster.canRead('persistentvolumeclaims')) return unread('list claims', `that the claim ${name} exists`);
  if (!found)
    return error(
      `There is no claim ${name} in the namespace ${cluster.namespace}`,
      'Create it, or correct JUNJO_K8S_EXISTING_CLAIM',
    );
  const lost = found.status?.phase === 'Lost';
  if (found.metadata.deletionTimestamp || lost)
    return error(
      `The claim ${name} ${lost ? 'has lost its volume' : 'is being deleted'}`,
      'Restore a backup into a new claim, and set JUNJO_K8S_EXISTING_CLAIM to it',
    );
  return ok(`The claim ${name} exists (${found.status?.phase})`);
}

/** The studio's own claim, which already exists. */
function changed(wanted: Manifest, live: Manifest, cluster: PreflightView): Result {
  const { name } = live.metadata;
  const size = ({ spec }: Manifest) => fieldsOf(spec?.resources).requests?.storage;
  const [before, after] = [live, wanted].map((each) => quantityBytes(String(size(each))) ?? 0) as [number, number];
  const [liveClass, wantedClass] = [live.spec?.storageClassName, wanted.spec?.storageClassName];
  const isQueue = intakeClaimNames.includes(name);
  const setting = isQueue ? 'JUNJO_K8S_INTAKE_STORAGE_SIZE' : 'JUNJO_K8S_STORAGE_SIZE';
  const move = isQueue
    ? 'let its queue empty and delete the StatefulSet with --cascade=orphan. Then delete the claim and its pod, and apply'
    : `replace the claim (${page('docs/runbook.md', 'A claim that should shrink or move')})`;
  if (live.metadata.deletionTimestamp)
    return error(
      `The claim ${name} is being deleted`,
      isQueue
        ? 'Keep its pod until its queue is empty, then delete the pod and apply'
        : advice(
            `Do not delete or restart any pod: the volume can be deleted with the last one. To save the data, run the commands of status (${page('docs/runbook.md', 'A deleted claim')})`,
            cluster.ownCommand('status'),
          ),
    );
  if (after < before)
    return error(
      `The claim ${name} cannot shrink from ${size(live)} to ${size(wanted)}`,
      `Set ${setting}=${size(live)}, or ${move}`,
    );
  if (wantedClass && liveClass && wantedClass !== liveClass)
    return error(
      `The claim ${name} has the class ${liveClass}, which cannot change`,
      `Set JUNJO_K8S_STORAGE_CLASS=${liveClass}, or ${move}`,
    );
  if (after === before) return ok(`The claim ${name} exists (${live.status?.phase})`);
  const storageClass = cluster.named('StorageClass', liveClass);
  if (storageClass && !storageClass.allowVolumeExpansion)
    return error(
      `The claim ${name} cannot grow from ${size(live)} to ${size(wanted)}: its class ${liveClass} does not allow it`,
      `Set ${setting}=${size(live)}, or ${move}`,
    );
  return warning(
    `The claim ${name} will grow from ${size(live)} to ${size(wanted)}`,
    'Check that its storage class has allowVolumeExpansion',
  );
}

/** The nodes whose folders contain the data. */
export const node: Check = {
  name: 'node',
  *results(studio, cluster) {
    if (!cluster.canRead('nodes')) return;
    const nodes = cluster.ofKind('Node');
    for (const volume of volumesOf(studio)) {
      const [found] = nodes.filter((each) => canMount(each, volume));
      const wanted = placesOf(volume).flatMap(({ values }) => values)[0] ?? '';
      if (!found) yield absent(wanted, nodes);
      else yield ofNode(found, cluster);
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
        `The node ${name} has the label ${HOSTNAME}=${label}, so no pod can mount its folder`,
        `Set JUNJO_K8S_NODE to ${label}`,
      )
    : error(`There is no node ${name}`, `Set JUNJO_K8S_NODE ${toOneOf(hosts)}`);
}

function ofNode(found: Manifest, cluster: PreflightView): Result {
  const { name } = found.metadata;
  if (conditionOf(found, 'Ready')?.status !== 'True')
    return error(
      `The node ${name} is not ready`,
      advice('Read its conditions', cluster.clusterCommand('describe', 'node', name)),
    );
  if (found.spec?.unschedulable)
    return error(`The node ${name} is cordoned`, advice('Uncordon it', cluster.clusterCommand('uncordon', name)));
  return ok(`The node ${name} is ready`);
}
