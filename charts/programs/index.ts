import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a program. The programs are part of the code, not input, so that charts may read them. */
function textOf(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}

/** Stops a release on a volume whose users or spans it would not read. Runs on the Python of the backend's image. */
export const upgradeGuard = textOf('upgrade-guard.py');

/** Waits until the guard has marked the volume. Runs in the shell of ingestion's image. */
export const waitForMark = textOf('wait-for-mark.sh');
