import { createHash } from 'node:crypto';

/** Digest of values that are not secret. As an annotation of the pods it rolls them out when a value changes. */
export function digest(values: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
