import type { Cause } from '../cause';
import { ofWorkload, referenceOf, troubledContainers } from '../pods';
import { complaint } from '../probes';

/** A container started well and does not answer, or not any more. */
export const readinessFailing: Cause = {
  name: 'readiness-failing',
  *findings(state) {
    for (const { workload, pod, container } of troubledContainers(state)) {
      if (!container.running || !container.started || container.ready || container.init) continue;
      const said = complaint(state, pod, 'readiness');
      if (!said) continue;
      yield ofWorkload(
        workload,
        `${container.name} runs and does not answer${said}`,
        `${state.kubectl} logs ${referenceOf(workload)} -c ${container.name} --tail=50; undo any patch of its probes`,
      );
    }
  },
};
