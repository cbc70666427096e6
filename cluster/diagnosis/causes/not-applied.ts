import { fieldsOf } from '../../../render/manifest';
import type { Cause } from '../cause';

const APPLY = 'kubectl apply -f dist/foundation -f dist/';

/** Workloads are not in the namespace: only `foundation/` was applied, `dist/` was deleted, or one of them was. */
export const notApplied: Cause = {
  name: 'not-applied',
  *findings(state) {
    const namespace = state.named('Namespace', state.namespace);
    if (!namespace || namespace.metadata.deletionTimestamp || !state.canRead('deployments.apps')) return;
    if (state.workloads.length === 0) {
      yield {
        severity: 'error',
        subject: 'workloads',
        text: 'are not in the namespace; data that a claim holds is safe',
        fix: APPLY,
      };
      return;
    }
    for (const { metadata } of state.rendered?.ofKind('Deployment') ?? []) {
      if (state.named('Deployment', metadata.name)) continue;
      const subject = fieldsOf(metadata.labels)['app.kubernetes.io/component'] ?? metadata.name;
      yield { severity: 'error', subject, text: 'is rendered, and is not in the namespace', fix: APPLY };
    }
  },
};
