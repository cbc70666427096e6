import type { Operation } from 'rfc6902';
import { digest } from '../charts/pod/digest';
import type { Patch, PatchOperation, PatchTarget, Place } from '../config/patch-file';
import type { Built } from '../config/problems';
import { listed } from '../config/text';
import type { Manifest, PlacedManifest } from './manifest';
import { configMapsOf, type Fields, fieldsOf, podsOf } from './manifest';
import { MergeError, merged } from './merge';

/** Applies patches in their order; one that has a problem changes nothing. */
export function patched(
  placed: readonly PlacedManifest[],
  patches: readonly Patch[],
): Built<readonly PlacedManifest[]> {
  if (patches.length === 0) return { value: placed, problems: [] };
  const after = patches.reduce<Built<readonly PlacedManifest[]>>(
    (before, patch) => {
      const { value, problems } = applied(before.value, patch);
      return { value, problems: [...before.problems, ...problems] };
    },
    { value: placed, problems: [] },
  );
  return { ...after, value: rolled(placed, after.value) };
}

function applied(
  placed: readonly PlacedManifest[],
  { target, change, place }: Patch,
): Built<readonly PlacedManifest[]> {
  const failed = (where: Place, text: string) => ({
    value: placed,
    problems: [{ severity: 'error', ...where, text } as const],
  });
  const targets = placed.filter(({ manifest }) => isTarget(target, manifest));
  if (targets.length === 0) return failed(place, nothingFound(target, placed));
  if (targets.some(({ manifest }) => manifest.kind === 'Secret')) {
    return failed(
      place,
      'a Secret cannot be patched, because its values would be readable here. Set them in the env file',
    );
  }
  const results = new Map<PlacedManifest, Manifest>();
  for (const each of targets) {
    const result = changed(each.manifest, change);
    if ('text' in result)
      return failed(result.place ?? place, `${each.manifest.kind} ${each.manifest.metadata.name}: ${result.text}`);
    results.set(each, result.manifest);
  }
  return {
    value: placed.map((each) => ({ ...each, manifest: results.get(each) ?? each.manifest })),
    problems: [],
  };
}

type Change = { readonly manifest: Manifest } | { readonly text: string; readonly place?: Place };

function changed(manifest: Manifest, change: Patch['change']): Change {
  const result = change.kind === 'merge' ? mergedInto(manifest, change) : operated(manifest, change.operations);
  if ('text' in result) return result;
  const identity = ({ apiVersion, kind, metadata }: Manifest) =>
    [apiVersion, kind, metadata?.name, metadata?.namespace].join();
  return identity(result.manifest) === identity(manifest)
    ? result
    : { text: 'a patch must not change apiVersion, kind, name or namespace, because other objects refer to them' };
}

function mergedInto(manifest: Manifest, { fields, place }: Extract<Patch['change'], { kind: 'merge' }>): Change {
  try {
    return { manifest: merged(manifest, fields, isBuiltIn(manifest)) as Manifest };
  } catch (error) {
    if (error instanceof MergeError) return { text: error.message, place };
    throw error;
  }
}

function operated(manifest: Manifest, operations: readonly PatchOperation[]): Change {
  const { applyPatch } = require('rfc6902') as typeof import('rfc6902');
  const copy = copied(manifest);
  for (const { place, ...operation } of operations) {
    const missing = missingPath(copy, operation);
    if (missing) return { text: `${missing} does not exist`, place };
    const [error] = applyPatch(copy, [operation as Operation]);
    if (error) return { text: `${operation.path} does not have the value that the patch tests for`, place };
  }
  return { manifest: copy };
}

/** The path of an operation that does not exist. The library accepts some of these, such as a name where a list needs a number. */
function missingPath(manifest: Manifest, { op, path, from }: Omit<PatchOperation, 'place'>): string | undefined {
  if (from !== undefined && !isThere(manifest, from)) return from;
  const adds = op === 'add' || op === 'move' || op === 'copy';
  return isThere(manifest, path, adds) ? undefined : path;
}

/** @param adds the last word of the path may be new */
function isThere(manifest: Manifest, path: string, adds = false): boolean {
  const words = path
    .split('/')
    .slice(1)
    .map((word) => word.replaceAll('~1', '/').replaceAll('~0', '~'));
  let value: unknown = manifest;
  for (const [index, word] of words.entries()) {
    const isNew = adds && index === words.length - 1;
    if (Array.isArray(value)) {
      if (isNew && (word === '-' || word === String(value.length))) return true;
      if (!/^(0|[1-9][0-9]*)$/.test(word) || Number(word) >= value.length) return false;
      value = value[Number(word)];
    } else if (value !== null && typeof value === 'object') {
      if (isNew) return true;
      if (!Object.hasOwn(value, word)) return false;
      value = (value as Fields)[word];
    } else {
      return false;
    }
  }
  return true;
}

function isTarget(
  { kind, name, group, version }: PatchTarget,
  { apiVersion, kind: ownKind, metadata }: Manifest,
): boolean {
  const [ownGroup, ownVersion] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const fits = (pattern: string | undefined, text = '') =>
    pattern === undefined || new RegExp(`^(?:${pattern})$`).test(text);
  return fits(kind, ownKind) && fits(name, metadata.name) && fits(group, ownGroup) && fits(version, ownVersion);
}

function nothingFound({ kind, name }: PatchTarget, placed: readonly PlacedManifest[]): string {
  const names = placed
    .filter(({ manifest }) => isTarget({ kind }, manifest))
    .map(({ manifest }) => manifest.metadata.name);
  const kinds = [...new Set(placed.map(({ manifest }) => manifest.kind))].sort();
  return names.length > 0
    ? `no ${kind}${name === undefined ? '' : ` with the name ${name}`} exists in this group and version. Existing names: ${listed(names)}`
    : `no ${kind} exists. Existing kinds: ${listed(kinds)}`;
}

/** Kubernetes' own kinds have lists that merge by keys. */
function isBuiltIn({ apiVersion }: Manifest): boolean {
  const [group = ''] = apiVersion.split('/');
  return (
    !apiVersion.includes('/') ||
    !group.includes('.') ||
    ['networking.k8s.io', 'rbac.authorization.k8s.io'].includes(group)
  );
}

/** A patched ConfigMap restarts the pods that read it, and no others. */
function rolled(before: readonly PlacedManifest[], after: readonly PlacedManifest[]): readonly PlacedManifest[] {
  const changedMaps = changedContents(before, after);
  if (changedMaps.size === 0) return after;
  return after.map((each) => {
    const manifest = copied(each.manifest);
    for (const pod of podsOf(manifest)) {
      const read = configMapsOf(pod).flatMap(({ name }): (readonly [string, string])[] => {
        const content = changedMaps.get(name);
        return content === undefined ? [] : [[name, content]];
      });
      if (read.length === 0) continue;
      const annotations = {
        ...fieldsOf(pod.metadata.annotations),
        'checksum/patches': digest(Object.fromEntries(read)),
      };
      Object.assign(pod.metadata, { annotations });
    }
    return { ...each, manifest };
  });
}

/** The ConfigMaps whose content the patches changed, by name. */
function changedContents(
  before: readonly PlacedManifest[],
  after: readonly PlacedManifest[],
): ReadonlyMap<string, string> {
  const contents = (placed: readonly PlacedManifest[]) =>
    placed
      .filter(({ manifest }) => manifest.kind === 'ConfigMap')
      .map(({ manifest: { metadata, data, binaryData } }) => {
        return [metadata.name, JSON.stringify([data, binaryData])] as const;
      });
  const old = new Map(contents(before));
  return new Map(contents(after).filter(([name, content]) => old.get(name) !== content));
}

/** Not structuredClone: objects of another realm, as tests have them, are not objects for libraries that ask for a constructor. */
function copied(manifest: Manifest): Manifest {
  return JSON.parse(JSON.stringify(manifest));
}
