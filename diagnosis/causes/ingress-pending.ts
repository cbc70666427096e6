import { listOf } from '../../rules/rendered-studio';
import type { Recogniser } from '../finding';

/** No controller serves the Ingress, and nothing says so. */
export const ingressPending: Recogniser = {
  name: 'ingress-pending',
  *findings(state) {
    const classes = state.ofKind('IngressClass').map(({ metadata }) => metadata.name);
    for (const { metadata, spec, status } of state.ofKind('Ingress')) {
      // cert-manager's own, which is there while it proves a host.
      if (/^cm-acme-http-solver-/.test(metadata.name) || listOf(status?.loadBalancer?.ingress).length > 0) continue;
      const name = spec?.ingressClassName;
      const unknown = classes.length > 0 && name && !classes.includes(name);
      yield {
        severity: 'fail',
        subject: `ingress ${metadata.name}`,
        text: unknown
          ? `its class ${name} does not exist; there are: ${classes.join(', ')}`
          : `no controller serves it${name ? ` (class ${name})` : ''}: it has no address`,
        next: 'kubectl get ingressclass; correct JUNJO_K8S_INGRESS_CLASS, or install its controller',
      };
    }
  },
};
