import type { Cause } from '../cause';
import { killedByProbe } from '../probes';

/** A container does not answer for as long as a start may take, and is restarted for it. */
export const startupFailing: Cause = {
  name: 'startup-failing',
  *findings(state) {
    yield* killedByProbe(state, 'startup');
  },
};
