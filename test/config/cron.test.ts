import { atOtherMinutes, isForVolSync, longestInterval, nightly } from '../../config/cron';
import { cron } from '../../config/value-types';

/** The minutes that a list of numbers names. */
const minutes = (schedule = '') => (schedule.split(' ')[0] ?? '').split(',').map(Number);

describe('a schedule', () => {
  // What cron.ParseStandard of robfig/cron, which both operators use, takes.
  test.each([
    '17 3 * * *',
    '*/30 1-5 * * 1,3',
    '0,30 * 1 12 0-6',
    '5/10 0 31 1 0',
    '10-50/20 23 * * *',
    '17 3 * * MON-FRI',
    '17 3 * * sun,Wed',
    '17 3 * jan-jun/2 *',
    '17 3 ? * ?',
    '07 003 * * *',
    '*/100 3 * * *',
    '@daily',
    '@midnight',
    '@hourly',
    '@weekly',
    '@monthly',
    '@yearly',
    '@annually',
    '@every 24h',
    '@every 1h30m',
    'TZ=Europe/Berlin 17 3 * * *',
    'CRON_TZ=UTC @daily',
    '0 0 29 2 *',
    '0 0 31 1,2 *',
    '0 0 30,28 2 *',
    // Either of the two days is enough.
    '0 0 31 2 1',
    '0 0 31 2 */2',
  ])('%s is one', (text) => {
    expect(cron.parse(text)).toEqual({ value: text });
  });

  test.each(['17  3 *\t* *', ' 17 3 * * *', '17 3 * * * '])('%j is one, with one space between its fields', (text) => {
    expect(cron.parse(text)).toEqual({ value: '17 3 * * *' });
  });

  test.each(['0 0 31 2 *', '0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 31 apr ?', '0 0 30-31 FEB */1', '0 0 31 2-2 *'])(
    '%s never runs',
    (text) => {
      expect(cron.parse(text)).toEqual({
        problem: expect.stringMatching(/^never runs: none of its months has the day /),
      });
    },
  );

  test('that calls Sunday 7 is told what to write', () => {
    for (const day of ['7', '1,7', '5-7']) {
      const problem = `is not a schedule: the day of the week ${day} is out of range: use 0 to 6. Write 0 for Sunday`;
      expect(cron.parse(`17 3 * * ${day}`)).toEqual({ problem });
    }
  });

  test.each([
    'daily',
    '17 3 * *',
    '17 3 * * * *',
    '60 3 * * *',
    '17 24 * * *',
    '17 3 0 * *',
    '17 3 32 * *',
    '17 3 * 13 *',
    '17 3 * 0 *',
    '17 3 * * 7',
    '30-10 3 * * *',
    '*/0 3 * * *',
    '17, 3 * * *',
    '-5 3 * * *',
    '+5 3 * * *',
    '5- 3 * * *',
    '1-2-3 3 * * *',
    '*/ 3 * * *',
    '1.5 3 * * *',
    '0x10 3 * * *',
    '٣ 3 * * *',
    '17 3 L * *',
    '17 3 1W * *',
    '17 3 * * 5#2',
    '17 3 * * MONDAY',
    '17 3 * * FRI-MON',
    '17 3 * MON *',
    'JAN 3 * * *',
    '17 3 * * constructor',
    '@Daily',
    '@reboot',
    '@every',
    '@every 1d',
    '@every -1h',
    '@every 0s',
    'TZ=Europe/Nowhere 17 3 * * *',
    'TZ=europe/berlin 17 3 * * *',
    'TZ=UTC',
    'TZ= 17 3 * * *',
    '',
  ])('%s is none', (text) => {
    expect(cron.parse(text)).toEqual({ problem: expect.stringContaining('is not a schedule') });
  });
});

test('a time zone without a name is told', () => {
  for (const zone of ['TZ=', 'CRON_TZ='])
    expect(cron.parse(`${zone} 0 3 * * *`)).toEqual({
      problem: `is not a schedule: a time zone is missing after ${zone}. Write ${zone}Europe/Berlin, or remove ${zone}`,
    });
});

describe('VolSync', () => {
  test.each(['17 3 * * *', '*/30 1-5 * * 1,3', '0,30 * 1 12 0-6', '5/10 0 31 1 0', '@daily', '@hourly'])(
    'takes %s',
    (text) => {
      expect(isForVolSync(text)).toBe(true);
    },
  );

  test.each([
    '0 1-5/2 * * *',
    '0 3 * * 1-3,5',
    '0 1-3,5 * * *',
    '0 */6,3 * * *',
    '10-50/20 23 * * *',
    '0 3 * * MON',
    '0 3 ? * *',
    '@midnight',
    '@every 24h',
    'TZ=UTC 0 3 * * *',
  ])('does not take %s', (text) => {
    expect(cron.parse(text)).toEqual({ value: text });
    expect(isForVolSync(text)).toBe(false);
  });
});

describe('the same schedule at other minutes', () => {
  test.each([
    ['17 3 * * *', [17]],
    ['45 3 * * *', [45]],
    ['*/30 1-5 * * 1,3', [0, 30]],
    ['*/5 * * * *', [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]],
    ['0-29 4 * * *', Array.from({ length: 30 }, (_, minute) => minute)],
    ['50/5 4 * * *', [50, 55]],
    ['0,1,3 4 * * *', [0, 1, 3]],
  ])('%s runs as often, in the same hours, and never at one of its minutes', (schedule, own) => {
    const other = atOtherMinutes(schedule);
    expect(cron.parse(other ?? '')).toEqual({ value: other });
    expect(other?.split(' ').slice(1)).toEqual(schedule.split(' ').slice(1));
    expect(new Set(minutes(other)).size).toBe(own.length);
    expect(minutes(other).filter((minute) => own.includes(minute))).toEqual([]);
  });

  test('is as far away as can be', () => {
    expect(minutes(atOtherMinutes('17 3 * * *'))).toEqual([47]);
    expect(minutes(atOtherMinutes('*/30 3 * * *'))).toEqual([15, 45]);
  });

  test.each([
    ['@daily', '30 0 * * *'],
    ['@hourly', '30 * * * *'],
    ['@weekly', '30 0 * * 0'],
  ])('%s is %s', (schedule, other) => {
    expect(atOtherMinutes(schedule)).toBe(other);
  });

  test.each(['* * * * *', '*/1 3 * * *', '0-30 3 * * *'])('%s leaves none', (schedule) => {
    expect(atOtherMinutes(schedule)).toBeUndefined();
  });
});

describe('the longest interval of a schedule', () => {
  const HOUR = 3600;
  const DAY = 24 * HOUR;
  test.each([
    ['17 3 * * *', DAY],
    ['*/15 * * * *', HOUR / 4],
    ['*/40 * * * *', (HOUR * 2) / 3],
    ['0 9-17 * * *', 16 * HOUR],
    ['30 1,5 * * *', 20 * HOUR],
    ['0 3 * * 1-5', 3 * DAY],
    ['0 3 * * sun,Wed', 4 * DAY],
    ['@weekly', 7 * DAY],
    ['@monthly', 31 * DAY],
    ['@yearly', 366 * DAY],
    // From one leap day to the next.
    ['0 0 29 2 *', (4 * 365 + 1) * DAY],
    ['0 0 31 * *', 61 * DAY],
    // Either of the two days is enough.
    ['0 3 1 * 1', 7 * DAY],
    ['0 3 */2 * 1', 2 * DAY],
    ['@every 1h30m', 1.5 * HOUR],
    ['@every 90s', 90],
    ['TZ=Europe/Berlin 0 3 * * *', DAY],
    ['CRON_TZ=UTC @daily', DAY],
  ])('of %s is %d seconds', (schedule, seconds) => {
    expect(longestInterval(schedule)).toBe(seconds);
  });
});

describe('the schedule of a namespace', () => {
  const names = Array.from({ length: 40 }, (_, index) => `studio-${index}`);

  test('is at night, once a day, and the same each time', () => {
    for (const name of names) {
      expect(nightly(name)).toMatch(/^[0-9]+ [1-4] \* \* \*$/);
      expect('problem' in cron.parse(nightly(name))).toBe(false);
      expect(nightly(name)).toBe(nightly(name));
    }
  });

  test('is another one for most namespaces', () => {
    expect(new Set(names.map(nightly)).size).toBeGreaterThan(names.length * 0.8);
  });
});
