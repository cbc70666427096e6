import { createHash } from 'node:crypto';

/** The least and the greatest number of each field of a schedule: https://pkg.go.dev/github.com/robfig/cron/v3 */
const BOUNDS = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12 },
  { least: 0, most: 6 },
] as const;

/** When the backups of a namespace begin by default: in four hours of the night, so that few begin at the same minute. */
const NIGHT = { firstHour: 1, hours: 4 } as const;

/** Whether a text is a schedule: five fields of numbers, ranges, lists and steps. */
export function isSchedule(text: string): boolean {
  const fields = text.split(' ');
  return (
    fields.length === BOUNDS.length &&
    BOUNDS.every((bounds, index) => numbersIn(fields[index] ?? '', bounds) !== undefined)
  );
}

/** Whether VolSync takes a schedule: each field is `*`, a step, a range, or a list of numbers, and no mixture of them. */
export function isForVolSync(schedule: string): boolean {
  // The pattern of the API server: api/v1alpha1/replicationsource_types.go of backube/volsync, since 0.8.
  return schedule.split(' ').every((field) => /^((\d+,)*\d+|\d+[/-]\d+|\*(\/\d+)?)$/.test(field));
}

/** A schedule once a night, at a time that depends on the name of the namespace alone. */
export function nightly(namespace: string): string {
  const minute = createHash('sha256').update(namespace).digest().readUInt32BE() % (NIGHT.hours * 60);
  return `${minute % 60} ${NIGHT.firstHour + Math.floor(minute / 60)} * * *`;
}

/**
 * A schedule that runs as often and in the same hours, as many minutes apart as possible.
 * @returns nothing where no such minutes are left
 */
export function atOtherMinutes(schedule: string): string | undefined {
  const [minute = '', ...others] = schedule.split(' ');
  const own = [...(numbersIn(minute, BOUNDS[0]) ?? [])];
  const moved = (by: number) => own.map((each) => (each + by) % 60);
  const distance = (by: number) =>
    Math.min(...moved(by).flatMap((each) => own.map((other) => minutesApart(each, other))));
  const [farthest = 0] = Array.from({ length: 59 }, (_, index) => index + 1).sort((a, b) => distance(b) - distance(a));
  if (distance(farthest) === 0) return undefined;
  const list = moved(farthest).sort((a, b) => a - b);
  return [list.join(','), ...others].join(' ');
}

function minutesApart(a: number, b: number): number {
  const apart = Math.abs(a - b);
  return Math.min(apart, 60 - apart);
}

/** The numbers that a field names, or nothing where it is not a field. */
function numbersIn(field: string, { least, most }: (typeof BOUNDS)[number]): ReadonlySet<number> | undefined {
  const numbers = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:\/([0-9]{1,2}))?$/.exec(part);
    if (!match) return undefined;
    const [, from, to, step] = match;
    const first = Number(from ?? least);
    // A step without a range counts up to the last number of the field.
    const last = Number(to ?? (from === undefined || step !== undefined ? most : from));
    const every = Number(step ?? 1);
    if (first < least || last > most || first > last || every === 0) return undefined;
    for (let number = first; number <= last; number += every) numbers.add(number);
  }
  return numbers;
}
