import type { Cause } from '../cause';
import { ended, ofWorkload, waiting } from '../pods';

/** The container's program is not in its image, or may not run. */
export const startError: Cause = {
  name: 'start-error',
  *findings(state) {
    const fix = 'undo the patch of its command, or correct the image: the published images start by themselves';
    const text = (name: string, message: string) =>
      `${name} cannot start: ${message.split('unable to start container process: ').pop()}`;
    for (const { workload, container, how } of ended(state)) {
      if (!['StartError', 'ContainerCannotRun'].includes(how.reason)) continue;
      yield ofWorkload(workload, text(container.name, how.message), fix);
    }
    for (const { workload, container, message } of waiting(state, ['RunContainerError'])) {
      yield ofWorkload(workload, text(container.name, message), fix);
    }
  },
};
