import { claimsOf, type Fields, type Pod } from '../../../render/manifest';
import { advice } from '../../diagnosis/cause';
import { canMount } from '../../storage';
import { type Check, error, ok, unread } from '../check';
import { freeOn, mebibytes, requested, takes, volumesOf } from '../placement';

/** Whether a node has room for the pods that share the volume. */
export const room: Check = {
  name: 'room',
  *results(studio, cluster) {
    if (!cluster.canRead('nodes')) {
      yield unread('list nodes', 'whether a node has room');
      return;
    }
    // The running pods of this studio make room for the new ones.
    const pods = cluster.ofKind('Pod').filter(({ metadata }) => metadata.namespace !== cluster.namespace);
    const together = specsOf(studio.pods);
    const memory = together.reduce((sum, spec) => sum + requested(spec, 'memory'), 0);
    const cpu = together.reduce((sum, spec) => sum + requested(spec, 'cpu'), 0);
    const volumes = volumesOf(studio);
    const nodes = cluster
      .ofKind('Node')
      .filter((node) => takes(node, together[0]) && volumes.every((volume) => canMount(node, volume)))
      .map((node) => ({
        name: node.metadata.name,
        memory: freeOn(node, pods, 'memory'),
        cpu: freeOn(node, pods, 'cpu'),
      }))
      .sort((a, b) => b.memory - a.memory);
    const [best] = nodes;
    const fitting = nodes.find((node) => node.memory >= memory && node.cpu >= cpu);
    const what = `Backend and ingestion share one node and request ${mebibytes(memory)} of memory and ${Math.round(cpu * 1000)}m CPU`;
    const fix = advice(
      'Choose a smaller JUNJO_K8S_SIZE, or make room on a node',
      cluster.clusterCommand('describe', 'nodes'),
    );
    if (!best) {
      yield error(
        'No node can run the pods. Each node is not ready, cordoned, or tainted, lacks required labels, or has an unsupported processor',
        advice(
          'Correct JUNJO_K8S_NODE_SELECTOR or JUNJO_K8S_TOLERATIONS, uncordon a node, or repair one',
          cluster.clusterCommand('get', 'nodes', '--show-labels'),
        ),
      );
    } else if (!fitting) {
      yield error(
        `${what}. No node has that much room: ${best.name} has the most memory, with ${mebibytes(best.memory)} and ${Math.floor(best.cpu * 1000)}m CPU`,
        fix,
      );
    } else {
      yield ok(`${what}. Node ${fitting.name} has ${mebibytes(fitting.memory)} free`);
    }
    if (!cluster.canRead('pods')) yield unread('list pods of other namespaces', 'how much room they use');
  },
};

/** The pods that mount the volume and therefore share a node. */
function specsOf(pods: readonly Pod[]): readonly Fields[] {
  return pods.filter((pod) => !pod.ends && claimsOf(pod).length > 0).map(({ spec }) => spec);
}
