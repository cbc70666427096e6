import type { Cause } from '../cause';
import { lastWords } from '../crashes';
import { ended, ofWorkload, referenceOf } from '../pods';

/** A container that prepares the start ends with an error. */
export const initFailed: Cause = {
  name: 'init-failed',
  *findings(state) {
    for (const { workload, pod, container, how } of ended(state)) {
      if (!container.init || container.running || how.reason === 'OOMKilled') continue;
      const said = lastWords(state.logOf(pod, container) ?? how.message);
      yield ofWorkload(
        workload,
        `its init container ${container.name} ends with code ${how.exitCode}${said ? `: ${said}` : ''}`,
        `${state.kubectl} logs ${referenceOf(workload)} -c ${container.name}`,
      );
    }
  },
};
