import { createHash } from 'node:crypto';
import type { Problem } from '../../config/problems';
import { commaSeparated } from '../../config/value-types';
import { type Case, type EnvFile, nameOf } from './studios';

/** A change of a line. */
export interface Edit {
  readonly name: string;
  /** @default the line is removed */
  readonly value?: string;
  /** It changes a part of the value, or makes up a secret, so that another edit of the same value is no contradiction. */
  readonly partial?: true;
}

/** The edits that a program makes to follow an advice, for each alternative that the advice names. */
export type Alternatives = readonly (readonly Edit[])[];

/** An advice in the last sentences of a problem. @param value of the problem's variable, as the file has it */
type Reading = readonly [
  pattern: RegExp,
  edits: (match: RegExpMatchArray, name: string, value: string) => Alternatives,
];

const set = (name: string, value: string): Alternatives => [[{ name, value }]];
const setPart = (name: string, value: string): Alternatives => [[{ name, value, partial: true }]];
const remove = (name: string): Alternatives => [[{ name }]];
const words = (listed: string) => listed.split(/,? or |, /).map((word) => word.replaceAll('`', '').trim());
const choose = (name: string, options: readonly string[]): Alternatives => options.flatMap((value) => set(name, value));

/** A value after a change to its parts, whether written with commas or as a JSON array. */
function changedParts(value: string, change: (parts: readonly string[]) => readonly string[]): string {
  return value.startsWith('[') ? JSON.stringify(change(JSON.parse(value))) : change(commaSeparated(value)).join(',');
}

const readings: readonly Reading[] = [
  [/\bRemove one of the two lines/, (_, name) => remove(name)],
  [
    /\bRemove one of the two lines/,
    ({ input = '' }, name) => {
      const other = [...input.matchAll(/\b[A-Z]+_[A-Z0-9_]+\b/g)].find(([each]) => each !== name);
      return other ? remove(other[0]) : [];
    },
  ],
  [
    /\bRemove (?:the|this) line\b(?! after)|\bRemove it from this file|\bRemove it, or correct|, or remove (?:the|this) line/,
    (_, name) => remove(name),
  ],
  [
    /\bRemove the lines ([A-Z][A-Z0-9_]+(?:, [A-Z][A-Z0-9_]+)*)/,
    ([, listed = '']) => [listed.split(', ').map((name) => ({ name }))],
  ],
  [
    /(?:\bSet|, or set|\bneeds) ([A-Z][A-Z0-9_]+)=([^\s,;<]*[^\s,;<.])/,
    ([, other = '', value = '']) => (value === 'namespace/name' ? [] : set(other, value)),
  ],
  [/must be written in lower case: (\S+)$/, ([, word = ''], name) => set(name, word)],
  [/(?:must be|Write|Set [A-Z0-9_]+ to) one of: ([^;.]+)$/, ([, listed = ''], name) => choose(name, words(listed))],
  [/must be an integer (?:from|of at least) (-?[0-9]+)/, ([, least = ''], name) => set(name, least)],
  [
    /Write (https?:\/\/[^\s<]+|ReadWrite\w+)$/,
    ([, value = ''], name) => (name === 'JUNJO_ALLOW_ORIGINS' || value.includes('//host') ? [] : set(name, value)),
  ],
  [
    /contains "([^"…]+)".*Write (\S+)$/,
    ([, old = '', better = ''], name, value) =>
      setPart(
        name,
        changedParts(value, (parts) => parts.map((part) => (part === old ? better : part))),
      ),
  ],
  [
    /(\S+) has no prefix length\. Write (\S+) for one address$/,
    ([, old = '', better = ''], name, value) => setPart(name, value.replace(old, better)),
  ],
  [/ends with a slash\. Remove the slash$/, (_, name, value) => set(name, value.replace(/\/+$/, ''))],
  [
    /Remove (:[0-9]*)$/,
    ([, end = ''], name, value) => (value.endsWith(end) ? set(name, value.slice(0, -end.length)) : []),
  ],
  [
    /Write the host as (\S+)$/,
    ([, host = ''], name, value) => set(name, value.replace(/\/\/.*?(?=:[0-9]+$|$)/, `//${host}`)),
  ],
  [
    /Remove the extra comma$/,
    (_, name, value) =>
      setPart(
        name,
        changedParts(value, (parts) => parts.filter((part) => part !== '')),
      ),
  ],
  [
    /does not contain (\S+),.*Add it$/,
    ([, origin = ''], name, value) =>
      setPart(
        name,
        changedParts(value, (parts) => [...parts, origin]),
      ),
  ],
  [
    /contains (\S+),.*Remove it$/,
    ([, origin = ''], name, value) =>
      setPart(
        name,
        changedParts(value, (parts) => parts.filter((part) => part !== origin)),
      ),
  ],
  [
    /Generate one: openssl rand -base64 32$/,
    (_, name) => setPart(name, createHash('sha256').update(name).digest('base64')),
  ],
  [
    /Did you mean ([A-Z0-9_]+)\?$/,
    ([, meant = ''], name, value) => [[{ name }, { name: meant, value, partial: true }]],
  ],
];

/** The edits with which a program follows the advice of a problem; none if that needs a person. */
export function alternativesOf({ text, variable }: Problem, value: string): Alternatives {
  if (!variable) return [];
  return readings.flatMap(([pattern, edits]) => {
    const match = pattern.exec(text);
    return match ? edits(match, variable, value) : [];
  });
}

/** The value that the files set a variable to, in quotes or not. @default the empty text */
export function valueIn(example: Case, { file, variable }: Pick<Problem, 'file' | 'variable'>): string {
  const own = filesOf(example).find(({ path }) => path === file);
  const statement = own?.statements.findLast((each) => nameOf(each) === variable) ?? '';
  const raw = statement.slice(statement.indexOf('=') + 1);
  return /^(['"]).*\1$/s.test(raw) ? raw.slice(1, -1).replace(/\\(["\\$`])/g, '$1') : raw;
}

/** Every env file of a case. */
export function filesOf({ studios, shared }: Case): readonly EnvFile[] {
  return [...(shared ? [shared] : []), ...studios.map(({ file }) => file)];
}

/** A case with other statements in its files. */
export function withFiles(example: Case, change: (file: EnvFile) => EnvFile): Case {
  const studios = example.studios.map((studio) => ({ ...studio, file: change(studio.file) }));
  return { ...example, studios, ...(example.shared && { shared: change(example.shared) }) };
}

/** A case after the edits. A line is removed wherever it stands; it is set where it stands, or else in the file of the problem. */
export function followed(example: Case, path: string, edits: readonly Edit[]): Case {
  return edits.reduce((before, edit) => {
    const stands = filesOf(before).some(({ statements }) => statements.some((each) => nameOf(each) === edit.name));
    return withFiles(before, (file) => edited(file, edit, !stands && file.path === path));
  }, example);
}

function edited({ path, statements }: EnvFile, { name, value }: Edit, adds: boolean): EnvFile {
  const at = statements.findIndex((each) => nameOf(each) === name);
  const others = statements.filter((each) => nameOf(each) !== name);
  const line = value === undefined || (at < 0 && !adds) ? [] : [`${name}='${value}'`];
  return { path, statements: others.toSpliced(at < 0 ? others.length : at, 0, ...line) };
}
