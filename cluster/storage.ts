import { fieldsOf, listOf, type Manifest, textsOf } from '../render/manifest';

/** The second is the older name. Kubernetes still reads it. */
const DEFAULT_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

export const HOSTNAME = 'kubernetes.io/hostname';

/** Whether a storage class is a default one. */
export function isDefaultClass({ metadata }: Manifest): boolean {
  return DEFAULT_CLASS.some((name) => fieldsOf(metadata.annotations)[name] === 'true');
}

/** Which nodes can mount a volume: one of these labels with one of its values is enough. */
export interface VolumePlace {
  /** Label of the nodes: `kubernetes.io/hostname`, `topology.kubernetes.io/zone`, or one of a CSI driver. */
  readonly label: string;
  readonly values: readonly string[];
}

/** Where a volume can be mounted. @returns none when it is not bound to nodes */
export function placesOf({ spec }: Manifest): readonly VolumePlace[] {
  return listOf(spec?.nodeAffinity?.required?.nodeSelectorTerms)
    .flatMap(({ matchExpressions }) => listOf(matchExpressions))
    .filter(({ operator }) => operator === 'In')
    .map(({ key, values }) => ({ label: String(key), values: textsOf(values) }));
}

/**
 * Whether a node can mount a volume. The scheduler compares the labels of the node, and not its name: the label
 * `kubernetes.io/hostname` differs from the name where the kubelet runs with --hostname-override, as on some clouds.
 */
export function canMount({ metadata }: Manifest, { spec }: Manifest): boolean {
  const terms = listOf(spec?.nodeAffinity?.required?.nodeSelectorTerms);
  // Every kubelet sets this label; where it is not known, it is the name.
  const labels = { [HOSTNAME]: metadata.name, ...fieldsOf(metadata.labels) };
  const fits = ({ key, operator, values }: { readonly [field: string]: unknown }) => {
    const value = fieldsOf(labels)[String(key)];
    if (operator === 'In') return textsOf(values).includes(value);
    if (operator === 'NotIn') return !textsOf(values).includes(value);
    if (operator === 'Exists') return value !== undefined;
    // The API allows Gt and Lt too, and no driver is known to use them.
    return operator === 'DoesNotExist' ? value === undefined : true;
  };
  return terms.length === 0 || terms.some(({ matchExpressions }) => listOf(matchExpressions).every(fits));
}

/** Whether the data lies in a folder or on a disk of one machine. */
export function isOnMachine({ spec }: Manifest): boolean {
  return spec?.hostPath !== undefined || spec?.local !== undefined;
}

/** `on the node node-1`, `in zone eu-west-1a`, `on nodes with pool=fast`. */
export function placeName({ label, values }: VolumePlace): string {
  const which = values.join(' or ');
  if (label === HOSTNAME) return `on the node ${which}`;
  return label.endsWith('/zone') ? `in zone ${which}` : `on nodes with ${label}=${which}`;
}
