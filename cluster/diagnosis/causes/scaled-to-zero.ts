import { STOPPED } from '../../../config/names';
import { fieldsOf } from '../../../render/manifest';
import type { Cause } from '../cause';

/** Somebody stopped it, or a backup did, which starts it again unless it was cut off. */
export const scaledToZero: Cause = {
  name: 'scaled-to-zero',
  *findings(state) {
    for (const { desired, name, object } of state.workloads) {
      if (desired !== 0) continue;
      const { kind, metadata } = object;
      const stopped = fieldsOf(metadata.annotations)[STOPPED];
      if (stopped !== undefined) {
        yield {
          severity: 'error',
          subject: name,
          text: `is stopped: a backup or restore has it so since ${/"since":"([^"]*)"/.exec(stopped)?.[1] ?? 'an unknown time'}`,
          fix: 'wait while it runs. If it was cut off, the next junjo-k8s backup starts the studio first',
        };
        continue;
      }
      yield {
        severity: 'error',
        subject: name,
        text: 'is stopped (0 replicas)',
        fix: `${state.kubectl} scale ${kind.toLowerCase()} ${metadata.name} --replicas=1`,
      };
    }
  },
};
