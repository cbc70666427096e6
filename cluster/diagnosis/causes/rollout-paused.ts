import type { Cause } from '../cause';

/** Somebody paused the Deployment, so that no change reaches its pods. */
export const rolloutPaused: Cause = {
  name: 'rollout-paused',
  *findings(state) {
    for (const { object, name, healthy } of state.workloads) {
      if (!object.spec?.paused) continue;
      yield {
        severity: healthy ? 'warning' : 'error',
        subject: name,
        text: 'is paused: no change reaches its pods',
        fix: `${state.kubectl} rollout resume deployment ${object.metadata.name}`,
      };
    }
  },
};
