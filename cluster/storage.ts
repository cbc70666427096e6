import { fieldsOf, listOf, type Manifest, textsOf } from '../render/manifest';

/** The second is the older name. Kubernetes still reads it. */
const DEFAULT_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** Whether a storage class is a default one. */
export function isDefaultClass({ metadata }: Manifest): boolean {
  return DEFAULT_CLASS.some((name) => fieldsOf(metadata.annotations)[name] === 'true');
}

/** The nodes on which a volume can be mounted. @returns none when it is not bound to nodes */
export function nodesOfVolume({ spec }: Manifest): readonly string[] {
  return listOf(spec?.nodeAffinity?.required?.nodeSelectorTerms)
    .flatMap(({ matchExpressions }) => listOf(matchExpressions))
    .filter(({ key, operator }) => key === 'kubernetes.io/hostname' && operator === 'In')
    .flatMap(({ values }) => textsOf(values));
}
