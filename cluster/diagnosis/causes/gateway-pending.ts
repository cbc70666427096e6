import { conditionOf, type Fields, listOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { unanswered } from '../patience';

/** Where a Gateway gets a load balancer of its own, a cloud needs this long. */
const PATIENCE_SECONDS = 300;

/** No controller serves the Gateway, or it finds something wrong with it. */
export const gatewayPending: Cause = {
  name: 'gateway-pending',
  *findings(state) {
    for (const gateway of state.ofKind('Gateway')) {
      const bad = ['Accepted', 'Programmed']
        .map((type) => conditionOf(gateway, type))
        .find((found) => found?.status !== 'True');
      const programmed = conditionOf(gateway, 'Programmed')?.status === 'True';
      if (programmed && !bad) continue;
      const listener = listOf(gateway.status?.listeners).find((each) => unresolved(each));
      // Until its certificate is there, whose own finding says what it lacks, a listener has none to show.
      const secrets = listOf(gateway.spec?.listeners).flatMap(({ tls }) => listOf(tls?.certificateRefs));
      const waits = state
        .ofKind('Certificate')
        .filter((certificate) => conditionOf(certificate, 'Ready')?.status !== 'True')
        .some(({ spec }) => secrets.some(({ name }) => name === spec?.secretName));
      const why = listener ? `listener ${listener.name}: ${unresolved(listener)}` : bad?.message;
      yield {
        severity: waits ? 'wait' : unanswered(state, gateway, listener ? 0 : PATIENCE_SECONDS),
        subject: `gateway ${gateway.metadata.name}`,
        text: why ? `is not served: ${why}` : `no controller serves its class ${gateway.spec?.gatewayClassName}`,
        fix: `kubectl get gatewayclass; ${state.kubectl} describe gateway ${gateway.metadata.name}`,
      };
    }
  },
};

/** What a listener refers to and does not find. */
function unresolved(listener: Fields): string | undefined {
  const refs = listOf(listener.conditions).find(({ type }) => type === 'ResolvedRefs');
  return refs?.status === 'False' ? refs.message : undefined;
}
