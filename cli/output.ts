import type { Terminal } from '../cluster/console';
import { inOneLine, printable } from '../config/text';
import type { Io } from './command';

/** The same with output that cannot command the terminal, whatever a file or a cluster puts into it. Colors come after that. */
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
    // Whether somebody can be asked is found out when it is needed.
    get terminal() {
      const { terminal } = io;
      return terminal && (() => asking(terminal()));
    },
  };
}

function asking({ ask, close }: Terminal): Terminal {
  return { ask: (prompt) => ask(printable(prompt)), close };
}

/** Prose in lines of a terminal, broken at spaces. What follows the first line begins below the end of its start. */
export function wrapped(start: string, prose: string, columns: number): readonly string[] {
  const lines = [start];
  let isNew = true;
  for (const word of prose.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (isNew) lines[lines.length - 1] = `${last}${word}`;
    else if (last.length + 1 + word.length > columns) lines.push(`${' '.repeat(start.length)}${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
    isNew = false;
  }
  return lines;
}
