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
 * Every known cause, a root cause before its symptoms: the first cause that explains a subject wins. Findings of an earlier group
 * are shown before those of a later one.
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
  // Someone may have stopped a workload on purpose.
  [scaledToZero],
  [intakeKeepsSpans],
  [...edgeCauses, ...backupCauses],
  [notReadable],
];

export const causes: readonly Cause[] = groups.flat();

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'wait'];

/** The order of dependencies: the intake waits for ingestion, and ingestion for the backend. */
const COMPONENTS = ['backend', 'ingestion', 'intake', 'frontend'];

/** How long a wait may take that no probe and no controller limits. */
const WAIT_SECONDS = 600;

/**
 * Finds what is wrong in a state: one cause for each unhealthy subject. Subjects with the same cause are listed together. Errors
 * come first, and among these the ones on which others depend.
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

/** Adds how long something has waited, and turns a wait that takes too long into an error. */
function aged(state: ClusterState, finding: Found): Pick<Diagnosis, 'severity' | 'text' | 'fix'> {
  const { severity, text, fix } = finding;
  if (finding.severity !== 'wait' || finding.since === undefined) return { severity, text, fix };
  const { since, allowedSeconds = WAIT_SECONDS, lateFix = fix, late = 'error' } = finding;
  const seconds = Math.max(0, state.secondsSince(since));
  return seconds <= allowedSeconds
    ? { severity, text: `${text} (${duration(seconds)} so far, up to ${duration(allowedSeconds)} is normal)`, fix }
    : {
        severity: late,
        text: `${text} (${duration(seconds)} so far, at most ${duration(allowedSeconds)} is normal)`,
        fix: lateFix,
      };
}

/** Compares lists by their first number that differs. */
function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((each, index) => each - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
