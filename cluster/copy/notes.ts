import { KEPT } from '../../config/names';
import { inOneLine } from '../../config/text';
import { fieldsOf, type Manifest } from '../../render/manifest';
import { KubectlError } from '../kubectl';
import { patient } from './pace';
import type { Work } from './work';

/** Writes an annotation on the claim, for `status` to tell. What was done is good without it. */
export async function noteOnClaim(
  { kubectl, pace, console }: Work,
  { metadata }: Manifest,
  note: string,
  warn = console.err,
): Promise<void> {
  try {
    const args = ['annotate', 'persistentvolumeclaim', metadata.name, '--overwrite', note];
    await patient(kubectl, pace, console).text(args);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    warn(inOneLine(`  status will not show this: ${error.message}`));
  }
}

/** Notes which folders with data that was moved aside are on the volume: nothing but a pod can look there. */
export async function noteKept(work: Work, claim: Manifest, folders: readonly string[]): Promise<void> {
  const names = [...folders].sort().join(',');
  if (names === (fieldsOf(claim.metadata.annotations)[KEPT] ?? '')) return;
  await noteOnClaim(work, claim, names ? `${KEPT}=${names}` : `${KEPT}-`);
}
