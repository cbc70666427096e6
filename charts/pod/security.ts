import type { k8s } from 'cdk8s-plus-27';
import type { StudioConfig } from '../../config/studio-config';

/** The user that the containers of a pod run as. */
export interface RunAsProps {
  /** uid and gid, and the group of the volumes. */
  readonly user: number;
  /** Development images keep their tools, caches and source tree in folders that only root may write. */
  readonly imageTarget: StudioConfig['imageTarget'];
}

/** User, group and seccomp of a pod, in full. */
export function podSecurityContext({ imageTarget, user }: RunAsProps): k8s.PodSecurityContext {
  const volumes = {
    fsGroup: user,
    // Without it the kubelet walks the whole volume at every start.
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
  return imageTarget === 'development'
    ? { runAsUser: 0, runAsGroup: 0, ...volumes }
    : { runAsNonRoot: true, runAsUser: user, runAsGroup: user, ...volumes };
}

/** No privileges, and a read-only root file system. Only development images write inside the image, when they reload. */
export function containerSecurityContext(imageTarget: RunAsProps['imageTarget'] = 'production'): k8s.SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: imageTarget === 'production',
  };
}
