import type { Recogniser } from '../finding';
import { killedByProbe } from '../probes';

/** A container that started well stops answering, and is restarted for it. */
export const livenessFailing: Recogniser = {
  name: 'liveness-failing',
  *findings(state) {
    yield* killedByProbe(state, 'liveness');
  },
};
