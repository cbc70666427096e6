import { applyPatch, type Operation } from 'rfc6902';
import { digest } from '../charts/pod/digest';
import type { Patch, PatchOperation, PatchTarget, Place } from '../config/patch-file';
import type { Problem } from '../config/problems';
import { listed } from '../config/text';
import type { Manifest, PlacedManifest } from '../rules';
import { fieldsOf, listOf, podsOf } from '../rules/rendered-studio';
import { MergeError, merged } from './merge';

/** Objects after patches, or what kept a patch from being one. */
export interface Patched {
  readonly placed: readonly PlacedManifest[];
  readonly problems: readonly Problem[];
}

/** Applies patches in their order; one that has a problem changes nothing. */
export function patched(placed: readonly PlacedManifest[], patches: readonly Patch[]): Patched {
  const after = patches.reduce<Patched>(
    (before, patch) => {
      const { placed: objects, problems } = applied(before.placed, patch);
      return { placed: objects, problems: [...before.problems, ...problems] };
    },
    { placed, problems: [] },
  );
  return { ...after, placed: rolled(placed, after.placed) };
}

function applied(placed: readonly PlacedManifest[], { target, change, place }: Patch): Patched {
  const failed = (where: Place, text: string) => ({
    placed,
    problems: [{ severity: 'error', ...where, text } as const],
  });
  const targets = placed.filter(({ manifest }) => isTarget(target, manifest));
  if (targets.length === 0) return failed(place, nothingFound(target, placed));
  if (targets.some(({ manifest }) => manifest.kind === 'Secret')) {
    return failed(place, 'a Secret is not patched: its values would be readable here. Set them in the env file');
  }
  const results = new Map<PlacedManifest, Manifest>();
  for (const each of targets) {
    const result = changed(each.manifest, change);
    if ('text' in result)
      return failed(result.place ?? place, `${each.manifest.kind} ${each.manifest.metadata.name}: ${result.text}`);
    results.set(each, result.manifest);
  }
  return {
    placed: placed.map((each) => ({ ...each, manifest: results.get(each) ?? each.manifest })),
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
    : { text: 'a patch changes neither apiVersion, kind, name nor namespace: other objects know it by them' };
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
  const copy = structuredClone(manifest);
  for (const { place, ...operation } of operations) {
    const [error] = applyPatch(copy, [structuredClone(operation) as Operation]);
    if (error) {
      const { path } = operation;
      const text = error.name === 'TestError' ? `${path} has another value` : `${path} is not there`;
      return { text, place };
    }
  }
  return { manifest: copy };
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
    ? `no ${kind} is called ${name}, in this group and version. There are: ${listed(names)}`
    : `there is no ${kind} to patch. There are: ${listed(kinds)}`;
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

/** A patched ConfigMap rolls the pods that read it, and no other. */
function rolled(before: readonly PlacedManifest[], after: readonly PlacedManifest[]): readonly PlacedManifest[] {
  const data = new Map(before.map(({ manifest }) => [`${manifest.kind} ${manifest.metadata.name}`, manifest.data]));
  const changedMaps = after
    .map(({ manifest }) => manifest)
    .filter(
      ({ kind, metadata, data: now }) =>
        kind === 'ConfigMap' && JSON.stringify(now) !== JSON.stringify(data.get(`${kind} ${metadata.name}`)),
    );
  if (changedMaps.length === 0) return after;
  return after.map((each) => {
    const manifest = structuredClone(each.manifest);
    for (const pod of podsOf(manifest)) {
      const names = [
        ...listOf(pod.spec.volumes).map(({ configMap }) => configMap?.name),
        ...pod.containers.flatMap(({ fields }) => [
          ...listOf(fields.envFrom).map(({ configMapRef }) => configMapRef?.name),
          ...listOf(fields.env).map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
        ]),
      ];
      const read = changedMaps.filter(({ metadata }) => names.includes(metadata.name));
      if (read.length === 0) continue;
      const texts = Object.fromEntries(read.map(({ metadata, data: now }) => [metadata.name, JSON.stringify(now)]));
      Object.assign(pod.metadata, {
        annotations: { ...fieldsOf(pod.metadata.annotations), 'checksum/patches': digest(texts) },
      });
    }
    return { ...each, manifest };
  });
}
