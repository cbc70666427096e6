import { k8s } from 'cdk8s-plus-27';
import { canonicalQuantity } from '../../config/quantity';
import type { Memory } from '../../releases';

/** A quantity in the form in which the API server stores it. */
export function quantity(text: string): k8s.Quantity {
  return k8s.Quantity.fromString(canonicalQuantity(text));
}

/** Requests, and a limit on memory alone: a CPU limit would only slow queries down while the node idles. */
export function resources(cpuMilli: number, memory: Memory): k8s.ResourceRequirements {
  return {
    requests: {
      cpu: quantity(`${cpuMilli}m`),
      memory: quantity(`${memory.requestMi}Mi`),
    },
    limits: { memory: quantity(`${memory.limitMi}Mi`) },
  };
}
