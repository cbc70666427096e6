import { quantityBytes } from '../../../config/quantity';
import { claimsOf, fieldsOf, type Manifest } from '../../../render/manifest';
import { type Check, error, ok, type PreflightView, type Result, warning } from '../check';

/** Claims that exist already: those of somebody else, which the pods mount, and what cannot be changed of the studio's own. */
export const claim: Check = {
  name: 'claim',
  *results(studio, cluster) {
    const own = studio.ofKind('PersistentVolumeClaim');
    const mounted = new Set(studio.pods.flatMap(claimsOf));
    for (const name of mounted) {
      if (!own.some(({ metadata }) => metadata.name === name)) yield existing(name, cluster);
    }
    for (const wanted of own) {
      const live = cluster.named('PersistentVolumeClaim', wanted.metadata.name, cluster.namespace);
      if (live) yield changed(wanted, live, cluster);
    }
  },
};

/** A claim that the manifests do not hold. */
function existing(name: string, cluster: PreflightView): Result {
  const found = cluster.named('PersistentVolumeClaim', name, cluster.namespace);
  if (!cluster.canRead('persistentvolumeclaims')) return warning(`claims may not be read; ${name} must be there`);
  if (!found)
    return error(`there is no claim ${name} in ${cluster.namespace}`, 'make it, or correct JUNJO_K8S_EXISTING_CLAIM');
  const lost = found.status?.phase === 'Lost';
  if (found.metadata.deletionTimestamp || lost)
    return error(
      `claim ${name} ${lost ? 'has lost its volume' : 'is being deleted'}`,
      'restore a backup into a new claim, and name that one in JUNJO_K8S_EXISTING_CLAIM',
    );
  return ok(`claim ${name}, ${found.status?.phase}`);
}

/** The studio's own claim, which is there already. */
function changed(wanted: Manifest, live: Manifest, cluster: PreflightView): Result {
  const { name } = live.metadata;
  const size = ({ spec }: Manifest) => fieldsOf(spec?.resources).requests?.storage;
  const [before, after] = [live, wanted].map((each) => quantityBytes(String(size(each))) ?? 0) as [number, number];
  const [liveClass, wantedClass] = [live.spec?.storageClassName, wanted.spec?.storageClassName];
  const move = 'junjo-k8s backup, delete dist/foundation, apply, junjo-k8s restore';
  if (live.metadata.deletionTimestamp) return error(`claim ${name} is being deleted`, 'junjo-k8s backup, at once');
  if (after < before)
    return error(
      `claim ${name} cannot shrink from ${size(live)} to ${size(wanted)}`,
      `JUNJO_K8S_STORAGE_SIZE=${size(live)}, or ${move}`,
    );
  if (wantedClass && liveClass && wantedClass !== liveClass)
    return error(
      `claim ${name} is of class ${liveClass}, which cannot change`,
      `JUNJO_K8S_STORAGE_CLASS=${liveClass}, or ${move}`,
    );
  if (after === before) return ok(`claim ${name} is there, ${live.status?.phase}`);
  const storageClass = cluster.named('StorageClass', liveClass);
  const grows = storageClass && !storageClass.allowVolumeExpansion ? error : warning;
  return grows(`claim ${name} will grow from ${size(live)} to ${size(wanted)}`, 'its class must allow it');
}
