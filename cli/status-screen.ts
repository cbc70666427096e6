import type { Diagnosis } from '../cluster/diagnosis';
import type { Overview, RunningWorkload } from '../cluster/diagnosis/overview';
import type { Target } from '../cluster/kubectl';
import { addressLines } from '../cluster/studio-manifests';
import { inOneLine } from '../config/text';

/** Columns of the names at the left. */
const NAMES = 12;

/** What a screen shows. */
export interface ScreenProps {
  readonly target: Target;
  readonly overview: Overview;
  readonly findings: readonly Diagnosis[];
  readonly now: Date;
}

/** One screen about a studio, with what is wrong at its end, where a terminal leaves the eye. */
export function screen({ target, overview, findings, now }: ScreenProps): string {
  const { workloads, certificates, volumes, lastBackup } = overview;
  return [
    `Namespace ${target.namespace} of ${target.context} (${target.server})`,
    '',
    ...table([['', 'pods', 'release', 'up for', 'restarts'], ...workloads.map((each) => workloadCells(each, now))]),
    '',
    ...whereabouts(overview),
    ...certificates.map(({ name, ready, notAfter }) =>
      row('Certificate', `${name}, ${ready ? 'ready' : 'not ready'}${notAfter ? `, until ${day(notAfter)}` : ''}`),
    ),
    ...volumes.map(({ name, size, phase, used }) =>
      row('Volume', `${name}, ${size}, ${phase}${used === undefined ? '' : `, ${Math.round(used * 100)} % full`}`),
    ),
    row('Backup', lastBackup ? `${lastBackup.at} by ${lastBackup.by}` : 'none is known: junjo-k8s backup'),
    '',
    ...(findings.length > 0 ? findingLines(findings) : ['All is well.']),
  ]
    .map(inOneLine)
    .join('\n');
}

/** Where the studio is. */
export function whereabouts({ addresses }: Overview): readonly string[] {
  return addressLines(addresses, NAMES).map(inOneLine);
}

/** What is wrong, and below each line what to do. */
export function findingLines(findings: readonly Diagnosis[]): readonly string[] {
  return findings
    .flatMap(({ severity, subjects, text, fix, cause }) => [
      `${severity.padEnd(7)}  ${subjects.join(', ')}: ${text} [${cause}]`,
      ...fix.split('\n').map((line) => `         ${line}`),
    ])
    .map(inOneLine);
}

function workloadCells(workload: RunningWorkload, now: Date): readonly string[] {
  const { name, ready, desired, release, since, restarts, lastRestart } = workload;
  const up = since ? age((now.getTime() - new Date(since).getTime()) / 1000) : '-';
  return [name, `${ready}/${desired}`, release, up, lastRestart ? `${restarts} (${lastRestart})` : String(restarts)];
}

/** As kubectl shows ages: the largest unit that says enough. */
function age(seconds: number): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function day(time: string): string {
  return time.slice(0, 10);
}

function row(name: string, value: string): string {
  return `${name.padEnd(NAMES)} ${value}`;
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
