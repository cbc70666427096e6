import type { Cause } from '../cause';
import { classOf, ofClaim, unboundClaims } from '../claims';

/** The claim names a storage class that the cluster does not have. */
export const claimClassMissing: Cause = {
  name: 'claim-class-missing',
  *findings(state) {
    for (const claim of unboundClaims(state)) {
      const name = classOf(claim);
      const told = state
        .eventsOf(claim, 'ProvisioningFailed')
        .some(({ message }) => /storageclass.*not found/i.test(message));
      if (!name || (!told && (state.ofKind('StorageClass').length === 0 || state.named('StorageClass', name))))
        continue;
      if (state.named('StorageClass', name)) continue;
      const known = state.ofKind('StorageClass').map(({ metadata }) => metadata.name);
      yield* ofClaim(
        state,
        claim,
        `its storage class ${name} does not exist`,
        `set JUNJO_K8S_STORAGE_CLASS to ${known.length > 0 ? `one of ${known.join(', ')}` : 'one that exists'}, synth, then: ${state.kubectl} delete persistentvolumeclaim ${claim.metadata.name} (it is empty), and apply again`,
      );
    }
  },
};
