import { workloadNames } from '../../config/names';
import { listOf, type Manifest, type Manifests } from '../../render/manifest';
import { apiResources } from '../api-resources';
import { type Kubectl, KubectlError } from '../kubectl';
import { readNamespace, readObjects, readSecretNames } from '../read';
import { ClusterState, type VolumeUse } from './cluster-state';

/** The resources of a namespace that show the state of a studio. Of Secrets, only the names are read. */
export const NAMESPACED = [
  'deployments.apps',
  'statefulsets.apps',
  'replicasets.apps',
  'pods',
  'services',
  'endpointslices.discovery.k8s.io',
  'networkpolicies.networking.k8s.io',
  'configmaps',
  'persistentvolumeclaims',
  'resourcequotas',
  'limitranges',
  'events',
  'ingresses.networking.k8s.io',
  'gateways.gateway.networking.k8s.io',
  'httproutes.gateway.networking.k8s.io',
  'grpcroutes.gateway.networking.k8s.io',
  'certificates.cert-manager.io',
  'issuers.cert-manager.io',
  'orders.acme.cert-manager.io',
  'challenges.acme.cert-manager.io',
  'sealedsecrets.bitnami.com',
  'externalsecrets.external-secrets.io',
  'replicationsources.volsync.backube',
] as const;

/** The resources of the cluster that do. */
export const CLUSTER = [
  'nodes',
  'persistentvolumes',
  'storageclasses.storage.k8s.io',
  'ingressclasses.networking.k8s.io',
  'clusterissuers.cert-manager.io',
] as const;

/** The resources that show whether the DNS of the cluster runs: kube-dns, or CoreDNS with its labels. */
const DNS = ['pods', 'endpointslices.discovery.k8s.io'];

/** After this time, the log of a container that is not ready explains more than its status. */
const QUIET_SECONDS = 60;

/** Read of every namespace: Velero keeps its backups in its own. */
export const BACKUPS = 'backups.velero.io';

/**
 * Reads everything that a diagnosis looks at: objects, the last lines of containers in trouble, and how full volumes are.
 * @param rendered the studio as it is rendered. @default only the cluster tells
 */
export async function readStudio(kubectl: Kubectl, namespace: string, rendered?: Manifests): Promise<ClusterState> {
  const unread: string[] = [];
  const objects = await readStudioObjects(kubectl, namespace, unread);
  const pods = objects.filter(({ kind }) => kind === 'Pod');
  const nodes = [...new Set(pods.map(({ spec }) => spec?.nodeName).filter(Boolean))];
  const [logs, uses, dns] = await Promise.all([
    Promise.all(
      pods
        .flatMap(troubled)
        .map(
          async (ended) =>
            [`${ended.pod}/${ended.container}`, await lastLines(kubectl, namespace, ended, unread)] as const,
        ),
    ),
    Promise.all(nodes.map((node) => volumeUse(kubectl, namespace, node))),
    readDns(kubectl, objects),
  ]);
  const volumes = new Map(uses.flatMap((use) => [...use]));
  return new ClusterState([...objects, ...dns], {
    namespace,
    now: new Date(),
    logs: new Map(logs),
    volumes,
    // The order of reading is random.
    unread: unread.sort(),
    rendered,
    kubectl,
  });
}

/** Reads the objects of a studio. A resource that the cluster does not know is left out. */
async function readStudioObjects(kubectl: Kubectl, namespace: string, unread: string[]): Promise<readonly Manifest[]> {
  const known = new Set((await apiResources(kubectl)).map(({ name }) => name));
  const read = (resources: readonly string[], ...scope: string[]) =>
    readObjects(
      kubectl,
      resources.filter((resource) => known.has(resource)),
      scope,
      unread,
    );
  const found = (
    await Promise.all([
      readNamespace(kubectl, namespace, unread),
      readSecretNames(kubectl, namespace, unread),
      read(NAMESPACED, '--namespace', namespace),
      read(CLUSTER),
      read([BACKUPS], '--all-namespaces'),
    ])
  ).flat();
  const claims = found.filter(({ kind }) => kind === 'PersistentVolumeClaim');
  const volumes = new Set(claims.map(({ spec }) => spec?.volumeName));
  // Volumes and backups are cluster-wide. Only those of this studio count.
  return found.filter(({ kind, metadata, spec }) => {
    if (kind === 'PersistentVolume') return volumes.has(metadata.name) || spec?.claimRef?.namespace === namespace;
    return kind !== 'Backup' || spec?.includedNamespaces?.includes(namespace);
  });
}

/** The pods of DNS, where ingestion does not find a backend that is ready. Without permission to read them, the rest is still diagnosed. */
async function readDns(kubectl: Kubectl, objects: readonly Manifest[]): Promise<readonly Manifest[]> {
  const readyPods = (name: string) =>
    objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name)?.status?.readyReplicas ?? 0;
  if (readyPods(workloadNames.backend) === 0 || readyPods(workloadNames.ingestion) > 0) return [];
  return readObjects(kubectl, DNS, ['--namespace', 'kube-system', '--selector=k8s-app=kube-dns'], []);
}

/** The containers of a pod whose log is useful: those that exited, and those that run but are not ready. */
function troubled({ metadata, status }: Manifest): readonly LoggingContainer[] {
  const quiet = (startedAt?: string) => startedAt && Date.now() - new Date(startedAt).getTime() > QUIET_SECONDS * 1000;
  return [...listOf(status?.initContainerStatuses), ...listOf(status?.containerStatuses)]
    .filter(({ state, lastState, ready }) => {
      return !ready && (state?.terminated ?? lastState?.terminated ?? quiet(state?.running?.startedAt));
    })
    .map(({ name, state, lastState }) => {
      const runsAgain = state?.running !== undefined && lastState?.terminated !== undefined;
      return { pod: metadata.name, container: name, runsAgain };
    });
}

/** A container whose last lines are read. */
interface LoggingContainer {
  readonly pod: string;
  readonly container: string;
  /** It runs again, so that the lines are those of the run before. */
  readonly runsAgain: boolean;
}

/** The last lines that a container wrote. @returns an empty text if they are gone or cannot be read */
async function lastLines(
  kubectl: Kubectl,
  namespace: string,
  ended: LoggingContainer,
  unread: string[],
): Promise<string> {
  const { pod, container, runsAgain } = ended;
  try {
    // The reason may stand before a long trace.
    const args = ['logs', pod, '--container', container, '--namespace', namespace, '--tail=200'];
    return await kubectl.text(runsAgain ? [...args, '--previous'] : args);
  } catch (error) {
    if (!(error instanceof KubectlError) || error.failure === 'unreachable') throw error;
    if (error.failure === 'forbidden' && !unread.includes('pods/log')) unread.push('pods/log');
    return '';
  }
}

/** How full the volumes of claims are, as the kubelet of a node measures them; nothing where it may not be asked. */
async function volumeUse(kubectl: Kubectl, namespace: string, node: string): Promise<ReadonlyMap<string, VolumeUse>> {
  try {
    const summary: Summary = JSON.parse(
      await kubectl.text(['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`]),
    );
    const volumes = (summary.pods ?? []).flatMap(({ volume = [] }) => volume);
    return new Map(
      volumes
        .filter(({ pvcRef }) => pvcRef?.namespace === namespace)
        .map(({ pvcRef, usedBytes = 0, capacityBytes = 0 }) => [pvcRef?.name ?? '', { usedBytes, capacityBytes }]),
    );
  } catch (error) {
    if (error instanceof KubectlError || error instanceof SyntaxError) return new Map();
    throw error;
  }
}

/** The part of the kubelet's summary about volumes. */
interface Summary {
  readonly pods?: readonly {
    readonly volume?: readonly {
      readonly usedBytes?: number;
      readonly capacityBytes?: number;
      readonly pvcRef?: { readonly name: string; readonly namespace: string };
    }[];
  }[];
}
