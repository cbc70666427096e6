import type { EnvEntry } from './env-file';
import { nearest } from './spelling';
import type { Variable } from './variables';

/** Words of which people make names: `OPENAI`, `K8S`, `BASE64`. What openssl makes at random mixes letters and digits at length. */
const UPPER_CASE = /^(?:[A-Z]{1,16}[0-9]{0,3}|[A-Z0-9]{1,6})$/;
const LOWER_CASE = /^(?:[a-z]{1,16}[0-9]{0,3}|[a-z0-9]{1,6})$/;

/** Names shorter than this resemble too much. */
const COMPARED_FROM = 8;

/**
 * Whether a message may show the name of a setting. A secret that is pasted over two lines has its second line read as one:
 * base64 ends in `=`, and so does the statement of an empty value.
 * @param known variables of the studio by name
 */
export function isShownName(
  { name, value = '', above }: Pick<EnvEntry, 'name' | 'above'> & { readonly value?: string },
  known: ReadonlyMap<string, Pick<Variable, 'secret'>>,
): boolean {
  if (known.has(name)) return true;
  // The padding of base64 and base32.
  if (/^=+$/.test(value)) return false;
  if (name.length >= COMPARED_FROM && nearest(name, [...known.keys()]) !== undefined) return true;
  const words = name.split('_').filter((word) => word !== '');
  const isOfWords = [UPPER_CASE, LOWER_CASE].some((word) => words.every((each) => word.test(each)));
  return isOfWords && (words.length > 1 || !mayContinue(above, known));
}

/** Whether the value on the line above may be a secret: of a variable that is one, or of a program that nobody here knows. */
function mayContinue(above: string | undefined, known: ReadonlyMap<string, Pick<Variable, 'secret'>>): boolean {
  if (above === undefined) return false;
  const variable = known.get(above);
  return variable === undefined || variable.secret === true;
}
