import type { Cause } from '../cause';
import { killedByProbe } from '../probes';

/** A container that started well stops answering, and is restarted for it. */
export const livenessFailing: Cause = {
  name: 'liveness-failing',
  *findings(state) {
    yield* killedByProbe(state, 'liveness');
  },
};
