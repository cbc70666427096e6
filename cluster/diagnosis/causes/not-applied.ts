import type { Recogniser } from '../finding';

/** The namespace and the claim are there, the workloads are not: only `foundation/` was applied, or `dist/` was deleted. */
export const notApplied: Recogniser = {
  name: 'not-applied',
  *findings(state) {
    const namespace = state.named('Namespace', state.namespace);
    if (!namespace || namespace.metadata.deletionTimestamp || state.workloads.length > 0) return;
    if (!state.canRead('deployments.apps')) return;
    yield {
      severity: 'fail',
      subject: 'workloads',
      text: 'are not in the namespace; data that a claim holds is safe',
      next: 'kubectl apply -f dist/foundation -f dist/',
    };
  },
};
