import { createHash } from 'node:crypto';

/** One of the five fields of a schedule. */
interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** Words for its numbers, from the least on. @default it has none */
  readonly words?: readonly string[];
}

const MINUTE: Field = { name: 'minute', least: 0, most: 59 };
const HOUR: Field = { name: 'hour', least: 0, most: 23 };
const DAY: Field = { name: 'day of the month', least: 1, most: 31 };
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH: Field = { name: 'month', least: 1, most: 12, words: MONTHS };
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const WEEKDAY: Field = { name: 'day of the week', least: 0, most: 6, words: WEEKDAYS };

/** As cron.ParseStandard reads them, which VolSync and Velero both call: parser.go and spec.go of github.com/robfig/cron/v3. */
const FIELDS: readonly Field[] = [MINUTE, HOUR, DAY, MONTH, WEEKDAY];

/** What stands for five fields: parseDescriptor of the same parser.go. */
const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/** Days of each month, leap years included. */
const DAYS_OF_MONTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** When the backups of a namespace begin by default: in four hours of the night, so that few begin at the same minute. */
const NIGHT = { firstHour: 1, hours: 4 } as const;

const EXAMPLE = 'such as 17 3 * * *';

/** What is wrong with a schedule, or nothing if cron.ParseStandard accepts it and it runs some day. */
export function scheduleProblem(text: string): string | undefined {
  const [, zone, schedule = ''] = /^(?:(?:CRON_)?TZ=(\S*)\s+)?(.*)$/s.exec(text) ?? [];
  if (zone === '') {
    const name = text.slice(0, text.indexOf('=') + 1);
    return `is not a schedule: a time zone is missing after ${name}. Write ${name}Europe/Berlin, or remove ${name}`;
  }
  if (zone !== undefined && !isTimeZone(zone)) {
    return `is not a schedule: ${zone} is not a time zone. Write it as Europe/Berlin`;
  }
  if (DESCRIPTORS.has(schedule) || isInterval(schedule)) return undefined;
  const fields = fieldsOf(schedule);
  if (fields.length !== FIELDS.length) {
    return `is not a schedule. Write the five fields of cron, minute first, ${EXAMPLE}`;
  }
  const problem = FIELDS.map((field, index) => fieldProblem(fields[index] ?? '', field)).find(Boolean);
  return problem ? `is not a schedule: ${problem}` : neverRuns(fields);
}

/** A schedule with one space between its fields, because VolSync accepts no more. */
export function normalSchedule(text: string): string {
  return fieldsOf(text).join(' ');
}

/** Whether VolSync accepts a schedule: each field is `*`, a step, a range, or a list of numbers, and no mixture of them. */
export function isForVolSync(schedule: string): boolean {
  // The pattern of the API server: api/v1alpha1/replicationsource_types.go of backube/volsync, since 0.8.
  return (
    /^@(annually|yearly|monthly|weekly|daily|hourly)$/.test(schedule) ||
    schedule.split(' ').every((field) => /^((\d+,)*\d+|\d+[/-]\d+|\*(\/\d+)?)$/.test(field))
  );
}

/** A schedule once a night, at a time that depends on the name of the namespace alone. */
export function nightly(namespace: string): string {
  const minute = createHash('sha256').update(namespace).digest().readUInt32BE() % (NIGHT.hours * 60);
  return `${minute % 60} ${NIGHT.firstHour + Math.floor(minute / 60)} * * *`;
}

/**
 * A schedule that runs as often and in the same hours, as many minutes apart as possible.
 * @param schedule one that VolSync takes
 * @returns nothing where no such minutes are left
 */
export function atOtherMinutes(schedule: string): string | undefined {
  const [minute = '', ...others] = fieldsOf(DESCRIPTORS.get(schedule) ?? schedule);
  const own = [...(numbersIn(minute, MINUTE) ?? [])];
  const moved = (by: number) => own.map((each) => (each + by) % 60);
  const distance = (by: number) =>
    Math.min(...moved(by).flatMap((each) => own.map((other) => minutesApart(each, other))));
  const [farthest = 0] = Array.from({ length: 59 }, (_, index) => index + 1).sort((a, b) => distance(b) - distance(a));
  if (distance(farthest) === 0) return undefined;
  const list = moved(farthest).sort((a, b) => a - b);
  return [list.join(','), ...others].join(' ');
}

/** Seconds of the units of Go's durations, as far as a schedule has them. */
const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/**
 * Seconds between two runs of a schedule, where they are farthest apart: over the weekend for `0 3 * * 1-5`. Changes of the clock
 * are left out.
 * @param schedule one of which `scheduleProblem` says nothing
 */
export function longestInterval(schedule: string): number {
  const own = schedule.replace(/^(CRON_)?TZ=\S+\s+/, '');
  if (own.startsWith('@every')) {
    const parts = [...own.matchAll(/([0-9.]+)(h|m(?!s)|s)/g)];
    return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * (SECONDS[unit] ?? 0), 0);
  }
  const [minute = '', hour = '', ...days] = fieldsOf(DESCRIPTORS.get(own) ?? own);
  const hours = [...(numbersIn(hour, HOUR) ?? [])];
  const minutes = [...(numbersIn(minute, MINUTE) ?? [])];
  const ofDay = hours.flatMap((each) => minutes.map((more) => each * 60 + more)).sort((a, b) => a - b);
  const [first = 0, last = 0] = [ofDay[0], ofDay.at(-1)];
  const overNight = longestStep(runningDays(days)) * 24 * 60 + first - last;
  return Math.max(longestStep(ofDay), overNight) * 60;
}

/** The greatest difference between two numbers that follow one another. */
function longestStep(numbers: readonly number[]): number {
  return numbers.reduce((most, each, index) => Math.max(most, (numbers[index + 1] ?? each) - each), 0);
}

/** The days on which a schedule runs, counted from the first of nine years, which have two leap days. */
function runningDays([day = '', month = '', weekday = '']: readonly string[]): readonly number[] {
  const [days, months, weekdays] = [numbersIn(day, DAY), numbersIn(month, MONTH), numbersIn(weekday, WEEKDAY)];
  const all = Array.from({ length: 9 * 366 }, (_, index) => index);
  return all.filter((index) => {
    const date = new Date(Date.UTC(2024, 0, 1 + index));
    const ofMonth = days?.has(date.getUTCDate()) === true;
    const ofWeek = weekdays?.has(date.getUTCDay()) === true;
    const runs = isAny(day) || isAny(weekday) ? ofMonth && ofWeek : ofMonth || ofWeek;
    return runs && months?.has(date.getUTCMonth() + 1) === true;
  });
}

function minutesApart(a: number, b: number): number {
  const apart = Math.abs(a - b);
  return Math.min(apart, 60 - apart);
}

function fieldsOf(schedule: string): readonly string[] {
  return schedule.split(/\s+/).filter((field) => field !== '');
}

/** `@every` and a duration of Go that is not nothing. */
function isInterval(schedule: string): boolean {
  return /^@every ([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$/.test(schedule) && /[1-9]/.test(schedule);
}

/** Whether the database of time zones has it. Go finds it as a file, so that its letters count. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function fieldProblem(text: string, field: Field): string | undefined {
  if (numbersIn(text, field)) return undefined;
  if (field === WEEKDAY && /(^|[,-])7/.test(text)) {
    return `the ${field.name} ${text} is out of range: use 0 to 6. Write 0 for Sunday`;
  }
  const words = field.words ? `, names from ${field.words[0]} to ${field.words.at(-1)}` : '';
  return `the ${field.name} is ${text}. Write *, numbers from ${field.least} to ${field.most}${words}, or ranges and steps, ${EXAMPLE}`;
}

/**
 * The parser takes the 31st of February, and finds no time for it. Where the day of the week says something too, either of the
 * two days is enough: dayMatches of spec.go.
 */
function neverRuns([, , day = '', month = '', weekday = '']: readonly string[]): string | undefined {
  if (isAny(day) || !isAny(weekday)) return undefined;
  const days = [...(numbersIn(day, DAY) ?? [])];
  const months = [...(numbersIn(month, MONTH) ?? [])];
  if (months.some((each) => days.some((number) => number <= (DAYS_OF_MONTHS[each - 1] ?? 0)))) return undefined;
  return `never runs: none of its months has the day ${day}. Use another day, or add months`;
}

/** Whether the parser marks the field as one that leaves the day to the other: getRange of parser.go. */
function isAny(field: string): boolean {
  return field.split(',').some((part) => /^[*?](\/0*1)?$/.test(part));
}

/** The numbers that a field names, or nothing where it is not a field. */
function numbersIn(field: string, { least, most, words = [] }: Field): ReadonlySet<number> | undefined {
  const numberOf = (text: string) => {
    const index = words.indexOf(text.toLowerCase());
    return index < 0 ? Number(text) : index + least;
  };
  const numbers = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(?:[*?]|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:\/([0-9]+))?$/i.exec(part);
    if (!match) return undefined;
    const [, from, to, step] = match;
    const first = from === undefined ? least : numberOf(from);
    // A step without a range counts up to the last number of the field.
    const last = to === undefined ? (from === undefined || step !== undefined ? most : first) : numberOf(to);
    const every = Number(step ?? 1);
    const isRange = first >= least && last <= most && first <= last && every > 0;
    // A word that is not a number makes each of these false.
    if (!isRange) return undefined;
    for (let number = first; number <= last; number += every) numbers.add(number);
  }
  return numbers;
}
