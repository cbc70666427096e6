import type { Cause } from '../cause';
import { mountsData } from '../claims';
import { crashes } from '../crashes';
import { ofWorkload, previousLog } from '../pods';

/** The files on the volume belong to somebody else. */
export const volumePermissionDenied: Cause = {
  name: 'volume-permission-denied',
  *findings(state) {
    for (const crash of crashes(state)) {
      const { securityContext = {} } = crash.pod.object.spec ?? {};
      const told = /permission denied|EACCES|attempt to write a readonly database|unable to open database file/i.test(
        crash.log,
      );
      // What synth renders always has the group, so a pod without it was changed.
      const strange =
        crash.exitCode !== 0 &&
        crash.log === '' &&
        securityContext.fsGroup === undefined &&
        securityContext.runAsUser !== 0;
      if (!mountsData(crash.pod.object) || (!told && !strange)) continue;
      const { runAsUser = 10001 } = securityContext;
      yield ofWorkload(
        crash.workload,
        told
          ? 'it may not write on its volume'
          : `it ends with code ${crash.exitCode}, and its pod has no fsGroup: it may not write on its volume`,
        strange
          ? `undo the patch that took fsGroup away; ${previousLog(state, crash)}`
          : `stop the studio and, once, on the volume: chown -R ${runAsUser}:${runAsUser} .`,
      );
    }
  },
};
