import type { Cause } from '../cause';
import { crashes } from '../crashes';
import { ofWorkload } from '../pods';

/** Somebody else holds the lock of the databases: another pod that still stops, or a volume that cannot lock. */
export const secondWriter: Cause = {
  name: 'second-writer',
  *findings(state) {
    for (const crash of crashes(state)) {
      if (!/database is locked|could not set lock|conflicting lock|cannot acquire directory lock/i.test(crash.log))
        continue;
      yield ofWorkload(
        crash.workload,
        'another process has its databases locked',
        `${state.kubectl} get pods: wait until an old pod is gone, stop compose on that machine, and leave NFS and SMB`,
      );
    }
  },
};
