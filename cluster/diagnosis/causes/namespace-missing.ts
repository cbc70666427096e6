import type { Cause } from '../cause';

/** Nothing was applied, or the context or namespace is another. */
export const namespaceMissing: Cause = {
  name: 'namespace-missing',
  *findings(state) {
    if (state.named('Namespace', state.namespace)) return;
    yield {
      severity: 'error',
      subject: `namespace ${state.namespace}`,
      text: 'is not in this cluster',
      fix: 'kubectl apply -f dist/foundation -f dist/',
    };
  },
};
