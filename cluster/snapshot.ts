import type { ClusterObject, VolumeUse } from '../diagnosis';
import { type Kubectl, KubectlError } from './kubectl';

/** What of a namespace tells how a studio is. Secrets are asked for their names alone. */
const NAMESPACED = [
  'deployments.apps',
  'statefulsets.apps',
  'replicasets.apps',
  'pods',
  'services',
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
const CLUSTER = [
  'nodes',
  'persistentvolumes',
  'storageclasses.storage.k8s.io',
  'ingressclasses.networking.k8s.io',
  'clusterissuers.cert-manager.io',
] as const;

/** Read of every namespace: Velero keeps its backups in its own. */
const BACKUPS = 'backups.velero.io';

/** Everything of a studio that could be read, and what could not. */
export interface Snapshot {
  readonly objects: readonly ClusterObject[];
  /** Resources that the user may not read. */
  readonly unread: readonly string[];
}

/** Reads a studio. What the cluster does not know is left out; what may not be read is named. */
export async function snapshotOf(kubectl: Kubectl, namespace: string): Promise<Snapshot> {
  const known = new Set((await kubectl.text(['api-resources', '--verbs=list', '--output=name'])).split('\n'));
  const unread: string[] = [];
  const found = await Promise.all([
    kubectl.jsonIfFound<ClusterObject>(['get', 'namespace', namespace]).then((object) => (object ? [object] : [])),
    secretNames(kubectl, namespace, unread),
    listed(
      kubectl,
      NAMESPACED.filter((resource) => known.has(resource)),
      ['--namespace', namespace],
      unread,
    ),
    listed(
      kubectl,
      CLUSTER.filter((resource) => known.has(resource)),
      [],
      unread,
    ),
    listed(kubectl, known.has(BACKUPS) ? [BACKUPS] : [], ['--all-namespaces'], unread),
  ]);
  const claims = new Set(
    found
      .flat()
      .filter(({ kind }) => kind === 'PersistentVolumeClaim')
      .map(({ spec }) => spec?.volumeName),
  );
  // Of volumes and backups, those of this studio.
  const objects = found.flat().filter(({ kind, metadata, spec }) => {
    if (kind === 'PersistentVolume') return claims.has(metadata.name);
    return kind !== 'Backup' || spec?.includedNamespaces?.includes(namespace);
  });
  return { objects, unread };
}

/** The objects of many resources in one call; one by one where some of them may not be read, and those are named. */
export async function listed(
  kubectl: Kubectl,
  resources: readonly string[],
  scope: readonly string[],
  unread: string[],
): Promise<readonly ClusterObject[]> {
  if (resources.length === 0) return [];
  try {
    return (await kubectl.json<{ items: readonly ClusterObject[] }>(['get', resources.join(), ...scope])).items;
  } catch (error) {
    if (!(error instanceof KubectlError) || error.failure !== 'forbidden') throw error;
    if (resources.length === 1) {
      unread.push(...resources);
      return [];
    }
    return (await Promise.all(resources.map((resource) => listed(kubectl, [resource], scope, unread)))).flat();
  }
}

/** The names of the Secrets of a namespace; their values are not asked for. */
export async function secretNames(
  kubectl: Kubectl,
  namespace: string,
  unread: string[],
): Promise<readonly ClusterObject[]> {
  try {
    const names = await kubectl.text(['get', 'secrets', '--namespace', namespace, '--output=name']);
    return names
      .split('\n')
      .filter(Boolean)
      .map((name) => ({ kind: 'Secret', metadata: { name: name.replace(/^secret\//, ''), namespace } }));
  } catch (error) {
    if (!(error instanceof KubectlError) || error.failure !== 'forbidden') throw error;
    unread.push('secrets');
    return [];
  }
}

/** The last lines that a container wrote before it ended; nothing where they are gone or may not be read. */
export async function lastLines(kubectl: Kubectl, namespace: string, pod: string, container: string): Promise<string> {
  try {
    const args = ['logs', pod, '--container', container, '--namespace', namespace, '--tail=40', '--previous'];
    return await kubectl.text(args);
  } catch (error) {
    if (error instanceof KubectlError && error.failure !== 'unreachable') return '';
    throw error;
  }
}

/** How full the volumes of claims are, as the kubelet of a node measures them; nothing where it may not be asked. */
export async function volumeUse(
  kubectl: Kubectl,
  namespace: string,
  node: string,
): Promise<ReadonlyMap<string, VolumeUse>> {
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
