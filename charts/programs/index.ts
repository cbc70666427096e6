import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a file of this project holds. They are part of the code, whoever runs it wherever, and no input of a person's. */
function textOf(name: string): string {
  return readFileSync(join(__dirname, name), 'utf8');
}

/** Stops a release on a volume whose spans it would hide; for the Python of the backend's image, which is made of it. */
export const upgradeGuard = textOf('upgrade-guard.py');

/** Waits until the guard has passed; for the shells of ingestion's images. */
export const waitForMark = textOf('wait-for-mark.sh');
