import { quantityBytes } from '../../config/quantity';
import { claimsOf, conditionOf, type Fields, fieldsOf, listOf, type Manifest } from '../../render/manifest';
import type { StudioManifests } from '../studio-manifests';

export type Resource = 'memory' | 'cpu' | 'ephemeral-storage';

/** What a pod asks for, in bytes or cores: its containers together, or the largest that runs before them. */
export function requested(spec: Fields | undefined, resource: Resource): number {
  const of = ({ resources }: Fields) => quantityBytes(String(fieldsOf(fieldsOf(resources).requests)[resource])) ?? 0;
  const together = listOf(spec?.containers).reduce((sum, container) => sum + of(container), 0);
  return Math.max(together, ...listOf(spec?.initContainers).map(of));
}

/** What is left of a node: what it can give, less what the pods on it asked for. */
export function freeOn(node: Manifest, pods: readonly Manifest[], resource: Resource): number {
  const all = quantityBytes(String(node.status?.allocatable?.[resource])) ?? 0;
  const taken = pods
    .filter(
      ({ spec, status }) => spec?.nodeName === node.metadata.name && !['Succeeded', 'Failed'].includes(status?.phase),
    )
    .reduce((sum, { spec }) => sum + requested(spec, resource), 0);
  return all - taken;
}

/** Whether a node takes a pod, apart from its room: labels, taints, its own state, and what images it can run. */
export function takes({ metadata, spec, status }: Manifest, pod: Fields | undefined): boolean {
  const labels = fieldsOf(metadata.labels);
  const selected = Object.entries(fieldsOf(pod?.nodeSelector)).every(([key, value]) => labels[key] === value);
  const tolerations = listOf(pod?.tolerations);
  const tolerated = listOf(spec?.taints)
    .filter(({ effect }) => effect !== 'PreferNoSchedule')
    .every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)));
  const ready = (conditionOf({ status }, 'Ready')?.status ?? 'True') === 'True';
  return selected && tolerated && ready && runsImages(labels) && !spec?.unschedulable;
}

/** The images are for Linux, on these processors. */
function runsImages({
  'kubernetes.io/os': system = 'linux',
  'kubernetes.io/arch': processor = 'amd64',
}: Readonly<Record<string, string>>): boolean {
  return system === 'linux' && ['amd64', 'arm64'].includes(processor);
}

function tolerates({ key, operator = 'Equal', value = '', effect }: Fields, taint: Fields): boolean {
  const sameKey = key === undefined ? operator === 'Exists' : key === taint.key;
  const sameEffect = effect === undefined || effect === taint.effect;
  return sameKey && sameEffect && (operator === 'Exists' || value === (taint.value ?? ''));
}

/** `300Mi`. */
export function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)}Mi`;
}

/** The volumes that the studio brings along: folders of nodes. None where a class makes the volumes. */
export function volumesOf(studio: StudioManifests): readonly Manifest[] {
  const mounted = new Set(studio.pods.flatMap(claimsOf));
  return studio.ofKind('PersistentVolume').filter(({ spec }) => mounted.has(spec?.claimRef?.name));
}
