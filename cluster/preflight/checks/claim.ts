import { quantityBytes } from '../../../config/quantity';
import type { ClusterObject } from '../../diagnosis';
import { type Check, type Facts, fail, ok, warn } from '../check';

/** A claim that is there already, and what of it cannot be changed. */
export const claim: Check = {
  name: 'claim',
  *results({ config, manifests }, cluster) {
    const { storage } = config;
    if (storage.kind === 'existing') {
      const found = cluster.own('PersistentVolumeClaim').find(({ metadata }) => metadata.name === storage.claimName);
      if (!cluster.canRead('persistentvolumeclaims'))
        yield warn(`claims may not be read; ${storage.claimName} must be there`);
      else if (found && (found.metadata.deletionTimestamp || found.status?.phase === 'Lost'))
        yield fail(
          `claim ${storage.claimName} ${found.metadata.deletionTimestamp ? 'is being deleted' : 'has lost its volume'}`,
          'restore a backup into a new claim, and name that one in JUNJO_K8S_EXISTING_CLAIM',
        );
      else
        yield found
          ? ok(`claim ${storage.claimName}, ${found.status?.phase}`)
          : fail(
              `there is no claim ${storage.claimName} in ${cluster.namespace}`,
              'make it, or correct JUNJO_K8S_EXISTING_CLAIM',
            );
    }
    for (const wanted of manifests.filter(({ kind }) => kind === 'PersistentVolumeClaim')) {
      const live = cluster.own('PersistentVolumeClaim').find(({ metadata }) => metadata.name === wanted.metadata.name);
      if (!live) continue;
      const size = (object: typeof live) => object.spec?.resources?.requests?.storage;
      const [before, after] = [quantityBytes(String(size(live))) ?? 0, quantityBytes(String(size(wanted))) ?? 0];
      const { storageClassName } = fieldsOfSpec(wanted.spec);
      const move = 'junjo-k8s backup, delete dist/foundation, apply, junjo-k8s restore';
      if (live.metadata.deletionTimestamp)
        yield fail(`claim ${live.metadata.name} is being deleted`, 'junjo-k8s backup, at once');
      else if (after < before)
        yield fail(
          `claim ${live.metadata.name} cannot shrink from ${size(live)} to ${size(wanted)}`,
          `JUNJO_K8S_STORAGE_SIZE=${size(live)}, or ${move}`,
        );
      else if (storageClassName && live.spec?.storageClassName && storageClassName !== live.spec.storageClassName)
        yield fail(
          `claim ${live.metadata.name} is of class ${live.spec.storageClassName}, which cannot change`,
          `JUNJO_K8S_STORAGE_CLASS=${live.spec.storageClassName}, or ${move}`,
        );
      else if (after > before)
        yield growth(cluster, live)(
          `claim ${live.metadata.name} will grow from ${size(live)} to ${size(wanted)}`,
          'its class must allow it',
        );
      else yield ok(`claim ${live.metadata.name} is there, ${live.status?.phase}`);
    }
  },
};

function fieldsOfSpec(spec: unknown): { readonly storageClassName?: string } {
  return spec !== null && typeof spec === 'object' ? spec : {};
}

/** What it means that a claim is to grow: the class of its volume may not let it. */
function growth(cluster: Facts, { spec }: ClusterObject): typeof fail {
  const found = cluster.named('StorageClass', spec?.storageClassName);
  return found && !found.allowVolumeExpansion ? fail : warn;
}
