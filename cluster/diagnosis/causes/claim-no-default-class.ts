import { fieldsOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { ofClaim, unboundClaims } from '../claims';

/** The second is what it was called before, which Kubernetes reads to this day. */
const DEFAULTS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** The claim names no storage class, and the cluster has no default one. */
export const claimNoDefaultClass: Cause = {
  name: 'claim-no-default-class',
  *findings(state) {
    const classes = state.ofKind('StorageClass');
    const hasDefault = classes.some(({ metadata }) =>
      DEFAULTS.some((name) => fieldsOf(metadata.annotations)[name] === 'true'),
    );
    for (const claim of unboundClaims(state)) {
      if (claim.spec?.storageClassName !== undefined || hasDefault) continue;
      const told = state
        .eventsOf(claim, 'FailedBinding')
        .some(({ message }) => /no storage class is set/.test(message));
      if (!told) continue;
      const names = classes.map(({ metadata }) => metadata.name);
      yield* ofClaim(
        state,
        claim,
        'names no storage class, and the cluster has no default one',
        names.length > 0
          ? `set JUNJO_K8S_STORAGE_CLASS to one of ${names.join(', ')}, synth and apply`
          : 'install a storage provisioner: the cluster has no storage class at all',
      );
    }
  },
};
