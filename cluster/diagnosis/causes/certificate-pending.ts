import { conditionOf, fieldsOf, type Manifest } from '../../../render/manifest';
import type { Cause } from '../cause';
import type { ClusterState } from '../cluster-state';
import { unanswered } from '../patience';

/** A certificate is not there; who holds it up is written on the issuer, the order or the challenge. */
export const certificatePending: Cause = {
  name: 'certificate-pending',
  *findings(state) {
    for (const certificate of state.ofKind('Certificate')) {
      const ready = conditionOf(certificate, 'Ready');
      if (ready?.status === 'True') continue;
      const { text, fix, failed } = holdUp(state, certificate);
      const { name } = certificate.metadata;
      yield {
        severity: failed ? 'error' : unanswered(state, certificate, PATIENCE_SECONDS),
        subject: `certificate ${name}`,
        text: text ?? `is not ready: ${ready?.message ?? 'cert-manager does not look at it'}`,
        fix: fix ?? `${state.kubectl} describe certificate ${name}; kubectl -n cert-manager get pods`,
      };
    }
  },
};

/** A certificate of an ACME server needs a minute or two: its challenges fail until the edge serves the solver. */
const PATIENCE_SECONDS = 300;

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
