import type { Terminal } from '../cluster/console';
import { inOneLine, printable } from '../config/text';
import type { Io } from './command';

/** The same with output that cannot command the terminal, whatever a file or a cluster puts into it. Colors come after that. */
export function printing(io: Io): Io {
  const { environment, color, out, err, progress } = io;
  return {
    environment,
    color,
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
