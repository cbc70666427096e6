import type { Cause } from '../cause';

/** A deleted claim stays for as long as pods use it, and takes the data along when they end. */
export const claimTerminating: Cause = {
  name: 'claim-terminating',
  *findings(state) {
    if (state.named('Namespace', state.namespace)?.metadata.deletionTimestamp) return;
    for (const { metadata } of state.ofKind('PersistentVolumeClaim')) {
      if (!metadata.deletionTimestamp) continue;
      yield {
        severity: 'error',
        subject: `claim ${metadata.name}`,
        text: 'was deleted and goes, with its data, as soon as no pod uses it',
        fix: 'junjo-k8s backup, at once and before anything restarts; then delete the studio, apply again and restore',
      };
    }
  },
};
