import { loadAll } from 'js-yaml';

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
}

/** The script beside the manifests that removes what earlier renderings had. kubectl applies no file of this name. */
export const LEFT_BEHIND = 'left-behind.sh';

/** Kinds that hold the data, or all of a studio. They are in foundation/, which is not looked at; this is the second lock. */
const KEPT = /^(namespace|persistentvolume|persistentvolumeclaim)\//;

/**
 * What the output before had, or had left behind already, and the new one has not: `kubectl apply` leaves it in the cluster.
 * A Secret whose name is still in use is not among it, whoever writes that Secret now.
 */
export function leftBehind(before: readonly OutputFile[], after: readonly OutputFile[]): readonly ObjectReference[] {
  const now = manifestsIn(after);
  const rendered = new Set(now.map(referenceTo).map(keyOf));
  const carried = before.filter(({ path }) => path === LEFT_BEHIND).flatMap(({ text }) => referencesOf(text));
  const gone = [...manifestsIn(before).map(referenceTo), ...carried].filter((reference) => {
    const inUse = reference.resource.startsWith('secret/') && now.some((object) => names(object, reference));
    return !rendered.has(keyOf(reference)) && !KEPT.test(reference.resource) && !inUse;
  });
  const distinct = new Map(gone.map((reference) => [keyOf(reference), reference]));
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
}

/** Whether a workload is among it, which must be gone before another one writes to the same data. */
export function hasWorkload(references: readonly ObjectReference[]): boolean {
  return references.some(({ resource }) => resource.startsWith('deployment.apps/'));
}

/** A script that removes the objects, and then itself; one command for each namespace. */
export function removalScript(references: readonly ObjectReference[]): string {
  const namespaces = [...new Set(references.map(({ namespace }) => namespace))];
  return [
    '#!/bin/sh',
    '# What earlier renderings had and this one has not. kubectl apply leaves it in the cluster; this removes it, if it is there.',
    '# No claim, volume or namespace is among it: the data stays.',
    'set -e',
    ...namespaces.map((namespace) => {
      const own = references.filter((reference) => reference.namespace === namespace).map(({ resource }) => resource);
      return `kubectl -n ${namespace} delete --ignore-not-found --cascade=foreground ${own.join(' ')}`;
    }),
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

/** The objects that a plain apply of the output reads, the foundation and Argo CD's own apart. */
function manifestsIn(files: readonly OutputFile[]): readonly Manifest[] {
  return files
    .filter(({ path }) => path.endsWith('.k8s.yaml') && !/(^|\/)(foundation|argocd)\//.test(path))
    .flatMap(({ text }) => parsed(text));
}

function referenceTo({ apiVersion, kind, metadata }: Manifest): ObjectReference {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
  return { namespace: metadata.namespace, resource: `${kind.toLowerCase()}${group}/${metadata.name}` };
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** The objects of a file; of one that is no YAML any more nothing is known. */
function parsed(text: string): readonly Manifest[] {
  try {
    return (loadAll(text) as Manifest[]).filter((object) => object?.metadata?.namespace);
  } catch {
    return [];
  }
}

function keyOf({ namespace, resource }: ObjectReference): string {
  return `${namespace} ${resource}`;
}
