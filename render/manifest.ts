/** Fields of an object that a patch may have changed. */
// biome-ignore lint/suspicious/noExplicitAny: nothing is known of them
export type Fields = Readonly<Record<string, any>>;

/** A Kubernetes object: as it goes into a file, or as `kubectl get -o json` prints it. */
export interface Manifest extends Fields {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Fields & { readonly name: string; readonly namespace?: string };
}

/** An object, and its file below the output folder of the studio. */
export interface PlacedManifest {
  readonly file: string;
  readonly manifest: Manifest;
}

/** A container of a pod, whichever of its lists it is in. */
export interface Container {
  readonly fields: Fields;
  /** It ends before the others start; a sidecar among the init containers does not. */
  readonly init: boolean;
  /** For messages. */
  readonly title: string;
}

/** A pod, or the template of pods, in an object of any kind. */
export interface Pod {
  readonly owner: Manifest;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly containers: readonly Container[];
  /** It ends by itself, as the pod of a Job does. */
  readonly ends: boolean;
  /** For messages. */
  readonly title: string;
}

/** Whether something that was read from YAML or JSON is a Kubernetes object. */
export function isManifest(value: unknown): value is Manifest {
  const { apiVersion, kind, metadata } = fieldsOf(value);
  return [apiVersion, kind, fieldsOf(metadata).name].every((text) => typeof text === 'string' && text !== '');
}

/** Objects that belong together: all of a rendering, or all of a namespace. */
export class Manifests {
  constructor(readonly manifests: readonly Manifest[]) {}

  ofKind(kind: string): readonly Manifest[] {
    return this.manifests.filter((manifest) => manifest.kind === kind);
  }

  /** @param namespace in which it must lie. @default any, or none */
  named(kind: string, name: unknown, namespace?: string): Manifest | undefined {
    return this.ofKind(kind).find(
      ({ metadata }) => metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
    );
  }
}

/** `Deployment junjo-ai-studio-backend`. */
export function titleOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

/** The items of a list, or none if it is missing or not a list. */
export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter((part) => part !== null && typeof part === 'object') : [];
}

/** The texts of a list, or none if it is missing or not a list. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : [];
}

/** The fields of an object, or none if it is missing or not an object. */
export function fieldsOf(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

/** A condition of an object, by its type. */
export function conditionOf({ status }: Fields, type: string): Fields | undefined {
  return listOf(status?.conditions).find((condition) => condition.type === type);
}

/** The API group of an object; empty for the core group. */
export function groupOf({ apiVersion }: Manifest): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** The claims that a pod mounts. */
export function claimsOf({ spec }: Fields): readonly string[] {
  const claims = listOf(spec?.volumes).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
  return claims.filter((name) => name !== undefined);
}

/** The claims that pods mount once they run: those that their template names, and those that a StatefulSet gives each of them. */
export function mountedClaims(pod: Pod): readonly string[] {
  const { kind, metadata, spec } = pod.owner;
  const { volumeClaimTemplates, replicas = 1 } = fieldsOf(kind === 'StatefulSet' && spec);
  const given = listOf(volumeClaimTemplates).flatMap((template) =>
    Array.from({ length: replicas }, (_, index) => `${template.metadata?.name}-${metadata.name}-${index}`),
  );
  return [...claimsOf(pod), ...given];
}

/** What a pod reads from a ConfigMap. */
export interface ConfigMapReference {
  /** For messages. */
  readonly object: string;
  readonly name: string;
  /** The keys that it names. Empty: all of them, whichever there are. */
  readonly keys: readonly string[];
  /** The pod starts without it. */
  readonly optional: boolean;
}

/** The ConfigMaps that a pod reads, as variables or as volumes. */
export function configMapsOf({ spec, containers, title }: Pod): readonly ConfigMapReference[] {
  const reference = (object: string, source: Fields, keys: readonly Fields[]): ConfigMapReference => {
    return { object, name: source.name, keys: keys.map(({ key }) => key), optional: source.optional === true };
  };
  const volumes = listOf(spec.volumes).flatMap(({ configMap, projected }) => [
    configMap,
    ...listOf(projected?.sources).map((source) => source.configMap),
  ]);
  return [
    ...listOf(volumes).map((source) => reference(title, source, listOf(source.items))),
    ...containers.flatMap(({ fields, title: object }) => [
      ...listOf(listOf(fields.envFrom).map(({ configMapRef }) => configMapRef)).map((source) =>
        reference(object, source, []),
      ),
      ...listOf(listOf(fields.env).map(({ valueFrom }) => valueFrom?.configMapKeyRef)).map((source) =>
        reference(object, source, [source]),
      ),
    ]),
  ];
}

/** Whether a container mounts a claim. */
export function mountsClaim({ spec }: Pod, { fields }: Container): boolean {
  const volumes = listOf(spec.volumes).filter(({ persistentVolumeClaim }) => persistentVolumeClaim);
  return listOf(fields.volumeMounts).some((mount) => volumes.some(({ name }) => name === mount.name));
}

/** Whether a label selector finds what has these labels; a list of labels is one, as Services have it. */
export function matches(selector: unknown, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels, matchExpressions, ...rest } = fieldsOf(selector);
  const wanted = matchLabels || matchExpressions ? fieldsOf(matchLabels) : rest;
  return (
    Object.entries(wanted).every(([key, value]) => labels[key] === value) &&
    listOf(matchExpressions).every(({ key, operator, values }) => {
      const [value, list] = [labels[key], Array.isArray(values) ? values : []];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      return operator === 'In' ? list.includes(value) : !list.includes(value);
    })
  );
}

/** The pods in an object: everything with a spec that has containers, also in kinds that are not known yet. */
export function podsOf(manifest: Manifest): readonly Pod[] {
  return addPods(manifest, manifest, []);
}

function addPods(manifest: Manifest, value: unknown, pods: Pod[]): readonly Pod[] {
  if (value === null || typeof value !== 'object') return pods;
  const { metadata, spec } = value as Fields;
  if (Array.isArray(spec?.containers)) {
    const title = titleOf(manifest);
    const containers = (init: boolean) =>
      listOf(init ? spec.initContainers : spec.containers).map((fields) => {
        return { fields, init: init && fields.restartPolicy !== 'Always', title: `${title}, container ${fields.name}` };
      });
    pods.push({
      owner: manifest,
      labels: fieldsOf(metadata?.labels),
      metadata: fieldsOf(metadata),
      spec,
      containers: [...containers(true), ...containers(false)],
      ends: ['Job', 'CronJob'].includes(manifest.kind) || ['Never', 'OnFailure'].includes(spec.restartPolicy),
      title,
    });
    return pods;
  }
  for (const child of Object.values(value)) addPods(manifest, child, pods);
  return pods;
}

/** The files and folders of its node that a pod mounts. */
export function nodePathsOf({ spec }: Fields): readonly string[] {
  return listOf(fieldsOf(spec).volumes).flatMap(({ hostPath }) => (hostPath ? [String(hostPath.path)] : []));
}

/** The folder that all of several absolute paths lie in, or the one path; nothing for none. */
export function commonFolder(paths: readonly string[]): string | undefined {
  const [first, ...others] = paths.map((path) => path.split('/'));
  const end = first?.findIndex((part, index) => others.some((other) => other[index] !== part)) ?? -1;
  return first && ((end < 0 ? first : first.slice(0, end)).join('/') || '/');
}

/** Whether two values are written alike, however the keys of their maps are ordered and whichever realm made them. */
export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([key, each]) => [key, sorted(each)]));
}
