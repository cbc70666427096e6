import type { Recogniser } from '../finding';

/** So many restarts, the last of them not longer ago, are no accident. */
const RESTARTS = 3;
const RECENT_SECONDS = 900;

/** A container that is well at this moment, between two crashes. */
export const restarting: Recogniser = {
  name: 'restarting',
  *findings(state) {
    for (const { name, object, healthy, pods } of state.workloads) {
      const [container] = pods
        .flatMap(({ containers }) => containers)
        .filter(
          ({ restarts, ended }) => restarts >= RESTARTS && ended && state.secondsSince(ended.at) < RECENT_SECONDS,
        );
      if (!healthy || !container?.ended) continue;
      yield {
        severity: 'warn',
        subject: name,
        text: `${container.name} was restarted ${container.restarts} times, last after it ended with code ${container.ended.exitCode}`,
        next: `${state.kubectl} logs deployment/${object.metadata.name} -c ${container.name} --previous`,
      };
    }
  },
};
