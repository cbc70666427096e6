import { dataLabels } from '../charts/metadata';
import { fieldsOf, type Manifest } from '../render/manifest';
import type { Kubectl } from './kubectl';

/** Claims whose data must be saved, and the volumes around them. */
export interface RescueProps {
  /** Its context and namespace are in the commands. */
  readonly kubectl: Kubectl;
  /** The claims that are being deleted. */
  readonly claims: readonly Manifest[];
  /** Volumes, those of the claims among them. */
  readonly volumes: readonly Manifest[];
  /** The whole namespace is being deleted. */
  readonly endsNamespace: boolean;
}

/**
 * Commands that save the data of claims that are being deleted. Each runs only if the one before it succeeded, and nothing is
 * deleted before the cluster shows that the volumes are retained.
 */
export function rescueAdvice({ kubectl, claims, volumes, endsNamespace }: RescueProps): string {
  const cluster = kubectl.in(undefined);
  const released = endsNamespace ? releasedVolumes(volumes, claims, kubectl.options.namespace) : [];
  const held = [
    ...claims.flatMap(({ spec }) => (spec?.volumeName ? [String(spec.volumeName)] : [])),
    ...released.map(nameOf),
  ];
  // A volume object that is being deleted too does not come back; dist/foundation makes that of a folder on a node again.
  const going = volumes.filter(({ metadata }) => held.includes(metadata.name) && metadata.deletionTimestamp);
  const staying = held.filter((name) => !going.some(({ metadata }) => metadata.name === name));
  const end = endsNamespace
    ? [gone(cluster, 'namespace', [kubectl.options.namespace ?? ''])]
    : [
        cluster.commandLine(['delete', '--cascade=foreground', '--ignore-not-found', '-f', 'dist/']),
        gone(kubectl, 'persistentvolumeclaim', claims.map(nameOf)),
      ];
  const before = [
    ...retained(cluster, held),
    ...end,
    ...(going.length > 0 ? [gone(cluster, 'persistentvolume', going.map(nameOf))] : []),
  ];
  const way = endsNamespace
    ? 'Retain the volume, wait until the namespace is gone, and bind the volume to the new claim'
    : 'Retain the volume, delete the studio, wait until the claim is gone, and bind the volume to the new claim';
  const aim =
    held.length > 0
      ? `${way}. If Argo CD or Flux applies the studio, pause it first`
      : 'There is no volume and no data. Apply the studio again, and restore a backup';
  return [aim, ...bindAgain(kubectl, staying, [...claims, ...going], before)].join('\n');
}

/** The newest retained volume of each claim of a namespace, without these claims. */
export function releasedVolumes(
  volumes: readonly Manifest[],
  claims: readonly Manifest[],
  namespace: string | undefined,
): readonly Manifest[] {
  const since = ({ metadata, status }: Manifest) =>
    String(status?.lastPhaseTransitionTime ?? metadata.creationTimestamp);
  const released = volumes
    .filter(({ spec, status }) => status?.phase === 'Released' && spec?.claimRef?.namespace === namespace)
    .filter(({ spec }) => !claims.some(({ metadata }) => metadata.name === spec?.claimRef.name))
    .sort((a, b) => (since(a) < since(b) ? -1 : 1));
  return [...new Map(released.map((volume) => [volume.spec?.claimRef.name, volume])).values()];
}

/** Commands that bind volumes again whose claims no longer exist. */
export function releasedAdvice(kubectl: Kubectl, volumes: readonly Manifest[]): string {
  // One that is still to be deleted with its claim goes as soon as its provisioner works again.
  const going = volumes.filter(({ spec }) => spec?.persistentVolumeReclaimPolicy !== 'Retain');
  const before = retained(kubectl.in(undefined), going.map(nameOf));
  return [
    'Reserve the volume for the new claim of that name before you apply anything else',
    ...bindAgain(kubectl, volumes.map(nameOf), [], before),
  ].join('\n');
}

/** Commands that retain volumes, and that wait until the cluster shows it. */
function retained(cluster: Kubectl, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const policy = '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}';
  const isRetained = '--for=jsonpath={.spec.persistentVolumeReclaimPolicy}=Retain';
  return [
    cluster.commandLine(['patch', 'persistentvolume', ...names, '-p', policy]),
    cluster.commandLine(['wait', 'persistentvolume', ...names, isRetained, '--timeout=30s']),
  ];
}

/**
 * The commands that reserve volumes for new claims of the same namespace and name, and that create these claims.
 *
 * Only the uid is removed. A volume whose claimRef has a namespace and a name and no uid is bound to the claim of that name, also
 * in a class that waits for the first pod. Without any claimRef, each claim of the class could get the volume, and the scheduler
 * takes the smallest that fits. Sources: FindMatchingVolume and IsVolumeBoundToClaim (component-helpers/storage/volume/pv_helpers.go)
 * and syncVolume (pkg/controller/volume/persistentvolume/pv_controller.go) of kubernetes/kubernetes.
 * @param needed objects that must exist again
 * @param before commands that must succeed first
 */
function bindAgain(
  kubectl: Kubectl,
  volumes: readonly string[],
  needed: readonly Manifest[],
  before: readonly string[],
): readonly string[] {
  const cluster = kubectl.in(undefined);
  const free = '[{"op":"remove","path":"/spec/claimRef/uid"}]';
  const apply = cluster.commandLine(['apply', '-f', 'dist/foundation', '-f', 'dist/']);
  const foreign = needed
    .filter((object) => !isOfStudio(object))
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const commands = [
    ...before,
    ...(volumes.length > 0
      ? [cluster.commandLine(['patch', 'persistentvolume', ...volumes, '--type=json', '-p', free])]
      : []),
    ...(foreign.length === 0 ? [apply] : []),
  ];
  return [
    commands.join(' &&\n'),
    ...(foreign.length > 0 ? [`# Create ${foreign.join(', ')} again as it was, then: ${apply}`] : []),
  ];
}

/** A command that waits until objects no longer exist. */
function gone(kubectl: Kubectl, kind: string, names: readonly string[]): string {
  return kubectl.commandLine(['wait', kind, ...names, '--for=delete', '--timeout=10m']);
}

/** Whether synth rendered an object, so that applying dist/foundation makes it again. */
export function isOfStudio({ metadata }: Manifest): boolean {
  const name = fieldsOf(metadata.labels)['app.kubernetes.io/name'];
  // Earlier versions gave what holds the data the name of everything else.
  return name === dataLabels['app.kubernetes.io/name'] || name === 'junjo-ai-studio';
}

function nameOf({ metadata }: Manifest): string {
  return metadata.name;
}
