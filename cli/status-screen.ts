import { type Diagnosis, duration } from '../cluster/diagnosis';
import type { Overview, RunningWorkload } from '../cluster/diagnosis/overview';
import type { Target } from '../cluster/kubectl';
import { addressLines } from '../cluster/studio-manifests';
import { inOneLine, listed } from '../config/text';
import { wrapped } from './output';

/** Columns of the names at the left. */
const NAMES = 12;

/** Columns of the severity. */
const SEVERITY = 9;

/** Columns where stdout is no terminal. */
const COLUMNS = 100;

/** What tells of a backup. */
const OF_BACKUPS = ['persistentvolumeclaims', 'replicationsources.volsync.backube', 'backups.velero.io'];

/** What a screen shows. */
export interface ScreenProps {
  readonly target: Target;
  readonly overview: Overview;
  readonly findings: readonly Diagnosis[];
  readonly now: Date;
  /** Of the terminal. @default 100 */
  readonly columns?: number;
}

/** One screen about a studio, with what is wrong at its end, where a terminal leaves the eye. */
export function screen({ target, overview, findings, now, columns }: ScreenProps): string {
  const { workloads, certificates, volumes, unread } = overview;
  const notRead = (...resources: readonly string[]) => resources.filter((resource) => unread.includes(resource));
  return [
    `Namespace ${target.namespace} of ${target.context} (${target.server})`,
    '',
    ...table([['', 'pods', 'release', 'up for', 'restarts'], ...workloads.map((each) => workloadCells(each, now))]),
    ...notKnown('Workloads', notRead('deployments.apps', 'statefulsets.apps')),
    '',
    ...whereabouts(overview),
    ...certificates.map(({ name, ready, notAfter }) =>
      row('Certificate', `${name}, ${ready ? 'ready' : 'not ready'}${notAfter ? `, until ${day(notAfter)}` : ''}`),
    ),
    ...volumes.map((volume) => row('Volume', volumeText(volume))),
    ...notKnown('Volume', notRead('persistentvolumeclaims')),
    ...backupRows(overview, notRead(...OF_BACKUPS)),
    '',
    ...(findings.length > 0 ? findingLines(findings, columns) : ['All is well.']),
  ]
    .map(inOneLine)
    .join('\n');
}

/** Where the studio is. */
export function whereabouts({ addresses }: Overview): readonly string[] {
  return addressLines(addresses, NAMES).map(inOneLine);
}

/** What is wrong, and below it what to do: prose in the columns of the terminal, and each command in a line of its own to paste. */
export function findingLines(findings: readonly Diagnosis[], columns = COLUMNS): readonly string[] {
  const indent = ' '.repeat(SEVERITY);
  const prose = (start: string, text: string) => wrapped(start, inOneLine(text), columns);
  return findings.flatMap(({ severity, subjects, text, fix, cause }) => [
    ...prose(severity.padEnd(SEVERITY), `${subjects.join(', ')}: ${text} [${cause}]`),
    ...fix
      .split('\n')
      .flatMap((line, index) =>
        index === 0 && !/^(kubectl|npx) /.test(line) ? prose(indent, line) : [`${indent}    ${inOneLine(line)}`],
      ),
  ]);
}

function volumeText({ name, size, phase, used, kept = [] }: Overview['volumes'][number]): string {
  const full = used === undefined ? [] : [`${Math.round(used * 100)} % full`];
  const aside = kept.length === 0 ? [] : [`with data that was set aside in ${listed(kept)}`];
  return [name, size, phase, ...full, ...aside].join(', ');
}

function backupRows({ lastBackup }: Overview, unread: readonly string[]): readonly string[] {
  if (lastBackup) return [row('Backup', `${lastBackup.at} by ${lastBackup.by}`)];
  return unread.length > 0 ? notKnown('Backup', unread) : [row('Backup', 'none is known: junjo-k8s backup')];
}

/** A row in the place of what would be told. */
function notKnown(name: string, unread: readonly string[]): readonly string[] {
  return unread.length === 0 ? [] : [row(name, `not known: you cannot read ${listed(unread)}`)];
}

function workloadCells(workload: RunningWorkload, now: Date): readonly string[] {
  const { name, ready, desired, release, since, restarts, lastRestart } = workload;
  const up = since ? duration(Math.max(0, (now.getTime() - new Date(since).getTime()) / 1000)) : '-';
  return [name, `${ready}/${desired}`, release, up, `${restarts ?? '-'}${lastRestart ? ` (${lastRestart})` : ''}`];
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
