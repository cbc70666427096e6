import { type Diagnosis, duration } from '../cluster/diagnosis';
import type { Overview, RunningWorkload } from '../cluster/diagnosis/overview';
import type { Target } from '../cluster/kubectl';
import { addressRows } from '../cluster/studio-manifests';
import { inOneLine, listed } from '../config/text';
import { findingLines, wrapped } from './output';

/** Columns of the names at the left. */
const NAMES = 12;

/** The resources that show backups. */
const OF_BACKUPS = ['persistentvolumeclaims', 'replicationsources.volsync.backube', 'backups.velero.io'];

/** What a screen shows. */
export interface ScreenProps {
  readonly target: Target;
  readonly overview: Overview;
  readonly findings: readonly Diagnosis[];
  /** The command that backs this studio up, to paste. */
  readonly backupCommand: string;
  readonly now: Date;
  /** Of the terminal. @default 100 */
  readonly columns?: number;
}

/** One screen about a studio. Problems are at the end, where the cursor of a terminal is. */
export function screen(props: ScreenProps): string {
  const { target, overview, findings, now, columns } = props;
  const { workloads, certificates, volumes, unread } = overview;
  const notRead = (...resources: readonly string[]) => resources.filter((resource) => unread.includes(resource));
  const rows = (lines: readonly Row[]) => lines.flatMap(([name, value]) => row(name, value, columns));
  return [
    ...wrapped('', `Namespace ${target.namespace}, context ${target.context} (${target.server})`, columns),
    '',
    ...table([['', 'pods', 'release', 'up for', 'restarts'], ...workloads.map((each) => workloadCells(each, now))]),
    ...rows(notKnown('Workloads', notRead('deployments.apps', 'statefulsets.apps'))),
    '',
    ...whereabouts(overview, columns),
    ...rows([
      ...certificates.map(
        ({ name, ready, notAfter }): Row => [
          'Certificate',
          `${name}, ${ready ? 'ready' : 'not ready'}${notAfter ? `, until ${day(notAfter)}` : ''}`,
        ],
      ),
      ...volumes.map((volume): Row => ['Volume', volumeText(volume)]),
      ...notKnown('Volume', notRead('persistentvolumeclaims')),
    ]),
    ...backupLines(props, notRead(...OF_BACKUPS)),
    '',
    ...(findings.length > 0 ? diagnosisLines(findings, columns) : ['All is well.']),
  ]
    .map(inOneLine)
    .join('\n');
}

/** The addresses of the studio. */
export function whereabouts({ addresses }: Overview, columns?: number): readonly string[] {
  return addressRows(addresses, NAMES).flatMap(([start, value]) => wrapped(inOneLine(start), value, columns));
}

/** A name and its value. */
type Row = readonly [name: string, value: string];

/** Each finding, and below it what to do. */
export function diagnosisLines(findings: readonly Diagnosis[], columns?: number): readonly string[] {
  return findings.flatMap(({ severity, subjects, text, fix, cause }) =>
    findingLines({ severity, text: `${subjects.join(', ')}: ${text} [${cause}]`, fix }, columns),
  );
}

function volumeText({ name, size, phase, used, kept = [] }: Overview['volumes'][number]): string {
  const full = used === undefined ? [] : [`${Math.round(used * 100)} % full`];
  const aside = kept.length === 0 ? [] : [`data set aside in ${listed(kept)}`];
  return [name, size, phase, ...full, ...aside].join(', ');
}

function backupLines({ overview, backupCommand, columns }: ScreenProps, unread: readonly string[]): readonly string[] {
  const { lastBackup } = overview;
  if (lastBackup) return row('Backup', `${lastBackup.at} by ${lastBackup.by}`, columns);
  if (unread.length > 0) return notKnown('Backup', unread).flatMap(([name, value]) => row(name, value, columns));
  return [...row('Backup', 'none found. To take one, run:', columns), `${' '.repeat(NAMES + 1)}${backupCommand}`];
}

/** A row that replaces values that cannot be read. */
function notKnown(name: string, unread: readonly string[]): readonly Row[] {
  return unread.length === 0 ? [] : [[name, `unknown: you cannot read ${listed(unread)}`]];
}

function workloadCells(workload: RunningWorkload, now: Date): readonly string[] {
  const { name, ready, desired, release, since, restarts, lastRestart } = workload;
  const up = since ? duration(Math.max(0, (now.getTime() - new Date(since).getTime()) / 1000 || 0)) : '-';
  return [name, `${ready}/${desired}`, release, up, `${restarts ?? '-'}${lastRestart ? ` (${lastRestart})` : ''}`];
}

function day(time: string): string {
  return time.slice(0, 10);
}

function row(name: string, value: string, columns: number | undefined): readonly string[] {
  return wrapped(`${name.padEnd(NAMES)} `, value, columns);
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
