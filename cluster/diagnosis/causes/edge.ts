import { conditionOf, type Fields, fieldsOf, listOf, type Manifest } from '../../../render/manifest';
import type { Cause } from '../cause';
import type { ClusterState } from '../cluster-state';

/** A load balancer needs this long where a cloud makes it. */
const LOAD_BALANCER_PENDING_DEADLINE_SECONDS = 300;

/** A controller writes the address within moments, or when its own load balancer has one. */
const INGRESS_PENDING_DEADLINE_SECONDS = 120;

/** Where a Gateway gets a load balancer of its own, a cloud needs this long. */
const GATEWAY_PENDING_DEADLINE_SECONDS = 300;

const ROUTE_REFUSED_DEADLINE_SECONDS = 60;

/** cert-manager renews a third of the lifetime before the end, which is a month for ninety days. */
const CERTIFICATE_EXPIRING_LATE_SECONDS = 7 * 24 * 3600;

/** Waiting does not help. */
const FAILED = { severity: 'error' } as const;

export const edgeCauses: readonly Cause[] = [
  // Nothing gives the Service an address, and nothing says so.
  {
    name: 'load-balancer-pending',
    *findings(state) {
      for (const service of state.ofKind('Service')) {
        const { metadata, spec, status } = service;
        if (spec?.type !== 'LoadBalancer' || listOf(status?.loadBalancer?.ingress).length > 0) continue;
        const failed = state.eventsOf(service, 'SyncLoadBalancerFailed').pop();
        const age = state.secondsSince(metadata.creationTimestamp ?? state.now);
        yield {
          severity: failed || age > LOAD_BALANCER_PENDING_DEADLINE_SECONDS ? 'error' : 'warning',
          subject: `service ${metadata.name}`,
          text: failed
            ? `gets no address: ${failed.message}`
            : 'has no address: nothing serves load balancers here, or not yet',
          fix: 'a cluster on your machine: junjo-k8s forward. Elsewhere: install a load balancer controller, for example MetalLB',
        };
      }
    },
  },
  // No controller serves the Ingress, and nothing says so.
  {
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
          ...(unknown ? FAILED : state.unanswered(ingress, INGRESS_PENDING_DEADLINE_SECONDS)),
          subject: `ingress ${metadata.name}`,
          text: unknown
            ? `its class ${name} does not exist; there are: ${classes.join(', ') || 'none'}`
            : `no controller serves it${name ? ` (class ${name})` : ''}: it has no address`,
          fix: 'kubectl get ingressclass; correct JUNJO_K8S_INGRESS_CLASS, or install its controller',
        };
      }
    },
  },
  // No controller serves the Gateway, or it finds something wrong with it.
  {
    name: 'gateway-pending',
    *findings(state) {
      for (const gateway of state.ofKind('Gateway')) {
        const bad = ['Accepted', 'Programmed']
          .map((type) => conditionOf(gateway, type))
          .find((found) => found?.status !== 'True');
        const programmed = conditionOf(gateway, 'Programmed')?.status === 'True';
        if (programmed && !bad) continue;
        const listener = listOf(gateway.status?.listeners).find((each) => unresolved(each));
        // A listener is not served until its certificate exists. The certificate has a finding of its own.
        const secrets = listOf(gateway.spec?.listeners).flatMap(({ tls }) => listOf(tls?.certificateRefs));
        const waits = state
          .ofKind('Certificate')
          .filter((certificate) => conditionOf(certificate, 'Ready')?.status !== 'True')
          .some(({ spec }) => secrets.some(({ name }) => name === spec?.secretName));
        const why = listener ? `listener ${listener.name}: ${unresolved(listener)}` : bad?.message;
        yield {
          ...(waits
            ? ({ severity: 'wait', since: undefined } as const)
            : listener
              ? FAILED
              : state.unanswered(gateway, GATEWAY_PENDING_DEADLINE_SECONDS)),
          subject: `gateway ${gateway.metadata.name}`,
          text: why ? `is not served: ${why}` : `no controller serves its class ${gateway.spec?.gatewayClassName}`,
          fix: `kubectl get gatewayclass; ${state.kubectl} describe gateway ${gateway.metadata.name}`,
        };
      }
    },
  },
  // The Gateway does not take a route.
  {
    name: 'route-refused',
    *findings(state) {
      for (const route of [...state.ofKind('HTTPRoute'), ...state.ofKind('GRPCRoute')]) {
        const parents = listOf(route.status?.parents);
        const bad = parents.flatMap(({ conditions }) => listOf(conditions)).find(({ status }) => status === 'False');
        if (parents.length > 0 && !bad) continue;
        yield {
          ...(bad ? FAILED : state.unanswered(route, ROUTE_REFUSED_DEADLINE_SECONDS)),
          subject: `route ${route.metadata.name}`,
          text: bad ? `is refused: ${bad.message || bad.reason}` : 'no Gateway has taken it',
          fix: 'correct JUNJO_K8S_GATEWAY and the names of its listeners; its owner must allow routes of this namespace',
        };
      }
    },
  },
  // A certificate is not issued yet. The issuer, the order or the challenge says why.
  {
    name: 'certificate-pending',
    *findings(state) {
      for (const certificate of state.ofKind('Certificate')) {
        const ready = conditionOf(certificate, 'Ready');
        if (ready?.status === 'True') continue;
        const { text, fix, failed } = holdUp(state, certificate);
        const { name } = certificate.metadata;
        yield {
          ...(failed ? FAILED : state.unanswered(certificate, CERTIFICATE_PENDING_DEADLINE_SECONDS)),
          subject: `certificate ${name}`,
          text: text ?? `is not ready: ${ready?.message ?? 'cert-manager has not processed it'}`,
          fix: fix ?? `${state.kubectl} describe certificate ${name}; kubectl -n cert-manager get pods`,
        };
      }
    },
  },
  // A certificate was not renewed in time.
  {
    name: 'certificate-expiring',
    *findings(state) {
      for (const { metadata, status } of state.ofKind('Certificate')) {
        if (!status?.notAfter) continue;
        const left = -state.secondsSince(status.notAfter);
        if (left > CERTIFICATE_EXPIRING_LATE_SECONDS) continue;
        yield {
          severity: left > 0 ? 'warning' : 'error',
          subject: `certificate ${metadata.name}`,
          text: left > 0 ? `ends on ${status.notAfter} and was not renewed` : `ended on ${status.notAfter}`,
          fix: `${state.kubectl} describe certificate ${metadata.name}; ${state.kubectl} get orders,challenges`,
        };
      }
    },
  },
];

/** What a listener refers to and does not find. */
function unresolved(listener: Fields): string | undefined {
  const refs = listOf(listener.conditions).find(({ type }) => type === 'ResolvedRefs');
  return refs?.status === 'False' ? refs.message : undefined;
}

/** A certificate of an ACME server needs a minute or two: its challenges fail until the edge serves the solver. */
const CERTIFICATE_PENDING_DEADLINE_SECONDS = 300;

interface HoldUp {
  /** Waiting does not help. */
  readonly failed?: boolean;
  readonly text?: string;
  readonly fix?: string;
}

function holdUp(state: ClusterState, { metadata, spec }: Manifest): HoldUp {
  const issuer = state.named(spec?.issuerRef?.kind ?? 'Issuer', spec?.issuerRef?.name);
  const issued = issuer && conditionOf(issuer, 'Ready');
  if (issued && issued.status !== 'True') {
    const fix = `${state.kubectl} describe ${String(issuer.kind).toLowerCase()} ${issuer.metadata.name}`;
    return { text: `its ${issuer.kind} ${issuer.metadata.name} is not ready: ${issued.message}`, fix };
  }
  const challenges = state.ofKind('Challenge').filter(({ spec: own }) => spec?.dnsNames?.includes(own?.dnsName));
  const [stuck] = challenges.filter(({ status }) => status?.state !== 'valid');
  if (stuck) {
    return {
      text: `${stuck.spec?.dnsName} is not proven yet: ${stuck.status?.reason || stuck.status?.state || 'waiting'}`,
      fix: `the host must lead to the edge on port 80: curl -v http://${stuck.spec?.dnsName}/.well-known/acme-challenge/x; ${state.kubectl} describe challenge`,
    };
  }
  const [order] = state
    .ofKind('Order')
    .filter(({ metadata: own }) => fieldsOf(own.annotations)['cert-manager.io/certificate-name'] === metadata.name)
    .sort((a, b) => String(b.metadata.creationTimestamp).localeCompare(String(a.metadata.creationTimestamp)));
  return ['invalid', 'errored'].includes(order?.status?.state)
    ? {
        failed: true,
        text: `its order failed: ${order?.status?.reason ?? order?.status?.state}`,
        fix: `${state.kubectl} describe order; try JUNJO_K8S_ACME_SERVER=letsencrypt-staging first`,
      }
    : {};
}
