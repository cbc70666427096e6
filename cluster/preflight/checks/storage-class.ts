import { fieldsOf } from '../../../render/manifest';
import type { ClusterObject } from '../../diagnosis';
import { type Check, fail, ok, warn } from '../check';

/** The second is what it was called before, which Kubernetes reads to this day. */
const DEFAULTS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** Provisioners of file systems on which SQLite's locks do not hold. */
const SHARED = /nfs|efs\.csi|smb|azurefile|file\.csi\.azure|filestore|cephfs|glusterfs/i;

/** The class that makes the volume. */
export const storageClass: Check = {
  name: 'storage-class',
  *results({ config }, cluster) {
    const { storage } = config;
    if (storage.kind !== 'provisioned') return;
    if (!cluster.canRead('storageclasses.storage.k8s.io')) {
      yield warn('storage classes may not be read');
      return;
    }
    const classes = cluster.ofKind('StorageClass');
    const names = classes.map(({ metadata }) => metadata.name);
    const found = storage.storageClass
      ? classes.find(({ metadata }) => metadata.name === storage.storageClass)
      : newest(
          classes.filter(({ metadata }) => DEFAULTS.some((name) => fieldsOf(metadata.annotations)[name] === 'true')),
        );
    if (!found) {
      const text = storage.storageClass
        ? `there is no storage class ${storage.storageClass}`
        : 'there is no default storage class';
      yield fail(
        text,
        `set JUNJO_K8S_STORAGE_CLASS${names.length > 0 ? ` to one of ${names.join(', ')}` : ', once there is one'}`,
      );
      return;
    }
    const { metadata, provisioner, allowVolumeExpansion, reclaimPolicy, volumeBindingMode } = found;
    yield ok(`storage class ${metadata.name}, ${provisioner}`);
    if (SHARED.test(provisioner ?? ''))
      yield fail(
        `${provisioner} makes a network file system, on which SQLite is corrupted`,
        'set JUNJO_K8S_STORAGE_CLASS to one of block storage',
      );
    if (!allowVolumeExpansion)
      yield warn(`volumes of ${metadata.name} cannot grow later`, 'choose JUNJO_K8S_STORAGE_SIZE with room');
    if (reclaimPolicy !== 'Retain')
      yield warn(
        `${metadata.name} deletes the volume with its claim`,
        'keep backups: JUNJO_K8S_BACKUP, or junjo-k8s backup',
      );
    if (volumeBindingMode === 'Immediate')
      yield warn(
        `${metadata.name} places the volume before the pods`,
        'a class with volumeBindingMode WaitForFirstConsumer, where nodes are in several zones',
      );
  },
};

/** Of several default classes Kubernetes takes the one that was made last. */
function newest(classes: readonly ClusterObject[]): ClusterObject | undefined {
  const madeAt = ({ metadata }: ClusterObject) => String(metadata.creationTimestamp ?? '');
  return [...classes].sort((a, b) => madeAt(b).localeCompare(madeAt(a)))[0];
}
