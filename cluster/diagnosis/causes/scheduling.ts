import { page } from '../../../config/how-to-run';
import { quantityBytes } from '../../../config/quantity';
import { claimsOf, conditionOf, fieldsOf, listOf, type Manifest, textsOf } from '../../../render/manifest';
import { HOSTNAME, isOnMachine, placeName, placesOf } from '../../storage';
import { advice, type Cause, duration, type Found } from '../cause';
import type { ClusterState, PodState, WorkloadState } from '../cluster-state';
import { deadNodeAdvice, isOutOfService, isReady, missingLabels, nodesFor, returnCommand, volumesOf } from '../nodes';
import { ofWorkload, troubledPods, unscheduled } from '../pods';

/** What a kubelet reports of its node, and the taint that Kubernetes adds then. */
interface Pressure {
  readonly condition: string;
  readonly taint: string;
  readonly what: string;
  readonly advice: string;
}

const DISK: Pressure = {
  condition: 'DiskPressure',
  taint: 'node.kubernetes.io/disk-pressure',
  what: 'disk pressure, because its disk is nearly full',
  advice:
    'Free disk space on the node: delete logs and files. The kubelet removes unused images by itself. It accepts pods again about five minutes after there is room. The commands show the state of the node and its pods',
};

const OTHERS: readonly Pressure[] = [
  {
    condition: 'MemoryPressure',
    taint: 'node.kubernetes.io/memory-pressure',
    what: 'memory pressure, because its memory is nearly used up',
    advice: 'Give the node more memory, or move other pods away. The commands show the state of the node and its pods',
  },
  {
    condition: 'PIDPressure',
    taint: 'node.kubernetes.io/pid-pressure',
    what: 'PID pressure, because too many processes run on it',
    advice: 'Find the pod that starts too many processes. The commands show the state of the node and its pods',
  },
];

export const schedulingCauses: readonly Cause[] = [
  // The node of a pod is unreachable. Kubernetes evicts its pods after five minutes, and detaches its volume some minutes later.
  {
    name: 'node-lost',
    *findings(state) {
      const pods = state.unhealthy.flatMap(({ allPods }) => allPods.filter(({ over }) => !over));
      for (const node of state.ofKind('Node').filter((each) => !isReady(each))) {
        const stranded = pods.filter(({ object }) => object.spec?.nodeName === node.metadata.name);
        const fix = deadNodeAdvice(state, node, stranded);
        for (const { name, allPods } of state.unhealthy) {
          if (allPods.some((pod) => stranded.includes(pod)))
            yield {
              severity: 'error',
              subject: name,
              text: `its node ${node.metadata.name} ${notReady(state, node)}`,
              fix,
            };
        }
      }
      // Kubernetes counts its pods as not ready a moment later.
      for (const { name, healthy, pods: own } of state.workloads) {
        const [node] = state.ofKind('Node').filter((each) => {
          return !isReady(each) && own.some(({ object }) => object.spec?.nodeName === each.metadata.name);
        });
        if (healthy && node)
          yield {
            severity: 'warning',
            subject: name,
            text: `its node ${node.metadata.name} ${notReady(state, node)}`,
            fix: deadNodeAdvice(state, node, own),
          };
      }
      yield* ofUnknownNodes(state);
      // Its pods are gone, and no other node can take the new ones.
      for (const { workload, pod, reasons } of unscheduled(state)) {
        const nodes = nodesFor(state, pod);
        const [node] = nodes;
        if (!node || !isTainted(reasons) || nodes.some(isReady)) continue;
        const text =
          nodes.length === 1
            ? `the only node for it, ${node.metadata.name}, ${notReady(state, node)}`
            : `none of the nodes that can mount its volume is ready (${namesOf(nodes)})`;
        yield ofWorkload(workload, text, deadNodeAdvice(state, node, [pod]));
      }
    },
  },
  // The volume can be mounted only on certain nodes, and these do not exist, or the pod may not run there.
  {
    name: 'volume-on-absent-node',
    *findings(state) {
      for (const { workload, pod, reasons } of unscheduled(state)) {
        // As 1.36 says it, as older versions do, for volumes with labels of a zone, and where the nodes were left out beforehand.
        if (
          /PersistentVolume's node affinity|volume node affinity conflict|no available volume zone|satisfy plugin.*VolumeBinding/.test(
            reasons,
          )
        )
          yield* ofVolume(state, workload, pod, reasons);
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
        const selector = Object.entries(fieldsOf(pod.object.spec?.nodeSelector));
        const wanted = [...selector.map(([key, value]) => `${key}=${value}`), ...affinityOf(pod)].join(', ');
        yield ofWorkload(
          workload,
          `no node has the labels that it requires (${wanted || reasons})`,
          selector.length === 0 && affinityOf(pod).length > 0
            ? advice(
                'Undo the patch of its node affinity, or add these labels to a node. The command shows the labels of the nodes',
                state.clusterCommand('get', 'nodes', '--show-labels'),
              )
            : labelAdvice(state, state.ofKind('Node'), pod),
        );
      }
    },
  },
  // The kubelet of a node evicts pods because its disk is full, and takes no new ones.
  { name: 'node-disk-full', findings: (state) => ofPressure(state, DISK) },
  {
    name: 'node-pressure',
    *findings(state) {
      for (const pressure of OTHERS) yield* ofPressure(state, pressure);
    },
  },
  // The scheduler ended a pod for one of a higher priority, and there is no room for the pod that replaces it.
  {
    name: 'preempted',
    *findings(state) {
      for (const { workload, reasons } of unscheduled(state)) {
        if (!/Insufficient|Too many pods/.test(reasons) || !wasPreempted(state, workload)) continue;
        yield ofWorkload(
          workload,
          `a pod of higher priority preempted it, and no node has room for it (${reasons})`,
          advice(
            'Set JUNJO_K8S_PRIORITY_CLASS to a class with a higher value. Or make room: add a node, or choose a smaller JUNJO_K8S_SIZE. The commands show the classes, and the pods of each node',
            state.clusterCommand('get', 'priorityclasses'),
            state.clusterCommand('describe', 'nodes'),
          ),
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
        const memory = short.includes('memory')
          ? `. It requests ${requested(pod)}, and ${largest(nodesFor(state, pod))}`
          : '';
        yield ofWorkload(
          workload,
          `no node has room for it (${reasons})${memory}${confined(state, pod)}`,
          advice(
            'Choose a smaller JUNJO_K8S_SIZE, move other pods away, or add a node with more room. The command shows what the pods of each node request, under "Allocated resources"',
            state.clusterCommand(
              'describe',
              'nodes',
              ...(confined(state, pod) ? namesOf(nodesFor(state, pod)).split(', ') : []),
            ),
          ),
        );
      }
    },
  },
  // Nodes are cordoned, and no other takes the pod.
  {
    name: 'node-cordoned',
    *findings(state) {
      for (const { workload, pod, reasons } of unscheduled(state)) {
        if (!/were unschedulable|node\.kubernetes\.io\/unschedulable/.test(reasons)) continue;
        const cordoned = nodesFor(state, pod).filter(({ spec }) => spec?.unschedulable);
        yield ofWorkload(
          workload,
          `no node accepts new pods (${reasons})${confined(state, pod)}`,
          cordoned.length > 0
            ? advice(
                'Uncordon the node when the work on it is done, or add a node',
                state.clusterCommand('uncordon', ...cordoned.map(({ metadata }) => metadata.name)),
              )
            : advice(
                'Uncordon a node with the status SchedulingDisabled, or add a node',
                state.clusterCommand('get', 'nodes'),
              ),
        );
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
          `it must run on the same node as the other pod of its volume, but that node does not accept it (${reasons})`,
          advice(
            'Make room on that node, or bring it back. The commands show where the pods run, and the state of the nodes',
            state.command('get', 'pods', '--output=wide'),
            state.clusterCommand('describe', 'nodes'),
          ),
        );
      }
    },
  },
  // The claim may be mounted by one pod at a time, and another has it.
  {
    name: 'claim-in-use',
    *findings(state) {
      for (const { workload, pod, reasons } of unscheduled(state)) {
        if (!/ReadWriteOncePod access mode/.test(reasons)) continue;
        const claims = claimsOf(pod.object);
        const holders = state
          .ofKind('Pod')
          .filter((each) => each.spec?.nodeName && claimsOf(each).some((name) => claims.includes(name)));
        const shared = state.workloads.some(
          ({ object, allPods }) => object !== workload.object && allPods.some((each) => holders.includes(each.object)),
        );
        const who = holders.map(({ metadata }) => metadata.name).join(', ') || 'another pod';
        yield ofWorkload(
          workload,
          `its claim ${claims.join(', ')} is ReadWriteOncePod, so only one pod can mount it, and ${who} already does`,
          advice(
            shared
              ? 'Use a ReadWriteOnce claim, because backend and ingestion share it. The access mode of a claim cannot be changed: back up, and restore into a new claim'
              : 'Wait until that pod has ended, or delete it if it is not needed',
            state.command('get', 'persistentvolumeclaims', ...claims),
            state.command('get', 'pods', '--output=wide'),
          ),
        );
      }
    },
  },
  // Taints keep the pod from every node.
  {
    name: 'node-tainted',
    *findings(state) {
      for (const { workload, pod, reasons } of unscheduled(state)) {
        if (!isTainted(reasons)) continue;
        const nodes = nodesFor(state, pod);
        const [back] = nodes.filter((node) => isOutOfService(node) && isReady(node));
        const taints = nodes.flatMap(({ metadata, spec }) =>
          listOf(spec?.taints)
            .filter(({ effect }) => effect !== 'PreferNoSchedule')
            .map(({ key, value, effect }) => `${metadata.name}: ${key}${value ? `=${value}` : ''}:${effect}`),
        );
        yield back
          ? ofWorkload(
              workload,
              `its node ${back.metadata.name} is ready again, but still has the out-of-service taint`,
              advice('Remove the taint, so pods can start there again', returnCommand(state, back.metadata.name)),
            )
          : ofWorkload(
              workload,
              `every node has a taint that its pods do not tolerate (${taints.join(', ') || reasons})${confined(state, pod)}`,
              advice(
                'Use JUNJO_K8S_TOLERATIONS to tolerate a taint that a person set, or add a node without taints. Kubernetes sets taints that begin with node.kubernetes.io/, and clouds set taints that begin with node.cloudprovider.kubernetes.io/. Both remove them when the node is healthy. The command shows the state of the nodes',
                state.clusterCommand('describe', 'nodes'),
              ),
            );
      }
    },
  },
  // Any other reason for which the scheduler finds no node.
  {
    name: 'unschedulable',
    *findings(state) {
      const pods = [...unscheduled(state)];
      const names = pods.map(({ pod }) => pod.name);
      const fix = advice('Read the events of the pods', state.command('describe', 'pods', ...names));
      for (const { workload, reasons } of pods) {
        if (/no nodes available to schedule pods/.test(reasons))
          yield ofWorkload(
            workload,
            'the cluster has no node',
            advice('Add a node, or bring one back. The command lists the nodes', state.clusterCommand('get', 'nodes')),
          );
        else yield ofWorkload(workload, `no node accepts it: ${reasons}`, fix);
      }
      for (const { workload, pod } of troubledPods(state)) {
        const silent = !conditionOf(pod.object, 'PodScheduled') && pod.containers.length === 0;
        if (silent && state.secondsSince(pod.object.metadata.creationTimestamp ?? state.now) > 60) {
          yield ofWorkload(
            workload,
            'no scheduler has processed its pod',
            advice(
              'Check whether kube-scheduler runs. The command lists the pods of kube-system',
              state.clusterCommand('get', 'pods', '--namespace=kube-system', '--output=wide'),
            ),
          );
        }
      }
    },
  },
];

/** Pods on a node that is no longer in the cluster, or on one that cannot be read and most likely does not answer. */
function* ofUnknownNodes(state: ClusterState): Generator<Found> {
  const known = state.ofKind('Node').map(({ metadata }) => metadata.name);
  const readable = state.canRead('nodes');
  if (readable && known.length === 0) return;
  for (const { workload, pod } of troubledPods(state)) {
    const node = pod.object.spec?.nodeName;
    const main = pod.containers.filter(({ init }) => !init);
    // One that starts has not been seen by whoever deletes the pods of such a node, which takes about a minute.
    const starts =
      !main.every(({ ready }) => ready) && state.secondsSince(pod.object.metadata.creationTimestamp ?? state.now) < 120;
    if (!node || known.includes(node) || starts || main.length === 0 || !main.every(({ running }) => running)) continue;
    const name = String(node);
    if (readable) {
      const onDisk = volumesOf(state, pod).some(isOnMachine);
      yield ofWorkload(
        workload,
        `its node ${name} is no longer in the cluster`,
        onDisk
          ? advice(
              `Join the machine ${name} to the cluster again: the data is on its disk. If the disk is lost, restore a backup into a new claim. The command lists the nodes`,
              state.clusterCommand('get', 'nodes', '--output=wide'),
            )
          : advice(
              'Wait: within about two minutes, Kubernetes deletes the pods of a missing node and creates new ones on other nodes. The commands show the nodes, and where the pods run',
              state.clusterCommand('get', 'nodes', '--output=wide'),
              state.command('get', 'pods', '--output=wide'),
            ),
      );
      continue;
    }
    // Kubernetes marks the pods of such a node as not ready; their containers look as the kubelet saw them last.
    const gated = conditionOf(pod.object, 'Ready')?.reason === 'ReadinessGatesNotReady';
    if (gated || !main.every(({ ready }) => ready)) continue;
    yield ofWorkload(
      workload,
      `its pod is not ready although its containers are. Most likely its node ${name} does not answer, but you cannot read nodes`,
      advice(
        'Ask someone who can read nodes whether this node is ready',
        state.clusterCommand('describe', 'node', name),
      ),
    );
  }
}

/** What a node says of itself, and since when: `has not been ready for 5m: Kubelet stopped posting node status.` */
function notReady(state: ClusterState, node: Manifest): string {
  const ready = conditionOf(node, 'Ready');
  const since = ready?.lastTransitionTime;
  const age = since ? `has not been ready for ${duration(Math.max(0, state.secondsSince(since)))}` : 'is not ready';
  const mark = isOutOfService(node) ? ' and has the out-of-service taint' : '';
  return `${age}${mark}: ${ready?.message || ready?.reason}`;
}

/** Why none of the nodes that can mount the volume of a pod takes it. */
function* ofVolume(state: ClusterState, workload: WorkloadState, pod: PodState, reasons: string): Generator<Found> {
  const volumes = volumesOf(state, pod);
  const places = volumes.flatMap(placesOf);
  const where = [...new Set(places.map(placeName))].join(' and ');
  const labels = [...new Set(places.map(({ label }) => label))];
  const nodes = nodesFor(state, pod);
  if (places.length === 0 || state.ofKind('Node').length === 0) {
    const names = volumes.map(({ metadata }) => metadata.name);
    const fix = advice(
      'Compare the node affinity of the volume with the labels of the nodes',
      ...(names.length > 0 ? [state.clusterCommand('describe', 'persistentvolume', ...names)] : []),
      state.clusterCommand('get', 'nodes', '--show-labels'),
    );
    yield ofWorkload(workload, `no node that can run it can mount its volume${where && ` ${where}`} (${reasons})`, fix);
    return;
  }
  // Of nodes that the scheduler asked about other things first, it says these, and they are the cause.
  const telling = /Insufficient|were unschedulable|untolerated taint|had taint|Too many pods|pod affinity/.test(
    reasons,
  );
  const show = state.clusterCommand('get', 'nodes', `--label-columns=${labels.join(',')}`);
  if (nodes.length === 0) {
    const hosts = places.filter(({ label }) => label === HOSTNAME).flatMap(({ values }) => values);
    const [renamed] = hosts.flatMap((name) => state.named('Node', name) ?? []);
    if (renamed && telling) return;
    if (renamed)
      yield ofWorkload(
        workload,
        `its volume is bound to a node with the label ${HOSTNAME}=${hosts.join(' or ')}. The node ${renamed.metadata.name} has ${HOSTNAME}=${fieldsOf(renamed.metadata.labels)[HOSTNAME]}`,
        advice(
          `Set JUNJO_K8S_NODE to the value of this label, and create the volume object again: its node cannot be changed. See ${page('docs/runbook.md', 'A changed data path')}. The command shows the labels`,
          show,
        ),
      );
    else
      yield ofWorkload(
        workload,
        hosts.length > 0
          ? `its volume is bound to one node (${hosts.join(', ')}), which is not in the cluster`
          : `its volume can be mounted only ${where}, but no node is there`,
        advice(
          `${hosts.length > 0 ? 'Bring that node back' : 'Add a node there'}, or restore a backup into a new claim elsewhere. The command lists the nodes`,
          show,
        ),
      );
    return;
  }
  const there = where.endsWith(` ${namesOf(nodes)}`) ? where : `${where} (${namesOf(nodes)})`;
  if (nodes.every((node) => missingLabels(node, pod).length > 0)) {
    const missing = nodes.map((node) => missingLabels(node, pod).join(', '));
    yield ofWorkload(
      workload,
      `its volume can be mounted only ${there}, but no node there has the labels that it requires (${[...new Set(missing)].join('; ')})`,
      labelAdvice(state, nodes, pod),
    );
    return;
  }
  if (telling) return;
  yield ofWorkload(
    workload,
    `its volume can be mounted only ${there}, where no pod can be scheduled at the moment (${reasons})`,
    advice(
      'Make these nodes accept pods, or restore a backup into a new claim elsewhere. The command shows the state of these nodes',
      state.clusterCommand('describe', 'nodes', ...nodes.map(({ metadata }) => metadata.name)),
    ),
  );
}

function labelAdvice(state: ClusterState, nodes: readonly Manifest[], pod: PodState): string {
  const [node] = nodes;
  const labels = node ? missingLabels(node, pod) : [];
  return advice(
    'Correct JUNJO_K8S_NODE_SELECTOR, or add these labels to a node. The first command shows the labels of the nodes',
    state.clusterCommand('get', 'nodes', '--show-labels'),
    ...(node && nodes.length === 1 && labels.length > 0
      ? [state.clusterCommand('label', 'nodes', node.metadata.name, ...labels)]
      : []),
  );
}

/** What the node affinity of a pod asks for: `disk In ssd`. */
function affinityOf({ object }: PodState): readonly string[] {
  const { requiredDuringSchedulingIgnoredDuringExecution: required } = fieldsOf(object.spec?.affinity?.nodeAffinity);
  return listOf(fieldsOf(required).nodeSelectorTerms).flatMap(({ matchExpressions }) =>
    listOf(matchExpressions).map(({ key, operator, values }) => [key, operator, ...textsOf(values)].join(' ')),
  );
}

/** Pods that no node takes because of a pressure; and a node whose pods may be evicted soon. */
function* ofPressure(state: ClusterState, { condition, taint, what, advice: text }: Pressure): Generator<Found> {
  const pressed = state
    .ofKind('Node')
    .filter(
      (node) =>
        conditionOf(node, condition)?.status === 'True' || listOf(node.spec?.taints).some(({ key }) => key === taint),
    );
  const fixFor = (nodes: readonly Manifest[]) =>
    advice(
      text,
      state.clusterCommand('describe', 'nodes', ...nodes.map(({ metadata }) => metadata.name)),
      ...nodes.map(({ metadata }) => podsOfNode(state, metadata.name)),
    );
  const told = new Set<Manifest>();
  for (const { workload, pod, reasons } of unscheduled(state)) {
    const nodes = pressed.filter((node) => nodesFor(state, pod).includes(node));
    if (!isTainted(reasons) || (nodes.length === 0 && !reasons.includes(taint))) continue;
    for (const node of nodes) told.add(node);
    yield ofWorkload(
      workload,
      `no node accepts it. ${namesOf(nodes) || 'A node'} has ${what} (${reasons})`,
      fixFor(nodes),
    );
  }
  for (const node of pressed) {
    const { name } = node.metadata;
    const runs = state.workloads.some(({ pods }) => pods.some(({ object }) => object.spec?.nodeName === name));
    if (runs && isReady(node) && !told.has(node))
      yield {
        severity: 'warning',
        subject: `node ${name}`,
        text: `has ${what}. The kubelet may evict the pods of the studio`,
        fix: fixFor([node]),
      };
  }
}

/** Lists the pods of a node, of all namespaces: those of drivers and network plugins are among them. */
export function podsOfNode(state: ClusterState, node: string): string {
  return state.clusterCommand('get', 'pods', '--all-namespaces', `--field-selector=spec.nodeName=${node}`);
}

/** Whether the scheduler, or the kubelet for a critical pod, ended a pod of a workload in favour of another. */
function wasPreempted(state: ClusterState, { object, allPods }: WorkloadState): boolean {
  // The pod itself is gone by now; its name begins with that of its Deployment.
  const ofDeployment = new RegExp(`^${object.metadata.name}(-[a-z0-9]+){1,2}$`);
  return (
    allPods.some(
      (pod) =>
        conditionOf(pod.object, 'DisruptionTarget')?.reason === 'PreemptionByScheduler' ||
        pod.object.status?.reason === 'Preempting',
    ) ||
    state
      .ofKind('Event')
      .some(
        ({ reason, involvedObject }) =>
          ['Preempted', 'Preempting'].includes(reason) && ofDeployment.test(String(involvedObject?.name)),
      )
  );
}

/** In the words of all versions. Since 1.34 the scheduler does not say which taints they are. */
function isTainted(reasons: string): boolean {
  return /untolerated taint|had taint/.test(reasons);
}

/** Which nodes alone can mount the volume of a pod, where not every node can. */
function confined(state: ClusterState, pod: PodState): string {
  const nodes = nodesFor(state, pod);
  return nodes.length > 0 && nodes.length < state.ofKind('Node').length
    ? `. Its volume can be mounted only on ${namesOf(nodes)}`
    : '';
}

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

function largest(all: readonly Manifest[]): string {
  const nodes = all
    .map(({ metadata, status }) => ({
      name: metadata.name,
      bytes: quantityBytes(String(status?.allocatable?.memory)) ?? 0,
    }))
    .sort((a, b) => b.bytes - a.bytes);
  const [node] = nodes;
  return node
    ? `the largest node, ${node.name}, has ${Math.floor(node.bytes / 2 ** 20)}Mi in total`
    : 'no node is known';
}

function namesOf(nodes: readonly Manifest[]): string {
  return nodes.map(({ metadata }) => metadata.name).join(', ');
}
