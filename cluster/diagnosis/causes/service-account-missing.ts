import type { Cause } from '../cause';
import { ofWorkload, refused } from '../pods';

/** The pod names a service account that does not exist. */
export const serviceAccountMissing: Cause = {
  name: 'service-account-missing',
  *findings(state) {
    for (const { workload, message } of refused(state)) {
      const name = /serviceaccount "([^"]+)" not found/.exec(message)?.[1];
      if (!name) continue;
      const fix = `${state.kubectl} create serviceaccount ${name}, or remove the patch that names it`;
      yield ofWorkload(workload, `its service account ${name} does not exist`, fix);
    }
  },
};
