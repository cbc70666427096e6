import { hostname } from 'node:os';
import { moveAside } from '../../../cli/set-aside';
import { ClusterState, diagnose } from '../../../cluster/diagnosis';
import { finishing } from '../../../cluster/diagnosis/causes/stopped';
import { overviewOf } from '../../../cluster/diagnosis/overview';
import { Kubectl } from '../../../cluster/kubectl';
import { COPY_POD, STOPPED } from '../../../config/names';
import {
  clusterState,
  diagnosisOf,
  madeState,
  type RecordedState,
  recording,
  summaryOf,
} from '../../support/cluster-state';
import { FakeApiServer } from '../../support/fake-api-server';
import { clusterOf, findingOf, followed } from '../../support/follow-advice';
import { hasty, LiveStudio } from '../../support/live-studio';
import { changed, copies, LOCKED_LOG, owner } from '../../support/made-states';
import { describeWith } from '../../support/programs';

// No system gives a process this number: the largest of Linux is 4194304.
const gone = { ...owner, host: hostname(), pid: 99_999_999 };
const here = { ...owner, host: hostname(), pid: process.ppid };

/** A studio that a command stopped, and what else is there. */
function stoppedBy(mark: object, ...others: readonly object[]): RecordedState {
  return changed('scaled-to-zero', ({ objects, namespace }) => {
    for (const { kind, metadata } of objects) {
      if (kind === 'Deployment' && !metadata.name.includes('frontend')) {
        metadata.annotations = { [STOPPED]: JSON.stringify({ replicas: 1, ...mark }) };
      }
    }
    objects.splice(0, Infinity, ...objects.filter(({ metadata }) => !metadata.name.includes('frontend')));
    objects.push(
      ...others.map((each) => ({
        ...each,
        metadata: { ...(each as RecordedState['objects'][0]).metadata, namespace },
      })),
    );
  });
}

/** The same state at another time. */
const at = (state: RecordedState, recorded: string): RecordedState => ({ ...state, recorded });

const copyPod = (phase: string, mark: object = owner) => copies(phase, mark).objects.at(-1);

const source = (logs: string, fields: object = {}) => ({
  apiVersion: 'volsync.backube/v1alpha1',
  kind: 'ReplicationSource',
  metadata: { name: 'junjo-ai-studio-data' },
  spec: { restic: { repository: 'junjo-ai-studio-backup' } },
  status: { lastSyncTime: '2026-11-22T03:19:40Z', latestMoverStatus: { result: 'Failed', logs } },
  ...fields,
});

const backedUp = (...objects: object[]) =>
  changed('healthy', (state) => {
    for (const each of objects as RecordedState['objects']) {
      state.objects.push({ ...each, metadata: { namespace: state.namespace, ...each.metadata } });
    }
  });

describe('a studio that a command stopped', () => {
  const MOMENT = '2026-11-23T21:05:00Z';

  test('waits for a process of this machine that is there', () => {
    const [first] = diagnosisOf(at(stoppedBy(here, copyPod('Running', here)), MOMENT));
    expect(first).toMatchObject({ severity: 'wait', cause: 'scaled-to-zero', subjects: ['backend', 'ingestion'] });
    expect(first?.text).toMatch(/was stopped by a backup \(process \d+ on .*\) \(5m so far, up to 4h is normal\)$/);
    expect(first?.fix).toContain(`ps -p ${process.ppid}`);
    expect(first?.fix).not.toMatch(/patch|scale/);
  });

  test('was interrupted where that process is gone', () => {
    const [first] = diagnosisOf(at(stoppedBy(gone, copyPod('Running', gone)), '2026-11-24T00:30:00Z'));
    expect(first).toMatchObject({ severity: 'error', cause: 'scaled-to-zero', subjects: ['backend', 'ingestion'] });
    expect(first?.text).toContain('which was interrupted. It started 3h ago');
  });

  test.each([
    ['whose pod is at work', [copyPod('Running')], '2026-11-23T22:00:00Z', 'wait'],
    ['whose pod has been at work for hours', [copyPod('Running')], '2026-11-24T02:00:00Z', 'error'],
    ['whose pod is gone for a moment', [], MOMENT, 'wait'],
    ['whose pod is gone', [], '2026-11-23T22:00:00Z', 'error'],
    ['whose pod has ended', [copyPod('Succeeded')], '2026-11-23T22:00:00Z', 'error'],
  ])('by a command of another machine %s', (_, pods, moment, severity) => {
    const [first] = diagnosisOf(at(stoppedBy(owner, ...pods), moment));
    expect(first).toMatchObject({ severity, cause: 'scaled-to-zero' });
    expect(first?.fix).toMatch(/on laptop/i);
    expect(first?.fix.split('\n')[1]).toBe('ps -p 4711');
    expect(first?.fix.includes('patch')).toBe(severity === 'error');
  });

  test('is not reported as lacking a pod where pods cannot be read', () => {
    const [first] = diagnosisOf({ ...at(stoppedBy(owner), '2026-11-23T22:00:00Z'), forbidden: ['list pods'] });
    const stopped = diagnosisOf({ ...at(stoppedBy(owner), '2026-11-23T22:00:00Z'), forbidden: ['list pods'] }).find(
      ({ cause }) => cause === 'scaled-to-zero',
    );
    expect(first?.cause).toBe('not-readable');
    expect(stopped).toMatchObject({ severity: 'wait' });
  });

  test('by a restore that was interrupted has its folders put in order first', () => {
    const fix = diagnosisOf(at(stoppedBy({ ...gone, command: 'restore' }), MOMENT))[0]?.fix;
    expect(fix).toMatch(/\nnpm run set-aside -- --list --namespace=state-scaled-to-zero$/);
    expect(fix).not.toContain('patch');
  });

  test.each(['', '{}', '"x"'])('and whose mark names no command: %s', (mark) => {
    const state = stoppedBy(gone);
    for (const { metadata } of state.objects) if (metadata.annotations?.[STOPPED]) metadata.annotations[STOPPED] = mark;
    expect(diagnosisOf(state)[0]).toMatchObject({ severity: 'error', cause: 'scaled-to-zero' });
    expect(diagnosisOf(state)[0]?.text).toContain('is not valid');
  });
});

test('a workload of another owner may be stopped', () => {
  expect(summaryOf(madeState('healthy-foreign-workload'))).toEqual([]);
});

describe('the pod of a command', () => {
  const finding = (state: RecordedState) => diagnosisOf(state).find(({ cause }) => cause === 'copy-pod');

  test.each([
    ['is left over where its process is gone', copies('Running', gone), 'warning'],
    ['is waited for where its process is there', copies('Running', here), 'wait'],
    ['is waited for where its process is on another machine', copies('Running'), 'wait'],
    ['that does not run is of a command that has given up', at(copies('Pending'), '2026-11-23T21:20:00Z'), 'error'],
    ['that has run for many hours is told', at(copies('Running'), '2026-11-24T02:00:00Z'), 'error'],
    ['is left over once it has ended', copies('Failed'), 'warning'],
    ['that names no command is left over once it has ended', copies('Failed', {}), 'warning'],
    ['that names no command is waited for', copies('Running', {}), 'wait'],
  ])('%s', (_, state, severity) => {
    expect(finding(state)?.severity).toBe(severity);
    expect(finding(state)?.text).not.toMatch(/undefined|null/);
    expect(finding(state)?.fix).not.toMatch(/undefined|null/);
  });

  test.each(['restore', 'set-aside'])('of a %s that was interrupted is not just deleted', (command) => {
    const fix = finding(copies('Failed', { ...gone, command }))?.fix;
    expect(fix).toContain('set-aside -- --list');
    expect(fix).not.toContain('delete pod');
  });

  test('of another owner is not reported', () => {
    expect(
      summaryOf(
        changed('healthy', ({ objects }) =>
          objects.push({ ...copyPod('Running'), metadata: { name: COPY_POD, namespace: 'other' } }),
        ),
      ),
    ).toEqual([]);
  });
});

describe('a scheduled backup', () => {
  test('that failed is reported with the reason from its log', () => {
    const log =
      'Testing mandatory env variables\n== Checking directory for content ===\nFatal: unable to open config file: Stat: Access Denied\nIs there a repository at the following location?\nERROR: failure checking existence of repository';
    const [first] = diagnosisOf(backedUp(source(log)));
    expect(first?.text).toBe(
      'its last run failed: unable to open config file: Stat: Access Denied. The last successful backup was 2026-11-22T03:19:40Z',
    );
  });

  test('that never succeeded says so, and one without a log quotes none', () => {
    const status = { latestMoverStatus: { result: 'Failed' } };
    expect(diagnosisOf(backedUp(source('', { status })))[0]?.text).toBe(
      'its last run failed. No backup has succeeded yet',
    );
  });

  test('shows no secret of its log', () => {
    const log = 'Fatal: s3:https://key:c2VjcmV0@s3.example.com/bucket: access denied, AWS_SECRET_ACCESS_KEY=hidden';
    expect(diagnosisOf(backedUp(source(log)))[0]?.text).not.toMatch(/c2VjcmV0|hidden/);
  });

  test.each([
    ['by forget', LOCKED_LOG],
    [
      'by a check that comes first',
      'Fatal: unable to create lock in backend: repository is already locked by PID 8 on volsync-src-x by (UID 0, GID 0)\nERROR: failure locking repository',
    ],
    [
      'in a log whose beginning is cut off',
      'tory is already locked by PID 8 on volsync-src-x\nlock was created at 2026-11-21 03:17:12',
    ],
  ])('into a locked repository is reported as such %s', (_, log) => {
    const [first, ...others] = diagnosisOf(backedUp(source(log)));
    expect(first).toMatchObject({
      severity: 'warning',
      cause: 'backup-locked',
      subjects: ['backup junjo-ai-studio-data'],
    });
    expect(first?.text).toMatch(/is locked by PID \d+ on volsync-src\S+/);
    expect(others).toEqual([]);
  });

  test('says since when it is locked', () => {
    expect(diagnosisOf(backedUp(source(LOCKED_LOG)))[0]?.text).toContain(
      'by PID 33 on volsync-src-junjo-ai-studio-data-jnd8g since 2026-11-21 03:17:12. The last successful',
    );
  });

  test.each([
    [
      'that works is well, whatever its log says',
      { status: { latestMoverStatus: { result: 'Successful', logs: LOCKED_LOG } } },
      [],
    ],
    [
      'by another mover than restic is only told to have failed',
      { spec: { rsync: {} } },
      ['warning backup-failed: backup junjo-ai-studio-data'],
    ],
  ])('%s', (_, fields, lines) => {
    expect(summaryOf(backedUp(source(LOCKED_LOG, fields)))).toEqual(lines);
  });

  test('by Velero is reported with the reason that Velero gives', () => {
    const backup = {
      kind: 'Backup',
      metadata: { name: 'nightly-1', namespace: 'velero' },
      status: { phase: 'FailedValidation', validationErrors: ['backup storage location "default" is unavailable'] },
    };
    expect(diagnosisOf(backedUp(backup))[0]?.text).toBe(
      'ended in the phase FailedValidation: backup storage location "default" is unavailable',
    );
  });
});

test('the note of a restore says which folders are kept on the volume', () => {
  const state = changed('healthy', ({ objects }) => {
    const claim = objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
    claim.metadata.annotations = { 'junjo-ai-studio/kept': '.junjo-before-1,.junjo-before-2' };
  });
  expect(overviewOf(clusterState(state)).volumes[0]?.kept).toEqual(['.junjo-before-1', '.junjo-before-2']);
  expect(summaryOf(state)).toEqual([]);
});

describeWith(['kubectl', 'python3'], 'the advice', () => {
  let cluster: FakeApiServer;
  afterEach(() => cluster.close());

  const volsync = {
    group: 'volsync.backube',
    version: 'v1alpha1',
    kind: 'ReplicationSource',
    plural: 'replicationsources',
    namespaced: true,
  };
  const velero = { group: 'velero.io', version: 'v1', kind: 'Backup', plural: 'backups', namespaced: true };

  /** A state in a cluster that has VolSync and Velero. */
  const withOperators = async ({ objects }: RecordedState) => {
    cluster = await FakeApiServer.start({ custom: [volsync, velero] });
    cluster.controllers.close();
    cluster.apply(...objects);
  };
  /** What is there after an advice was followed. */
  const now = (state: RecordedState): RecordedState => ({
    ...state,
    objects: cluster.resources.flatMap(({ plural }) => cluster.store.list(plural)),
  });

  test('for a workload that someone stopped starts it', async () => {
    const state = recording('scaled-to-zero');
    cluster = await clusterOf(state);
    const done = await followed(cluster, findingOf(state, 'scaled-to-zero'));
    expect(done).toMatchObject([{ code: 0, output: expect.stringContaining('scaled') }]);
    expect(cluster.object('deployments', state.namespace, 'junjo-ai-studio-backend').spec.replicas).toBe(1);
  });

  test('for a backup that was interrupted starts all that it stopped, and removes its mark and its pod', async () => {
    const state = stoppedBy(gone, copyPod('Running', gone));
    cluster = await clusterOf(state);
    const done = await followed(cluster, findingOf(state, 'scaled-to-zero'));
    expect(done.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const { metadata, spec } of cluster.store.list('deployments')) {
      expect([spec.replicas, metadata.annotations?.[STOPPED]]).toEqual([1, undefined]);
    }
    expect(cluster.store.list('pods').map(({ metadata }) => metadata.name)).not.toContain(COPY_POD);
    expect(summaryOf(now(state)).join()).not.toMatch(/scaled-to-zero|copy-pod/);
  });

  test('for the pod of a backup that was interrupted deletes it', async () => {
    const state = copies('Succeeded', gone);
    cluster = await clusterOf(state);
    expect(await followed(cluster, findingOf(state, 'copy-pod'))).toMatchObject([{ code: 0 }]);
    expect(summaryOf(now(state))).toEqual([]);
  });

  test('for a pod that names no command shows it', async () => {
    const state = copies('Running', {});
    cluster = await clusterOf(state);
    expect(await followed(cluster, findingOf(state, 'copy-pod'))).toMatchObject([
      { code: 0, output: expect.stringMatching(/^Name: +junjo-ai-studio-copy/) },
    ]);
  });

  test('for a restore that was interrupted is a command of ours, which starts the studio and copies nothing', async () => {
    const studio = await LiveStudio.start();
    cluster = studio.cluster;
    for (const component of ['backend', 'ingestion']) {
      const { metadata, spec, ...rest } = studio.deployment(component);
      const annotations = {
        ...metadata.annotations,
        [STOPPED]: JSON.stringify({ ...gone, command: 'restore', replicas: 1 }),
      };
      cluster.apply({ ...rest, metadata: { ...metadata, annotations }, spec: { ...spec, replicas: 0 } });
    }
    const kubectl = new Kubectl({ context: 'fake', namespace: studio.namespace });
    const state = new ClusterState(
      cluster.resources.flatMap(({ plural }) => cluster.store.list(plural)),
      { namespace: studio.namespace, now: new Date(), kubectl },
    );
    const first = diagnose(state).find(({ cause }) => cause === 'scaled-to-zero');
    expect(first?.fix.split('\n').slice(1)).toEqual([finishing(state)]);
    expect(finishing(state)).toBe(`npm run set-aside -- --list --context=fake --namespace=${studio.namespace}`);
    const io = studio.io();
    expect(await moveAside({ list: true, context: 'fake', namespace: studio.namespace }, io, hasty)).toBe(0);
    expect(studio.trouble).toEqual([]);
  }, 120_000);

  test('for a locked repository shows who uses it, and has VolSync unlock it, which is then awaited', async () => {
    const state = backedUp(source(LOCKED_LOG));
    await withOperators(state);
    const done = await followed(cluster, findingOf(state, 'backup-locked'));
    expect(done).toMatchObject([{ code: 0, output: expect.stringContaining('No resources found') }, { code: 0 }]);
    const [{ spec } = { spec: undefined }] = cluster.store.list('replicationsources');
    expect(spec.restic).toEqual({ repository: 'junjo-ai-studio-backup', unlock: '2026-11-23T21:09:44.000Z' });
    const [first] = diagnosisOf(now(state));
    expect(first).toMatchObject({
      severity: 'warning',
      cause: 'backup-locked',
      fix: expect.stringMatching(/^Wait for the next backup/),
    });
  });

  test('for a copy by VolSync that failed prints its log', async () => {
    const state = backedUp(source('Fatal: wrong password or no key found'));
    await withOperators(state);
    expect(await followed(cluster, findingOf(state, 'backup-failed'))).toMatchObject([
      { code: 0, output: 'Fatal: wrong password or no key found' },
    ]);
  });

  test('for a copy by Velero that failed shows it', async () => {
    const status = { phase: 'PartiallyFailed', failureReason: 'pod volume backup failed' };
    const state = backedUp({
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'nightly-1', namespace: 'velero' },
      status,
    });
    await withOperators(state);
    expect(await followed(cluster, findingOf(state, 'backup-failed'))).toMatchObject([
      { code: 0, output: expect.stringContaining('pod volume backup failed') },
    ]);
  });
});
