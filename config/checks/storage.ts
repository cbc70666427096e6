import type { Storage } from '../studio-config';
import type { Values } from '../values';

// SQLite's WAL and the locks of DuckDB and BadgerDB need a real block device. These are the usual names of classes on
// NFS or SMB: AKS azurefile, EFS, GKE Filestore (*-rwx, filestore), and the common NFS provisioners.
const FILE_STORAGE = /^(azurefile.*|efs.*|.*-efs|nfs.*|.*-nfs|.*-rwx|filestore.*|.*smb.*|.*cifs.*)$/;

/** Which of the three kinds of storage a studio uses. */
export function checkStorage(values: Values): Storage | undefined {
  const path = values.get('JUNJO_HOST_DB_DATA_PATH') ?? '';
  const absolute = path.startsWith('/');
  const node = values.get('JUNJO_K8S_NODE');
  const storageClass = values.get('JUNJO_K8S_STORAGE_CLASS');
  const existingClaim = values.get('JUNJO_K8S_EXISTING_CLAIM');
  const size = values.get('JUNJO_K8S_STORAGE_SIZE') ?? '';
  const accessMode = values.get('JUNJO_K8S_STORAGE_ACCESS_MODE') ?? '';

  if (storageClass && FILE_STORAGE.test(storageClass)) {
    values.error(
      'JUNJO_K8S_STORAGE_CLASS',
      `${storageClass} is file storage (NFS or SMB), on which SQLite and BadgerDB lock up or corrupt. Name a class of block storage`,
    );
  }
  if (accessMode === 'ReadWriteMany') {
    values.warning(
      'JUNJO_K8S_STORAGE_ACCESS_MODE',
      'most classes with ReadWriteMany are NFS, on which the databases corrupt; make sure that this one is not. ReadWriteOnce is enough',
    );
  }
  if (existingClaim) {
    const unused = [
      'JUNJO_K8S_NODE',
      'JUNJO_K8S_STORAGE_CLASS',
      'JUNJO_K8S_STORAGE_SIZE',
      'JUNJO_K8S_STORAGE_ACCESS_MODE',
    ];
    for (const name of unused.filter((other) => values.written(other) !== undefined)) {
      values.error(name, 'has no effect on the claim that JUNJO_K8S_EXISTING_CLAIM names. Remove one of the two lines');
    }
    notePassedOver('JUNJO_K8S_EXISTING_CLAIM');
    return { kind: 'existing', claimName: existingClaim };
  }
  if (node) {
    if (!absolute) {
      values.error(
        'JUNJO_K8S_NODE',
        'names the node of an absolute JUNJO_HOST_DB_DATA_PATH, but that path is relative. Make the path absolute, or remove this line',
      );
      return undefined;
    }
    return { kind: 'node', path, node, size, storageClass, accessMode };
  }
  if (absolute && !storageClass) {
    values.error(
      'JUNJO_HOST_DB_DATA_PATH',
      'is a folder of one node, and no node is named. Set JUNJO_K8S_NODE to the node that holds it, or JUNJO_K8S_STORAGE_CLASS to use storage of the cluster instead',
    );
    return undefined;
  }
  notePassedOver('JUNJO_K8S_STORAGE_CLASS');
  return { kind: 'provisioned', size, storageClass, accessMode };

  function notePassedOver(winner: string): void {
    if (absolute) values.note('JUNJO_HOST_DB_DATA_PATH', `is not used, because ${winner} names other storage`);
  }
}
