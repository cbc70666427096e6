import { readFileSync } from 'node:fs';
import { causes } from '../../../cluster/diagnosis';
import { STOPPED } from '../../../config/names';
import { diagnosisOf, recording, summaryOf } from '../../support/cluster-state';
import { changed, crashes, diagnosisOfCrash, made } from '../../support/made-states';

test.each(Object.entries(made))('%s', (_, [state, first]) => {
  expect(summaryOf(state)[0]).toBe(first);
});

test.each(crashes)('the log tells one crash from another: %s', (log, cause) => {
  expect(diagnosisOfCrash(log)[0]?.cause).toBe(cause);
});

test('a crash that is no other is told in its last words', () => {
  const log =
    'Traceback (most recent call last):\n  File "x.py"\nValueError: JUNJO_ALLOW_ORIGINS must not be *\n  at y\n';
  expect(diagnosisOfCrash(log)[0]?.text).toBe(
    'backend ends with code 1, 3 times so far: ValueError: JUNJO_ALLOW_ORIGINS must not be *',
  );
});

test('a volume that fills is told before it is full', () => {
  const volumes = (usedBytes: number) => new Map([['junjo-ai-studio-data', { usedBytes, capacityBytes: 100 }]]);
  expect(summaryOf(recording('healthy'), { volumes: volumes(84) })).toEqual([]);
  expect(summaryOf(recording('healthy'), { volumes: volumes(91) })).toEqual([
    'warning volume-full: claim junjo-ai-studio-data',
  ]);
});

test('warnings that are left from a start say nothing about a healthy studio', () => {
  const state = changed('healthy', ({ objects }) => {
    const event = objects.find(({ reason }) => reason === 'Unhealthy');
    objects.push({ ...event, reason: 'FailedScheduling', message: '0/1 nodes are available: 1 Insufficient memory.' });
  });
  expect(summaryOf(state)).toEqual([]);
});

test('a load balancer that takes longer than clouds do is no wait any more', () => {
  const state = { ...recording('load-balancer-pending'), recorded: '2026-11-23T21:30:00Z' };
  expect(summaryOf(state)[0]).toMatch(/^error load-balancer-pending/);
});

test('every cause is shown by a state or a log of these tests', () => {
  const sources = ['test/cluster/diagnosis/recordings.test.ts', 'test/support/made-states.ts'];
  const text = sources.map((file) => readFileSync(file, 'utf8')).join();
  const shown = (name: string) => new RegExp(`(error|warning|wait) ${name}: |, '${name}'\\]`).test(text);
  expect(causes.map(({ name }) => name).filter((name) => !shown(name))).toEqual([]);
});

test('no two causes have one name', () => {
  const names = causes.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test('a studio that a backup stopped is told as such, and not to be started by hand', () => {
  const state = changed('scaled-to-zero', ({ objects }) => {
    for (const { metadata } of objects.filter(({ kind }) => kind === 'Deployment')) {
      metadata.annotations = { [STOPPED]: JSON.stringify({ replicas: 1, since: '2026-11-23T21:00:00Z' }) };
    }
  });
  const [diagnosis] = diagnosisOf(state);
  expect(diagnosis).toMatchObject({ cause: 'scaled-to-zero', subjects: ['backend', 'frontend', 'ingestion'] });
  expect(diagnosis?.text).toContain('since 2026-11-23T21:00:00Z');
  expect(diagnosis?.fix).not.toContain('scale');
});
