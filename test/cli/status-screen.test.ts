import { diagnosisLines, screen } from '../../cli/status-screen';
import type { Diagnosis } from '../../cluster/diagnosis';
import { diagnose } from '../../cluster/diagnosis';
import { overviewOf } from '../../cluster/diagnosis/overview';
import { clusterState, madeState, type RecordedState, recording } from '../support/cluster-state';

const target = { context: 'fake', server: 'https://fake', namespace: 'junjo' };

function shown(recorded: RecordedState, columns?: number): string {
  const state = clusterState(recorded);
  const backupCommand = 'npm run backup';
  return screen({
    target,
    overview: overviewOf(state),
    findings: diagnose(state),
    backupCommand,
    now: state.now,
    columns,
  });
}

const finding = (fix: string, text = 'is not well '.repeat(20).trim()): Diagnosis => ({
  cause: 'crash-loop',
  severity: 'error',
  subjects: ['backend'],
  text,
  fix,
});

describe('what is wrong', () => {
  const command = `kubectl --namespace=junjo logs ${'x'.repeat(90)} -c backend --previous`;

  test.each([40, 80, 120])('is wrapped at %d columns, below its beginning', (columns) => {
    const lines = diagnosisLines([finding(`do this. ${'And then that. '.repeat(10)}\n${command}`)], columns);
    const [first = '', ...others] = lines;
    expect(first).toMatch(/^error {4}backend: is not well/);
    for (const line of others) expect(line).toMatch(/^ {9}\S|^ {13}kubectl/);
    for (const line of lines.filter((each) => !each.includes('kubectl')))
      expect(line.length).toBeLessThanOrEqual(columns);
    expect(lines.map((each) => each.trim()).join(' ')).toContain('is not well [crash-loop] do this. And then');
  });

  test('has each command in a line of its own, however long', () => {
    const lines = diagnosisLines([finding(`look\n${command}\n${command}`)], 80);
    expect(lines.filter((line) => line === `             ${command}`)).toHaveLength(2);
  });

  test('has a command whole that is all of an advice', () => {
    expect(diagnosisLines([finding(command)], 40)).toContain(`             ${command}`);
  });

  test('has a word whole that is longer than a line', () => {
    const url = `https://example.com/${'x'.repeat(100)}`;
    expect(diagnosisLines([finding('look', `does not answer: ${url}`)], 60)).toContain(`         ${url}`);
  });

  test('counts letters that take two columns, and breaks between them', () => {
    const lines = diagnosisLines([finding('look', '缺少标签'.repeat(30))], 60);
    const columnsOf = (line: string) => line.length + (line.match(/[\u4e00-\u9fff]/g) ?? []).length;
    expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(60);
    expect(lines.map((line) => line.trim()).join('')).toContain('缺少标签'.repeat(30));
  });

  test('is wrapped at 100 columns where stdout is no terminal', () => {
    expect(Math.max(...diagnosisLines([finding('look')]).map(({ length }) => length))).toBeGreaterThan(88);
    expect(Math.max(...diagnosisLines([finding('look')]).map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  test('keeps hostile line breaks in a line', () => {
    expect(diagnosisLines([finding('look', 'a\nb')])[0]).toBe('error    backend: a\\nb [crash-loop]');
  });
});

test.each([40, 60, 80])('all that is prose on a screen is wrapped at %d columns', (columns) => {
  for (const name of ['healthy', 'load-balancer-pending', 'namespace-terminating'])
    for (const line of shown(recording(name), columns).split('\n')) {
      const [longest = ''] = line
        .trim()
        .split(' ')
        .sort((a, b) => b.length - a.length);
      // A table stays a table, and a command or a word stays whole.
      if (!/kubectl |npm run |^ +pods +release|\d\/\d/.test(line))
        expect({ line, fits: line.length <= Math.max(columns, longest.length + 13) }).toEqual({ line, fits: true });
    }
});

describe('what cannot be read', () => {
  test('pods: the table says what the Deployments count, and no restarts', () => {
    const text = shown(madeState('no-pods'));
    expect(text).toMatch(/^backend +1\/1 +0\.70\.3 +- +-$/m);
    expect(text).toMatch(/^error +permissions: you cannot read pods, /m);
    expect(text).not.toMatch(/not-applied|starting|does not exist/);
  });

  test.each([
    ['persistentvolumeclaims', /^Backup +unknown: you cannot read persistentvolumeclaims$/m],
    ['persistentvolumeclaims', /^Volume +unknown: you cannot read persistentvolumeclaims$/m],
    ['deployments', /^Workloads +unknown: you cannot read deployments\.apps$/m],
    ['replicationsources.volsync.backube', /^Backup +unknown: you cannot read replicationsources\.volsync\.backube$/m],
    ['backups.velero.io', /^Backup +unknown: you cannot read backups\.velero\.io$/m],
  ])('%s', (resource, row) => {
    const text = shown({ ...recording('healthy'), forbidden: [`list ${resource}`] });
    expect(text).toMatch(row);
  });

  test('a backup that is known is told all the same', () => {
    const state = recording('healthy');
    const claim = state.objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
    claim.metadata.annotations = { 'junjo-ai-studio/last-backup': '2026-11-20T00:00:00Z' };
    expect(shown({ ...state, forbidden: ['list backups.velero.io'] })).toMatch(/^Backup +2026-11-20T00:00:00Z by/m);
  });
});

test('the row of a volume names the folders with what was set aside', () => {
  const state = recording('healthy');
  const claim = state.objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
  claim.metadata.annotations = { 'junjo-ai-studio/kept': '.junjo-before-20260102T030405678Z' };
  expect(shown(state)).toMatch(
    /^Volume +junjo-ai-studio-data, 10Gi, Bound, data set aside\s+in\s+\.junjo-before-20260102T030405678Z$/m,
  );
});
