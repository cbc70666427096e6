import { dated, defaultTag, moveOf, newestTag, type ReleaseLine, recommendedTag, uiOf } from '../../releases';
import { holdsCredentials } from '../credentials';
import type { Written } from '../env-files';
import { listed } from '../text';
import { lengthProblem } from '../values';
import { type Variable, variablesOf } from '../variables';

const SECRETS = 'JUNJO_K8S_SECRETS';

/** A concern about a tag: a warning if it loses data. */
export interface Reservation {
  readonly severity: 'warning' | 'note';
  readonly text: string;
}

/** The release that an env file selects, or should select. */
export type ReleaseChoice =
  | {
      /** By default: the file names no release, and was not written for another line. */
      readonly kind: 'chosen' | 'default';
      readonly line: ReleaseLine;
      /** How old the release is. @default it is the newest */
      readonly age?: string;
      /** A concern about the tag. @default none */
      readonly reservation?: Reservation;
    }
  /** The file names none, but was written for another line. */
  | { readonly kind: 'other'; readonly line: ReleaseLine; readonly error: string }
  /** What depends on the release cannot be checked. */
  | {
      readonly kind: 'unknown';
      /** @default an invalid setting, reported separately, leaves the release unknown */
      readonly error?: string;
    };

/** Finds the line of the tag in the file, or without a tag the line that the file was written for. */
export function chooseRelease(written: Written, lines: readonly ReleaseLine[]): ReleaseChoice {
  const tag = written.entries.get('JUNJO_K8S_RELEASE')?.value;
  const line = lines.find(({ tags }) => tags.includes(tag || defaultTag));
  if (!line) {
    const error = lengthProblem('JUNJO_K8S_RELEASE', tag ?? '', undefined) ?? unknownTag(tag || defaultTag, lines);
    return { kind: 'unknown', error };
  }
  const newestLine = lines[lines.length - 1] ?? line;
  const newest = newestTag(newestLine);
  const newestIs = `the newest release is ${dated(newestLine, newest)}`;
  if (tag) {
    const age = tag === newest ? undefined : `runs ${dated(line, tag)}; ${newestIs}`;
    return { kind: 'chosen', line, age, reservation: reservationOf(line, tag) };
  }
  const [other, ...others] = secretsInFile(written, line).map((each) => writtenForOther(written, line, lines, each));
  if (others.some((each) => each?.error !== other?.error)) return { kind: 'unknown' };
  // What is commented out only hints at it: the file may have run the default release so far.
  if (other?.isHint) return { kind: 'default', line, reservation: { severity: 'warning', text: other.error } };
  if (other) return { kind: 'other', ...other };
  const age = `is not set, defaulting to ${dated(line, defaultTag)}; set it explicitly. The newest release is ${dated(newestLine, newest)}`;
  return { kind: 'default', line, age };
}

function reservationOf(line: ReleaseLine, tag: string): Reservation | undefined {
  const [fault, doubt] = [line.faults?.[tag], line.unproven?.[tag]];
  if (fault) return { severity: 'warning', text: `${tag} ${fault}. Set ${recommendedTag(line)}` };
  return doubt ? { severity: 'note', text: `${tag} ${doubt}. Check that your registry has its images` } : undefined;
}

function unknownTag(tag: string, lines: readonly ReleaseLine[]): string {
  const newest = lines.map(newestTag)[lines.length - 1] ?? defaultTag;
  const version = versionNumber(tag);
  if ((version ?? 0) > (versionNumber(newest) ?? 0)) {
    return `${tag} is newer than ${newest}, the newest known release. Update junjo-ai-studio-cdk8s, or set a known release`;
  }
  if (/^v?[0-9]+(\.[0-9]+)?$|^[a-z]+$/.test(tag)) {
    const within = lines.findLast(({ tags }) => tags.some((each) => each.startsWith(`${tag.replace(/^v/, '')}.`)));
    return `${tag} is a tag that moves, so each restart could run another release. Name a release, for example ${within ? recommendedTag(within) : newest}`;
  }
  const sound = lines.flatMap((line) => line.tags.filter((each) => reservationOf(line, each) === undefined));
  const nearest = version === undefined ? sound : nearestTags(version, sound);
  return `${holdsCredentials(tag) ? '…' : tag} is not a known release of Junjo AI Studio. Set one of the nearest: ${nearest.join(', ')}`;
}

/** The two known tags closest to a version, lower first. */
function nearestTags(version: number, known: readonly string[]): readonly string[] {
  const away = (tag: string) => Math.abs((versionNumber(tag) ?? 0) - version);
  const [closest, second] = known.toSorted((a, b) => away(a) - away(b));
  return known.filter((tag) => tag === closest || tag === second);
}

/** Versions as numbers that are as far apart as the versions are. Upstream's Git calls 0.86.0 `studio-v0.86.0`. */
function versionNumber(tag: string): number | undefined {
  const match = /^(?:studio-)?v?([0-9]{1,4})(?:\.([0-9]{1,4}))?(?:\.([0-9]{1,4}))?(?:-.*)?$/i.exec(tag);
  return match ? Number(match[1]) * 1e8 + Number(match[2] ?? 0) * 1e4 + Number(match[3] ?? 0) : undefined;
}

/** The line for which a file was written, if it does not fit the default, and what to report. */
function writtenForOther(
  written: Written,
  line: ReleaseLine,
  lines: readonly ReleaseLine[],
  hasSecrets: boolean,
): { readonly line: ReleaseLine; readonly error: string; readonly isHint: boolean } | undefined {
  const fits = fitsOf(written, lines, hasSecrets);
  const own = fits.find((fit) => fit.line === line);
  if (!own || own.foreign.length + own.foreignInComments.length === 0) return undefined;
  // Of equals, the newest.
  const [best = own] = fits.toReversed().toSorted((a, b) => compare(scoreOf(a), scoreOf(b)));
  if (best === own) return undefined;
  const alike = fits.filter((fit) => fitsAlike(fit, best) && moveOf(fit.line, best.line) !== 'harmless');
  const tags = alike.map((fit) => recommendedTag(fit.line)).filter((tag, index) => !alike[index]?.line.unproven?.[tag]);
  const names = own.foreign.length > 0 ? own.foreign : own.foreignInComments;
  const some = listed(names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names);
  const isHint = own.foreign.length === 0;
  const where = isHint ? ', commented out,' : '';
  const belong = names.length === 1 ? 'belongs' : 'belong';
  const error = [
    `is not set and defaults to ${defaultTag}, but ${some}${where} ${belong} to release line ${best.line.name}. `,
    tags.length > 0 ? `Data written by ${tags.join(' or ')} needs that release. ` : '',
    `Set JUNJO_K8S_RELEASE=${recommendedTag(best.line)}`,
  ].join('');
  return { line: best.line, error, isHint };
}

/** How a file and a line differ. */
interface Fit {
  readonly line: ReleaseLine;
  /** Names that the file sets, and that only other lines read. */
  readonly foreign: readonly string[];
  /** The same of names that it has in comments. */
  readonly foreignInComments: readonly string[];
  /** Those of the first that not even an earlier line read: no update of an older file has left them. */
  readonly ahead: readonly string[];
  /** Secrets that the line cannot do without, and that the file should set and does not. */
  readonly missing: readonly string[];
  /** Ports of localhost among the origins, where the line publishes no UI. */
  readonly ports: readonly number[];
  /** Names that the line reads, and that the file has not even in comments. */
  readonly unmentioned: readonly string[];
}

/** Smaller is better, and the first number that differs decides. */
function scoreOf(fit: Fit): readonly number[] {
  return [
    fit.ahead.length + fit.missing.length,
    fit.foreign.length + fit.ports.length,
    fit.foreignInComments.length + fit.unmentioned.length,
  ];
}

/** Whether only what a file lacks shows for which of two lines it was written. */
function fitsAlike(fit: Fit, best: Fit): boolean {
  const told = (each: Fit) => [...scoreOf(each).slice(0, 2), each.foreignInComments.length];
  return fit !== best && compare(told(fit), told(best)) === 0;
}

function compare(a: readonly number[], b: readonly number[]): number {
  return a.map((number, index) => number - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/** Whether the file must contain secrets. It need not if they come from elsewhere or were sealed before. Both while the mode is invalid. */
function secretsInFile({ entries }: Written, line: ReleaseLine): readonly boolean[] {
  const mode = entries.get(SECRETS)?.value || 'manifest';
  const row = variablesOf(line).find(({ name }) => name === SECRETS);
  return row?.type.words?.includes(mode) === false ? [true, false] : [mode === 'manifest'];
}

function fitsOf(
  { entries, commentedOut }: Written,
  lines: readonly ReleaseLine[],
  hasSecrets: boolean,
): readonly Fit[] {
  const read = lines.map((line) => namesOf(line, (row) => isRead(row) && !line.perhapsUnread?.includes(row.name)));
  const known = new Set(read.flatMap((names) => [...names]));
  const set = [...entries.keys()].filter((name) => known.has(name));
  const inComments = [...commentedOut].filter((name) => known.has(name) && !entries.has(name));
  const localPorts = [...(entries.get('JUNJO_ALLOW_ORIGINS')?.value.matchAll(/\/\/localhost:([0-9]+)/g) ?? [])];
  return lines.map((line, index) => {
    const own = read[index] ?? new Set();
    const published = (['production', 'development'] as const).flatMap((target) => uiOf(line, target).published);
    const foreign = set.filter((name) => !own.has(name));
    const secrets = namesOf(line, isRequiredSecret);
    return {
      line,
      foreign,
      foreignInComments: inComments.filter((name) => !own.has(name)),
      ahead: foreign.filter((name) => !read.slice(0, index).some((earlier) => earlier.has(name))),
      missing: hasSecrets ? [...secrets].filter((name) => !entries.has(name)) : [],
      ports: localPorts.map(([, port]) => Number(port)).filter((port) => !published.includes(port)),
      unmentioned: [...own].filter((name) => {
        return !entries.has(name) && !commentedOut.has(name) && (hasSecrets || !secrets.has(name));
      }),
    };
  });
}

function namesOf(line: ReleaseLine, which: (variable: Variable) => boolean): ReadonlySet<string> {
  return new Set(
    variablesOf(line)
      .filter(which)
      .map(({ name }) => name),
  );
}

/** Whether the line reads it, so its name in a file indicates a release. */
function isRead({ readers, alsoForManifests, refused, setByManifests, ofRuntime }: Variable): boolean {
  return (readers?.length !== 0 || alsoForManifests === true) && !refused && !setByManifests && !ofRuntime;
}

function isRequiredSecret({ secret, required, onlyWith, readers }: Variable): boolean {
  return secret === true && required === 'always' && !onlyWith && readers?.length !== 0;
}
