import type { Cause } from '../cause';
import { ofClaim, unboundClaims } from '../claims';

/** A provisioner needs seconds. One that says nothing for longer is not there. */
const PATIENCE_SECONDS = 120;

/** The class is there, and no volume comes of it. */
export const claimUnbound: Cause = {
  name: 'claim-unbound',
  *findings(state) {
    for (const claim of unboundClaims(state)) {
      const events = state.eventsOf(claim);
      const failed = events.filter(({ reason }) => ['ProvisioningFailed', 'FailedBinding'].includes(reason)).pop();
      const external = events.filter(({ reason }) => ['ExternalProvisioning', 'Provisioning'].includes(reason)).pop();
      const age = state.secondsSince(claim.metadata.creationTimestamp ?? state.now);
      const fix = `${state.kubectl} describe persistentvolumeclaim ${claim.metadata.name}; look at the pods of the storage provisioner`;
      if (failed) {
        yield* ofClaim(state, claim, `no volume can be made for it: ${failed.message}`, fix);
      } else if (external && age > PATIENCE_SECONDS) {
        yield* ofClaim(state, claim, 'its storage provisioner does not answer', fix);
      }
    }
    for (const claim of state.ofKind('PersistentVolumeClaim')) {
      if (claim.status?.phase === 'Lost') {
        const fix = `bring the volume ${claim.spec?.volumeName} back, or restore a backup into a new claim`;
        yield* ofClaim(state, claim, 'its volume is gone', fix);
      }
    }
  },
};
