import { claimsOf, type Fields, type Pod } from '../../../render/manifest';
import { advice } from '../../diagnosis/cause';
import { canMount } from '../../storage';
import { type Check, error, ok, warning } from '../check';
import { freeOn, mebibytes, requested, takes, volumesOf } from '../placement';

/** Whether some node has room for the pods of the volume together; and the others theirs. */
export const room: Check = {
  name: 'room',
  *results(studio, cluster) {
    if (!cluster.canRead('nodes')) {
      yield warning('you lack permission to list nodes, so their room is not checked');
      return;
    }
    // What runs of this studio makes room for what comes.
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
    const what = `backend and ingestion, which share one node, ask for ${mebibytes(memory)} of memory and ${Math.round(cpu * 1000)}m CPU`;
    const fix = advice(
      'Choose a smaller JUNJO_K8S_SIZE, or make room on a node',
      cluster.clusterCommand('describe', 'nodes'),
    );
    if (!best) {
      yield error(
        'no node takes the pods: labels, taints, cordons or a processor that the images are not made for keep them away, or no node is ready',
        advice(
          'Correct JUNJO_K8S_NODE_SELECTOR or JUNJO_K8S_TOLERATIONS, uncordon a node, or repair one',
          cluster.clusterCommand('get', 'nodes', '--show-labels'),
        ),
      );
    } else if (!fitting) {
      yield error(
        `${what}; the most that a node has free is ${mebibytes(best.memory)} and ${Math.floor(best.cpu * 1000)}m (${best.name})`,
        fix,
      );
    } else {
      yield ok(`${what}; ${fitting.name} has ${mebibytes(fitting.memory)} free`);
    }
    if (!cluster.canRead('pods'))
      yield warning('you lack permission to list pods of other namespaces, so they are not counted');
  },
};

/** The pods that mount the volume, and so share a node. */
function specsOf(pods: readonly Pod[]): readonly Fields[] {
  return pods.filter((pod) => !pod.ends && claimsOf(pod).length > 0).map(({ spec }) => spec);
}
