import type { Terminal } from '../cluster/console';
import type { Finding } from '../config/problems';
import { inOneLine, printable } from '../config/text';
import type { Io } from './command';

/** Escapes control characters in all output, so text from a file or a cluster cannot control the terminal. Colors are added later. */
export function printing(io: Io): Io {
  const { environment, color, out, err, progress } = io;
  return {
    environment,
    color,
    // A window can change its size.
    get columns() {
      return io.columns;
    },
    out: (text) => out(printable(text)),
    err: (text) => err(printable(text)),
    ...(color && {
      painted: (start, code, rest) => err(`\u001b[${code}m${printable(start)}\u001b[0m${printable(rest)}`),
    }),
    ...(progress && { progress: (line) => progress(inOneLine(line)) }),
    // Read late, because it opens stdin.
    get terminal() {
      const { terminal } = io;
      return terminal && (() => asking(terminal()));
    },
  };
}

function asking({ ask, close }: Terminal): Terminal {
  return { ask: (prompt) => ask(printable(prompt)), close };
}

/** Columns when stdout is not a terminal. */
const COLUMNS = 100;

/** Columns of the severity of a finding. */
const SEVERITY = 9;

/** The first words of a line that is a command and not prose. */
const COMMAND = /^(kubectl|npx|npm run|junjo-k8s|node \S+\.js) /;

/**
 * A finding: what is wrong, and below it what to do. Prose is in the columns of the terminal, and each command is on its own line,
 * to paste.
 */
export function findingLines(
  { severity, text, fix = '' }: Pick<Finding, 'severity' | 'text' | 'fix'>,
  columns?: number,
): readonly string[] {
  const indent = ' '.repeat(SEVERITY);
  const [advice = '', ...commands] = COMMAND.test(fix) ? ['', ...fix.split('\n')] : fix.split('\n');
  return [
    ...wrapped(severity.padEnd(SEVERITY), text, columns),
    ...(advice ? wrapped(indent, advice, columns) : []),
    ...commands.map((command) => `${indent}    ${inOneLine(command)}`),
  ];
}

/** Letters that take two columns of a terminal, and need no space to end a line. https://www.unicode.org/reports/tr11/ */
const WIDE =
  '[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6]';
const EACH_WIDE = new RegExp(`${WIDE}|\\p{Emoji_Presentation}`, 'gu');
const PART = new RegExp(` ?(?:${WIDE}|[^ ]+?(?=${WIDE}|(?: |$)))| `, 'gu');

/**
 * Prose in lines of a terminal, broken at spaces: an address or a name stays whole. What follows the first line begins below the
 * end of its start.
 */
export function wrapped(start: string, prose: string, columns = COLUMNS): readonly string[] {
  const lines = [start];
  for (const part of inOneLine(prose).match(PART) ?? []) {
    const last = lines[lines.length - 1] ?? '';
    const isNew = last.length === start.length;
    if (!isNew && widthOf(last) + widthOf(part) > columns) lines.push(`${' '.repeat(start.length)}${part.trimStart()}`);
    else lines[lines.length - 1] = `${last}${part}`;
  }
  return lines;
}

function widthOf(text: string): number {
  return text.length + (text.match(EACH_WIDE) ?? []).filter((letter) => letter.length === 1).length;
}
