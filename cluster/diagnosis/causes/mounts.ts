import { intakeKeys } from '../../../charts/intake-config';
import { page } from '../../../config/how-to-run';
import { intakeName } from '../../../config/names';
import { shellWord } from '../../../config/text';
import { claimsOf, commonFolder, fieldsOf, listOf, type Manifest, nodePathsOf } from '../../../render/manifest';
import { advice, type Cause, type Found } from '../cause';
import type { ClusterEvent, ClusterState, PodState, WorkloadState } from '../cluster-state';
import { deadNodeAdvice, isReady } from '../nodes';
import { isMountTimeout, ofWorkload, troubledPods, unmounted, unpreparedEvents } from '../pods';
import { podsOfNode } from './scheduling';

/** A driver registers itself seconds after its node has started. */
const REGISTRATION_SECONDS = 120;

export const mountCauses: readonly Cause[] = [
  // The storage still has the volume attached to another node.
  {
    name: 'volume-multi-attach',
    *findings(state) {
      for (const { workload, pod, message } of unmounted(state)) {
        if (/Multi-Attach|already (used|exclusively attached)/i.test(message))
          yield ofAttached(state, workload, pod, message);
      }
    },
  },
  // The node plugin of the storage driver does not run on the node, or has not started yet after a reboot.
  {
    name: 'csi-driver-missing',
    *findings(state) {
      for (const { workload, pod, message, event } of unmounted(state)) {
        const driver =
          /driver name (\S+) not found in the list of registered CSI drivers/.exec(message)?.[1] ??
          /CSINode \S+ does not contain driver (\S+)/.exec(message)?.[1];
        if (!driver) continue;
        const node = nodeOf(pod);
        const rebooted = pod.containers.some(({ ended }) => ended?.exitCode === 255 && ended.reason === 'Unknown');
        const fix = advice(
          `Check whether the node plugin of ${driver} runs on ${node}. It is a pod of a DaemonSet, and registers the driver with the kubelet. The commands show the pods of the node, and the drivers of all nodes`,
          podsOfNode(state, node),
          state.clusterCommand('get', 'csidrivers,csinodes'),
        );
        const text = `the CSI driver ${driver} is not registered on its node ${node}${rebooted ? ', which was restarted' : ''}. The volume cannot be mounted without it`;
        yield {
          severity: 'wait',
          subject: workload.name,
          text,
          since: waitsSince(pod, event),
          allowedSeconds: REGISTRATION_SECONDS,
          fix,
        };
      }
    },
  },
  // The sources from which a development image reloads are not on the node.
  {
    name: 'sources-missing',
    *findings(state) {
      for (const { workload, pod, message } of unmounted(state)) {
        const path = missingPath(message);
        if (path && nodePathsOf(pod.object).includes(path)) yield ofSources(state, workload, pod, path);
      }
    },
  },
  // The folder on the node that holds the data is not there.
  {
    name: 'volume-path-missing',
    *findings(state) {
      for (const { workload, pod, message } of unmounted(state)) {
        const path = missingPath(message);
        if (!path || nodePathsOf(pod.object).includes(path)) continue;
        yield ofWorkload(
          workload,
          `the folder ${path} does not exist on its node`,
          advice(
            `Correct JUNJO_HOST_DB_DATA_PATH or JUNJO_K8S_NODE. Only for a new studio, create the folder on the node ${nodeOf(pod)}. For an existing studio, an empty folder hides that the data is elsewhere`,
            `mkdir -p ${path}`,
          ),
        );
      }
    },
  },
  // A Secret or ConfigMap that is mounted as files does not exist, or lacks a key.
  {
    name: 'mount-source-missing',
    *findings(state) {
      for (const { workload, message } of unmounted(state)) {
        const [, kind = '', name] = /(configmap|secret) "([^"]+)" not found/i.exec(message) ?? [];
        const [, keyed = '', keys] = /references non-existent (secret|config) key: (\S+)/i.exec(message) ?? [];
        if (!name && !keys) continue;
        const isSecret = /secret/i.test(kind || keyed);
        const what = name
          ? `the ${isSecret ? 'Secret' : 'ConfigMap'} ${name} does not exist`
          : `a mounted key does not exist: ${keys}`;
        yield ofWorkload(
          workload,
          what,
          advice(
            isSecret && isOfKeys(workload, name, keys)
              ? 'Write the API keys that the collectors accept into the key `keys` of the Secret that JUNJO_K8S_INTAKE_KEYS names, one per line. The command lists the Secrets'
              : isSecret
                ? 'Apply the studio again. If another tool creates the Secret, check that tool (JUNJO_K8S_SECRETS). The Secret of a certificate is created when the certificate is issued. The command lists the Secrets'
                : 'Apply the studio again. The command lists the ConfigMaps',
            state.command('get', isSecret ? 'secrets' : 'configmaps'),
          ),
        );
      }
    },
  },
  // Any other reason why a volume cannot be mounted.
  {
    name: 'mount-failed',
    *findings(state) {
      const all = [...unmounted(state)];
      const describe = state.command('describe', 'pods', ...all.map(({ pod }) => pod.name));
      const attachments = state.clusterCommand('get', 'volumeattachments');
      for (const { workload, pod, message } of all) {
        const timeout = isMountTimeout(message) ? unmountedVolumes(pod, message) : undefined;
        yield ofWorkload(
          workload,
          timeout
            ? `${timeout} not mounted, and the kubelet reports only a timeout`
            : `a volume cannot be mounted: ${message}`,
          timeout
            ? advice(
                'Read the events of the pod again in two minutes: the kubelet then makes its next attempt, and may say what failed. The other commands show whether the volume is attached, and whether the pods of its driver run',
                describe,
                attachments,
                podsOfNode(state, nodeOf(pod)),
              )
            : advice(
                'Check the events of the pods, and the storage driver. The commands show the events, and which volume is attached to which node',
                describe,
                attachments,
              ),
        );
      }
    },
  },
  // The node cannot set up the pod sandbox, usually because of its network plugin.
  {
    name: 'sandbox-failed',
    *findings(state) {
      for (const { workload, pod } of troubledPods(state)) {
        const [event] = unpreparedEvents(state, pod)
          .filter(({ reason }) => reason === 'FailedCreatePodSandBox')
          .slice(-1);
        if (!event) continue;
        yield ofWorkload(
          workload,
          `its node ${nodeOf(pod)} cannot set up the network of its pod: ${event.message}`,
          advice(
            'Check whether the pod of the network plugin runs on that node. The command lists all pods of the node',
            podsOfNode(state, nodeOf(pod)),
          ),
        );
      }
    },
  },
];

/** What the kubelet does not find on its node. */
function missingPath(message: string): string | undefined {
  return (
    /hostPath type check failed: (.+?) is not a \w+/.exec(message)?.[1] ??
    /path "([^"]+)" does not exist/.exec(message)?.[1]
  );
}

/** Sources that a node does not have, and how a cluster of its kind gets them. */
function ofSources(state: ClusterState, workload: WorkloadState, pod: PodState, path: string): Found {
  const all = state.workloads.flatMap(({ pods }) => pods.flatMap(({ object }) => nodePathsOf(object)));
  const folder = commonFolder(all) ?? path;
  const profile = fieldsOf(state.named('Node', nodeOf(pod))?.metadata.labels)['minikube.k8s.io/name'];
  const give = 'Make the folder available on the node, or correct JUNJO_K8S_SOURCE_PATH, then render and apply again';
  const sources = page('docs/development.md', 'Give the nodes the sources');
  return ofWorkload(
    workload,
    `its sources are not on the node ${nodeOf(pod)}: ${path} is missing`,
    // Of the clusters that docs/development.md names, only minikube mounts a folder while it runs.
    typeof profile === 'string'
      ? advice(
          `${give}. In the command, replace CHECKOUT with your checkout of upstream: the folder with backend, ingestion and frontend. See ${sources}`,
          `minikube mount --profile=${shellWord(profile)} ${shellWord(`CHECKOUT:${folder}`)}`,
        )
      : advice(
          `${give}. kind and k3d mount folders only when they create a cluster. For the command of each kind of cluster, see ${sources}`,
        ),
  );
}

/** Whether a Secret, or a key of one, is that with the API keys which the collectors accept. */
function isOfKeys({ object }: WorkloadState, secret: string | undefined, key: string | undefined): boolean {
  if (object.metadata.name !== intakeName) return false;
  return listOf(object.spec?.template?.spec?.volumes).some(
    ({ name, secret: source }) => name === 'keys' && (secret ? source?.secretName === secret : key === intakeKeys.key),
  );
}

/** A volume that another node has: for how long that is normal depends on the pod that mounts it there. */
function ofAttached(state: ClusterState, workload: WorkloadState, pod: PodState, message: string): Found {
  const claims = claimsOf(pod.object);
  const node = nodeOf(pod);
  const holders = state
    .ofKind('Pod')
    .filter(
      (each) =>
        each.spec?.nodeName &&
        each.spec.nodeName !== node &&
        !['Succeeded', 'Failed'].includes(each.status?.phase) &&
        claimsOf(each).some((name) => claims.includes(name)),
    );
  const [holder] = holders;
  const lost = state.ofKind('Node').find((each) => !isReady(each) && holders.some((held) => isOn(held, each)));
  const text = 'its volume is still attached to another node';
  if (lost)
    return ofWorkload(
      workload,
      `${text}, ${lost.metadata.name}, which is not ready`,
      deadNodeAdvice(state, lost, [pod]),
    );
  const show = [state.command('get', 'pods', '--output=wide'), state.clusterCommand('get', 'volumeattachments')];
  if (holder && !holder.metadata.deletionTimestamp)
    return ofWorkload(
      workload,
      `${text}, ${holder.spec?.nodeName}, where the pod ${holder.metadata.name} mounts it`,
      advice(
        'Delete that pod, or run both pods on one node: a ReadWriteOnce volume can be attached to only one node at a time. The commands show the pods and their nodes, and where each volume is attached',
        ...show,
      ),
    );
  const by = holder ? `, where the pod ${holder.metadata.name} is terminating` : '';
  return {
    severity: 'wait',
    subject: workload.name,
    text: `${text}${holder ? ` (${holder.spec?.nodeName})` : ''}${by || `: ${message}`}`,
    since: pod.object.metadata.creationTimestamp ?? new Date(0),
    fix: advice(
      'Wait: Kubernetes detaches the volume when the pod there has ended. From a node that is not ready, it detaches the volume after about six minutes. The commands show the pods and their nodes, and where each volume is attached',
      ...show,
    ),
    lateFix: advice(
      'Find out why the volume is not detached. Possible causes are a pod there that does not end, a node that is not ready, and a storage driver that fails. The commands show the pods, where each volume is attached, and the nodes',
      ...show,
      state.clusterCommand('get', 'nodes'),
    ),
  };
}

function isOn(pod: Manifest, node: Manifest): boolean {
  return pod.spec?.nodeName === node.metadata.name;
}

/** Since when a pod waits for its volumes: since the kubelet has it or, where it ran before, since the event was seen first. */
function waitsSince({ object, containers }: PodState, { first }: ClusterEvent): Date {
  const started = object.status?.startTime;
  const ran = containers.some(({ ended }) => ended);
  return started && !ran ? new Date(Math.min(first.getTime(), new Date(started).getTime())) : first;
}

/** `the volume data (claim junjo-ai-studio-data) is`, of what the kubelet lists as `unmounted volumes=[data]`. */
function unmountedVolumes({ object }: PodState, message: string): string {
  const names = (/unmounted volumes=\[([^\]]*)\]/.exec(message)?.[1] ?? '').split(/[ ,]+/).filter(Boolean);
  const volumes = names.map((name) => {
    const volume = listOf(object.spec?.volumes).find((each) => each.name === name);
    const claim = fieldsOf(volume?.persistentVolumeClaim).claimName;
    return claim ? `${name} (claim ${claim})` : name;
  });
  if (volumes.length === 0) return 'its volumes are';
  return volumes.length === 1 ? `the volume ${volumes[0]} is` : `the volumes ${volumes.join(', ')} are`;
}

function nodeOf({ object }: PodState): string {
  return String(object.spec?.nodeName);
}
