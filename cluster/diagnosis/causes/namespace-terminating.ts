import { listOf } from '../../../render/manifest';
import type { Cause } from '../cause';

/** Somebody deleted the namespace; what is in it goes, the claim with the data included. */
export const namespaceTerminating: Cause = {
  name: 'namespace-terminating',
  *findings(state) {
    const namespace = state.named('Namespace', state.namespace);
    if (!namespace || (namespace.status?.phase !== 'Terminating' && !namespace.metadata.deletionTimestamp)) return;
    const remaining = listOf(namespace.status?.conditions)
      .filter(({ type, status }) => /Remaining|Failure/.test(type) && status === 'True')
      .map(({ message }) => String(message).replace(/\.$/, ''));
    yield {
      severity: 'error',
      subject: `namespace ${state.namespace}`,
      text: ['was deleted and is going', ...remaining].join('; '),
      fix: `${state.kubectl} get persistentvolumeclaims -o yaml | grep -A3 finalizers: whoever owns the finalizer must remove it. Then apply again, and restore the data from a backup if its volume went too`,
    };
  },
};
