import type { Cause } from '../cause';

/** cert-manager renews a third of the lifetime before the end, which is a month for ninety days. */
const LATE_SECONDS = 7 * 24 * 3600;

/** A certificate was not renewed in time. */
export const certificateExpiring: Cause = {
  name: 'certificate-expiring',
  *findings(state) {
    for (const { metadata, status } of state.ofKind('Certificate')) {
      if (!status?.notAfter) continue;
      const left = -state.secondsSince(status.notAfter);
      if (left > LATE_SECONDS) continue;
      yield {
        severity: left > 0 ? 'warning' : 'error',
        subject: `certificate ${metadata.name}`,
        text: left > 0 ? `ends on ${status.notAfter} and was not renewed` : `ended on ${status.notAfter}`,
        fix: `${state.kubectl} describe certificate ${metadata.name}; ${state.kubectl} get orders,challenges`,
      };
    }
  },
};
