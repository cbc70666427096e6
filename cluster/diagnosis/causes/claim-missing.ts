import type { Cause } from '../cause';
import { ofWorkload, unscheduled } from '../pods';

/** The pods mount a claim that does not exist. */
export const claimMissing: Cause = {
  name: 'claim-missing',
  *findings(state) {
    for (const { workload, reasons } of unscheduled(state)) {
      const name = /persistentvolumeclaim "([^"]+)" not found/.exec(reasons)?.[1];
      if (name) {
        const fix = `kubectl apply -f dist/foundation, or correct JUNJO_K8S_EXISTING_CLAIM`;
        yield ofWorkload(workload, `its claim ${name} does not exist`, fix);
      }
    }
  },
};
