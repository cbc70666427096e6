import type { Recogniser } from '../finding';

/** Somebody paused the Deployment, so that no change reaches its pods. */
export const rolloutPaused: Recogniser = {
  name: 'rollout-paused',
  *findings(state) {
    for (const { object, name, healthy } of state.workloads) {
      if (!object.spec?.paused) continue;
      yield {
        severity: healthy ? 'warn' : 'fail',
        subject: name,
        text: 'is paused: no change reaches its pods',
        next: `${state.kubectl} rollout resume deployment ${object.metadata.name}`,
      };
    }
  },
};
