import { interpolate, type Refusal } from './interpolation';

/** Where a `${NAME}` or a bare key finds its value: the process environment, then what earlier files set. */
export type Lookup = (name: string) => string | undefined;

/** Looks in the environment of a process, where `constructor` and the like are no variables, although every object has them. */
export function lookupIn(environment: NodeJS.ProcessEnv): Lookup {
  return (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined);
}

/** One setting that the file makes, its value as a container would get it. */
export interface EnvEntry {
  /** Empty for `=value`, and for a bare key that ends the file without a line break: compose takes that key for a value. */
  readonly name: string;
  readonly value: string;
  /** The line where the name stands, from 1. */
  readonly line: number;
  /** The setting on the line above, whose value this name may be a piece of. @default no value ends there */
  readonly above?: string;
}

/** A statement that compose rejects. */
export interface EnvFileProblem {
  /** The line where the statement starts, from 1. */
  readonly line: number;
  /** The setting that the statement makes, where its name could be read. */
  readonly name?: string;
  /** As of a setting that compose takes. */
  readonly above?: string;
  /** What is wrong and what to do. The reason that `${NAME?reason}` gives is in it. */
  readonly message: string;
  /** The same without any part of the value, for one that may be a secret. @default the message has none */
  readonly discreet?: string;
}

/** A variable that a value uses and that nothing sets: compose makes it empty and only logs it. */
export interface UnsetVariable {
  /** The line where the name of the setting stands, from 1. */
  readonly line: number;
  /** The setting whose value uses the variable. */
  readonly name: string;
  readonly variable: string;
}

/** What an env file says, and everything that is wrong with it. */
export interface EnvFile {
  /** In file order; of two with one name the later one wins. */
  readonly entries: readonly EnvEntry[];
  /** In line order; where this is not empty, compose reads nothing at all. */
  readonly problems: readonly EnvFileProblem[];
  /** In line order, once per setting and variable. */
  readonly unset: readonly UnsetVariable[];
}

// Go has three ideas of white space, and compose uses each: within a line, between statements, and after `export`.
const BLANKS = /[\t\v\f\r \u0085\u00a0]*/y;
const SPACES = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*/y;
const EXPORT = /export[\t\n\f\r ]/y;
const TRAILING_SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;

const NAME = /[\p{L}\p{N}_.\-[\]\t\v\f\r \u0085\u00a0]*/uy;
const VALUE_IN_QUOTES = /[^=:\n]*[=:][\t\v\f\r \u0085\u00a0]*["']/y;
const REST_WITHOUT_STATEMENT = /[\t\v\f\r \u0085\u00a0]*(?:#|\n|$)/y;
const PLAIN_ASSIGNMENT = /(?:export[\t ]+)?[A-Za-z_][A-Za-z0-9_]*[\t ]*=[\t ]*[^=\s]/y;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/** Characters that all references of a file may stand for. Doubled twenty times, a short value is longer than any object may be. */
const MAX_EXPANDED = 8 * 1024 * 1024;
const TOO_LONG = 'the references up to this line expand to more than 8 MiB of text. Refer to shorter values';

const GO_ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\u0007', '\\a'],
  ['\b', '\\b'],
]);

const CONTROL_ESCAPES = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['"', '"'],
  ['\\', '\\'],
  // The interpolation that follows turns the pair back into one dollar sign.
  ['$', '$$'],
]);

/**
 * Reads an env file by the rules of docker compose (compose-go's dotenv package), executing nothing.
 * Never throws: compose stops at the first malformed statement, but this reader reports all of them.
 */
export function readEnvFile(text: string, lookup: Lookup = () => undefined): EnvFile {
  return new Reader(text, lookup).read();
}

interface QuotedValue {
  readonly line: number;
  readonly end: number;
}

class Reader {
  private readonly entries: EnvEntry[] = [];
  private readonly problems: EnvFileProblem[] = [];
  private readonly unset: UnsetVariable[] = [];
  private readonly values = new Map<string, string>();
  /** Settings whose value is not known because their statement is malformed. */
  private readonly broken = new Set<string>();
  private line = 1;
  private lineBreak: number;
  private position: number;
  /** Characters that references may still stand for. */
  private room = MAX_EXPANDED;
  /** Whether that is reported already: whatever refers to the rest would be too long, too. */
  private isTooLong = false;
  /** Set behind an unterminated quote: what follows may be more of that value, so it is no reason to complain. */
  private doubtful = false;
  private lastQuoted: QuotedValue | undefined;
  /** The quoted value that closes on the line of this statement, in front of it. */
  private follows: QuotedValue | undefined;
  /** The last setting that has a value and no closing quote, and the last line that may be of it. */
  private lastOpen: { readonly name: string; readonly line: number } | undefined;
  /** That setting, where the statement stands on the next line. */
  private above: string | undefined;

  constructor(
    private readonly text: string,
    private readonly lookup: Lookup,
  ) {
    this.position = text.startsWith('\ufeff') ? 1 : 0;
    this.lineBreak = this.lineEnd(0);
  }

  read(): EnvFile {
    for (;;) {
      this.position = endOf(SPACES, this.text, this.position);
      if (this.position >= this.text.length) {
        return { entries: this.entries, problems: this.problems, unset: this.unset };
      }
      if (this.text[this.position] === '#') {
        this.position = this.lineEnd(this.position);
      } else {
        this.readStatement();
      }
    }
  }

  private readStatement(): void {
    const { text } = this;
    const start = this.position;
    this.countLines(start);
    this.above = this.lastOpen?.line === this.line - 1 ? this.lastOpen.name : undefined;
    // Of a value that is broken over lines, unless a value of its own shows that it is another setting.
    if (this.above !== undefined) this.lastOpen = { name: this.above, line: this.line };
    if (this.doubtful && !matches(PLAIN_ASSIGNMENT, text, start)) {
      this.position = this.lineEnd(start);
      return;
    }
    this.doubtful = false;
    const { lastQuoted } = this;
    this.follows = lastQuoted && !text.slice(lastQuoted.end, start).includes('\n') ? lastQuoted : undefined;

    const exported = matches(EXPORT, text, start);
    const nameStart = exported ? endOf(BLANKS, text, start + 'export'.length) : start;
    if (nameStart === text.length) {
      this.refuseName(start, 'zero length string', 'write NAME=value after export');
      return;
    }
    const nameEnd = endOf(NAME, text, nameStart);
    const separator = String.fromCodePoint(text.codePointAt(nameEnd) ?? 0x0a);
    if (separator !== '=' && separator !== ':' && separator !== '\n') {
      const fix = 'write a name of letters, digits and _ . - [ ], or start a comment with #';
      this.refuseName(start, `unexpected character ${quoted(separator)} in variable name`, fix);
      return;
    }
    // Compose sees no name where the file ends before a separator, and takes the text for a value.
    const atEnd = nameEnd === text.length;
    const name = atEnd ? '' : trimEnd(text.slice(nameStart, nameEnd));
    if (name.includes(' ')) {
      this.refuseName(start, 'key cannot contain a space', 'write NAME=value, and start a comment with #');
      return;
    }
    if (separator === '\n' && !atEnd) {
      this.position = nameEnd + 1;
      const value = this.lookup(name);
      if (value !== undefined) {
        this.set(name, value);
      }
      return;
    }
    this.readValue(name, atEnd ? nameStart : endOf(BLANKS, text, nameEnd + 1));
  }

  private readValue(name: string, start: number): void {
    const { text } = this;
    const quote = text[start];
    if (quote !== '"' && quote !== "'") {
      const end = this.lineEnd(start);
      this.position = end;
      const value = text.slice(start, end);
      const comment = value.indexOf(' #');
      if (value !== '') this.lastOpen = { name, line: this.line };
      this.setInterpolated(name, trimEnd(comment === -1 ? value : value.slice(0, comment)));
      return;
    }
    const end = closingQuote(text, start);
    if (end === -1) {
      const fix = `end the value with ${quote === '"' ? 'a double' : 'a single'} quote that has no backslash before it`;
      this.report(name, { message: `unterminated quoted value: ${fix}` });
      this.lastOpen = { name, line: this.line };
      this.broken.add(name);
      this.doubtful = true;
      this.position = this.lineEnd(start);
      return;
    }
    this.position = end + 1;
    // The first of several values in a row: the names behind it may be pieces of that value.
    this.lastQuoted = { line: this.follows?.line ?? this.line, end };
    const value = text.slice(start + 1, end);
    if (quote === '"') {
      this.setInterpolated(name, expandEscapes(value));
    } else {
      this.set(
        name,
        value.replace(/\\([\s\S])/g, (pair, char: string) => (char === "'" ? char : pair)),
      );
    }
  }

  private setInterpolated(name: string, template: string): void {
    let usesBroken = false;
    const lookup: Lookup = (variable) => {
      const known = this.lookup(variable) ?? this.values.get(variable);
      if (known !== undefined || !this.broken.has(variable)) {
        return known;
      }
      // Set, as far as the operators care: the malformed statement itself is the one thing to report.
      usesBroken = true;
      return '?';
    };
    const { value, problems, unset, tooLong } = interpolate(template, lookup, this.room);
    for (const problem of problems) {
      this.report(name, problem);
    }
    if (tooLong && !this.isTooLong) this.report(name, { message: TOO_LONG });
    this.isTooLong ||= tooLong;
    if (usesBroken || tooLong || problems.length > 0) {
      this.broken.add(name);
      return;
    }
    for (const variable of unset) {
      this.unset.push({ line: this.line, name, variable });
    }
    this.room -= Math.max(0, value.length - template.length);
    this.set(name, value);
  }

  private set(name: string, value: string): void {
    this.values.set(name, value);
    this.entries.push({ name, value, line: this.line, ...(this.above !== undefined && { above: this.above }) });
  }

  private refuseName(start: number, phrase: string, fix: string): void {
    this.report(undefined, { message: `${phrase}: ${fix}` });
    this.position = this.afterRefused(start);
  }

  private report(name: string | undefined, { message, discreet = message }: Refusal): void {
    const { line, follows, above } = this;
    if (follows) {
      // No name: behind a quote that closed too early, it is a piece of the value.
      const cause = `this text follows the closing quote of the value from line ${follows.line}`;
      this.problems.push({ line, message: `${discreet}; ${cause}. Check that the quote is in the right place` });
      return;
    }
    this.problems.push({
      line,
      message,
      ...(name !== undefined && { name }),
      ...(above !== undefined && { above }),
      ...(discreet !== message && { discreet }),
    });
  }

  /** The next line, or the one behind the quoted value that the statement sets: its lines are no statements. */
  private afterRefused(start: number): number {
    const lineEnd = this.lineEnd(start);
    const valueStart = endOf(VALUE_IN_QUOTES, this.text, start);
    const closing = valueStart === -1 ? -1 : closingQuote(this.text, valueStart - 1);
    return closing > lineEnd && matches(REST_WITHOUT_STATEMENT, this.text, closing + 1) ? closing + 1 : lineEnd;
  }

  private lineEnd(from: number): number {
    const end = this.text.indexOf('\n', from);
    return end === -1 ? this.text.length : end;
  }

  private countLines(until: number): void {
    while (this.lineBreak < until) {
      this.line += 1;
      this.lineBreak = this.lineEnd(this.lineBreak + 1);
    }
  }
}

/** The index of the quote that ends the value which opens at `start`, or -1; a backslash takes the next character along. */
function closingQuote(text: string, start: number): number {
  const quote = text.charCodeAt(start);
  for (let i = start + 1; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (char === quote) {
      return i;
    }
    if (char === 0x5c) {
      i += 1;
    }
  }
  return -1;
}

function expandEscapes(value: string): string {
  return value.replace(/\\(?:([abfnrtv$"\\])|0([0-9]{0,3}))/g, (_, letter?: string, digits = '') => {
    if (letter !== undefined) {
      return CONTROL_ESCAPES.get(letter) ?? letter;
    }
    // Compose drops the 0 and asks Go, whose octal escapes have three digits and end at 255; the rest stays, without the 0.
    const code = /^[0-7]{3}$/.test(digits) ? Number.parseInt(digits, 8) : 256;
    return code > 255 ? `\\${digits}` : String.fromCodePoint(code);
  });
}

function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING_SPACE.test(text.charAt(end - 1))) {
    end -= 1;
  }
  return text.slice(0, end);
}

/** A character the way Go prints it: an invisible one by its code. */
function quoted(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return `"${GO_ESCAPES.get(char) ?? (PRINTABLE.test(char) ? char : codeEscape(code))}"`;
}

function codeEscape(code: number): string {
  const hex = code.toString(16);
  if (code < 0x80) {
    return `\\x${hex.padStart(2, '0')}`;
  }
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

function matches(pattern: RegExp, text: string, position: number): boolean {
  pattern.lastIndex = position;
  return pattern.test(text);
}

/** The index behind what matches at `position`, or -1. */
function endOf(pattern: RegExp, text: string, position: number): number {
  return matches(pattern, text, position) ? pattern.lastIndex : -1;
}
