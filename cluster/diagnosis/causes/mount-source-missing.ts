import type { Cause } from '../cause';
import { ofWorkload, unmounted } from '../pods';

/** A Secret or ConfigMap that is mounted as files does not exist, or lacks a key. */
export const mountSourceMissing: Cause = {
  name: 'mount-source-missing',
  *findings(state) {
    for (const { workload, message } of unmounted(state)) {
      const [, kind, name] = /(configmap|secret) "([^"]+)" not found/i.exec(message) ?? [];
      const keys = /references non-existent (?:secret|config) key: (\S+)/i.exec(message)?.[1];
      if (!name && !keys) continue;
      const what = name
        ? `the ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${name} does not exist`
        : `a mounted key does not exist: ${keys}`;
      yield ofWorkload(
        workload,
        what,
        'kubectl apply -f dist/; a Secret of somebody else comes from where JUNJO_K8S_SECRETS says',
      );
    }
  },
};
