import { k8s } from 'cdk8s-plus-27';
import { canonicalQuantity } from '../../config/quantity';
import type { Memory } from '../../releases';

/** A quantity in the form in which the API server stores it. */
export function quantity(text: string): k8s.Quantity {
  return k8s.Quantity.fromString(canonicalQuantity(text));
}

/**
 * MiB of the node's disk that a pod with data requests. Under disk pressure the kubelet first evicts the pods that use more
 * than they request: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction
 * It counts logs, of which it keeps at most five files of 10 MiB for each container (containerLogMaxSize and containerLogMaxFiles
 * of KubeletConfiguration), and volumes of kind emptyDir. This is the logs of two containers, and what /tmp holds at rest.
 * There is no limit: a query may spill far more, up to the sizeLimit of /tmp.
 */
export const NODE_DISK_MI = 128;

/**
 * Requests, and a limit on memory alone: a CPU limit would only slow queries down while the node idles.
 * @param diskMi MiB of the node's disk to request; by default none
 */
export function resources(cpuMilli: number, memory: Memory, diskMi?: number): k8s.ResourceRequirements {
  return {
    requests: {
      cpu: quantity(`${cpuMilli}m`),
      memory: quantity(`${memory.requestMi}Mi`),
      ...(diskMi && { 'ephemeral-storage': quantity(`${diskMi}Mi`) }),
    },
    limits: { memory: quantity(`${memory.limitMi}Mi`) },
  };
}
