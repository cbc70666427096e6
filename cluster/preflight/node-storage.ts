import { claimsOf, fieldsOf, listOf, type Manifest } from '../../render/manifest';
import type { StudioManifests } from '../studio-manifests';

/** The nodes on which the folders of the studio's volumes lie; none where a class makes the volumes. */
export function nodesOf(studio: StudioManifests): readonly string[] {
  const mounted = new Set(studio.pods.flatMap(claimsOf));
  const volumes = studio.ofKind('PersistentVolume').filter(({ spec }) => mounted.has(spec?.claimRef?.name));
  return [...new Set(volumes.flatMap(hostnamesOf))];
}

/** The host names to which a volume is bound. */
function hostnamesOf({ spec }: Manifest): readonly string[] {
  const terms = listOf(fieldsOf(spec?.nodeAffinity?.required).nodeSelectorTerms);
  return terms
    .flatMap(({ matchExpressions }) => listOf(matchExpressions))
    .filter(({ key, operator }) => key === 'kubernetes.io/hostname' && operator === 'In')
    .flatMap(({ values }) => values);
}
