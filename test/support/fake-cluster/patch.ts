import type { Manifest } from '../studio';

/**
 * A JSON merge patch (RFC 7386). With `listsByName`, lists whose elements have names are merged by those, which is what
 * strategic merge and server-side apply do with containers, volumes, variables and the like; other lists are replaced.
 */
export function merged(target: Manifest, patch: Manifest, { listsByName = false } = {}): Manifest {
  if (Array.isArray(patch) && Array.isArray(target) && listsByName && [...patch, ...target].every(hasName)) {
    const others = target.filter((element) => !patch.some(({ name }) => name === element.name));
    const changed = patch
      .filter((element) => element.$patch !== 'delete')
      .map((element) => merged(target.find(({ name }) => name === element.name) ?? {}, element, { listsByName }));
    return [...others, ...changed];
  }
  if (!isObject(patch)) return patch;
  const result: Manifest = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = merged(result[field], value, { listsByName });
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasName(element: unknown): element is Manifest {
  return isObject(element) && typeof element.name === 'string';
}
