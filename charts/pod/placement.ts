import type { k8s } from 'cdk8s-plus-27';
import type { Placement } from '../../config/studio-config';

/** All pods that mount the volume carry it, and all have affinity to it: ReadWriteOnce is per node. */
export const VOLUME_LABEL = { 'junjo-ai-studio/volume': 'data' };

/**
 * Keeps the pods of the volume on one node, whichever comes first: the scheduler lets the first of a group with affinity
 * to itself go anywhere (https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/).
 */
export const besideTheVolume: k8s.Affinity = {
  podAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { labelSelector: { matchLabels: VOLUME_LABEL }, topologyKey: 'kubernetes.io/hostname' },
    ],
  },
};

/** The fields of a pod that say on which nodes it may run, and with which priority. All pods of the studio have them. */
export function schedulingFields({
  nodeSelector,
  tolerations,
  priorityClassName,
}: Placement): Pick<k8s.PodSpec, 'nodeSelector' | 'tolerations' | 'priorityClassName'> {
  return {
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector: { ...nodeSelector } }),
    ...(tolerations.length > 0 && { tolerations: tolerations.map((toleration) => ({ ...toleration })) }),
    ...(priorityClassName && { priorityClassName }),
  };
}
