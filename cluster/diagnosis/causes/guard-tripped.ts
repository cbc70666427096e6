import { GUARD_CONTAINER } from '../../../charts/upgrade-guard';
import type { Cause } from '../cause';
import { ended, ofWorkload, referenceOf } from '../pods';

/** The upgrade guard found the data of another release line, and keeps the studio from starting on it. */
export const guardTripped: Cause = {
  name: 'guard-tripped',
  *findings(state) {
    for (const { workload, container, how } of ended(state)) {
      if (container.name !== GUARD_CONTAINER || how.exitCode === 0) continue;
      const message = how.message.trim().replace(/\s*\n\s*/g, ' ');
      const fix = `decide as the guard says: ${state.kubectl} logs ${referenceOf(workload)} -c ${container.name}`;
      yield ofWorkload(
        workload,
        message || 'the upgrade guard does not let it start on the data of another release',
        fix,
      );
    }
  },
};
