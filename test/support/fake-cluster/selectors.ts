import type { Manifest } from '../studio';

/** What the query of a list or watch selects: `labelSelector` and `fieldSelector` in kubectl's words. */
export function selected(query: URLSearchParams): (object: Manifest) => boolean {
  const labels = terms(query.get('labelSelector'));
  const fields = terms(query.get('fieldSelector'));
  return (object) =>
    labels.every((term) => matches(term, (name) => object.metadata.labels?.[name])) &&
    fields.every((term) => matches(term, (path) => fieldAt(object, path)));
}

/** Splits at commas outside parentheses. */
function terms(selector: string | null): readonly string[] {
  return (selector ?? '').split(/,(?![^(]*\))/).filter((term) => term !== '');
}

function matches(term: string, lookup: (name: string) => string | undefined): boolean {
  const [, name = '', operator, list = ''] = /^(.+?) (in|notin) \((.*)\)$/.exec(term) ?? [];
  if (operator) return list.split(',').includes(lookup(name) ?? '') === (operator === 'in');
  const [, key = '', sign, expected] = /^([^=!]+)(!=|==?)(.*)$/.exec(term) ?? [];
  if (sign) return (lookup(key) === expected) === (sign !== '!=');
  return term.startsWith('!') ? lookup(term.slice(1)) === undefined : lookup(term) !== undefined;
}

function fieldAt(object: Manifest, path: string): string {
  const value = path.split('.').reduce((part, field) => part?.[field], object);
  return value === undefined ? '' : String(value);
}
