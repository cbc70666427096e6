/** Why a file cannot be read, for a person: `is a folder. Name a regular file`. */
export interface Unreadable {
  readonly problem: string;
}

/** Reads a file that a setting names. It returns the text, nothing if the file does not exist, or why it cannot be read. */
export type ReadFile = (path: string) => string | Unreadable | undefined;

/** Why a file cannot be written, for a person to read. */
export class UnwritableFile extends Error {
  constructor(
    readonly path: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${reason}`, options);
  }
}

/** Whether the system refused something: no permission, no space, no such file. */
export function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}

/** The message of the system without the call and its paths: `EACCES: permission denied`. */
export function reasonOf({ message }: Error): string {
  return message.split(',')[0] ?? message;
}
