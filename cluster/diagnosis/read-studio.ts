import { listOf, type Manifest, type Manifests } from '../../render/manifest';
import { apiResources } from '../api-resources';
import { type Kubectl, KubectlError } from '../kubectl';
import { readNamespace, readObjects, readSecretNames } from '../read';
import { ClusterState, type VolumeUse } from './cluster-state';

/** What of a namespace tells how a studio is. Secrets are asked for their names alone. */
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

/** What of the cluster does. */
export const CLUSTER = [
  'nodes',
  'persistentvolumes',
  'storageclasses.storage.k8s.io',
  'ingressclasses.networking.k8s.io',
  'clusterissuers.cert-manager.io',
] as const;

/** Read of every namespace: Velero keeps its backups in its own. */
export const BACKUPS = 'backups.velero.io';

/**
 * Reads everything that a diagnosis looks at: objects, the last lines of containers that crash, and how full volumes are.
 * @param rendered the studio as it is rendered. @default only the cluster tells
 */
export async function readStudio(kubectl: Kubectl, namespace: string, rendered?: Manifests): Promise<ClusterState> {
  const unread: string[] = [];
  const objects = await readStudioObjects(kubectl, namespace, unread);
  const pods = objects.filter(({ kind }) => kind === 'Pod');
  const nodes = [...new Set(pods.map(({ spec }) => spec?.nodeName).filter(Boolean))];
  const [logs, uses] = await Promise.all([
    Promise.all(
      pods
        .flatMap(crashed)
        .map(
          async (ended) =>
            [`${ended.pod}/${ended.container}`, await lastLines(kubectl, namespace, ended, unread)] as const,
        ),
    ),
    Promise.all(nodes.map((node) => volumeUse(kubectl, namespace, node))),
  ]);
  const volumes = new Map(uses.flatMap((use) => [...use]));
  return new ClusterState(objects, {
    namespace,
    now: new Date(),
    logs: new Map(logs),
    volumes,
    // What is read first, chance decides.
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
  // Volumes and backups are of the whole cluster: those of this studio count.
  return found.filter(({ kind, metadata, spec }) => {
    if (kind === 'PersistentVolume') return volumes.has(metadata.name) || spec?.claimRef?.namespace === namespace;
    return kind !== 'Backup' || spec?.includedNamespaces?.includes(namespace);
  });
}

/** The containers of a pod that ended by themselves, whether they are started again or not. */
function crashed({ metadata, status }: Manifest): readonly EndedContainer[] {
  return [...listOf(status?.initContainerStatuses), ...listOf(status?.containerStatuses)]
    .filter(({ state, lastState, ready }) => !ready && (state?.terminated ?? lastState?.terminated))
    .map(({ name, state }) => ({ pod: metadata.name, container: name, runsAgain: state?.running !== undefined }));
}

/** A container whose last lines are read. */
interface EndedContainer {
  readonly pod: string;
  readonly container: string;
  /** It runs again, so that the lines are those of the run before. */
  readonly runsAgain: boolean;
}

/** The last lines that a container wrote before it ended; nothing where they are gone or cannot be read. */
async function lastLines(
  kubectl: Kubectl,
  namespace: string,
  ended: EndedContainer,
  unread: string[],
): Promise<string> {
  const { pod, container, runsAgain } = ended;
  try {
    const args = ['logs', pod, '--container', container, '--namespace', namespace, '--tail=40'];
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

/** The part of the kubelet's summary that tells of volumes. */
interface Summary {
  readonly pods?: readonly {
    readonly volume?: readonly {
      readonly usedBytes?: number;
      readonly capacityBytes?: number;
      readonly pvcRef?: { readonly name: string; readonly namespace: string };
    }[];
  }[];
}
