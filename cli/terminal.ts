import { createInterface } from 'node:readline';
import type { Terminal } from '../cluster/console';
import { inOneLine } from '../config/text';

/** Asks on the terminal of the process. Lines that arrive before their question, such as pasted ones, wait for it. */
export function openTerminal(): Terminal {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const early: string[] = [];
  let isOpen = true;
  let answer: ((line: string | undefined) => void) | undefined;
  lines.on('line', (line) => {
    if (answer) answer(line);
    else early.push(line);
    answer = undefined;
  });
  lines.once('close', () => {
    isOpen = false;
    // Ctrl+C and Ctrl+D leave the cursor behind the question.
    if (answer) process.stderr.write('\n');
    answer?.(undefined);
  });
  return {
    ask: (prompt) => {
      const known = early.shift();
      if (known !== undefined) process.stderr.write(`${prompt}${inOneLine(known)}\n`);
      if (known !== undefined || !isOpen) return Promise.resolve(known);
      lines.setPrompt(prompt);
      lines.prompt();
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
    close: () => lines.close(),
  };
}
