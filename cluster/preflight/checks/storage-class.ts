import { claimsOf, fieldsOf, type Manifest } from '../../../render/manifest';
import { type Check, error, ok, type PreflightView, type Result, warning } from '../check';

/** The second is what it was called before, which Kubernetes reads to this day. */
const DEFAULTS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** Provisioners of file systems on which SQLite's locks do not hold. */
const SHARED = /nfs|efs\.csi|smb|azurefile|file\.csi\.azure|filestore|cephfs|glusterfs/i;

/** The classes that make the volumes. */
export const storageClass: Check = {
  name: 'storage-class',
  *results(studio, cluster) {
    const mounted = new Set(studio.pods.flatMap(claimsOf));
    const names = studio
      .ofKind('PersistentVolumeClaim')
      // A claim that names its volume, or the class "", gets no volume from a class.
      .filter(({ metadata, spec }) => mounted.has(metadata.name) && !spec?.volumeName && spec?.storageClassName !== '')
      .map(({ spec }) => spec?.storageClassName);
    if (names.length > 0 && !cluster.canRead('storageclasses.storage.k8s.io')) {
      yield warning('storage classes may not be read');
      return;
    }
    for (const name of new Set(names)) yield* ofClass(name, cluster);
  },
};

/** @param name nothing stands for the default class */
function* ofClass(name: string | undefined, cluster: PreflightView): Generator<Result> {
  const classes = cluster.ofKind('StorageClass');
  const found = name === undefined ? newest(classes.filter(isDefault)) : cluster.named('StorageClass', name);
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
      'keep backups: JUNJO_K8S_BACKUP, or junjo-k8s backup',
    );
  if (volumeBindingMode === 'Immediate')
    yield warning(
      `${metadata.name} places the volume before the pods`,
      'a class with volumeBindingMode WaitForFirstConsumer, where nodes are in several zones',
    );
}

function isDefault({ metadata }: Manifest): boolean {
  return DEFAULTS.some((name) => fieldsOf(metadata.annotations)[name] === 'true');
}

/** Of several default classes Kubernetes takes the one that was made last. */
function newest(classes: readonly Manifest[]): Manifest | undefined {
  const madeAt = ({ metadata }: Manifest) => String(metadata.creationTimestamp ?? '');
  return [...classes].sort((a, b) => madeAt(b).localeCompare(madeAt(a)))[0];
}
