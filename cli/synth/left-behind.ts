import { loadAll } from 'js-yaml';
import { intakeName } from '../../config/names';
import { groupOf, isManifest, type Manifest, type PlacedManifest } from '../../render/manifest';

/** A file of an output folder. */
export interface OutputFile {
  /** Relative to the folder, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** An object as kubectl names it on its command line. */
export interface ObjectReference {
  readonly namespace: string;
  /** For example `ingress.networking.k8s.io/junjo-ai-studio`. */
  readonly resource: string;
  /** What its controller created from it stays. @default false, it is deleted too */
  readonly orphans?: boolean;
}

/** The script beside the manifests that removes what only earlier renderings had. kubectl ignores files of this name. */
export const LEFT_BEHIND = 'left-behind.sh';

/**
 * Kinds that hold the data or the whole studio, with all names that kubectl accepts for them. They are in foundation/, which is
 * never compared. This is a second safeguard.
 */
const KEPT =
  /^(namespaces?|ns|persistentvolumes?|pv|persistentvolumeclaims?|pvc|volumesnapshots?|volumesnapshotcontents?)[./]/;

/** Characters that a shell and kubectl read as the name of one object. */
const NAMESPACE = /^[a-z0-9-]+$/;
const RESOURCE = /^[a-z0-9]+(\.[a-z0-9.-]+)?\/[a-z0-9][a-z0-9.-]*$/;

/** Kinds whose controller creates a Secret of the same name. It is deleted with its owner, unless it is orphaned. */
const MAKES_SECRET = /^(sealedsecret\.bitnami\.com|externalsecret\.external-secrets\.io)\//;

/** API groups that every cluster has. */
const BUILT_IN = /^[a-z]+(\.(apps|policy|networking\.k8s\.io))?\//;

/**
 * Objects of the old output, or of its script, that the new output does not have. `kubectl apply` leaves them in the cluster.
 * A Secret whose name is still in use is not among them, even if another object creates it now.
 */
export function leftBehind(
  before: readonly OutputFile[],
  after: readonly PlacedManifest[],
): readonly ObjectReference[] {
  const now = applied(after);
  const rendered = new Set(now.map(referenceTo).map(keyOf));
  const carried = before.filter(({ path }) => path === LEFT_BEHIND).flatMap(({ text }) => referencesOf(text));
  const inUse = (reference: ObjectReference) => now.some((object) => names(object, reference));
  const gone = [...applied(before.flatMap(manifestsIn)).map(referenceTo), ...carried]
    .filter(isRemovable)
    .filter((reference) => !rendered.has(keyOf(reference)))
    .filter((reference) => !(reference.resource.startsWith('secret/') && inUse(reference)))
    .map((reference) => ({
      ...reference,
      ...(MAKES_SECRET.test(reference.resource) && inUse(reference) && { orphans: true }),
    }));
  const distinct = new Map(gone.map((reference) => [keyOf(reference), reference]));
  const references = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
  return [...references.filter(isOfGitOps), ...references.filter((reference) => !isOfGitOps(reference))];
}

/** Whether kubectl may delete it: a sound name, and no claim, volume, or namespace. */
export function isRemovable({ namespace, resource }: ObjectReference): boolean {
  return NAMESPACE.test(namespace) && RESOURCE.test(resource) && !KEPT.test(resource);
}

/**
 * Whether objects must be removed before the new output is applied: a workload that writes to the same data, an owner of a
 * Secret that now has another owner, or an object that makes Argo CD or Flux apply the studio. Collectors, too: they would keep
 * the connections of clients and accept spans that they can no longer send.
 */
export function goesFirst(references: readonly ObjectReference[]): boolean {
  return references.some(
    (reference) =>
      reference.orphans ||
      reference.resource.startsWith('deployment.apps/') ||
      isIntake(reference) ||
      isOfGitOps(reference),
  );
}

/** The collectors of the intake. Their queues are on claims, which stay. */
export function isIntake({ resource }: Pick<ObjectReference, 'resource'>): boolean {
  return resource === `statefulset.apps/${intakeName}`;
}

/** Whether an object makes Argo CD or Flux apply studios. Deleting it does not change the studios. */
export function isOfGitOps({ resource }: ObjectReference): boolean {
  return /^[a-z]+\.(argoproj\.io|(kustomize|source)\.toolkit\.fluxcd\.io)\//.test(resource);
}

/** Whether Argo CD or Flux records in an object what it applied. Without that object, neither of them prunes anything. */
export function appliesStudios({ resource }: ObjectReference): boolean {
  return /^(application(set)?\.argoproj\.io|kustomization\.kustomize\.toolkit\.fluxcd\.io)\//.test(resource);
}

/** The commands that remove the objects: one for each namespace, and one for each kind that a cluster may no longer have. */
export function removalCommands(references: readonly ObjectReference[]): readonly string[] {
  const byCommand = new Map<string, string[]>();
  for (const { namespace, resource, orphans } of references) {
    const start = `kubectl -n ${namespace} delete --ignore-not-found --cascade=${orphans ? 'orphan' : 'foreground'}`;
    const key = `${start} ${BUILT_IN.test(resource) ? '' : resource.split('/')[0]}`;
    byCommand.set(key, [...(byCommand.get(key) ?? [start]), resource]);
  }
  return [...byCommand.values()].map((words) => words.join(' '));
}

/** A script that removes the objects, and then itself. If one command fails, the others still run. */
export function removalScript(references: readonly ObjectReference[]): string {
  return [
    '#!/bin/sh',
    '# Removes objects that earlier renderings had and this one does not have. kubectl apply leaves them in the cluster.',
    '# It removes no claim, volume, or namespace: the data stays.',
    'failed=',
    ...removalCommands(references).map((command) => `${command} || failed=1`),
    'if [ "$failed" ]; then',
    '  echo "Some objects were not removed. If the server does not have a resource type, delete that line of $0. Then run it again." >&2',
    '  exit 1',
    'fi',
    'rm -- "$0"',
    '',
  ].join('\n');
}

/** The objects that such a script removes. */
function referencesOf(script: string): readonly ObjectReference[] {
  return [...script.matchAll(/^kubectl -n (\S+) delete (.*)$/gm)].flatMap(([, namespace = '', words = '']) =>
    words
      .split(' ')
      .filter((word) => word.includes('/'))
      .map((resource) => ({ namespace, resource })),
  );
}

/** Whether an object of the same namespace has the name somewhere in it. */
function names(object: Manifest, { namespace, resource }: ObjectReference): boolean {
  const [, name] = resource.split('/');
  return object.metadata.namespace === namespace && JSON.stringify(object).includes(`"name":"${name}"`);
}

/** The objects with a namespace, except those of the foundation. */
function applied(placed: readonly PlacedManifest[]): readonly Manifest[] {
  const own = placed.filter(({ file }) => !file.split('/').includes('foundation'));
  return own.map(({ manifest }) => manifest).filter(({ metadata }) => metadata.namespace);
}

/** An object as kubectl names it. */
export function referenceTo(manifest: Manifest): ObjectReference {
  const { kind, metadata } = manifest;
  const group = groupOf(manifest);
  const resource = `${kind.toLowerCase()}${group ? `.${group}` : ''}/${metadata.name}`;
  return { namespace: metadata.namespace ?? '', resource };
}

/** The objects of a file, or none if it is not a manifest. */
export function manifestsIn({ path, text }: OutputFile): readonly PlacedManifest[] {
  if (!path.endsWith('.k8s.yaml')) return [];
  try {
    return loadAll(text, { maxAliases: 0 })
      .filter(isManifest)
      .map((manifest) => ({ file: path, manifest }));
  } catch {
    return [];
  }
}

function keyOf({ namespace, resource }: ObjectReference): string {
  return `${namespace} ${resource}`;
}
