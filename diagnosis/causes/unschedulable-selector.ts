import type { Recogniser } from '../finding';
import { ofWorkload, unscheduled } from '../pods';

/** The pod wants a node with labels that no node has. */
export const unschedulableSelector: Recogniser = {
  name: 'unschedulable-selector',
  *findings(state) {
    for (const { workload, pod, reasons } of unscheduled(state)) {
      if (!/didn't match Pod's node affinity\/selector|didn't match node selector/.test(reasons)) continue;
      const selector = Object.entries(pod.object.spec?.nodeSelector ?? {}).map(([key, value]) => `${key}=${value}`);
      const [first = '<key>=<value>'] = selector;
      yield ofWorkload(
        workload,
        `no node has the labels that it wants (${selector.join(', ') || reasons})`,
        `correct JUNJO_K8S_NODE_SELECTOR, or: kubectl label node <node> ${first}`,
      );
    }
  },
};
