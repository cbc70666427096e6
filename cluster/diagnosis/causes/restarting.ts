import type { Cause } from '../cause';
import { STABLE_SECONDS } from '../pods';

/** A container with fewer restarts counts as well. */
const RESTARTS = 3;

/** A container that is well at this moment, between two crashes. */
export const restarting: Cause = {
  name: 'restarting',
  *findings(state) {
    for (const { name, object, healthy, pods } of state.workloads) {
      const [container] = pods
        .flatMap(({ containers }) => containers)
        .filter(
          ({ restarts, ended }) => restarts >= RESTARTS && ended && state.secondsSince(ended.at) < STABLE_SECONDS,
        );
      if (!healthy || !container?.ended) continue;
      yield {
        severity: 'warning',
        subject: name,
        text: `${container.name} was restarted ${container.restarts} times, last after it ended with code ${container.ended.exitCode}`,
        fix: `${state.kubectl} logs deployment/${object.metadata.name} -c ${container.name} --previous`,
      };
    }
  },
};
