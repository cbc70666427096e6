import { quantityBytes } from '../../../config/quantity';
import { conditionOf, fieldsOf, listOf } from '../../../render/manifest';
import { nodesOfVolume } from '../../storage';
import type { Cause } from '../cause';
import type { ClusterState, PodState } from '../cluster-state';
import { ofWorkload, troubledPods, unscheduled } from '../pods';

export const schedulingCauses: readonly Cause[] = [
  // The node of a pod is unreachable. Kubernetes evicts its pods after five minutes, and detaches its volume some minutes later.
  {
    name: 'node-lost',
    *findings(state) {
      for (const workload of state.unhealthy) {
        for (const { object } of workload.allPods.filter(({ over }) => !over)) {
          const name = object.spec?.nodeName;
          const node = state.named('Node', name);
          const ready = node && conditionOf(node, 'Ready');
          if (!name || !ready || ready.status === 'True') continue;
          yield {
            severity: 'error',
            subject: workload.name,
            text: `its node ${name} is not ready: ${ready.message ?? ready.reason}`,
            fix: `kubectl describe node ${name}. If it is gone for good: kubectl delete node ${name}, so that its volume can be attached to another node`,
          };
        }
      }
    },
  },
  // The volume is on one node, and that node does not exist or accepts no pods.
  {
    name: 'volume-on-absent-node',
    *findings(state) {
      for (const { workload, reasons } of unscheduled(state)) {
        // As 1.36 says it, and as older versions do.
        if (!/PersistentVolume's node affinity|volume node affinity conflict/.test(reasons)) continue;
        const bound = state.ofKind('PersistentVolume').filter(({ status }) => status?.phase !== 'Released');
        const homes = [...new Set(bound.flatMap(nodesOfVolume))];
        const absent = state.canRead('nodes') ? homes.filter((name) => !state.named('Node', name)) : [];
        // Where its node is there, that one's own reason is among the others.
        const others = /Insufficient|were unschedulable|untolerated taint|Too many pods|pod affinity/.test(reasons);
        if (others && absent.length < homes.length) continue;
        const where =
          absent.length > 0 ? ` (${absent.join(', ')}), which is not in the cluster` : ', which accepts no pod now';
        yield ofWorkload(
          workload,
          `its volume is bound to one node${where}`,
          'bring that node back (kubectl get nodes), or restore a backup into a new claim elsewhere',
        );
      }
    },
  },
  // The pod wants a node with labels that no node has.
  {
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
  },
  // No node has room for what the pod asks for.
  {
    name: 'unschedulable-resources',
    *findings(state) {
      for (const { workload, pod, reasons } of unscheduled(state)) {
        const short = [...reasons.matchAll(/Insufficient ([a-z./-]+)/g)].map(([, resource = '']) => resource);
        const tooMany = /Too many pods/.test(reasons);
        if (short.length === 0 && !tooMany) continue;
        const memory = short.includes('memory') ? ` It asks for ${requested(pod)}; ${largest(state)}` : '';
        yield ofWorkload(
          workload,
          `no node has room for it (${reasons}).${memory}`.replace(/\.$/, ''),
          'kubectl describe nodes | grep -A9 "Allocated resources"; then a smaller JUNJO_K8S_SIZE, or a node with more room',
        );
      }
    },
  },
  // Nodes are cordoned, and no other takes the pod.
  {
    name: 'node-cordoned',
    *findings(state) {
      const names = state
        .ofKind('Node')
        .filter(({ spec }) => spec?.unschedulable)
        .map(({ metadata }) => metadata.name);
      for (const { workload, reasons } of unscheduled(state)) {
        if (!/were unschedulable|node\.kubernetes\.io\/unschedulable/.test(reasons)) continue;
        const which = names.length > 0 ? names.join(' ') : '<node>';
        yield ofWorkload(workload, `no node takes new pods (${reasons})`, `kubectl uncordon ${which}, or add a node`);
      }
    },
  },
  // Backend and ingestion belong on one node, and the one with the other has no room or is gone.
  {
    name: 'unschedulable-affinity',
    *findings(state) {
      for (const { workload, reasons } of unscheduled(state)) {
        if (!/pod (anti-)?affinity( rules)?|topology spread/.test(reasons)) continue;
        yield ofWorkload(
          workload,
          `it must be on the node of the other pod of its volume, and finds no place there (${reasons})`,
          `make room on that node, or bring it back: ${state.kubectl} get pods -o wide`,
        );
      }
    },
  },
  // Taints keep the pod from every node.
  {
    name: 'node-tainted',
    *findings(state) {
      const taints = state.ofKind('Node').flatMap(({ metadata, spec }) =>
        listOf(spec?.taints)
          .filter(({ effect }) => effect !== 'PreferNoSchedule')
          .map(({ key, value, effect }) => `${metadata.name}: ${key}${value ? `=${value}` : ''}:${effect}`),
      );
      for (const { workload, reasons } of unscheduled(state)) {
        if (!/untolerated taint|had taint/.test(reasons)) continue;
        yield ofWorkload(
          workload,
          `taints keep it from every node (${taints.join(', ') || reasons})`,
          'if a person set the taint, tolerate it with JUNJO_K8S_TOLERATIONS. If it starts with node.kubernetes.io/, repair the node',
        );
      }
    },
  },
  // Any other reason for which the scheduler finds no node.
  {
    name: 'unschedulable',
    *findings(state) {
      for (const { workload, reasons } of unscheduled(state)) {
        yield ofWorkload(
          workload,
          `no node takes it: ${reasons}`,
          `${state.kubectl} describe pods | grep -A3 FailedScheduling`,
        );
      }
      for (const { workload, pod } of troubledPods(state)) {
        const silent = !conditionOf(pod.object, 'PodScheduled') && pod.containers.length === 0;
        if (silent && state.secondsSince(pod.object.metadata.creationTimestamp ?? state.now) > 60) {
          yield ofWorkload(
            workload,
            'no scheduler has processed its pod',
            'kubectl -n kube-system get pods: is kube-scheduler running?',
          );
        }
      }
    },
  },
];

/** What keeps the pod from nodes beside labels and the taints that every control plane has. */
function others(reasons: string): readonly string[] {
  const [, list = ''] = reasons.split(/nodes are available: /);
  return list.split(/, (?=\d+ )/).filter((each) => !/node affinity\/selector|node selector|taint/.test(each));
}

function requested({ object }: PodState): string {
  const requests = listOf(object.spec?.containers).map(
    ({ resources }) => fieldsOf(fieldsOf(resources).requests).memory,
  );
  return `${requests.filter(Boolean).join(' + ')} of memory`;
}

function largest(state: ClusterState): string {
  const nodes = state
    .ofKind('Node')
    .map(({ metadata, status }) => ({
      name: metadata.name,
      bytes: quantityBytes(String(status?.allocatable?.memory)) ?? 0,
    }))
    .sort((a, b) => b.bytes - a.bytes);
  const [node] = nodes;
  return node ? `the largest node, ${node.name}, has ${Math.floor(node.bytes / 2 ** 20)}Mi in all` : 'no node is known';
}
