import type { ReleaseLine } from '../../releases';
import type { Entry } from '../env-files';
import { page } from '../how-to-run';
import type { Problem } from '../problems';
import { isShownName } from '../shown-names';
import { nearest, nearestVariable, withoutPrefix } from '../spelling';
import { listed } from '../text';
import type { Entries, Values } from '../values';
import { type Variable, variablesOf } from '../variables';

/** Reports names in a file that are refused, misspelt, or without effect, such as those of another release line. */
export function checkNames(
  values: Values,
  entries: Entries,
  line: ReleaseLine,
  lines: readonly ReleaseLine[],
): readonly Problem[] {
  const table = new Map(variablesOf(line).map((variable) => [variable.name, variable]));
  const known = [...table.values()].filter((variable) => hasEffect(values, variable)).map((variable) => variable.name);
  const tables = lines.map((other) => ({ other, variables: variablesOf(other).filter(({ ofRuntime }) => !ofRuntime) }));
  return [...entries.keys()].flatMap((name): readonly Problem[] => {
    const variable = table.get(name);
    if (variable) return useProblems(values, variable, line);
    if (name === '') {
      const text =
        'has a value without a name: compose reads a bare name at the end of a file as a value. End the line with a line break';
      return [values.warning(name, text)];
    }
    const others = tables.filter(({ variables }) => variables.some((known) => known.name === name));
    if (others.length > 0) {
      const read = `${listed(others.map(({ other }) => other.name))} ${others.length === 1 ? 'does' : 'do'}`;
      return [values.note(name, `has no effect: release line ${line.name} does not read it (${read})`)];
    }
    const entry = entries.get(name);
    if (entry && !isShownName({ ...entry, name }, table)) return [unshown(values, { ...entry, name })];
    return [name.startsWith('JUNJO_') ? unknownSetting(values, name, known) : foreign(values, name, known)];
  });
}

/** What to report about a variable because the file sets it, regardless of its value. */
function useProblems(
  values: Values,
  { name, onlyWith, refused, setByManifests, insteadOfCompose, readers, alsoForManifests }: Variable,
  line: ReleaseLine,
): readonly Problem[] {
  // Every env file of `init` has a key for it, whether it runs or not.
  if (onlyWith && !values.inEffect(onlyWith)) return [];
  if (readers?.length === 0 && !alsoForManifests) {
    // By its name: another studio may read the same line of a file that they share.
    return [values.note(name, `has no effect: release line ${line.name} does not read it`)];
  }
  return [
    ...(refused ? [values.error(name, refused)] : []),
    ...(setByManifests ? [values.note(name, `has no effect: the manifests set it (${setByManifests})`)] : []),
    ...(insteadOfCompose ? [values.note(name, `ignored on Kubernetes; ${insteadOfCompose}`)] : []),
  ];
}

/** Whether setting it has an effect. */
function hasEffect(values: Values, variable: Variable): boolean {
  const { refused, setByManifests, insteadOfCompose, onlyWith, readers, alsoForManifests } = variable;
  if (refused || setByManifests || insteadOfCompose || (onlyWith && !values.inEffect(onlyWith))) return false;
  return readers?.length !== 0 || alsoForManifests === true;
}

function unknownSetting(values: Values, name: string, known: readonly string[]): Problem {
  const [, own = ''] = /^JUNJO_(?:K8S_)?(.*)$/.exec(name) ?? [];
  const prefixed = [`JUNJO_K8S_${own}`, `JUNJO_${own}`, own].find((other) => known.includes(other));
  const candidate = prefixed ?? nearest(name, known);
  const advice = candidate
    ? `Did you mean ${candidate}?`
    : `Remove it, or correct its name (${page('docs/variables.md')} lists all names)`;
  return values.error(name, `is not a variable of Junjo AI Studio. ${ofFile(name, known) ?? advice}`);
}

/** A name of another program, or a misspelt one. */
function foreign(values: Values, name: string, known: readonly string[]): Problem {
  const text = 'is not used: Junjo AI Studio does not read it';
  // What the file has already is not meant a second time.
  const open = known.filter((other) => !values.isSet(other));
  const candidate = nearestVariable(name, open);
  const advice = ofFile(name, open) ?? (candidate && `Did you mean ${candidate}?`);
  if (advice) return values.warning(name, `${text}. ${advice}`);
  const prefixed = withoutPrefix(name, open);
  return values.note(
    name,
    `${text}. ${prefixed ? `The variable of the studio is ${prefixed}` : `See ${page('docs/variables.md')} for what it reads`}`,
  );
}

/** What to do instead of naming a file with the value, as images of databases allow. */
function ofFile(name: string, known: readonly string[]): string | undefined {
  const [, of, ending = ''] = /^(.+)_(FILE|PATH)$/i.exec(name) ?? [];
  const variable = of === undefined ? undefined : nearestVariable(of, known);
  return (
    variable &&
    `The images do not support names that end in _${ending.toUpperCase()}. Write the value itself: ${variable}`
  );
}

/** What to report about a name that may be part of a secret. */
function unshown(values: Values, { name, value, above }: Pick<Entry, 'name' | 'value' | 'above'>): Problem {
  const text = 'is not used. Its name is hidden, because it may be part of a secret';
  // As base64 ends.
  const isPiece = /^=+$/.test(value) || (above !== undefined && value === '');
  return isPiece
    ? {
        ...values.place(name),
        severity: 'warning',
        text: `this line ${text}. If it belongs to the value above, write that value on one line`,
      }
    : {
        ...values.place(name),
        severity: 'note',
        text: `this setting ${text}. See ${page('docs/variables.md')} for the known names`,
      };
}
