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
  /** `baseline` where development images run, which are root in their containers. */
  readonly podSecurity: 'restricted' | 'baseline';
}

/** A container, or one that runs before the others. */
export interface Container {
  readonly fields: Fields;
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
  readonly pods: readonly Pod[];

  constructor(
    readonly placed: readonly PlacedManifest[],
    readonly facts: StudioFacts,
  ) {
    this.pods = this.manifests.flatMap((manifest) => [...podsOf(manifest)]);
  }

  get manifests(): readonly Manifest[] {
    return this.placed.map(({ manifest }) => manifest);
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

/** Every text in a value, with the path to it, such as `spec.ports.0.name`. */
export function* leavesOf(value: unknown, path = ''): Generator<readonly [path: string, leaf: unknown]> {
  const isEmpty = value !== null && typeof value === 'object' && Object.keys(value).length === 0;
  if (value === null || typeof value !== 'object' || isEmpty) yield [path, value];
  else for (const [key, child] of Object.entries(value)) yield* leavesOf(child, path ? `${path}.${key}` : key);
}

/** The claims that a pod mounts. */
export function claimsOf({ spec }: Pod): readonly string[] {
  const claims = listOf(spec.volumes).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
  return claims.filter((name) => name !== undefined);
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
export function* podsOf(manifest: Manifest, value: unknown = manifest): Generator<Pod> {
  if (value === null || typeof value !== 'object') return;
  const { metadata, spec } = value as Fields;
  if (Array.isArray(spec?.containers)) {
    const title = titleOf(manifest);
    const containers = (init: boolean) =>
      listOf(init ? spec.initContainers : spec.containers).map((fields) => {
        return { fields, init, title: `${title}, container ${fields.name}` };
      });
    yield {
      owner: manifest,
      labels: fieldsOf(metadata?.labels),
      metadata: fieldsOf(metadata),
      spec,
      containers: [...containers(true), ...containers(false)],
      ends: ['Job', 'CronJob'].includes(manifest.kind) || ['Never', 'OnFailure'].includes(spec.restartPolicy),
      title,
    };
    return;
  }
  for (const child of Object.values(value)) yield* podsOf(manifest, child);
}
