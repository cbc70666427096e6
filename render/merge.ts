import type { Fields } from './manifest';

/**
 * The field that identifies the items of a list, so a patch can name the one that it changes; every other list is
 * replaced whole. They are the merge keys of Kubernetes' types:
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey'],
  // Of a container, and of a Service.
  ports: ['containerPort', 'port'],
};

const DIRECTIVE = '$patch';

/** The patch removes something that does not exist, or has an unknown directive. */
export class MergeError extends Error {}

/**
 * Merges a patch into an object as `kubectl patch` and kustomize do: maps field by field, lists by their keys; `null` and
 * `$patch: delete` remove, `$patch: replace` replaces. A custom resource has no keys, so its lists are replaced.
 * @throws MergeError when it removes what does not exist
 */
export function merged(object: Fields, patch: Fields, keyed: boolean, path = ''): Fields {
  const { [DIRECTIVE]: directive, ...fields } = patch;
  if (directive !== undefined && directive !== 'merge' && (directive !== 'replace' || path === '')) {
    throw new MergeError(`${path || 'the object itself'}: $patch: ${directive} is not supported here`);
  }
  const result: Record<string, unknown> = directive === 'replace' ? {} : { ...object };
  for (const [key, value] of Object.entries(fields)) {
    const below = `${path}/${key}`;
    if (key.startsWith('$')) throw new MergeError(`${below} is not a known directive`);
    if (value === null || (isMap(value) && value[DIRECTIVE] === 'delete')) {
      if (!(key in result)) throw new MergeError(`${below} does not exist`);
      delete result[key];
    } else if (isMap(value)) {
      const old = result[key];
      result[key] = merged(isMap(old) ? old : {}, value, keyed, below);
    } else {
      result[key] = Array.isArray(value) ? mergedList(result[key], value, keyed ? key : undefined, below) : value;
    }
  }
  return result;
}

/** @param field of Kubernetes' own kinds, whose lists may have keys */
function mergedList(
  list: unknown,
  patches: readonly unknown[],
  field: string | undefined,
  path: string,
): readonly unknown[] {
  const items = patches.filter((patch) => !isMap(patch) || patch[DIRECTIVE] !== 'replace');
  const key = MERGE_KEYS[field ?? '']?.find((name) => items.every((item) => isMap(item) && name in item));
  if (!key || items.length < patches.length || !Array.isArray(list)) {
    return items.map((item, index) => (isMap(item) ? merged({}, item, field !== undefined, `${path}/${index}`) : item));
  }
  const result = [...list];
  for (const patch of items.filter(isMap)) {
    const index = result.findIndex((item) => isMap(item) && item[key] === patch[key]);
    const deletes = patch[DIRECTIVE] === 'delete';
    if (deletes && index < 0) throw new MergeError(`${path} has no entry with ${key} ${patch[key]}`);
    if (deletes) result.splice(index, 1);
    else if (index < 0) result.push(merged({}, patch, true, `${path}/${result.length}`));
    else result[index] = merged(result[index], patch, true, `${path}/${index}`);
  }
  return result;
}

function isMap(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
