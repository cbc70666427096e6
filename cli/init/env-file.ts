import { randomBytes } from 'node:crypto';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { isOfSystem } from '../../config/files';
import { type Variable, variables, variablesOf } from '../../config/variables';
import { defaultTag, type ReleaseLine, releaseLines } from '../../releases';
import { unwritable } from '../../render/files';

/**
 * Writes an env file for a studio on localhost, with new secrets. Only its owner can read it.
 * @returns false when the file already exists, and is unchanged
 */
export function initEnv(path: string): boolean {
  const placeholders = variables.filter((variable) => 'secret' in variable && 'local' in variable);
  let text = exampleEnvFile();
  for (const { name } of placeholders) {
    text = text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${randomBytes(32).toString('base64')}`);
  }
  return written(path, text);
}

/**
 * Writes a file that only its owner can read. Does not change an existing file.
 * @throws UnwritableFile when the system refuses, and then removes what it wrote
 */
export function written(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (isOfSystem(error) && error.code === 'EEXIST') return false;
    throw unwritable(path, error);
  }
  try {
    writeFileSync(file, text);
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    throw unwritable(path, error);
  } finally {
    closeSync(file);
  }
}

/** The env file of a studio on localhost, with every setting of a release and its meaning: `.env.example`. */
export function exampleEnvFile(lines: readonly ReleaseLine[] = releaseLines, tag = defaultTag): string {
  const line = lines.find(({ tags }) => tags.includes(tag)) ?? releaseLines[0];
  const settable = variablesOf(line).filter(isSettable);
  const groups = [...new Set(settable.map(({ group }) => group))];
  const blocks = groups.map((group) => {
    const inGroup = settable.filter((variable) => variable.group === group).map(exampleLines);
    return [`# === ${group} ===`, '', inGroup.join('\n\n')].join('\n');
  });
  return [
    '# Junjo AI Studio on localhost. The command init copies this file to .env, with new secrets.',
    '# docker compose and Kubernetes read the same file. Compose ignores the JUNJO_K8S_ settings.',
    '',
    blocks.join('\n\n'),
    '',
  ].join('\n');
}

function isSettable({ refused, setByManifests, insteadOfCompose, readers, alsoForManifests }: Variable): boolean {
  return !refused && !setByManifests && !insteadOfCompose && (readers?.length !== 0 || alsoForManifests === true);
}

function exampleLines(variable: Variable): string {
  const { name, meaning, type, local, example } = variable;
  const byDefault = variable.default ?? variable.defaultText;
  const required = variable.required === 'production' ? ' Required in production.' : '';
  const comment = `${meaning}.${required}${byDefault ? ` Default: ${byDefault}.` : ''} (${type.description})`;
  const setting = local !== undefined ? `${name}=${local}` : `# ${name}=${example ?? variable.default ?? ''}`;
  return [...wrapped(comment.replaceAll('`', '')), setting].join('\n');
}

function wrapped(comment: string): string[] {
  const lines = [''];
  for (const word of comment.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last.length + word.length > 110) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.map((line) => `# ${line}`);
}
