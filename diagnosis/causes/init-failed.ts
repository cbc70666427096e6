import type { Recogniser } from '../finding';
import { ended, ofWorkload } from '../pods';

/** A container that prepares the start ends with an error. */
export const initFailed: Recogniser = {
  name: 'init-failed',
  *findings(state) {
    for (const { workload, container, how } of ended(state)) {
      if (!container.init || container.running || how.reason === 'OOMKilled') continue;
      const said = how.message.trim().replace(/\s*\n\s*/g, ' ');
      yield ofWorkload(
        workload,
        `its init container ${container.name} ends with code ${how.exitCode}${said ? `: ${said}` : ''}`,
        `${state.kubectl} logs deployment/${workload.object.metadata.name} -c ${container.name}`,
      );
    }
  },
};
