import type { Recogniser } from '../finding';

/** Nothing was applied, or the context or namespace is another. */
export const namespaceMissing: Recogniser = {
  name: 'namespace-missing',
  *findings(state) {
    if (state.named('Namespace', state.namespace)) return;
    yield {
      severity: 'fail',
      subject: `namespace ${state.namespace}`,
      text: 'is not in this cluster',
      next: 'kubectl apply -f dist/foundation -f dist/',
    };
  },
};
