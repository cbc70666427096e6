import type { Recogniser } from '../finding';

/** Somebody stopped it, or something that was cut off. */
export const scaledToZero: Recogniser = {
  name: 'scaled-to-zero',
  *findings(state) {
    for (const { desired, name, object } of state.workloads) {
      if (desired !== 0) continue;
      const { kind, metadata } = object;
      yield {
        severity: 'fail',
        subject: name,
        text: 'is stopped (0 replicas)',
        next: `${state.kubectl} scale ${kind.toLowerCase()} ${metadata.name} --replicas=1`,
      };
    }
  },
};
