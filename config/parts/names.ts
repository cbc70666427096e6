import type { ReleaseLine } from '../../releases';
import type { Entry } from '../env-files';
import type { Problem } from '../problems';
import { isShownName } from '../shown-names';
import { nearest, nearestVariable, withoutPrefix } from '../spelling';
import { listed } from '../text';
import type { Entries, Values } from '../values';
import { type Variable, variablesOf } from '../variables';

/** Reports names in a file that are refused, misspelt, or without effect, as those of another release line are. */
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
        'sets a value without a name. A bare name needs a line break behind it, or compose takes it for a value';
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

/** What to report of a variable because the file has it, whatever its value is. */
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
    ...(insteadOfCompose ? [values.note(name, `is passed over: ${insteadOfCompose}`)] : []),
  ];
}

/** Whether a person may mean to set it. */
function hasEffect(values: Values, variable: Variable): boolean {
  const { refused, setByManifests, insteadOfCompose, onlyWith, readers, alsoForManifests } = variable;
  if (refused || setByManifests || insteadOfCompose || (onlyWith && !values.inEffect(onlyWith))) return false;
  return readers?.length !== 0 || alsoForManifests === true;
}

function unknownSetting(values: Values, name: string, known: readonly string[]): Problem {
  const [, own = ''] = /^JUNJO_(?:K8S_)?(.*)$/.exec(name) ?? [];
  const prefixed = [`JUNJO_K8S_${own}`, `JUNJO_${own}`, own].find((other) => known.includes(other));
  const candidate = prefixed ?? nearest(name, known);
  const advice = candidate ? `Did you mean ${candidate}?` : 'Remove it, or look it up in docs/variables.md';
  return values.error(name, `is not a variable of Junjo AI Studio. ${ofFile(name, known) ?? advice}`);
}

/** A name of another program, or one that only looks so. */
function foreign(values: Values, name: string, known: readonly string[]): Problem {
  const text = 'reaches no container: Junjo AI Studio does not read it';
  // What the file has already is not meant a second time.
  const open = known.filter((other) => !values.isSet(other));
  const candidate = nearestVariable(name, open);
  const advice = ofFile(name, open) ?? (candidate && `Did you mean ${candidate}?`);
  if (advice) return values.warning(name, `${text}. ${advice}`);
  const prefixed = withoutPrefix(name, open);
  return values.note(
    name,
    `${text}. ${prefixed ? `The studio's is ${prefixed}` : 'docs/variables.md lists what it reads'}`,
  );
}

/** What to do instead of naming a file with the value, as images of databases allow. */
function ofFile(name: string, known: readonly string[]): string | undefined {
  const [, of, ending = ''] = /^(.+)_(FILE|PATH)$/i.exec(name) ?? [];
  const variable = of === undefined ? undefined : nearestVariable(of, known);
  return (
    variable &&
    `No image reads a value from a file that a variable with _${ending.toUpperCase()} names. Write the value itself: ${variable}`
  );
}

/** What to report of a name that may be a piece of a secret. */
function unshown(values: Values, { name, value, above }: Pick<Entry, 'name' | 'value' | 'above'>): Problem {
  const text = 'reaches no container, and its name is not shown, because it may be a part of a secret';
  // As base64 ends.
  const isPiece = /^=+$/.test(value) || (above !== undefined && value === '');
  return isPiece
    ? {
        ...values.place(name),
        severity: 'warning',
        text: `this line ${text}. If it belongs to the value above, write that value on one line`,
      }
    : { ...values.place(name), severity: 'note', text: `this setting ${text}. docs/variables.md lists what is read` };
}
