import type { Cause } from '../cause';
import { ofWorkload, unmounted } from '../pods';

/** The folder of the node that holds the data is not there. */
export const volumePathMissing: Cause = {
  name: 'volume-path-missing',
  *findings(state) {
    for (const { workload, message } of unmounted(state)) {
      const path =
        /hostPath type check failed: (\S+)/.exec(message)?.[1] ?? /path "([^"]+)" does not exist/.exec(message)?.[1];
      if (!path) continue;
      yield ofWorkload(
        workload,
        `the folder ${path} is not on its node`,
        `correct JUNJO_HOST_DB_DATA_PATH or JUNJO_K8S_NODE, or on the node: mkdir -p ${path}`,
      );
    }
  },
};
