import { type Lookup, readEnvFile } from './env-file';
import type { Problem } from './problems';
import { isShownName } from './shown-names';
import type { Variable } from './variables';

/** An env file as the caller read it. */
export interface EnvFileText {
  /** Path as the person named it; it appears in messages. */
  readonly path: string;
  readonly text: string;
}

/** A variable as a studio's env files set it. */
export interface Entry {
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
  /** The setting on the line above, whose value this name may be a piece of. @default no value ends there */
  readonly above?: string;
}

/** What the env files of one studio set, and what they only mention. */
export interface Written {
  readonly entries: ReadonlyMap<string, Entry>;
  /** The same, with what a later line or file overrides. */
  readonly all: readonly Entry[];
  /** Names in lines `# NAME=…`, as example files have them. */
  readonly commentedOut: ReadonlySet<string>;
}

const COMMENTED_OUT = /^#[ \t]*([A-Za-z_][A-Za-z0-9_]*)=/gm;

/**
 * Reads the env files of one studio; a later file wins over an earlier one.
 * `${NAME}` is looked up in the environment, then in what earlier files and lines set, as compose does.
 * The table says which values are secret, and which variables belong to the studio.
 */
export function readEnvFiles(
  files: readonly EnvFileText[],
  environment: Lookup,
  table: readonly Variable[],
): Written & { readonly problems: readonly Problem[] } {
  const known = new Map(table.map((variable) => [variable.name, variable]));
  const entries = new Map<string, Entry>();
  const all: Entry[] = [];
  const problems: Problem[] = [];
  for (const { path: file, text } of files) {
    const read = readEnvFile(text, (name) => environment(name) ?? entries.get(name)?.value);
    for (const problem of read.problems) {
      const { line, name, message, discreet = message } = problem;
      const variable = name !== undefined && isShownName({ ...problem, name }, known) ? name : undefined;
      const isNoSecret = name !== undefined && known.has(name) && !known.get(name)?.secret;
      problems.push({ severity: 'error', file, line, variable, text: isNoSecret ? message : discreet });
    }
    for (const { line, name: variable, variable: unset } of read.unset) {
      // Variables of other programs get no warning.
      if (!known.has(variable)) continue;
      // What looks like a reference may be part of the secret.
      const isShown = !known.get(variable)?.secret && isShownName({ name: unset }, known);
      const reference = isShown ? `$${unset}` : 'a variable';
      const advice = 'If the $ is part of the value, put the value in single quotes';
      const text = `refers to ${reference}, which is not set and becomes empty, as in compose. ${advice}`;
      problems.push({ severity: 'warning', file, line, variable, text });
    }
    for (const { line, name: variable } of read.entries.filter(({ value }) => value.includes('\ufffd'))) {
      const lost =
        'contains U+FFFD, which replaces a character that could not be read. Type the character again, and save the file as UTF-8';
      problems.push({ severity: 'warning', file, line, variable, text: lost });
    }
    for (const entry of read.entries) {
      // Deleted first, so that the map keeps the order of the winning lines.
      entries.delete(entry.name);
      entries.set(entry.name, { ...entry, file });
      all.push({ ...entry, file });
    }
  }
  const commentedOut = new Set(
    files.flatMap(({ text }) => [...text.matchAll(COMMENTED_OUT)].map(([, name = '']) => name)),
  );
  return { entries, all, commentedOut, problems };
}
