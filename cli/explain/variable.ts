import { settingsName } from '../../charts/settings';
import { readEnvFiles } from '../../config/env-files';
import type { LoadOptions } from '../../config/load-studio';
import { defaultStudioName } from '../../config/names';
import { chooseRelease } from '../../config/parts/release';
import { nearest } from '../../config/spelling';
import { listed, withoutUserInfo } from '../../config/text';
import { Values } from '../../config/values';
import { type Variable, variablesOf } from '../../config/variables';
import type { StudioSource } from '../../main';
import { defaultTag, type ReleaseLine, releaseLines } from '../../releases';
import { objectsChangedBy } from './settings';

/** What a variable is, and what becomes of it in one studio. */
export interface VariableExplanation {
  readonly name: string;
  readonly meaning: string;
  /** Release line of the studio, on which the rest depends. */
  readonly releaseLine: string;
  /** What it may hold. */
  readonly type: string;
  readonly secret: boolean;
  /** @default it need not be set */
  readonly required?: 'always' | 'production';
  /** A setting without which it has no effect, and is not required. @default none */
  readonly onlyWith?: string;
  /** What counts when nothing sets it, for the release and size of this studio. @default nothing */
  readonly default?: string;
  readonly readBy: readonly string[];
  /** @default no line sets it */
  readonly set?: SetVariable;
  /** Where a container finds it, or why none does. */
  readonly endsUp: readonly string[];
  /** Files, and the objects of them that another value changes. */
  readonly changes: Readonly<Record<string, readonly string[]>>;
}

/** The line that wins. */
export interface SetVariable {
  readonly file: string;
  readonly line: number;
  /** Never of a secret, nor of a text that is no value and could be one. @default not told */
  readonly value?: string;
  /** What is wrong with it by itself. */
  readonly problem?: string;
}

/** A name that no release has, and the one that was probably meant. */
export interface UnknownName {
  readonly unknown: string;
  readonly nearest?: string;
}

/** Explains a variable of a studio, which need not be without problems, or even set anything. */
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
  if (!variable) return { unknown: name, nearest: nearest(name, [...new Set(elsewhere.map(({ row }) => row.name))]) };

  const has = lines.filter((other) => variablesOf(other).some((row) => row.name === name));
  const values = new Values(files.at(-1)?.path ?? '.env', entries, table, line);
  const unset = new Values('.env', withoutEntry(entries, name), table, line);
  const entry = entries.get(name);
  const { meaning, type, secret = false, required, onlyWith, readers = [], defaultText } = variable;
  return {
    name,
    meaning,
    releaseLine: line.name,
    type: type.description,
    secret,
    // What no container and no manifest reads need not be set.
    required: variable.readers?.length === 0 && !variable.alsoForManifests ? undefined : required,
    onlyWith,
    default: unset.textInEffect(name) ?? defaultText,
    readBy: readers,
    set: entry && { file: entry.file, line: entry.line, ...said(values, variable) },
    endsUp: has.includes(line)
      ? placesOf(variable, values)
      : [
          `nowhere: release line ${line.name} has no such variable, ${listed(has.map((other) => other.name))} ${has.length === 1 ? 'has' : 'have'}`,
        ],
    changes: objectsChangedBy(name),
  };
}

/** Where the files of a studio set each variable, as `file:line`. */
export function placesInFiles(
  { files }: StudioSource,
  environment: NonNullable<LoadOptions['environment']>,
): ReadonlyMap<string, string> {
  const { entries } = readEnvFiles(files, environment, releaseLines.flatMap(variablesOf));
  return new Map([...entries.values()].map(({ name, file, line }) => [name, `${file}:${line}`]));
}

function lineOfDefault(lines: readonly ReleaseLine[]): ReleaseLine {
  return lines.find(({ tags }) => tags.includes(defaultTag)) ?? releaseLines[0];
}

function withoutEntry<Entry>(entries: ReadonlyMap<string, Entry>, name: string): ReadonlyMap<string, Entry> {
  return new Map([...entries].filter(([key]) => key !== name));
}

/** What may be told of a value. */
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
      // An address may hold a password where none belongs.
      return secret ? {} : { value: inFile.text.includes('://') ? withoutUserInfo(inFile.text) : inFile.text };
  }
}

function placesOf(variable: Variable, values: Values): readonly string[] {
  const { name, nameInContainer: key = name, readers, secret } = variable;
  const { refused, setByManifests, insteadOfCompose, onlyWith, alsoForManifests } = variable;
  if (refused) return [`nowhere: it ${refused}`];
  if (onlyWith && !values.inEffect(onlyWith)) return [`nowhere: it has no effect without ${onlyWith}=true`];
  if (setByManifests && readers?.length !== 0) return [`nowhere: the manifests set it to ${setByManifests}`];
  if (insteadOfCompose) return [`nowhere: ${insteadOfCompose}`];
  if (!readers || (readers.length === 0 && alsoForManifests)) return ['the manifests alone; no container gets it'];
  if (readers.length === 0) return ['nowhere: this release does not read it'];
  if (secret) return [`Secret ${values.inEffect('JUNJO_K8S_SECRET_NAME')}, key ${key}${secretNote(values)}`];
  return readers.map((component) => `ConfigMap ${settingsName(component)}, key ${key}`);
}

function secretNote(values: Values): string {
  const mode = values.inEffect('JUNJO_K8S_SECRETS');
  return mode === 'manifest' ? '' : ` (JUNJO_K8S_SECRETS=${mode})`;
}
