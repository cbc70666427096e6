import type { Cause } from '../cause';
import { ofWorkload, unscheduled } from '../pods';

/** The pod wants a node with labels that no node has. */
export const unschedulableSelector: Cause = {
  name: 'unschedulable-selector',
  *findings(state) {
    for (const { workload, pod, reasons } of unscheduled(state)) {
      if (!/didn't match Pod's node affinity\/selector|didn't match node selector/.test(reasons)) continue;
      // Of nodes that have them, the scheduler says what else keeps the pod away, and that is the cause.
      if (others(reasons).length > 0) continue;
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

/** What keeps the pod from nodes beside labels and the taints that every control plane has. */
function others(reasons: string): readonly string[] {
  const [, list = ''] = reasons.split(/nodes are available: /);
  return list.split(/, (?=\d+ )/).filter((each) => !/node affinity\/selector|node selector|taint/.test(each));
}
