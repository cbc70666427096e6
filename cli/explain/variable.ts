import { settingsName } from '../../charts/settings';
import { readEnvFiles } from '../../config/env-files';
import type { LoadOptions } from '../../config/load-studio';
import { defaultStudioName, workloadNames } from '../../config/names';
import { chooseRelease } from '../../config/parts/release';
import { nearest, nearestVariable, withoutPrefix } from '../../config/spelling';
import { listed, withoutUserInfo } from '../../config/text';
import { Values } from '../../config/values';
import { type Variable, variablesOf } from '../../config/variables';
import type { StudioSource } from '../../main';
import { defaultTag, type ReleaseLine, releaseLines } from '../../releases';
import { objectsChangedBy } from './settings';

/** What a variable is, and what it does in one studio. */
export interface VariableExplanation {
  readonly name: string;
  readonly meaning: string;
  /** Release line of the studio. Everything below depends on it. */
  readonly releaseLine: string;
  /** Where the release comes from: the line of JUNJO_K8S_RELEASE, as `file:line`. @default the default release */
  readonly releaseFrom?: string;
  /** Allowed values. */
  readonly type: string;
  readonly secret: boolean;
  /** @default it need not be set */
  readonly required?: 'always' | 'production';
  /** A setting that must be `true`, or the variable has no effect. @default none */
  readonly onlyWith?: string;
  /** Value if it is not set, for the release and size of this studio. @default none */
  readonly default?: string;
  readonly readBy: readonly string[];
  /** @default it is not set */
  readonly set?: SetVariable;
  /** Where containers find it, or why they do not. */
  readonly endsUp: readonly string[];
  /** Files with the objects that change with its value. */
  readonly changes: Readonly<Record<string, readonly string[]>>;
}

/** The line in an env file that sets a variable. */
export interface SetVariable {
  readonly file: string;
  readonly line: number;
  /** @default it is a secret, or not a valid value, which could contain one */
  readonly value?: string;
  /** What is wrong with the value. */
  readonly problem?: string;
}

/** A name that no release has, and the most similar one. */
export interface UnknownName {
  readonly unknown: string;
  readonly nearest?: string;
}

/** Explains a variable for a studio. The env files may have problems, or may be empty. */
export function explainVariable(
  name: string,
  { files, folder = defaultStudioName }: StudioSource,
  { environment = () => undefined, lines = releaseLines }: Pick<LoadOptions, 'environment' | 'lines'>,
): VariableExplanation | UnknownName {
  const written = readEnvFiles(files, environment, lines.flatMap(variablesOf));
  const { entries } = written;
  const choice = chooseRelease(written, lines);
  const line = choice.kind === 'unknown' ? lineOfDefault(lines) : choice.line;
  const table = variablesOf(line).map((row) => (row.name === 'JUNJO_K8S_NAME' ? { ...row, default: folder } : row));
  const elsewhere = lines.flatMap((other) => variablesOf(other).map((row) => ({ other, row })));
  const variable = table.find((row) => row.name === name) ?? elsewhere.find(({ row }) => row.name === name)?.row;
  if (!variable) return { unknown: name, nearest: similar(name, [...new Set(elsewhere.map(({ row }) => row.name))]) };

  const has = lines.filter((other) => variablesOf(other).some((row) => row.name === name));
  const values = new Values(files.at(-1)?.path ?? '.env', entries, table, line);
  const unset = new Values('.env', withoutEntry(entries, name), table, line);
  const entry = entries.get(name);
  const { meaning, type, secret = false, required, onlyWith, readers = [], defaultText } = variable;
  const release = entries.get('JUNJO_K8S_RELEASE');
  const isThere = has.includes(line);
  return {
    name,
    meaning,
    releaseLine: line.name,
    releaseFrom: release?.value ? `${release.file}:${release.line}` : undefined,
    type: type.description,
    secret,
    // A variable that neither a container nor the manifests read is not required.
    required: variable.readers?.length === 0 && !variable.alsoForManifests ? undefined : required,
    onlyWith,
    default: isThere ? (unset.textInEffect(name) ?? defaultText) : undefined,
    readBy: isThere ? readers : [],
    set: entry && { file: entry.file, line: entry.line, ...said(values, variable) },
    endsUp: isRead(variable) && isThere ? placesOf(variable, values, line) : [unread(name, line, lines)],
    changes: isThere && isRead(variable) ? changesOn(line, name) : {},
  };
}

/** Whether a container or the manifests of a release line use a variable, or the table says why they do not. */
function isRead({ readers, alsoForManifests, refused, insteadOfCompose }: Variable): boolean {
  return readers?.length !== 0 || [alsoForManifests, refused, insteadOfCompose].some(Boolean);
}

function unread(name: string, line: ReleaseLine, lines: readonly ReleaseLine[]): string {
  const readers = lines.filter((other) => variablesOf(other).some((row) => row.name === name && isRead(row)));
  const names = readers.map((other) => other.name);
  const others = names.length === 0 ? '' : `, but ${listed(names)} ${names.length === 1 ? 'does' : 'do'}`;
  return `nowhere: release line ${line.name} does not read it${others}`;
}

/** What a variable changes, without the frontend on a release line that has none. Another release may bring it back. */
function changesOn(line: ReleaseLine, name: string): VariableExplanation['changes'] {
  const changes = objectsChangedBy(name);
  if (line.images.frontend || name === 'JUNJO_K8S_RELEASE') return changes;
  const rows = Object.entries(changes).map(([file, objects]) => {
    return [file, objects.filter((object) => !object.includes(workloadNames.frontend))] as const;
  });
  return Object.fromEntries(rows.filter(([, objects]) => objects.length > 0));
}

/** Where the files of a studio set each variable, as `file:line`. */
export function placesInFiles(
  { files }: StudioSource,
  environment: NonNullable<LoadOptions['environment']>,
): ReadonlyMap<string, string> {
  const { entries } = readEnvFiles(files, environment, releaseLines.flatMap(variablesOf));
  return new Map([...entries.values()].map(({ name, file, line }) => [name, `${file}:${line}`]));
}

/** The variable that a name probably means, in any case. */
function similar(name: string, known: readonly string[]): string | undefined {
  return nearest(name.toUpperCase(), known) ?? nearestVariable(name, known) ?? withoutPrefix(name, known);
}

function lineOfDefault(lines: readonly ReleaseLine[]): ReleaseLine {
  return lines.find(({ tags }) => tags.includes(defaultTag)) ?? releaseLines[0];
}

function withoutEntry<Entry>(entries: ReadonlyMap<string, Entry>, name: string): ReadonlyMap<string, Entry> {
  return new Map([...entries].filter(([key]) => key !== name));
}

/** What may be printed of a value. */
function said(values: Values, { name, secret }: Variable): Pick<SetVariable, 'value' | 'problem'> {
  const inFile = values.inFile(name);
  switch (inFile.kind) {
    case 'none':
      return { problem: 'is empty, which counts as not set' };
    case 'placeholder':
      return { problem: inFile.reason };
    case 'unsound':
      return { problem: inFile.problem };
    case 'sound':
      // An address may contain a password by mistake.
      return secret ? {} : { value: inFile.text.includes('://') ? withoutUserInfo(inFile.text) : inFile.text };
  }
}

function placesOf(variable: Variable, values: Values, line: ReleaseLine): readonly string[] {
  const { name, nameInContainer: key = name, readers, secret } = variable;
  const { refused, setByManifests, insteadOfCompose, onlyWith, alsoForManifests } = variable;
  if (refused) return [`nowhere: it ${refused}`];
  if (onlyWith && !values.inEffect(onlyWith)) return [`nowhere: it has no effect unless ${onlyWith}=true`];
  if (setByManifests && readers?.length !== 0) {
    const fixed = Object.values(line.environment).flatMap((environment) => environment[key] ?? []);
    return [`nowhere: the manifests set it to ${fixed.length > 0 ? listed([...new Set(fixed)]) : setByManifests}`];
  }
  if (insteadOfCompose) return [`nowhere: ${insteadOfCompose}`];
  if (!readers || (readers.length === 0 && alsoForManifests)) return ['only in the manifests; no container reads it'];
  if (secret) return [`Secret ${values.inEffect('JUNJO_K8S_SECRET_NAME')}, key ${key}${secretNote(values)}`];
  return readers.map((component) => `ConfigMap ${settingsName(component)}, key ${key}`);
}

function secretNote(values: Values): string {
  const mode = values.inEffect('JUNJO_K8S_SECRETS');
  return mode === 'manifest' ? '' : ` (JUNJO_K8S_SECRETS=${mode})`;
}
