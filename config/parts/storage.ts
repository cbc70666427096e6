import type { Built, Problem } from '../problems';
import type { Storage } from '../studio-config';
import type { Values } from '../values';
import type { VariableName } from '../variables';

// SQLite's WAL and the locks of DuckDB and BadgerDB need a real block device. These are the usual names of classes on
// NFS or SMB: AKS azurefile, EFS, GKE Filestore (*-rwx, filestore), and the common NFS provisioners.
const FILE_STORAGE = /^(azurefile.*|efs.*|.*-efs|nfs.*|.*-nfs|.*-rwx|filestore.*|.*smb.*|.*cifs.*)$/;

// Names that mean a file system of the network more often than not: Alibaba's NAS, Oracle's FSS, IBM's file storage, the
// subdir provisioner under the name of its manual, CephFS, JuiceFS, Gluster.
const LIKELY_FILE_STORAGE =
  /(^|-)(nas|fss|file|files|cephfs|juicefs|glusterfs|nfs|smb)(-|$)|^(alicloud-nas|ibmc-file|ibmc-vpc-file).*/;

/** Settings that have no effect on an existing claim. */
const ofNewClaims: readonly VariableName[] = [
  'JUNJO_K8S_NODE',
  'JUNJO_K8S_STORAGE_CLASS',
  'JUNJO_K8S_STORAGE_SIZE',
  'JUNJO_K8S_STORAGE_ACCESS_MODE',
];

/** Which of the three kinds of storage a studio uses. */
export function storageOf(values: Values): Built<Storage | undefined> {
  const problems: Problem[] = [];
  const storageClass = values.inEffect('JUNJO_K8S_STORAGE_CLASS');
  const accessMode = values.inEffect('JUNJO_K8S_STORAGE_ACCESS_MODE');
  if (storageClass && FILE_STORAGE.test(storageClass)) {
    const text = `${storageClass} is file storage (NFS or SMB), on which SQLite and BadgerDB hang or corrupt data. Use a block storage class`;
    problems.push(values.error('JUNJO_K8S_STORAGE_CLASS', text));
  }
  if (storageClass && LIKELY_FILE_STORAGE.test(storageClass) && !FILE_STORAGE.test(storageClass)) {
    const text = `${storageClass} looks like file storage, on which SQLite and BadgerDB hang or corrupt data. Make sure that it is block storage`;
    problems.push(values.warning('JUNJO_K8S_STORAGE_CLASS', text));
  }
  if (accessMode === 'ReadWriteMany') {
    const text =
      'most classes with ReadWriteMany use NFS, which corrupts the databases. ReadWriteOnce is enough. To keep ReadWriteMany, make sure that the class is not NFS';
    problems.push(values.warning('JUNJO_K8S_STORAGE_ACCESS_MODE', text));
  }
  const { value, problems: more } = kindOfStorage(values);
  return { value, problems: [...problems, ...more] };
}

/** Whether the studio makes claims beside the one with its data, all of one class. */
function hasOtherClaims(values: Values): boolean {
  return values.inEffect('JUNJO_K8S_INTAKE') || values.inEffect('JUNJO_K8S_QDRANT');
}

function kindOfStorage(values: Values): Built<Storage | undefined> {
  const path = values.inEffect('JUNJO_HOST_DB_DATA_PATH');
  const absolute = path.startsWith('/');
  const unused = (winner: VariableName): readonly Problem[] =>
    absolute ? [values.note('JUNJO_HOST_DB_DATA_PATH', `is not used, because ${winner} names other storage`)] : [];
  const claimName = values.inEffect('JUNJO_K8S_EXISTING_CLAIM');
  if (claimName) {
    const text = 'has no effect on the claim that JUNJO_K8S_EXISTING_CLAIM names. Remove one of the two lines';
    return {
      value: { kind: 'existing', claimName },
      problems: [
        ...ofNewClaims
          .filter((name) => values.isSet(name) && !(name === 'JUNJO_K8S_STORAGE_CLASS' && hasOtherClaims(values)))
          .map((name) => values.error(name, text)),
        ...unused('JUNJO_K8S_EXISTING_CLAIM'),
      ],
    };
  }
  const claim = {
    size: values.inEffect('JUNJO_K8S_STORAGE_SIZE'),
    storageClass: values.inEffect('JUNJO_K8S_STORAGE_CLASS'),
    accessMode: values.inEffect('JUNJO_K8S_STORAGE_ACCESS_MODE'),
  };
  const node = values.inEffect('JUNJO_K8S_NODE');
  if (node) {
    if (absolute) return { value: { kind: 'node', path, node, ...claim }, problems: [] };
    const problem = values.error(
      'JUNJO_K8S_NODE',
      'names the node of an absolute JUNJO_HOST_DB_DATA_PATH, but that path is relative. Make the path absolute, or remove this line',
    );
    return { value: undefined, problems: [problem] };
  }
  if (absolute && !values.isSet('JUNJO_K8S_STORAGE_CLASS')) {
    const problem = values.error(
      'JUNJO_HOST_DB_DATA_PATH',
      'is a folder on one node, but no node is named. Set JUNJO_K8S_NODE to the node that holds it, or JUNJO_K8S_STORAGE_CLASS to use storage of the cluster instead',
    );
    return { value: undefined, problems: [problem] };
  }
  return { value: { kind: 'provisioned', ...claim }, problems: unused('JUNJO_K8S_STORAGE_CLASS') };
}
