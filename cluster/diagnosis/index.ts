import type { Severity } from '../../config/problems';
import { type Cause, type Diagnosis, duration, type Found } from './cause';
import { admissionCauses } from './causes/admission';
import { backupCauses } from './causes/backups';
import { claimCauses, claimTerminating, volumeReleased } from './causes/claims';
import { configurationCauses } from './causes/configuration';
import { edgeCauses } from './causes/edge';
import { imageCauses } from './causes/images';
import { intakeCauses, intakeKeepsSpans } from './causes/intake';
import { mountCauses } from './causes/mounts';
import { namespaceCauses } from './causes/namespace';
import { networkCauses } from './causes/network';
import { notReadable } from './causes/not-readable';
import { releaseCauses } from './causes/releases';
import { rolloutCauses, sidecarNotStarting } from './causes/rollouts';
import { runningCauses } from './causes/running';
import { schedulingCauses } from './causes/scheduling';
import { startCauses } from './causes/start';
import { scaledToZero } from './causes/stopped';
import { volumeCauses } from './causes/volumes';
import type { ClusterState } from './cluster-state';

export { type Cause, type Diagnosis, duration } from './cause';
export * from './cluster-state';

/**
 * Every cause that is known, the deeper before what follows from it: the first that explains something is its cause, and what
 * comes later is a symptom. Findings of an earlier group stand before those of a later one.
 */
const groups: readonly (readonly Cause[])[] = [
  [claimTerminating, volumeReleased, ...namespaceCauses, ...releaseCauses, ...claimCauses, ...schedulingCauses],
  [
    ...admissionCauses,
    ...mountCauses,
    ...configurationCauses,
    ...imageCauses,
    sidecarNotStarting,
    ...volumeCauses,
    ...intakeCauses,
    ...startCauses,
    ...networkCauses,
    ...runningCauses,
    ...rolloutCauses,
  ],
  // What somebody stopped is meant so, perhaps.
  [scaledToZero],
  [intakeKeepsSpans],
  [...edgeCauses, ...backupCauses],
  [notReadable],
];

export const causes: readonly Cause[] = groups.flat();

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'wait'];

/** The intake waits for ingestion, ingestion for the backend, and the frontend for nobody. */
const COMPONENTS = ['backend', 'ingestion', 'intake', 'frontend'];

/** For how long anything may wait that no probe and no controller bounds. */
const WAIT_SECONDS = 600;

/**
 * What is wrong in a state: one cause for each thing that is not as it should be. Things with the same cause stand together. The
 * first is the cause of what follows it: errors first, and of these what others depend on.
 */
export function diagnose(state: ClusterState): readonly Diagnosis[] {
  const explained = new Set<string>();
  const found = new Map<string, Diagnosis & { readonly rank: readonly number[] }>();
  for (const [group, members] of groups.entries()) {
    for (const { name, findings } of members) {
      for (const { subject, ...finding } of findings(state)) {
        if (explained.has(subject)) continue;
        explained.add(subject);
        const { severity, text, fix } = aged(state, { subject, ...finding });
        // Of two that wait for the same, one may wait too long: these stay apart.
        const key = [name, severity === 'wait', finding.text, finding.fix].join('\n');
        const rank = [SEVERITIES.indexOf(severity), group, COMPONENTS.indexOf(subject)];
        const same = found.get(key);
        const worst = same && compare(same.rank, rank) <= 0 ? same : { cause: name, severity, text, fix, rank };
        found.set(key, { ...worst, subjects: [...(same?.subjects ?? []), subject] });
      }
    }
  }
  return [...found.values()]
    .sort((a, b) => compare(a.rank, b.rank))
    .map(({ rank: _, ...diagnosis }) => ({ ...diagnosis, text: diagnosis.text.replace(/\s+/g, ' ') }));
}

/** Says for how long something waits, and makes an error of what waits too long. */
function aged(state: ClusterState, finding: Found): Pick<Diagnosis, 'severity' | 'text' | 'fix'> {
  const { severity, text, fix } = finding;
  if (finding.severity !== 'wait' || finding.since === undefined) return { severity, text, fix };
  const { since, allowedSeconds = WAIT_SECONDS, lateFix = fix, late = 'error' } = finding;
  const seconds = Math.max(0, state.secondsSince(since));
  return seconds <= allowedSeconds
    ? { severity, text: `${text}, for ${duration(seconds)} of ${duration(allowedSeconds)} at the most`, fix }
    : {
        severity: late,
        text: `${text}, for ${duration(seconds)}, and should take ${duration(allowedSeconds)} at most`,
        fix: lateFix,
      };
}

/** Compares lists by their first number that differs. */
function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((each, index) => each - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
