import type { k8s } from 'cdk8s-plus-27';
import type { WritableFolder } from '../../releases';
import { quantity } from './resources';
import type { RunAsProps } from './security';

/** Volumes of a pod, and the mounts of its container. */
export interface VolumesAndMounts {
  readonly volumes: k8s.Volume[];
  readonly mounts: k8s.VolumeMount[];
}

/** The volume with the databases. */
export interface DataVolumeProps {
  readonly claimName: string;
  readonly dataPath: string;
}

/** The databases. */
export function dataVolume({ claimName, dataPath }: DataVolumeProps): VolumesAndMounts {
  return {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    mounts: [{ name: 'data', mountPath: dataPath }],
  };
}

/** Folders that the container may write although its root file system is read-only. */
export function writableFolders({
  imageTarget,
  writable,
}: Pick<RunAsProps, 'imageTarget'> & { readonly writable: readonly WritableFolder[] }): VolumesAndMounts {
  const folders = imageTarget === 'production' ? writable : [];
  const name = ({ path }: WritableFolder) => path.slice(1).replaceAll('/', '-');
  return {
    volumes: folders.map((folder) => ({
      name: name(folder),
      emptyDir: { sizeLimit: quantity(`${folder.sizeLimitMi}Mi`) },
    })),
    mounts: folders.map((folder) => ({ name: name(folder), mountPath: folder.path })),
  };
}
