/** Fields of an object that anybody may have patched: a rule asks for what must be there. */
// biome-ignore lint/suspicious/noExplicitAny: nothing is known of them
export type Fields = Readonly<Record<string, any>>;

/** An object as it goes into a file. */
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

/** What a rule must know beside the objects. */
export interface StudioFacts {
  readonly namespace: string;
  /** Namespace in which Velero looks for its objects. @default the studio has none of them */
  readonly veleroNamespace?: string;
  /** Names of the variables that a person sets, secrets among them. */
  readonly settings: ReadonlySet<string>;
  /** `baseline` where development images run, which are root in their containers. */
  readonly podSecurity: 'restricted' | 'baseline';
}

/** A container of a pod, whichever of its lists it is in. */
export interface Container {
  readonly fields: Fields;
  /** It ends before the others start; a sidecar among the init containers does not. */
  readonly init: boolean;
  /** For messages. */
  readonly title: string;
}

/** A pod, or the template of pods, in whatever object carries it. */
export interface Pod {
  readonly owner: Manifest;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Fields;
  readonly spec: Fields;
  readonly containers: readonly Container[];
  /** It ends by itself: a Job's. */
  readonly ends: boolean;
  /** For messages. */
  readonly title: string;
}

/** The objects of one studio, as rules look at them. */
export class RenderedStudio {
  readonly manifests: readonly Manifest[];
  readonly pods: readonly Pod[];
  private readonly leaves = new Map<Manifest, readonly Leaf[]>();

  constructor(
    readonly placed: readonly PlacedManifest[],
    readonly facts: StudioFacts,
  ) {
    this.manifests = placed.map(({ manifest }) => manifest);
    this.pods = this.manifests.flatMap(podsOf);
  }

  /** Every leaf of an object, in the order in which it is written. */
  leavesOf(manifest: Manifest): readonly Leaf[] {
    const known = this.leaves.get(manifest);
    if (known) return known;
    const leaves = addLeaves(manifest, undefined, []);
    this.leaves.set(manifest, leaves);
    return leaves;
  }

  ofKind(kind: string): readonly Manifest[] {
    return this.manifests.filter((manifest) => manifest.kind === kind);
  }

  named(kind: string, name: unknown): Manifest | undefined {
    return this.ofKind(kind).find(({ metadata }) => metadata.name === name);
  }

  /** The pods that a label selector finds. */
  selected(selector: unknown): readonly Pod[] {
    return this.pods.filter(({ labels }) => matches(selector, labels));
  }
}

/** `Deployment junjo-ai-studio-backend`. */
export function titleOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

/** The parts of a list, or none where it is no list or is not there. */
export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter((part) => part !== null && typeof part === 'object') : [];
}

/** The fields of an object, or none where it is none or is not there. */
export function fieldsOf(value: unknown): Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {};
}

/** A value without values in it, and the way to it. A rule that reads all of them asks few for their path, which takes time. */
export interface Leaf {
  readonly key: string;
  readonly value: unknown;
  /** What it is in. @default it is in the object itself */
  readonly within?: Omit<Leaf, 'value'>;
}

/** The path to a leaf, such as `spec.ports.0.name`. */
export function pathOf({ key, within }: Omit<Leaf, 'value'>): string {
  return within ? `${pathOf(within)}.${key}` : key;
}

function addLeaves(parent: object, within: Leaf['within'], leaves: Leaf[]): readonly Leaf[] {
  for (const [key, value] of Object.entries(parent)) {
    const leaf = { key, value, within };
    if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) leaves.push(leaf);
    else addLeaves(value, leaf, leaves);
  }
  return leaves;
}

/** The claims that a pod mounts. */
export function claimsOf({ spec }: Pod): readonly string[] {
  const claims = listOf(spec.volumes).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
  return claims.filter((name) => name !== undefined);
}

/** Where a pod reads of a ConfigMap. */
export interface ConfigMapReference {
  /** For messages. */
  readonly object: string;
  readonly name: string;
  /** The keys that it names. Empty: all of them, whichever there are. */
  readonly keys: readonly string[];
  /** The pod starts without it. */
  readonly optional: boolean;
}

/** The ConfigMaps that a pod reads, in whichever of the ways. */
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

/** Whatever has a spec with containers is a pod: a template in a Deployment, a Job in a CronJob, a kind that is not known yet. */
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
