import { KEPT } from '../../config/names';
import { inOneLine } from '../../config/text';
import { fieldsOf, type Manifest } from '../../render/manifest';
import { KubectlError } from '../kubectl';
import { patient } from './pace';
import type { Work } from './work';

/** Writes an annotation on the claim for `status`. If that fails, it only warns. */
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
    warn(inOneLine(`  Cannot annotate the claim, so status will not show this: ${error.message}`));
  }
}

/** Notes on the claim which folders were set aside, because only a pod can read the volume. */
export async function noteKept(work: Work, claim: Manifest, folders: readonly string[]): Promise<void> {
  const names = [...folders].sort().join(',');
  if (names === (fieldsOf(claim.metadata.annotations)[KEPT] ?? '')) return;
  await noteOnClaim(work, claim, names ? `${KEPT}=${names}` : `${KEPT}-`);
}
