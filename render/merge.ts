import type { Fields } from '../rules/rendered-studio';

/**
 * By which field the items of a list are told apart, so that a patch names the one that it changes; every other list is
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

/** The patch names something that is not there. */
export class MergeError extends Error {}

/**
 * Merges a patch into an object as `kubectl patch` and kustomize do: maps field by field, lists by their keys, `null` and
 * `$patch: delete` remove. A custom resource has no keys, so its lists are replaced.
 * @throws MergeError when it removes what is not there
 */
export function merged(object: Fields, patch: Fields, keyed: boolean, path = ''): Fields {
  const { [DIRECTIVE]: directive, ...fields } = patch;
  if (directive === 'replace') return fields;
  if (directive !== undefined) throw new MergeError(`${path || '/'}: $patch: ${directive} is not known here`);
  const result: Record<string, unknown> = { ...object };
  for (const [key, value] of Object.entries(fields)) {
    const below = `${path}/${key}`;
    if (value === null) {
      if (!(key in object)) throw new MergeError(`${below} is not there`);
      delete result[key];
    } else if (isMap(value)) {
      result[key] = merged(isMap(object[key]) ? object[key] : {}, value, keyed, below);
    } else {
      result[key] = keyed && Array.isArray(value) ? mergedList(object[key], value, key, below) : value;
    }
  }
  return result;
}

function mergedList(list: unknown, patches: readonly unknown[], field: string, path: string): readonly unknown[] {
  const key = MERGE_KEYS[field]?.find((name) => patches.every((patch) => isMap(patch) && name in patch));
  if (!key || !Array.isArray(list)) return patches;
  const items = [...list];
  for (const patch of patches as readonly Fields[]) {
    const index = items.findIndex((item) => isMap(item) && item[key] === patch[key]);
    if (patch[DIRECTIVE] === 'delete') {
      if (index < 0) throw new MergeError(`${path} has none with ${key} ${patch[key]}`);
      items.splice(index, 1);
    } else if (index < 0) {
      items.push(patch);
    } else {
      items[index] = merged(items[index], patch, true, `${path}/${index}`);
    }
  }
  return items;
}

function isMap(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
