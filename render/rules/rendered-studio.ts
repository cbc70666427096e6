import type { KnownSecrets } from '../../config/known-secrets';
import { defaultStudioName } from '../../config/names';
import type { NodeMount } from '../../config/source-mounts';
import { nearest } from '../../config/spelling';
import type { GitOps } from '../../config/studio-config';
import type { Component } from '../../releases';
import { groupOf, type Manifest, Manifests, matches, type PlacedManifest, type Pod, podsOf } from '../manifest';

/** With it the names of objects begin. */
const PREFIX = `${defaultStudioName}-`;

/** What a rule must know beside the objects. */
export interface StudioFacts {
  readonly namespace: string;
  /** Namespace in which Velero looks for its objects. @default the studio has none of them */
  readonly veleroNamespace?: string;
  /** What applies the studio from Git. @default nothing does */
  readonly gitOps?: GitOps;
  /** Names of the variables that a person sets, secrets among them. */
  readonly settings: ReadonlySet<string>;
  /** `baseline` where development images run, which are root in their containers; `privileged` where they mount sources. */
  readonly podSecurity: 'restricted' | 'baseline' | 'privileged';
  /** What the container of each component mounts of its node. */
  readonly nodeMounts: ReadonlyMap<Component, readonly NodeMount[]>;
  /** What must stand in no object but the Secret. */
  readonly secrets: KnownSecrets;
}

/** Whether an object holds the data, or takes it along when it is deleted. */
export function holdsData({ kind }: Manifest): boolean {
  return ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim'].includes(kind);
}

/** Whether Velero makes backups of an object. */
export function isVeleroSchedule({ apiVersion, kind }: Manifest): boolean {
  return kind === 'Schedule' && apiVersion.startsWith('velero.io/');
}

/** The objects of one studio, as rules look at them. */
export class RenderedStudio extends Manifests {
  readonly pods: readonly Pod[];
  /** The studio as the charts rendered it, before patches and before an App changed it. */
  readonly rendered: RenderedStudio;
  private readonly leaves = new Map<Manifest, readonly Leaf[]>();

  /** @param rendered the objects before patches. @default nothing changed them */
  constructor(
    readonly placed: readonly PlacedManifest[],
    readonly facts: StudioFacts,
    rendered?: readonly PlacedManifest[],
  ) {
    super(placed.map(({ manifest }) => manifest));
    this.pods = this.manifests.flatMap(podsOf);
    this.rendered = rendered ? new RenderedStudio(rendered, facts) : this;
  }

  /** An object as it was rendered, or nothing where an App added it. */
  asRendered(manifest: Manifest): Manifest | undefined {
    const { kind, metadata } = manifest;
    return this.rendered
      .ofKind(kind)
      .find(
        (each) =>
          each.metadata.name === metadata.name &&
          each.metadata.namespace === metadata.namespace &&
          groupOf(each) === groupOf(manifest),
      );
  }

  /** A pod as it was rendered, or nothing where an App added it. */
  podAsRendered({ title }: Pod): Pod | undefined {
    return this.rendered.pods.find((pod) => pod.title === title);
  }

  /** Every leaf of an object, in the order in which it is written. */
  leavesOf(manifest: Manifest): readonly Leaf[] {
    const known = this.leaves.get(manifest);
    if (known) return known;
    const leaves = leavesBelow(manifest);
    this.leaves.set(manifest, leaves);
    return leaves;
  }

  /** Whether a name in a patch refers to an object of the user, which is not known here. */
  isForeign(kind: string, name: unknown): boolean {
    return this.rendered !== this && typeof name === 'string' && !resembles(name, this.rendered.ofKind(kind));
  }

  /** The pods that a label selector finds. */
  selected(selector: unknown): readonly Pod[] {
    return this.pods.filter(({ labels }) => matches(selector, labels));
  }
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

/** The same without the numbers of lists. */
export function placeOf(leaf: Omit<Leaf, 'value'>): string {
  return pathOf(leaf).replace(/\.[0-9]+(?=\.|$)/g, '');
}

/** The words of a text with names, addresses or directives. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,;"'[\]]+/);
}

/** Whether a name may be meant for one of these objects: all of it, its part behind that of the studio, or misspelt. */
function resembles(name: unknown, objects: readonly Manifest[]): boolean {
  const text = String(name);
  const names = objects.map(({ metadata }) => metadata.name);
  const short = (each: string) =>
    text.startsWith(PREFIX) && each.startsWith(PREFIX) ? each.slice(PREFIX.length) : each;
  return names.some((each) => each.endsWith(`-${text}`)) || nearest(short(text), names.map(short)) !== undefined;
}

/** Every leaf of any value with others in it. */
export function leavesBelow(value: object): readonly Leaf[] {
  return addLeaves(value, undefined, []);
}

function addLeaves(parent: object, within: Leaf['within'], leaves: Leaf[]): readonly Leaf[] {
  for (const [key, value] of Object.entries(parent)) {
    const leaf = { key, value, within };
    if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) leaves.push(leaf);
    else addLeaves(value, leaf, leaves);
  }
  return leaves;
}
