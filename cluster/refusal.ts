import { inOneLine } from '../config/text';

/** Why a command refuses to run, and what to do, for the user to read. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  /** @param lines what is printed; a line break in one of them, as in the name of a file, is escaped */
  constructor(...lines: readonly string[]) {
    super(lines.map(inOneLine).join('\n'));
  }
}
