import { apiResources } from './api-resources';
import type { ClusterObject, VolumeUse } from './diagnosis';
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
  /** Resources that could not be read, mostly because the user may not. */
  readonly unread: readonly string[];
}

/** Reads a studio. What the cluster does not know is left out; what cannot be read is named. */
export async function snapshotOf(kubectl: Kubectl, namespace: string): Promise<Snapshot> {
  const known = new Set((await apiResources(kubectl)).map(({ name }) => name));
  const unread: string[] = [];
  const found = await Promise.all([
    namespaceNamed(kubectl, namespace, unread),
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

/** The namespace. Where it may not be read it is taken to be there: what is in it tells. */
export async function namespaceNamed(
  kubectl: Kubectl,
  namespace: string,
  unread: string[],
): Promise<readonly ClusterObject[]> {
  try {
    const found = await kubectl.jsonIfFound<ClusterObject>(['get', 'namespace', namespace]);
    return found ? [found] : [];
  } catch (error) {
    leftOut(error, ['namespaces'], unread);
    return [{ kind: 'Namespace', metadata: { name: namespace } }];
  }
}

/** The objects of many resources in one call, without those that cannot be read; these are named. */
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
    if (!(error instanceof KubectlError) || !error.answered) throw error;
    const culprits = resources.length === 1 ? resources : resources.filter((each) => refuses(error, each));
    if (culprits.length > 0) {
      unread.push(...culprits);
      const others = resources.filter((each) => !culprits.includes(each));
      return listed(kubectl, others, scope, unread);
    }
    return (await Promise.all(resources.map((resource) => listed(kubectl, [resource], scope, unread)))).flat();
  }
}

/** Whether an error is about this one of many resources. */
function refuses({ words }: KubectlError, resource: string): boolean {
  const [plural, ...group] = resource.split('.');
  return words.includes(`cannot list resource "${plural}" in API group "${group.join('.')}"`);
}

/** Goes on without resources that the API server does not give; without an API server nothing goes on. */
function leftOut(error: unknown, resources: readonly string[], unread: string[]): void {
  if (!(error instanceof KubectlError) || !error.answered) throw error;
  unread.push(...resources);
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
    leftOut(error, ['secrets'], unread);
    return [];
  }
}

/** A container whose last words are asked for. */
export interface EndedContainer {
  readonly pod: string;
  readonly container: string;
  /** It runs again, so that the words are those of the one before. */
  readonly runsAgain: boolean;
}

/** The last lines that a container wrote before it ended; nothing where they are gone or may not be read. */
export async function lastLines(kubectl: Kubectl, namespace: string, ended: EndedContainer): Promise<string> {
  const { pod, container, runsAgain } = ended;
  try {
    const args = ['logs', pod, '--container', container, '--namespace', namespace, '--tail=40'];
    return await kubectl.text(runsAgain ? [...args, '--previous'] : args);
  } catch (error) {
    if (error instanceof KubectlError && (error.answered || error.failure !== 'unreachable')) return '';
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
