import { envText, problemsOf, production } from '../support/studio';

const told = (name: string) => problemsOf(envText(production({ JUNJO_K8S_STORAGE_CLASS: name })));

test.each(['azurefile-csi', 'efs-sc', 'nfs-client', 'team-nfs', 'standard-rwx', 'filestore-basic', 'smb'])(
  'the class %s is refused: its name says NFS or SMB',
  (name) => {
    expect(told(name)).toEqual([expect.stringMatching(/^\.env:[0-9]+ JUNJO_K8S_STORAGE_CLASS: .* is file storage/)]);
  },
);

test.each(['managed-nfs-storage', 'alicloud-nas-subpath', 'oci-fss', 'ibmc-file-gold', 'rook-cephfs', 'juicefs-sc'])(
  'the class %s is warned of: its name sounds like a file system of the network',
  (name) => {
    expect(told(name)).toEqual([
      expect.stringMatching(/^warning: .* JUNJO_K8S_STORAGE_CLASS: .* looks like file storage/),
    ]);
  },
);

test.each(['fast-ssd', 'gp3', 'premium-rwo', 'longhorn', 'rook-ceph-block', 'profiles', 'local-path'])(
  'nothing is said of the class %s',
  (name) => {
    expect(told(name)).toEqual([]);
  },
);
