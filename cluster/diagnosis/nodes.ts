import { claimsOf, conditionOf, fieldsOf, listOf, type Manifest } from '../../render/manifest';
import { canMount, isOnMachine } from '../storage';
import { advice } from './cause';
import type { ClusterState, PodState } from './cluster-state';

/**
 * Marks a machine as off: Kubernetes deletes its pods without waiting for the kubelet, and detaches its volumes at once instead of
 * after six minutes. On by default since Kubernetes 1.26, stable since 1.28. In contrast to `kubectl delete node`
 * the node can come back.
 * https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#non-graceful-node-shutdown
 */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';
const OUT_OF_SERVICE_TAINT = `${OUT_OF_SERVICE}=nodeshutdown:NoExecute`;

export function isOutOfService({ spec }: Manifest): boolean {
  return listOf(spec?.taints).some(({ key }) => key === OUT_OF_SERVICE);
}

export function isReady(node: Manifest): boolean {
  return (conditionOf(node, 'Ready')?.status ?? 'True') === 'True';
}

/** The command that removes `OUT_OF_SERVICE_TAINT`. */
export function returnCommand(state: ClusterState, node: string): string {
  return state.clusterCommand('taint', 'nodes', node, `${OUT_OF_SERVICE}-`);
}

/** The known volumes that a pod mounts. */
export function volumesOf(state: ClusterState, { object }: Pick<PodState, 'object'>): readonly Manifest[] {
  const names = claimsOf(object).map((name) => state.named('PersistentVolumeClaim', name)?.spec?.volumeName);
  return state.ofKind('PersistentVolume').filter(({ metadata }) => names.includes(metadata.name));
}

/** The nodes on which every volume of a pod can be mounted. */
export function nodesFor(state: ClusterState, pod: Pick<PodState, 'object'>): readonly Manifest[] {
  const volumes = volumesOf(state, pod);
  return state.ofKind('Node').filter((node) => volumes.every((volume) => canMount(node, volume)));
}

/** What to do about a node whose kubelet does not answer, by where the data of these pods can be mounted. */
export function deadNodeAdvice(state: ClusterState, node: Manifest, pods: readonly PodState[]): string {
  const { name } = node.metadata;
  const describe = state.clusterCommand('describe', 'node', name);
  const volumes = pods.flatMap((pod) => volumesOf(state, pod));
  const others = state.ofKind('Node').filter((each) => each !== node && isReady(each) && !each.spec?.unschedulable);
  if (isOutOfService(node))
    return advice(
      'Wait until its pods run elsewhere. Remove the out-of-service taint when the machine is back: until then no pod starts there',
      returnCommand(state, name),
    );
  // Its kubelet answers and reports the problem. The pods on it still run, so it must not be tainted as out of service.
  if (conditionOf(node, 'Ready')?.status === 'False')
    return advice(
      `Fix what the kubelet of ${name} reports: the machine is running. The commands show the state of the node, and its pods, including the pod of the network plugin`,
      describe,
      state.clusterCommand('get', 'pods', '--all-namespaces', `--field-selector=spec.nodeName=${name}`),
    );
  if (volumes.some(isOnMachine))
    return advice(
      `Bring the machine ${name} back: the data is on its disk, so no other node can mount it. If the disk is lost, restore a backup into a new claim. The command shows the last known state of the node`,
      describe,
    );
  if (others.length === 0)
    return advice(
      `Bring the machine ${name} back, or add a node: no other node is ready to run the pods. The command shows the last known state of the node`,
      describe,
    );
  if (!others.some((each) => volumes.every((volume) => canMount(each, volume))))
    return advice(
      `Bring the machine ${name} back, or add a node in the same zone: no other ready node can mount the volume. The command shows the last known state of the node`,
      describe,
    );
  // Which volume a claim has is not known without permission to read volumes.
  const unless = state.canRead('persistentvolumes') ? '' : ' and the data is not on its disk';
  return advice(
    `Bring the machine ${name} back. Only if it is switched off${unless}, taint it as out of service with this command. Its pods and volumes then move to another node at once. If the machine still runs, a second writer damages the databases. When the machine is back, remove the taint: run the same command with a minus sign at its end`,
    // The only command, so that it is not pasted together with another one.
    state.clusterCommand('taint', 'nodes', name, OUT_OF_SERVICE_TAINT),
  );
}

/** The labels of a pod's node selector that a node lacks, as `key=value`. */
export function missingLabels(node: Manifest, { object }: PodState): readonly string[] {
  const labels = fieldsOf(node.metadata.labels);
  return Object.entries(fieldsOf(object.spec?.nodeSelector))
    .filter(([key, value]) => labels[key] !== value)
    .map(([key, value]) => `${key}=${value}`);
}
