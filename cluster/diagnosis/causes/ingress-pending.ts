import { listOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { unanswered } from '../patience';

/** A controller writes the address within moments, or when its own load balancer has one. */
const PATIENCE_SECONDS = 120;

/** No controller serves the Ingress, and nothing says so. */
export const ingressPending: Cause = {
  name: 'ingress-pending',
  *findings(state) {
    const classes = state.ofKind('IngressClass').map(({ metadata }) => metadata.name);
    for (const ingress of state.ofKind('Ingress')) {
      const { metadata, spec, status } = ingress;
      // cert-manager's own, which is there while it proves a host.
      if (/^cm-acme-http-solver-/.test(metadata.name) || listOf(status?.loadBalancer?.ingress).length > 0) continue;
      const name = spec?.ingressClassName;
      const unknown = name && state.canRead('ingressclasses.networking.k8s.io') && !classes.includes(name);
      yield {
        severity: unknown ? 'error' : unanswered(state, ingress, PATIENCE_SECONDS),
        subject: `ingress ${metadata.name}`,
        text: unknown
          ? `its class ${name} does not exist; there are: ${classes.join(', ') || 'none'}`
          : `no controller serves it${name ? ` (class ${name})` : ''}: it has no address`,
        fix: 'kubectl get ingressclass; correct JUNJO_K8S_INGRESS_CLASS, or install its controller',
      };
    }
  },
};
