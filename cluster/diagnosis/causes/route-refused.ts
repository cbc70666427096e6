import { listOf } from '../../../render/manifest';
import type { Cause } from '../cause';
import { unanswered } from '../patience';

const PATIENCE_SECONDS = 60;

/** The Gateway does not take a route. */
export const routeRefused: Cause = {
  name: 'route-refused',
  *findings(state) {
    for (const route of [...state.ofKind('HTTPRoute'), ...state.ofKind('GRPCRoute')]) {
      const parents = listOf(route.status?.parents);
      const bad = parents.flatMap(({ conditions }) => listOf(conditions)).find(({ status }) => status === 'False');
      if (parents.length > 0 && !bad) continue;
      yield {
        severity: bad ? 'error' : unanswered(state, route, PATIENCE_SECONDS),
        subject: `route ${route.metadata.name}`,
        text: bad ? `is refused: ${bad.message || bad.reason}` : 'no Gateway has taken it',
        fix: 'correct JUNJO_K8S_GATEWAY and the names of its listeners; its owner must allow routes of this namespace',
      };
    }
  },
};
