import type { Cause } from '../cause';
import { crashes, lastWords } from '../crashes';
import { ofWorkload, previousLog } from '../pods';

/** A container ends again and again; only its log says why. */
export const crashLoop: Cause = {
  name: 'crash-loop',
  *findings(state) {
    for (const crash of crashes(state)) {
      const { container, exitCode, log, workload } = crash;
      const words = lastWords(log);
      yield ofWorkload(
        workload,
        `${container.name} ends with code ${exitCode}, ${container.restarts} times so far${words ? `: ${words}` : ''}`,
        `${previousLog(state, crash)}; then correct the setting that it names`,
      );
    }
  },
};
