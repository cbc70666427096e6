import { listOf } from '../../../render/manifest';
import type { Cause } from '../cause';

/** A load balancer needs this long where a cloud makes it. */
const PATIENCE_SECONDS = 300;

/** Nothing gives the Service an address, and nothing says so. */
export const loadBalancerPending: Cause = {
  name: 'load-balancer-pending',
  *findings(state) {
    for (const service of state.ofKind('Service')) {
      const { metadata, spec, status } = service;
      if (spec?.type !== 'LoadBalancer' || listOf(status?.loadBalancer?.ingress).length > 0) continue;
      const failed = state.eventsOf(service, 'SyncLoadBalancerFailed').pop();
      const age = state.secondsSince(metadata.creationTimestamp ?? state.now);
      yield {
        severity: failed || age > PATIENCE_SECONDS ? 'error' : 'warning',
        subject: `service ${metadata.name}`,
        text: failed
          ? `gets no address: ${failed.message}`
          : 'has no address: nothing serves load balancers here, or not yet',
        fix: 'a cluster on your machine: junjo-k8s forward. Elsewhere: install a load balancer controller, for example MetalLB',
      };
    }
  },
};
