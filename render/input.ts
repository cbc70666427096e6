import { isatty } from 'node:tty';
import { textOf } from '../config/encoding';
import { isOfSystem, reasonOf, type Unreadable } from '../config/files';
import { MAX_TEXT_BYTES, readAtMost, readText } from './files';

/** The path by which a command line names standard input. */
export const STDIN = '-';

/** How messages name standard input. */
const STDIN_NAME = '<stdin>';

const DESCRIPTOR = 0;

/** What standard input held: it can be read only once. */
let text: string | Unreadable | undefined;

/** Reads the file, or standard input where the path is `-`. */
export function readInput(path: string): string | Unreadable | undefined {
  if (path !== STDIN) return readText(path);
  text ??= readStdin();
  return text;
}

/** The name of an input in messages. */
export function inputName(path: string): string {
  return path === STDIN ? STDIN_NAME : path;
}

/** Whether paths name standard input more than once. */
export function namesStdinTwice(paths: readonly string[]): boolean {
  return paths.filter((path) => path === STDIN).length > 1;
}

export const STDIN_TWICE = 'Standard input can be read only once. Pass - once, and name the other files by their paths';

function readStdin(): string | Unreadable {
  if (isatty(DESCRIPTOR)) return { problem: 'is a terminal. Pipe a file into this command, or name the file' };
  try {
    const bytes = readAtMost(DESCRIPTOR, MAX_TEXT_BYTES);
    return bytes
      ? textOf(bytes)
      : { problem: `is larger than ${MAX_TEXT_BYTES / 1024 / 1024} MiB. Send a smaller file` };
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    return { problem: `cannot be read (${reasonOf(error)})` };
  }
}
