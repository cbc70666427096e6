import { claimsOf } from '../../../render/manifest';
import type { FakeApiServer } from '../fake-api-server';
import type { Manifest } from '../studio';
import { builtIn, type Resource } from './resources';

const claims = resource('PersistentVolumeClaim');
const volumes = resource('PersistentVolume');
const namespaces = resource('Namespace');

/**
 * Does with volumes what Kubernetes does: a claim that pods use stays until they end, a volume is reclaimed by its policy when its
 * claim is gone, and a new claim gets the volume that is reserved for it, or else a new one. As in
 * pkg/controller/volume/{persistentvolume,pvcprotection} and component-helpers/storage/volume of kubernetes/kubernetes.
 */
export function manageVolumes({ store }: Pick<FakeApiServer, 'store'>): void {
  let planned = false;
  const plan = () => {
    if (planned) return;
    planned = true;
    // After the request that made the change, as controllers do. Each step is a change, which plans the next.
    setImmediate(() => {
      planned = false;
      finishNamespace() || finishClaim() || reclaim() || bind();
    });
  };
  store.watch(plan);
  plan();

  function finishNamespace(): boolean {
    const ended = store.list('namespaces').find(({ metadata: { deletionTimestamp, name } }) => {
      const left = [...store.list('persistentvolumeclaims', name), ...store.list('pods', name)];
      return deletionTimestamp && left.length === 0;
    });
    if (ended) store.remove(namespaces, undefined, ended.metadata.name);
    return ended !== undefined;
  }

  function finishClaim(): boolean {
    const ended = store.list('persistentvolumeclaims').find(({ metadata }) => {
      const isUsed = (pod: Manifest) => claimsOf(pod).includes(metadata.name);
      return metadata.deletionTimestamp && !store.list('pods', metadata.namespace).some(isUsed);
    });
    if (ended) store.remove(claims, ended.metadata.namespace, ended.metadata.name);
    return ended !== undefined;
  }

  /** The claim that a volume is reserved for or bound to, if there is such a claim. */
  function claimOf({ spec: { claimRef } }: Manifest): Manifest | undefined {
    const found = claimRef && store.get(claims, claimRef.namespace, claimRef.name);
    return found && (!claimRef.uid || claimRef.uid === found.metadata.uid) ? found : undefined;
  }

  function reclaim(): boolean {
    for (const volume of store.list('persistentvolumes')) {
      const { metadata, spec, status } = volume;
      if (claimOf(volume)) continue;
      const phase = spec.claimRef?.uid === undefined ? 'Available' : 'Released';
      if (metadata.deletionTimestamp || (phase === 'Released' && spec.persistentVolumeReclaimPolicy === 'Delete')) {
        store.remove(volumes, undefined, metadata.name);
        return true;
      }
      if (status?.phase === phase) continue;
      store.put(volumes, { ...volume, status: { phase } });
      return true;
    }
    return false;
  }

  function bind(): boolean {
    for (const claim of store.list('persistentvolumeclaims')) {
      const { metadata, spec } = claim;
      const isBound = store.list('persistentvolumes').some((each) => each.spec.claimRef?.uid === metadata.uid);
      if (metadata.deletionTimestamp || isBound) continue;
      const usable = store.list('persistentvolumes').filter((each) => {
        return !each.metadata.deletionTimestamp && claimOf(each)?.metadata.uid === metadata.uid;
      });
      const volume = usable.find((each) => !spec.volumeName || each.metadata.name === spec.volumeName);
      // A claim that names its volume waits for that one.
      if (spec.volumeName && !volume) continue;
      const name = volume?.metadata.name ?? `pvc-${metadata.uid}`;
      const claimRef = { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
      const provisioned = { metadata: { name }, spec: { persistentVolumeReclaimPolicy: 'Delete' } };
      const { spec: before, ...rest } = volume ?? provisioned;
      store.put(volumes, { ...rest, spec: { ...before, claimRef }, status: { phase: 'Bound' } });
      store.put(claims, { ...claim, spec: { ...spec, volumeName: name }, status: { phase: 'Bound' } });
      return true;
    }
    return false;
  }
}

function resource(kind: string): Resource {
  const found = builtIn.find((each) => each.kind === kind);
  if (!found) throw new Error(`${kind} is not built in`);
  return found;
}
