import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp } from '../../../cli/backup';
import { restoreInto } from '../../../cli/restore';
import { moveAside, type SetAsideOptions } from '../../../cli/set-aside';
import type { Pace } from '../../../cluster/copy/pace';
import { STOPPED } from '../../../config/names';
import { lineOf, schemaOf } from '../../../releases';
import type { Fault, SeenRequest } from '../../support/fake-cluster/faults';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { contents, fillVolume, hasty, LiveStudio } from '../../support/live-studio';
import { describeWith } from '../../support/programs';
import { unguarded } from '../../support/shell';
import type { Manifest } from '../../support/studio';
import { lineCalled } from '../../support/volume';

jest.setTimeout(600_000);

const ASIDE = /^\.junjo-before-/;
const isExec = (command: string) => (request: SeenRequest) =>
  request.path.endsWith('/exec') && request.query.getAll('command').includes(command);

/** Has the program in the pod meet a volume on which no file can be written. */
function onFull(word: string): string {
  const lines = [
    'import builtins, errno, os',
    'real = builtins.open',
    "def full(file, mode='r', *rest, **named):",
    "    if mode != 'w': return real(file, mode, *rest, **named)",
    '    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)',
    'builtins.open = full',
  ];
  return word.replace('"$VOLUME_PROGRAM"', `"${lines.join('\n')}\n$VOLUME_PROGRAM"`);
}

describeWith(['kubectl', 'python3'], 'set-aside', () => {
  let studio: LiveStudio;
  let before: Readonly<Record<string, string>>;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    fillVolume(studio.volume);
    mark('0.82');
    before = contents(studio.volume);
    kubectlInProcess(studio.cluster);
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
  });

  const run = async (options: SetAsideOptions = {}, pace: Pace = hasty) => {
    const io = studio.io();
    const exit = await moveAside({ namespace: studio.namespace, yes: true, ...options }, io, pace);
    return { exit, said: io.said.join('\n') };
  };
  const mark = (line: string) => {
    const schema = schemaOf(lineOf(line) ?? lineCalled('0.82'));
    writeFileSync(join(studio.volume, '.junjo-studio.json'), JSON.stringify({ line, schema, manifests: '0.1.0' }));
  };
  const asides = () => readdirSync(studio.volume).filter((name) => ASIDE.test(name));
  const aside = (name = asides()[0] ?? '') => contents(join(studio.volume, name));
  const stops = () =>
    studio.cluster.requests.filter(({ method, body }) => method === 'PATCH' && body.includes('"replicas":0')).length;
  const copyPods = () =>
    studio.cluster.store.list('pods').filter(({ metadata }) => metadata.name === 'junjo-ai-studio-copy');

  /** Does something before a request is answered. */
  const when = (comes: (request: SeenRequest) => boolean, what: () => void) =>
    studio.cluster.faults.add({
      when: (request) => {
        if (comes(request)) what();
        return false;
      },
      fault: { kind: 'hang' },
    });

  /** Lets the pods of the studio wait for the guard, as long as the volume holds data of before. */
  const crashing = async () => {
    const waiting = {
      phase: 'Pending',
      initContainerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }],
    };
    studio.cluster.controllers.judge = ({ metadata }: Manifest) =>
      !/backend|ingestion/.test(metadata.name) || !readdirSync(studio.volume).includes('large')
        ? 'ready'
        : { status: waiting };
    for (const { metadata, ...pod } of studio.cluster.store.list('pods')) {
      studio.cluster.controllers.stopPod({ metadata, ...pod });
    }
    await studio.cluster.until(() => studio.trouble.length === 2);
  };

  test('moves everything into one folder, and starts on an empty volume a studio that could not start', async () => {
    await crashing();
    const { exit, said } = await run();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining('The studio was down for') });
    expect(asides()).toHaveLength(1);
    expect(contents(studio.volume, ASIDE)).toEqual({});
    expect(aside()).toEqual(before);
    expect(studio.trouble).toEqual([]);
    expect(copyPods()).toEqual([]);
  });

  test('notes on the claim which folders are on the volume, until they are gone', async () => {
    const kept = () => {
      const claim = studio.cluster.object('persistentvolumeclaims', studio.namespace, 'junjo-ai-studio-data');
      return claim.metadata.annotations?.['junjo-ai-studio/kept'];
    };
    await run();
    const [folder = ''] = asides();
    expect(kept()).toBe(folder);
    await run({ back: folder });
    const others = asides().filter((name) => name !== folder);
    expect(kept()).toBe(others.length > 0 ? others.join() : undefined);
    for (const name of asides()) rmSync(join(studio.volume, name), { recursive: true });
    expect((await run({ list: true })).exit).toBe(0);
    expect(kept()).toBeUndefined();
  });

  test('is done where nobody may note it', async () => {
    studio.cluster.forbidden.add('patch persistentvolumeclaims');
    const { exit, said } = await run();
    expect([exit, said]).toEqual([0, expect.stringContaining('status will not show this')]);
    expect(asides()).toHaveLength(1);
  });

  test('shows what is there, and says what it did, the way back, and how to delete it', async () => {
    const { said } = await run();
    const [folder = ''] = asides();
    const size = String.raw`\d+ files, 1\.\d MiB, release line 0\.82`;
    expect(said).toMatch(new RegExp(`^Context    fake .*\\nNamespace  junjo\\n.*\\nVolume     ${size}\\n`));
    expect(said).toMatch(
      new RegExp(`The previous data is in the folder ${folder} on the volume\\. It uses ${size} there`),
    );
    expect(said).toContain('set JUNJO_K8S_RELEASE=0.82.1, render, and apply');
    const [, back, remove = ''] =
      /Then run:\n(.*)\nTo delete it permanently once the backend runs:\n(.*)/.exec(said)?.slice() ?? [];
    expect(back).toBe(`npm run set-aside -- --back ${folder} --context=fake --namespace=junjo`);
    const pod = 'exec deployment/junjo-ai-studio-backend -c backend';
    expect(remove).toBe(`kubectl --context=fake --namespace=junjo ${pod} -- rm -r /app/.dbdata/${folder}`);
    expect(unguarded(remove)).toEqual([]);
  });

  test('warns of an open edge, and where the release that is applied would make its own data again', async () => {
    const own =
      'The applied release 0.82.1 can read the current data. To change to another release, apply that release first.';
    const edge = 'Anyone who can reach the studio can then create the first user. Close the edge first.';
    const { said } = await run();
    expect(said).toContain(`${edge}\n${own}\n`);
    const [folder = ''] = asides();
    expect((await run({ back: folder })).said).not.toContain('first user');
    studio.apply({ JUNJO_K8S_RELEASE: '0.86.0' });
    await studio.ready();
    const newer = await run();
    expect(newer.said).toContain(edge);
    expect(newer.said).not.toContain('The applied release');
  });

  test('brings a folder back, and sets aside what was made meanwhile', async () => {
    await run();
    const [folder = ''] = asides();
    mkdirSync(join(studio.volume, 'sqlite'));
    writeFileSync(join(studio.volume, 'sqlite/new.db'), 'new');
    const { exit, said } = await run({ back: folder });
    expect({ exit, said }).toMatchObject({
      exit: 0,
      said: expect.stringContaining(`The data of ${folder} is back in place`),
    });
    expect(contents(studio.volume, ASIDE)).toEqual(before);
    expect(asides()).not.toContain(folder);
    expect(asides()).toHaveLength(1);
    expect(Object.keys(aside())).toEqual(['sqlite', 'sqlite/new.db']);
    expect(said).toContain('set JUNJO_K8S_RELEASE to the release that wrote it, render');
    expect(studio.trouble).toEqual([]);
  });

  test('brings a folder back onto an empty volume, and leaves no other', async () => {
    await run();
    expect(await run({ back: asides()[0] })).toMatchObject({
      exit: 0,
      said: expect.stringContaining('Volume     empty'),
    });
    expect(contents(studio.volume)).toEqual(before);
  });

  test('brings back what restore --replace has left', async () => {
    const source = mkdtempSync(join(tmpdir(), 'junjo-set-aside-'));
    fillVolume(source);
    const io = studio.io();
    const restored = { source, replace: true, namespace: studio.namespace, yes: true };
    expect(await restoreInto(restored, io, hasty)).toBe(0);
    const [folder = ''] = asides();
    expect(await run({ back: folder })).toMatchObject({ exit: 0 });
    expect(contents(studio.volume, ASIDE)).toEqual(before);
    expect(aside()).toEqual(contents(source));
    rmSync(source, { recursive: true });
  });

  test('refuses to bring back what the release that is applied would not start on, and changes nothing', async () => {
    await run();
    const [folder = ''] = asides();
    studio.apply({ JUNJO_K8S_RELEASE: '0.81.5', JUNJO_INTERNAL_GRPC_TOKEN: undefined });
    await studio.ready();
    const stopped = stops();
    const { exit, said } = await run({ back: folder });
    expect({ exit, said }).toMatchObject({
      exit: 1,
      said: expect.stringMatching(/does not start on this data.*\n.*\n.*JUNJO_K8S_RELEASE=0\.82/),
    });
    expect(stops()).toBe(stopped);
    expect(contents(studio.volume, ASIDE)).toEqual({});
    expect(aside(folder)).toEqual(before);
  });

  test('leaves the mark of a folder as it is when the release would start on it and nobody wants that', async () => {
    mark('0.81');
    before = contents(studio.volume);
    await run();
    const [folder = ''] = asides();
    const io = { ...studio.io(), terminal: () => ({ ask: async () => 'n', close: () => undefined }) };
    expect(await moveAside({ namespace: studio.namespace, back: folder }, io, hasty)).toBe(1);
    expect(io.said.join('\n')).toContain(`Back       ${folder}`);
    expect(io.said.at(-1)).toBe('Cancelled.');
    expect(aside(folder)).toEqual(before);
  });

  test.each([
    '../x',
    '.junjo-before-x/../..',
    '.junjo-before-',
    '.junjo-before-1\n',
    'spans',
    '.junjo-restore-1',
    '',
    '/etc',
  ])('does not ask the cluster for a folder of the name %j', async (back) => {
    const { exit, said } = await run({ back });
    expect({ exit, said }).toMatchObject({ exit: 1, said: expect.stringContaining('is not the name of a folder') });
    expect(studio.cluster.requests.filter(({ path }) => path.endsWith('/exec'))).toEqual([]);
    expect(contents(studio.volume)).toEqual(before);
  });

  test('names the folders that exist where another one is named', async () => {
    expect((await run({ back: '.junjo-before-1' })).said).toContain('It has no folder that was set aside');
    await run();
    const stopped = stops();
    const { exit, said } = await run({ back: '.junjo-before-1' });
    expect({ exit, said }).toMatchObject({ exit: 1, said: expect.stringContaining(`It has ${asides().join()}`) });
    expect(stops()).toBe(stopped);
  });

  test('follows no link that has the name of such a folder', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'junjo-elsewhere-'));
    writeFileSync(join(elsewhere, 'secret'), 'secret');
    symlinkSync(elsewhere, join(studio.volume, '.junjo-before-1'));
    const state = contents(studio.volume);
    for (const options of [{ back: '.junjo-before-1' }, {}, { list: true }]) {
      expect(await run(options)).toMatchObject({
        exit: 1,
        said: expect.stringContaining('was not written by this tool'),
      });
    }
    expect(stops()).toBe(0);
    expect(contents(studio.volume)).toEqual(state);
    expect(readdirSync(elsewhere)).toEqual(['secret']);
    rmSync(elsewhere, { recursive: true });
  });

  test('has nothing to do on an empty volume, and stops nothing', async () => {
    for (const name of readdirSync(studio.volume)) rmSync(join(studio.volume, name), { recursive: true });
    expect(await run()).toMatchObject({ exit: 0, said: expect.stringContaining('Nothing to set aside') });
    expect(stops()).toBe(0);
    expect(readdirSync(studio.volume)).toEqual([]);
    expect(copyPods()).toEqual([]);
  });

  test('asks first, without a pod that keeps others waiting', async () => {
    const questions: string[] = [];
    const pods: number[] = [];
    const answering = (answer: string) => ({
      ...studio.io(),
      terminal: () => ({
        ask: async (question: string) => {
          questions.push(question);
          pods.push(copyPods().length);
          return answer;
        },
        close: () => undefined,
      }),
    });
    expect(await moveAside({ namespace: studio.namespace }, answering('n'), hasty)).toBe(1);
    expect(stops()).toBe(0);
    expect(contents(studio.volume)).toEqual(before);
    expect(await moveAside({ namespace: studio.namespace }, answering('y'), hasty)).toBe(0);
    expect(aside()).toEqual(before);
    expect(questions).toEqual(Array(2).fill('Stop the studio and move its data? [y/N] '));
    expect(pods).toEqual([0, 0]);
  });

  test('lists the folders with size and line, and stops nothing', async () => {
    expect((await run({ list: true })).said).toBe('The volume has no data that was set aside.');
    const put = (name: string, text: string) => {
      mkdirSync(join(studio.volume, name));
      writeFileSync(join(studio.volume, name, '.junjo-studio.json'), text);
    };
    put('.junjo-before-1', JSON.stringify({ line: '0.70' }));
    put('.junjo-before-2', JSON.stringify({ line: `0.70\n\u001b[2J${'x'.repeat(1000)}` }));
    put('.junjo-before-3', '{"line": 7}');
    put('.junjo-before-4', 'not JSON');
    const { exit, said } = await run({ list: true });
    expect(exit).toBe(0);
    expect(said.split('\n')).toEqual([
      '.junjo-before-1  1 file, 15 B, release line 0.70',
      expect.stringMatching(/^\.junjo-before-2 {2}1 file, 1\.0 KiB, release line 0\.70\\n\\u001b\[2Jx{31}$/),
      '.junjo-before-3  1 file, 11 B, release line unknown',
      '.junjo-before-4  1 file, 8 B, release line unknown',
    ]);
    expect(stops()).toBe(0);
    expect(copyPods()).toEqual([]);
  });

  test('sets aside data whose mark cannot be read', async () => {
    writeFileSync(join(studio.volume, '.junjo-studio.json'), '{"line":');
    const { exit, said } = await run();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining('release line unknown') });
    expect(said).toContain('set JUNJO_K8S_RELEASE to the release that wrote it');
    expect(readdirSync(join(studio.volume, asides()[0] ?? ''))).toContain('.junjo-studio.json');
  });

  test('names the line of a mark that these manifests do not know', async () => {
    mark('9.99');
    expect((await run()).said).toContain('set JUNJO_K8S_RELEASE to a release of the line 9.99, render');
  });

  test('twice in one moment uses two folders', async () => {
    const now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    expect((await run()).exit).toBe(0);
    const [first = ''] = asides();
    writeFileSync(join(studio.volume, 'new'), 'new');
    expect((await run()).exit).toBe(0);
    expect(asides()).toHaveLength(2);
    expect(aside(first)).toEqual(before);
    expect(Object.keys(aside(asides().find((name) => name !== first)))).toEqual(['new']);
  });

  test('does not stop a studio that Argo CD would start again, unless that is paused', async () => {
    const application = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'studio', namespace: 'argocd' },
      spec: { syncPolicy: { automated: { selfHeal: true } } },
      status: { resources: [{ kind: 'Deployment', namespace: 'junjo', name: 'junjo-ai-studio-backend' }] },
    };
    studio.cluster.apply(application);
    expect(await run()).toMatchObject({ exit: 1, said: expect.stringContaining('has selfHeal enabled') });
    expect(contents(studio.volume)).toEqual(before);
    expect(await run({ argocdPaused: true })).toMatchObject({ exit: 0 });
  });

  test('on a full volume moves nothing, says so, and starts the studio again', async () => {
    jest.restoreAllMocks();
    kubectlInProcess(studio.cluster, (words) => words.map((word) => (words.includes('swap') ? onFull(word) : word)));
    const { exit, said } = await run();
    expect({ exit, said }).toMatchObject({ exit: 1, said: expect.stringContaining('The volume is full') });
    expect(said).toContain('Backend and ingestion were restarted.');
    expect(said).not.toContain('may be incomplete');
    expect(contents(studio.volume)).toEqual(before);
    await studio.ready();
  });

  test('when the connection stays lost, starts the studio and says that the moves may be incomplete', async () => {
    studio.cluster.faults.add({ when: isExec('swap'), fault: { kind: 'reset' } });
    const { exit, said } = await run({}, { ...hasty, retrySeconds: 1 });
    expect(exit).toBe(1);
    expect(said).toContain('The command was interrupted while it moved folders, and may be incomplete.');
    expect(said).not.toContain('were restarted.');
    await studio.ready();
  });

  test('when the answer of the move is lost, repeats it and moves nothing twice', async () => {
    studio.cluster.faults.add({ when: isExec('swap'), fault: { kind: 'lost answer' }, times: 2 });
    expect(await run()).toMatchObject({ exit: 0 });
    expect(aside()).toEqual(before);
    expect(asides()).toHaveLength(1);
  });

  test.each<[string, string, boolean]>([
    ['looks', 'look', false],
    ['moves', 'swap', true],
  ])('interrupted while it %s, leaves a studio that runs', async (_, command, moved) => {
    when(isExec(command), () => process.emit('SIGINT', 'SIGINT'));
    const { exit, said } = await run();
    expect({ exit, said }).toMatchObject({ exit: 1, said: expect.stringContaining('Interrupted (SIGINT)') });
    await studio.ready();
    expect(contents(studio.volume, ASIDE)).toEqual(moved ? {} : before);
    if (moved) expect(aside()).toEqual(before);
    expect(copyPods()).toEqual([]);
  });

  describe('that was killed between its plan and its moves', () => {
    beforeEach(() => {
      const moves = readdirSync(studio.volume).map((name) => [name, `.junjo-before-1/${name}`]);
      mkdirSync(join(studio.volume, '.junjo-before-1'));
      renameSync(join(studio.volume, 'large'), join(studio.volume, '.junjo-before-1/large'));
      const plan = { aside: '.junjo-before-1', stage: '.junjo-restore-1', moves };
      writeFileSync(join(studio.volume, '.junjo-restore-1.plan'), JSON.stringify(plan));
    });

    const killed = () => {
      for (const component of ['ingestion', 'backend']) {
        const { metadata, spec, ...rest } = studio.deployment(component);
        const owner = {
          command: 'set-aside',
          host: hostname(),
          pid: 2 ** 22 + 1,
          token: 't',
          since: '2026-01-02T03:04:05Z',
        };
        const annotations = { ...metadata.annotations, [STOPPED]: JSON.stringify({ ...owner, replicas: 1 }) };
        studio.cluster.apply({ ...rest, metadata: { ...metadata, annotations }, spec: { ...spec, replicas: 0 } });
      }
    };
    const backup = async () => {
      const io = studio.io();
      const folder = mkdtempSync(join(tmpdir(), 'junjo-set-aside-'));
      const file = join(folder, 'studio.tar.gz');
      const exit = await backUp({ file, namespace: studio.namespace, yes: true }, io, hasty);
      rmSync(folder, { recursive: true });
      return { exit, said: io.said.join('\n') };
    };

    test.each<[string, boolean, () => Promise<{ exit: number; said: string }>, number]>([
      ['backup', true, backup, 0],
      ['set-aside', true, run, 1],
      ['set-aside --list', true, () => run({ list: true }), 0],
      ['backup of a studio that somebody started', false, backup, 0],
      ['set-aside of a studio that somebody started', false, run, 1],
    ])('is finished by the next %s, before anything starts', async (_, isStopped, next, exit) => {
      if (isStopped) killed();
      const done = await next();
      expect(done).toMatchObject({ exit, said: expect.stringContaining('Completed the folder moves') });
      expect(readdirSync(studio.volume)).toEqual(['.junjo-before-1']);
      expect(aside()).toEqual(before);
      const finished = studio.cluster.requests.findIndex(isExec('finish'));
      const started = studio.cluster.requests.findIndex(({ body }) => body.includes('"replicas":1'));
      expect(started).toBeGreaterThan(finished);
      await studio.ready();
      if (exit === 1) expect(done.said).toContain('Check it with --list');
    });
  });

  test.each<[string, Fault]>([
    ['is refused', { kind: 'status', code: 403, reason: 'Forbidden', message: 'no' }],
    ['is not answered', { kind: 'reset' }],
  ])('where the pod that moves %s, stops nothing', async (_, fault) => {
    studio.cluster.faults.add({ when: ({ method, path }) => method === 'POST' && path.endsWith('/pods'), fault });
    expect((await run({}, { ...hasty, retrySeconds: 1 })).exit).toBe(1);
    expect(stops()).toBe(0);
    expect(contents(studio.volume)).toEqual(before);
  });
});
