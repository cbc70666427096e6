import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupOptions, backUp } from '../../../cli/backup';
import { type RestoreOptions, restoreInto } from '../../../cli/restore';
import { COPY_OWNER, STOPPED } from '../../../config/names';
import type { SeenRequest } from '../../support/fake-cluster/faults';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { contents, fillVolume, hasty, LiveStudio } from '../../support/live-studio';
import { describeWith } from '../../support/programs';
import type { Manifest } from '../../support/studio';

jest.setTimeout(600_000);

const POD = 'junjo-ai-studio-copy';
const isExec = (command: string) => (request: SeenRequest) =>
  request.path.endsWith('/exec') && request.query.getAll('command').includes(command);

describeWith(['kubectl', 'python3'], 'what another command does, or has left', () => {
  let studio: LiveStudio;
  let folder: string;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    fillVolume(studio.volume);
    folder = mkdtempSync(join(tmpdir(), 'junjo-unfinished-'));
    fillVolume(join(folder, 'source'));
    writeFileSync(join(folder, 'source/new'), 'new');
    kubectlInProcess(studio.cluster);
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
    rmSync(folder, { recursive: true });
  });

  const backup = async (options: BackupOptions = {}) => {
    const io = studio.io();
    const file = join(folder, `${Math.random()}.tar.gz`);
    const exit = await backUp({ file, namespace: studio.namespace, yes: true, ...options }, io, hasty);
    return { exit, said: io.said.join('\n'), file };
  };
  const restore = async (options: RestoreOptions = {}) => {
    const io = studio.io();
    const props = { source: join(folder, 'source'), replace: true, namespace: studio.namespace, yes: true, ...options };
    return { exit: await restoreInto(props, io, hasty), said: io.said.join('\n') };
  };

  /** Calls back when a request comes, before it is answered. */
  const when = (comes: (request: SeenRequest) => boolean, what: () => void) =>
    studio.cluster.faults.add({
      when: (request) => {
        if (comes(request)) what();
        return false;
      },
      fault: { kind: 'hang' },
    });
  const copyPods = () => studio.cluster.store.list('pods').filter(({ metadata }) => metadata.name === POD);
  const stopped = () =>
    studio.cluster.requests.some(({ method, body }) => method === 'PATCH' && body.includes('"replicas":0'));
  const changes = () =>
    studio.cluster.requests.filter(({ method, path }) => method !== 'GET' || path.endsWith('/exec'));

  /** A pod as another command has it. */
  const podOf = (owner: object, status: object = { phase: 'Running' }): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: POD,
      namespace: studio.namespace,
      annotations: { [COPY_OWNER]: JSON.stringify({ pid: 1, since: '2026-01-02T03:04:05Z', token: 't', ...owner }) },
    },
    spec: { containers: [{ name: 'copy' }], volumes: studio.deployment('backend').spec.template.spec.volumes },
    status,
  });
  const stayAs = (pod: Manifest) => {
    studio.cluster.controllers.judge = ({ metadata }) =>
      metadata.uid === studio.cluster.store.list('pods').find((each) => each.metadata.name === POD)?.metadata.uid &&
      metadata.annotations[COPY_OWNER] === pod.metadata.annotations[COPY_OWNER]
        ? { status: pod.status }
        : 'ready';
    studio.cluster.apply(pod);
  };

  test.each<[string, () => Promise<{ exit: number; said: string }>, string]>([
    ['backup', backup, 'restore'],
    ['restore', restore, 'backup'],
  ])('a %s does not touch the pod of a command that runs', async (_, second, first) => {
    let met: Promise<{ exit: number; said: string }> | undefined;
    when(isExec(first === 'backup' ? 'archive' : 'receive'), () => {
      met ??= second();
    });
    expect(await (first === 'backup' ? backup() : restore())).toMatchObject({ exit: 0 });
    expect(await met).toMatchObject({
      exit: 1,
      said: expect.stringContaining(`Another command is working on this studio: ${first}, process`),
    });
    await studio.ready();
    expect(copyPods()).toEqual([]);
  });

  test.each<[string, object, object, number]>([
    ['runs on another machine', { host: 'elsewhere', command: 'backup' }, { phase: 'Running' }, 1],
    ['is about to start on another machine', { host: 'elsewhere', command: 'backup' }, { phase: 'Pending' }, 1],
    ['has ended on another machine', { host: 'elsewhere', command: 'backup' }, { phase: 'Succeeded' }, 0],
    [
      'is of a process here that is gone',
      { host: hostname(), pid: 2 ** 22 + 1, command: 'backup' },
      { phase: 'Running' },
      0,
    ],
    ['is of a process here that lives', { host: hostname(), pid: 1, command: 'backup' }, { phase: 'Running' }, 1],
    ['does not name its command', { host: undefined }, { phase: 'Running' }, 1],
  ])('meets a pod that %s', async (_, owner, status, exit) => {
    const pod = podOf(owner, status);
    stayAs(pod);
    await studio.cluster.until(() => copyPods().some((each) => each.status?.phase === pod.status.phase));
    const requests = changes().length;
    const done = await backup();
    expect(done).toMatchObject({ exit });
    if (exit === 0) return expect(copyPods()).toEqual([]);
    expect(done.said).toMatch(/is working on this studio|does not name the command/);
    expect(changes()).toHaveLength(requests);
    expect(copyPods()).toHaveLength(1);
  });

  test('a pod that came in the place of a left over one, just before that is deleted, stays', async () => {
    const dead = podOf({ host: 'elsewhere', command: 'backup' }, { phase: 'Succeeded' });
    stayAs(dead);
    await studio.cluster.until(() => copyPods().some(({ status }) => status?.phase === 'Succeeded'));
    when(
      ({ method, path }) => method === 'DELETE' && path.endsWith(POD),
      () => {
        const living = podOf({ host: 'elsewhere', command: 'restore', token: 'another' });
        studio.cluster.apply({ ...living, metadata: { ...living.metadata, uid: 'another' } });
      },
    );
    expect(await backup()).toMatchObject({ exit: 1, said: expect.stringContaining('is working on this studio') });
    expect(copyPods().map(({ metadata }) => [metadata.uid, metadata.deletionTimestamp])).toEqual([
      ['another', undefined],
    ]);
    expect(stopped()).toBe(false);
  });

  describe('says what to do where another process has got the number of one that was killed', () => {
    const owner = { host: hostname(), pid: 1, command: 'backup' };

    test('and left its pod', async () => {
      const pod = podOf(owner);
      stayAs(pod);
      await studio.cluster.until(() => copyPods().some((each) => each.status?.phase === 'Running'));
      expect((await backup()).said).toMatch(/If process 1 is a different program, run:\n.*delete pod/);
    });

    test('and left the studio stopped', async () => {
      const backend = studio.deployment('backend');
      const mark = JSON.stringify({ ...owner, replicas: 1, token: 't', since: '2026-01-02T03:04:05Z' });
      const annotations = { ...backend.metadata.annotations, [STOPPED]: mark };
      studio.cluster.apply({ ...backend, metadata: { ...backend.metadata, annotations } });
      expect((await backup()).said).toMatch(/If process 1 is a different program, run:\n.*patch deployment/);
    });
  });

  test('a pod that took the place of another runs nothing for it, and stays', async () => {
    const other = podOf({ host: 'elsewhere', command: 'restore' });
    when(isExec('archive'), () => {
      const [own] = copyPods();
      if (!own) return;
      studio.cluster.apply({
        ...own,
        metadata: { ...own.metadata, uid: 'another', annotations: other.metadata.annotations },
        spec: { ...own.spec, containers: [{ ...own.spec.containers[0], env: [{ name: 'OWNER', value: 't' }] }] },
      });
    });
    const before = contents(studio.volume);
    expect(await backup()).toMatchObject({
      exit: 1,
      said: expect.stringContaining('replaced by a pod of another command'),
    });
    expect(copyPods()).toHaveLength(1);
    expect(contents(studio.volume)).toEqual(before);
    await studio.ready();
  });

  test('what another command has stopped meanwhile is not started', async () => {
    when(isExec('archive'), () => {
      const backend = studio.deployment('backend');
      const mark = JSON.stringify({
        replicas: 1,
        since: new Date().toISOString(),
        host: 'elsewhere',
        pid: 1,
        token: 'other',
      });
      const annotations = { ...backend.metadata.annotations, [STOPPED]: mark };
      studio.cluster.apply({ ...backend, metadata: { ...backend.metadata, annotations } });
    });
    await backup({ file: join(folder, 'studio.tar.gz') });
    expect(studio.deployment('backend').spec.replicas).toBe(0);
    expect(studio.deployment('ingestion').spec.replicas).toBe(1);
  }, 60_000);

  describe('a restore that was killed', () => {
    /** Leaves the volume as a kill in the middle of the moves does: the old data is aside, the new one is not there yet. */
    const halfDone = () => {
      const stage = join(studio.volume, '.junjo-restore-1');
      mkdirSync(join(stage, 'sqlite'), { recursive: true });
      writeFileSync(join(stage, 'new'), 'new');
      const names = readdirSync(studio.volume).filter((name) => !name.startsWith('.junjo-'));
      const moves = [
        ...names.map((name) => [name, `.junjo-before-1/${name}`]),
        ['.junjo-restore-1/new', 'new'],
        ['.junjo-restore-1/sqlite', 'sqlite'],
      ];
      writeFileSync(`${stage}.plan`, JSON.stringify({ aside: '.junjo-before-1', stage: '.junjo-restore-1', moves }));
    };
    const mark = (command: string, replicas = 0) => {
      for (const component of ['ingestion', 'backend']) {
        const deployment = studio.deployment(component);
        const owner = {
          replicas: 1,
          command,
          host: hostname(),
          pid: 2 ** 22 + 1,
          token: 't',
          since: '2026-01-02T03:04:05Z',
        };
        const annotations = { ...deployment.metadata.annotations, [STOPPED]: JSON.stringify(owner) };
        studio.cluster.apply({
          ...deployment,
          metadata: { ...deployment.metadata, annotations },
          spec: { ...deployment.spec, replicas },
        });
      }
    };
    const startedAt = () =>
      studio.cluster.requests.findIndex(({ method, body }) => method === 'PATCH' && body.includes('"replicas":1'));

    test.each([
      ['backup', backup],
      ['restore', restore],
    ])('in the middle of its moves is finished by the next %s, before anything starts', async (_, next) => {
      halfDone();
      mark('restore');
      expect(await next()).toMatchObject({ exit: 0, said: expect.stringContaining('Completed the folder moves') });
      const finished = studio.cluster.requests.findIndex(isExec('finish'));
      expect(finished).toBeGreaterThan(0);
      expect(startedAt()).toBeGreaterThan(finished);
      expect(readdirSync(studio.volume).filter((name) => name.endsWith('.plan'))).toEqual([]);
      expect(contents(join(studio.volume, '.junjo-before-1'))).toMatchObject({ large: expect.any(String) });
      await studio.ready();
    });

    test.each<[string, () => Promise<void> | void]>([
      ['was started by hand', () => undefined],
      [
        'kubectl apply has started, and left the mark',
        () => {
          mark('restore', 1);
          return studio.cluster.until(() => studio.cluster.store.list('pods').length > 0);
        },
      ],
    ])('and whose studio %s, is finished while that is stopped', async (_, start) => {
      halfDone();
      await start();
      expect(await backup()).toMatchObject({ exit: 0, said: expect.stringContaining('Completed the folder moves') });
      const stop = studio.cluster.requests.findIndex(
        ({ method, body }) => method === 'PATCH' && body.includes('"replicas":0'),
      );
      expect(stop).toBeGreaterThan(0);
      expect(studio.cluster.requests.findIndex(isExec('finish'))).toBeGreaterThan(stop);
      await studio.ready();
    });

    test('and whose plan somebody has changed, keeps the studio stopped and says so', async () => {
      halfDone();
      writeFileSync(
        join(studio.volume, '.junjo-restore-1.plan'),
        JSON.stringify({ aside: null, stage: '..', moves: [] }),
      );
      mark('restore');
      const before = contents(studio.volume);
      const { exit, said } = await backup();
      expect({ exit, said }).toMatchObject({
        exit: 1,
        said: expect.stringMatching(/was not written by this tool.*\n.*stays stopped/),
      });
      expect(contents(studio.volume)).toEqual(before);
      expect(studio.deployment('backend').spec.replicas).toBe(0);
    });

    test('while it copied, leaves nothing behind after the next restore', async () => {
      for (const name of ['.junjo-restore-20260102T030405Z/large', '.junjo-restore-20260102T030405Z.plan.new']) {
        mkdirSync(join(studio.volume, name, '..'), { recursive: true });
        writeFileSync(join(studio.volume, name), 'left');
      }
      expect((await backup()).said).toContain('.junjo-restore-20260102T030405Z on the volume is left over');
      expect(await restore()).toMatchObject({
        exit: 0,
        said: expect.stringContaining('Removing .junjo-restore-20260102T030405Z'),
      });
      expect(readdirSync(studio.volume).filter((name) => name.startsWith('.junjo-restore-'))).toEqual([]);
    });

    test('on another machine, is cleaned up when its pod has ended', async () => {
      mkdirSync(join(studio.volume, '.junjo-restore-20260102T030405Z'));
      stayAs(podOf({ host: 'elsewhere', command: 'restore' }, { phase: 'Succeeded' }));
      await studio.cluster.until(() => copyPods().some(({ status }) => status?.phase === 'Succeeded'));
      expect(await backup()).toMatchObject({
        exit: 0,
        said: expect.stringContaining('Removed .junjo-restore-20260102T030405Z'),
      });
    });
  });

  test('half files of backups that were killed are removed from the folder, or named', async () => {
    const backups = join(folder, 'backups');
    mkdirSync(backups);
    const [old, young, other] = [
      'junjo-20260102T030405Z.tar.gz.partial',
      'junjo-20260103T030405Z.tar.gz.partial',
      'a.partial',
    ];
    for (const name of [old, young, other]) writeFileSync(join(backups, name), '');
    utimesSync(join(backups, old), 0, 0);
    const { exit, said } = await backup({ file: backups, keep: '3' });
    expect(exit).toBe(0);
    expect(said).toContain(`Removed ${join(backups, old)}`);
    expect(said).toContain(`${join(backups, young)} is incomplete`);
    expect(readdirSync(backups)).toEqual(expect.arrayContaining([young, other]));
    expect(readdirSync(backups)).not.toContain(old);
  });
});
