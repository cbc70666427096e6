import type { Severity } from '../../config/problems';
import type { Cause, Diagnosis } from './cause';
import { admissionCauses } from './causes/admission';
import { backupCauses } from './causes/backups';
import { claimCauses, claimTerminating, volumeReleased } from './causes/claims';
import { configurationCauses } from './causes/configuration';
import { edgeCauses } from './causes/edge';
import { imageCauses } from './causes/images';
import { mountCauses } from './causes/mounts';
import { namespaceCauses } from './causes/namespace';
import { releaseCauses } from './causes/releases';
import { rolloutCauses } from './causes/rollouts';
import { runningCauses } from './causes/running';
import { schedulingCauses } from './causes/scheduling';
import { startCauses } from './causes/start';
import type { ClusterState } from './cluster-state';

export type { Cause, Diagnosis } from './cause';
export * from './cluster-state';

/**
 * Every cause that is known, the deeper before what follows from it: the first that explains something is its cause, and what
 * comes later is a symptom.
 */
export const causes: readonly Cause[] = [
  claimTerminating,
  volumeReleased,
  ...namespaceCauses,
  ...releaseCauses,
  ...claimCauses,
  ...schedulingCauses,
  ...admissionCauses,
  ...mountCauses,
  ...configurationCauses,
  ...imageCauses,
  ...startCauses,
  ...runningCauses,
  ...rolloutCauses,
  ...edgeCauses,
  ...backupCauses,
];

const ORDER: readonly Severity[] = ['error', 'warning', 'wait'];

/** What is wrong in a state: one cause for each thing that is not as it should be. Things with the same cause stand together. */
export function diagnose(state: ClusterState): readonly Diagnosis[] {
  const explained = new Set<string>();
  const found = new Map<string, Diagnosis>();
  for (const { name, findings } of causes) {
    for (const { subject, ...finding } of findings(state)) {
      if (explained.has(subject)) continue;
      explained.add(subject);
      const key = [name, finding.text, finding.fix].join('\n');
      found.set(key, { cause: name, ...finding, subjects: [...(found.get(key)?.subjects ?? []), subject] });
    }
  }
  return [...found.values()].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
