import { atOtherMinutes, isForVolSync, nightly } from '../../config/cron';
import { cron } from '../../config/value-types';

/** The minutes that a list of numbers names. */
const minutes = (schedule = '') => (schedule.split(' ')[0] ?? '').split(',').map(Number);

describe('a schedule', () => {
  // What cron.ParseStandard of robfig/cron, which both operators use, takes.
  test.each(['17 3 * * *', '*/30 1-5 * * 1,3', '0,30 * 1 12 0-6', '5/10 0 31 1 0', '10-50/20 23 * * *'])(
    '%s is one',
    (text) => {
      expect(cron.parse(text)).toEqual({ value: text });
    },
  );

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
  ])('%s is none', (text) => {
    expect(cron.parse(text)).toEqual({ problem: expect.stringContaining('is not a schedule') });
  });
});

describe('VolSync', () => {
  test.each(['17 3 * * *', '*/30 1-5 * * 1,3', '0,30 * 1 12 0-6', '5/10 0 31 1 0'])('takes %s', (text) => {
    expect(isForVolSync(text)).toBe(true);
  });

  test.each(['0 1-5/2 * * *', '0 3 * * 1-3,5', '0 1-3,5 * * *', '0 */6,3 * * *', '10-50/20 23 * * *'])(
    'does not take %s',
    (text) => {
      expect(cron.parse(text)).toEqual({ value: text });
      expect(isForVolSync(text)).toBe(false);
    },
  );
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

  test.each(['* * * * *', '*/1 3 * * *', '0-30 3 * * *'])('%s leaves none', (schedule) => {
    expect(atOtherMinutes(schedule)).toBeUndefined();
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
