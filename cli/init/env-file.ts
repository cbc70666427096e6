import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { variables } from '../../config/variables';
import { exampleEnvFile } from './example-env-file';

/**
 * Writes an env file for a studio on localhost, with fresh secrets, readable by its owner alone.
 * @returns false when the file is there already; it is left as it is.
 */
export function initEnv(path: string): boolean {
  const placeholders = variables.filter((variable) => 'secret' in variable && 'local' in variable);
  let text = exampleEnvFile();
  for (const { name } of placeholders) {
    text = text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${randomBytes(32).toString('base64')}`);
  }
  return written(path, text);
}

/** Writes a file that only its owner may read, unless it is there already: then it is left as it is. */
export function written(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
