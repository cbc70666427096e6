import type { Cause } from '../cause';
import { ofWorkload, waiting } from '../pods';

/** The Secret is there and lacks a key that a container reads. */
export const secretKeyMissing: Cause = {
  name: 'secret-key-missing',
  *findings(state) {
    for (const { workload, message } of waiting(state, ['CreateContainerConfigError'])) {
      const [, key, kind, name] = /couldn't find key (\S+) in (Secret|ConfigMap) [^/\s]+\/(\S+)/.exec(message) ?? [];
      if (!key) continue;
      yield ofWorkload(
        workload,
        `the ${kind} ${name} has no key ${key}`,
        `set ${key} where the ${kind} comes from (the env file, then synth and apply). The pod then starts by itself`,
      );
    }
  },
};
