import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import { type BackupOptions, backUp } from '../../../cli/backup';
import { run as runCli } from '../../../cli/cli';
import { checkArchive } from '../../../cluster/copy/archive';
import type { Pace } from '../../../cluster/copy/pace';
import { STOPPED } from '../../../config/names';
import { type Fault, type SeenRequest, unavailable } from '../../support/fake-cluster/faults';
import { kubectlInProcess } from '../../support/kubectl-in-process';
import { contents, fillVolume, hasty, LiveStudio } from '../../support/live-studio';
import { describeWith } from '../../support/programs';
import { withSystemPython } from '../../support/python';
import type { Manifest } from '../../support/studio';

// Each runs some thirty processes of kubectl, which take their time on a busy machine.
jest.setTimeout(600_000);

const isExec = (command: string) => (request: SeenRequest) =>
  request.path.endsWith('/exec') && request.query.getAll('command').includes(command);
const isStopOf = (component: string) => (request: SeenRequest) =>
  request.method === 'PATCH' && request.path.endsWith(component) && request.body.includes('"replicas":0');
const isStartOf = (component: string) => (request: SeenRequest) =>
  request.method === 'PATCH' && request.path.endsWith(component) && request.body.includes('"replicas":1');

describeWith(['kubectl', 'python3'], 'backup', () => {
  let studio: LiveStudio;
  let folder: string;

  beforeEach(async () => {
    studio = await LiveStudio.start();
    fillVolume(studio.volume);
    folder = mkdtempSync(join(tmpdir(), 'junjo-backup-'));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await studio.close();
    rmSync(folder, { recursive: true });
  });

  const run = async (options: BackupOptions = {}, pace: Pace = hasty) => {
    const io = studio.io();
    const file = join(folder, 'studio.tar.gz');
    const exit = await backUp({ file, namespace: studio.namespace, yes: true, ...options }, io, pace);
    return { exit, said: io.said.join('\n'), file };
  };

  /** The command as a process of its own, which can be killed. */
  const start = (): { child: ChildProcess; ended: Promise<{ code: number | null; said: string }> } => {
    const args = ['backup', join(folder, 'studio.tar.gz'), '--namespace', studio.namespace, '--yes'];
    const child = spawn(process.execPath, ['-r', 'tsx/cjs', 'cli/cli.ts', ...args], {
      env: { ...process.env, ...studio.cluster.environment },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data) => {
        said += data;
      });
    }
    return { child, ended: new Promise((done) => child.once('close', (code) => done({ code, said }))) };
  };

  const whenAsked = (when: (request: SeenRequest) => boolean, what: () => void) => {
    studio.cluster.faults.add({
      when: (request) => {
        if (when(request)) what();
        return false;
      },
      fault: { kind: 'hang' },
    });
  };

  /** A line that the command told a person to run. The cluster answers in this process, so that nothing may block it. */
  const shell = (line: string) => promisify(execFile)('sh', ['-c', line], { env: studio.cluster.environment });

  const stopped = () =>
    studio.cluster.requests.some(({ method, body }) => method === 'PATCH' && body.includes('replicas'));
  const copyPods = () =>
    studio.cluster.store.list('pods').filter(({ metadata }) => metadata.name === 'junjo-ai-studio-copy');

  test('stops the studio, copies its volume, starts it again, and says how long that took', async () => {
    const before = contents(studio.volume);
    const { exit, said, file } = await run();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringMatching(/The studio was down for \d+ s/) });
    expect(said).toContain('Context    fake');
    expect(studio.trouble).toEqual([]);
    expect(readdirSync(folder)).toEqual(['studio.tar.gz']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(copyPods()).toEqual([]);
    // For status to tell when the data was copied last.
    const { annotations } = studio.cluster.object(
      'persistentvolumeclaims',
      studio.namespace,
      'junjo-ai-studio-data',
    ).metadata;
    expect(Date.now() - Date.parse(annotations['junjo-ai-studio/last-backup'])).toBeLessThan(600_000);
    expect(contents(studio.volume)).toEqual(before);
    // Nobody wrote while the volume was copied: both stops come before the copy, both starts after it.
    const order = [
      isStopOf('ingestion'),
      isStopOf('backend'),
      isExec('archive'),
      isStartOf('ingestion'),
      isStartOf('backend'),
    ];
    expect(order.map((step) => studio.cluster.requests.findIndex(step))).toEqual(
      order.map((step) => studio.cluster.requests.findIndex(step)).toSorted((a, b) => a - b),
    );
    // tar and gzip of any machine read it.
    const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).split('\n');
    expect(names).toEqual(expect.arrayContaining(['junjo-backup.json', 'data/sqlite/junjo.db', 'junjo-manifest.json']));
    expect((await checkArchive(file)).header).toMatchObject({ tag: '0.82.1', namespace: 'junjo', live: false });
  });

  test('copies in a pod that the namespace admits, beside the volume, with the volume read-only', async () => {
    kubectlInProcess(studio.cluster);
    const created: Manifest[] = [];
    studio.cluster.admit = (object) => {
      if (object.kind === 'Pod') created.push(object);
      return undefined;
    };
    await run();
    const backend = studio.deployment('backend').spec.template;
    const [{ metadata, spec }] = created as [Manifest];
    expect(metadata.labels).toMatchObject({ 'junjo-ai-studio/volume': 'data', 'app.kubernetes.io/component': 'copy' });
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: backend.spec.securityContext,
      affinity: backend.spec.affinity,
      containers: [
        {
          image: backend.spec.containers[0].image,
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: expect.arrayContaining([{ name: 'data', mountPath: '/volume', readOnly: true }]),
        },
      ],
    });
    // Kubernetes would expand it in a value of the environment.
    expect(JSON.stringify(spec.containers[0].env)).not.toContain('$(');
  });

  test.each<[string, Fault]>([
    ['breaks', { kind: 'cut', afterBytes: 100_000 }],
    ['goes silent', { kind: 'stall', afterBytes: 100_000 }],
    ['is cut short without an error', { kind: 'short', afterBytes: 100_000 }],
  ])('when the copy %s, the studio runs again and no file is left', async (_, fault) => {
    studio.cluster.faults.add({ when: isExec('archive'), fault });
    const { exit } = await run({}, { ...hasty, stallSeconds: 5 });
    expect(exit).toBe(1);
    expect(stopped()).toBe(true);
    await studio.ready();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('starts the studio again when the cluster was away for a while', async () => {
    let back: (() => Promise<void>) | undefined;
    whenAsked(isExec('archive'), async () => {
      back ??= await studio.cluster.disconnect();
      setTimeout(() => void back?.(), 1500);
    });
    const { exit, said } = await run({}, { ...hasty, startAttempts: 100 });
    expect(exit).toBe(1);
    expect(said).toContain('The studio is not restarted yet. Trying again.');
    await studio.ready();
  });

  test('keeps a copy that is whole when the cluster is away for a while after it', async () => {
    const isLook = ({ path, query }: SeenRequest) => path.endsWith('/pods') && !query.has('watch');
    let copied = false;
    whenAsked(isExec('archive'), () => {
      copied = true;
    });
    // As long as the test is patient: each of ten attempts to look whether somebody writes fails.
    studio.cluster.faults.add({ when: (request) => copied && isLook(request), fault: unavailable, times: 10 });
    kubectlInProcess(studio.cluster);
    const { exit, said, file } = await run();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining('Trying again') });
    await checkArchive(file);
    await studio.ready();
  });

  test('notes a copy on the claim when the cluster was away for a moment', async () => {
    kubectlInProcess(studio.cluster);
    const isNote = ({ method, path }: SeenRequest) => method === 'PATCH' && path.includes('/persistentvolumeclaims/');
    studio.cluster.faults.add({ when: isNote, fault: { kind: 'reset' }, times: 3 });
    const { exit, said } = await run();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.not.stringContaining('status will not show') });
  });

  test('keeps a copy that is whole when nobody can say whether something wrote meanwhile', async () => {
    let copied = false;
    whenAsked(isExec('archive'), () => {
      copied = true;
    });
    studio.cluster.faults.add({ when: ({ path }) => copied && path.endsWith('/pods'), fault: unavailable });
    kubectlInProcess(studio.cluster);
    const { exit, said } = await run({}, { ...hasty, retrySeconds: 1 });
    expect({ exit, said }).toMatchObject({
      exit: 1,
      said: expect.stringContaining('it is unknown whether something wrote to the volume'),
    });
    expect(readdirSync(folder)).toEqual(['studio.tar.gz.unconfirmed']);
    await checkArchive(join(folder, 'studio.tar.gz.unconfirmed'));
  });

  test('keeps a copy that is whole when the studio cannot be started', async () => {
    kubectlInProcess(studio.cluster);
    const isStart = (request: SeenRequest) => isStartOf('backend')(request) || isStartOf('ingestion')(request);
    studio.cluster.faults.add({ when: isStart, fault: unavailable });
    expect(await run()).toMatchObject({ exit: 1, said: expect.stringContaining('The studio is STOPPED') });
    expect(readdirSync(folder)).toEqual(['studio.tar.gz']);
  });

  test.each([
    ['a line that is no JSON', '{"bytes": 1'],
    ['JSON of another kind', '{"bytes": {"toFixed": 1}}\n{}\n{"bytes": null}'],
    ['control characters', '\u001b]52;c;eA==\u0007'],
    ['a line without an end', 'x'.repeat(100_000)],
  ])('%s from the pod neither stops the copy nor leaves the studio stopped', async (_, words) => {
    kubectlInProcess(studio.cluster, (command) =>
      command.includes('archive')
        ? ['sh', '-c', 'printf "%s\\n" "$1" >&2; shift; exec "$@"', 'sh', words, ...command]
        : command,
    );
    expect(await run()).toMatchObject({ exit: 0 });
    await studio.ready();
  });

  test.each([
    ['is killed', 137, 'exit code 137. It ran out of memory'],
    ['fails without a word', 3, 'exit code 3'],
  ])('says what became of a program that %s, and of the studio', async (_, code, words) => {
    kubectlInProcess(studio.cluster, (command) =>
      command.includes('archive') ? ['sh', '-c', `exit ${code}`] : command,
    );
    expect(await run()).toMatchObject({ exit: 1, said: expect.stringContaining(words) });
    const { said } = await run({ file: join(folder, 'another.tar.gz') });
    expect(said).toContain('Backend and ingestion were restarted.');
    await studio.ready();
  });

  test('gives the exact commands when it cannot start the studio, and they work', async () => {
    const isStart = (request: SeenRequest) => isStartOf('backend')(request) || isStartOf('ingestion')(request);
    studio.cluster.faults.add({ when: isStart, fault: unavailable });
    const { exit, said } = await run();
    expect(exit).toBe(1);
    expect(said).toContain('The studio is STOPPED');
    expect(studio.trouble).not.toEqual([]);
    studio.cluster.faults.clear();
    for (const [line] of said.matchAll(/(?<=^ {2})kubectl .*patch.*$/gm)) {
      await shell(line);
    }
    await studio.ready();
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s in the middle of the copy starts the studio again',
    async (signal) => {
      const { child, ended } = start();
      whenAsked(isExec('archive'), () => child.kill(signal));
      studio.cluster.faults.add({ when: isExec('archive'), fault: { kind: 'stall', afterBytes: 1000 } });
      await studio.cluster.until(stopped);
      const { code, said } = await ended;
      expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining(`Interrupted (${signal})`) });
      await studio.ready();
      expect(readdirSync(folder)).toEqual([]);
      expect(copyPods()).toEqual([]);
    },
  );

  test.each([
    ['while the backend stops', isStopOf('backend')],
    ['in the middle of the copy', isExec('archive')],
    ['before the backend is started again', isStartOf('backend')],
  ])('killed %s, the next run starts the studio and makes the backup', async (_, moment) => {
    const { child, ended } = start();
    whenAsked(moment, () => child.kill('SIGKILL'));
    studio.cluster.faults.add({ when: moment, fault: { kind: 'hang' }, times: 1 });
    await ended;
    studio.cluster.faults.clear();
    expect(studio.trouble).not.toEqual([]);
    const { exit, said } = await run();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining('exited before restarting it') });
    await studio.ready();
  });

  test('leaves alone what another running copy has stopped', async () => {
    kubectlInProcess(studio.cluster);
    const backend = studio.deployment('backend');
    const mark = { replicas: 1, since: new Date().toISOString(), host: 'another', pid: 1 };
    const annotations = { [STOPPED]: JSON.stringify(mark) };
    studio.cluster.apply({
      ...backend,
      metadata: { ...backend.metadata, annotations },
      spec: { ...backend.spec, replicas: 0 },
    });
    expect(await run()).toMatchObject({
      exit: 1,
      said: expect.stringContaining('Another command is working on this studio'),
    });
    expect(studio.deployment('backend').spec.replicas).toBe(0);
    const old = { ...mark, since: new Date(Date.now() - 3_600_000).toISOString() };
    const stopped = studio.deployment('backend');
    studio.cluster.apply({
      ...stopped,
      metadata: { ...stopped.metadata, annotations: { [STOPPED]: JSON.stringify(old) } },
    });
    expect(await run()).toMatchObject({ exit: 0 });
    await studio.ready();
  });

  describe('with Argo CD', () => {
    beforeEach(() => studio.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } }));

    const application = (automated: object | null, annotations = {}) => ({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: 'studio', namespace: 'argocd', annotations },
      spec: { syncPolicy: { automated } },
      status: { resources: [{ kind: 'Deployment', namespace: 'junjo', name: 'junjo-ai-studio-backend' }] },
    });

    test('refuses while it would start the studio again, and says how to pause it', async () => {
      studio.cluster.apply(application({ prune: true, selfHeal: true }));
      const { exit, said } = await run();
      expect({ exit, said }).toMatchObject({
        exit: 1,
        said: expect.stringContaining('the Application studio has selfHeal enabled'),
      });
      expect(stopped()).toBe(false);
      const [command = ''] = said.match(/^kubectl --context=fake --namespace=argocd patch .*'$/m) ?? [];
      await shell(command);
      expect((await run()).exit).toBe(0);
    });

    test.each<[string, object]>([
      ['syncs by hand', application(null)],
      ['does not heal', application({ prune: true })],
      ['is switched off', application({ selfHeal: true, enabled: false })],
      ['is not reconciled', application({ selfHeal: true }, { 'argocd.argoproj.io/skip-reconcile': 'true' })],
    ])('continues where it %s', async (_, object) => {
      kubectlInProcess(studio.cluster);
      studio.cluster.apply(object);
      expect((await run()).exit).toBe(0);
    });

    test('where nobody can see whether it heals, somebody has to say that it is paused', async () => {
      kubectlInProcess(studio.cluster);
      const backend = studio.deployment('backend');
      const annotations = { 'argocd.argoproj.io/tracking-id': 'studio:apps/Deployment:junjo/junjo-ai-studio-backend' };
      studio.cluster.apply({ ...backend, metadata: { ...backend.metadata, annotations } });
      studio.cluster.forbidden.add('list applications');
      expect(await run()).toMatchObject({ exit: 1, said: expect.stringContaining('--argocd-paused') });
      expect(stopped()).toBe(false);
      expect((await run({ argocdPaused: true })).exit).toBe(0);
    });
  });

  describe('with Flux', () => {
    const kustomization = (spec: object = {}) => ({
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name: 'studio', namespace: 'flux-system' },
      spec,
    });

    beforeEach(() => {
      studio.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } });
      const backend = studio.deployment('backend');
      const labels = {
        ...backend.metadata.labels,
        'kustomize.toolkit.fluxcd.io/name': 'studio',
        'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
      };
      studio.cluster.apply({ ...backend, metadata: { ...backend.metadata, labels } });
    });

    test('refuses while it would start the studio again, and says how to suspend it', async () => {
      studio.cluster.apply(kustomization());
      const { exit, said } = await run();
      expect({ exit, said }).toMatchObject({
        exit: 1,
        said: expect.stringContaining('it applies the Kustomization studio every few minutes'),
      });
      expect(stopped()).toBe(false);
      const [command = ''] = said.match(/^kubectl --context=fake --namespace=flux-system patch .*'$/m) ?? [];
      await shell(command);
      expect((await run()).exit).toBe(0);
    });

    test('continues where the Kustomization is gone', async () => {
      kubectlInProcess(studio.cluster);
      expect((await run()).exit).toBe(0);
    });

    test('where nobody can see whether it is suspended, somebody has to say so', async () => {
      kubectlInProcess(studio.cluster);
      studio.cluster.apply(kustomization({ suspend: true }));
      studio.cluster.forbidden.add('get kustomizations');
      expect(await run()).toMatchObject({ exit: 1, said: expect.stringContaining('--flux-suspended') });
      expect(stopped()).toBe(false);
      expect((await run({ fluxSuspended: true })).exit).toBe(0);
    });
  });

  test('does not try for long to start what it was not allowed to stop', async () => {
    kubectlInProcess(studio.cluster);
    studio.cluster.forbidden.add('patch deployments');
    expect(await run()).toMatchObject({ exit: 1, said: expect.not.stringContaining('STOPPED') });
    expect(studio.trouble).toEqual([]);
  });

  test('starts again what it stopped without hearing so, although it may not try that again', async () => {
    kubectlInProcess(studio.cluster);
    let lost = false;
    studio.cluster.faults.add({
      when: (request) => {
        lost ||= isStopOf('ingestion')(request);
        return isStopOf('ingestion')(request);
      },
      fault: { kind: 'lost answer' },
      times: 1,
    });
    const forbidden: Fault = { kind: 'status', code: 403, reason: 'Forbidden', message: 'no longer' };
    studio.cluster.faults.add({
      when: (request) => lost && isStopOf('ingestion')(request),
      fault: forbidden,
      times: 1,
    });
    expect(await run()).toMatchObject({ exit: 1, said: expect.stringContaining('were restarted') });
    await studio.ready();
  });

  test('takes no copy beside a pod that it cannot stop', async () => {
    kubectlInProcess(studio.cluster);
    const template = studio.deployment('backend').spec.template;
    studio.cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'debug', namespace: 'junjo' },
      spec: template.spec,
    });
    expect(await run()).toMatchObject({
      exit: 1,
      said: expect.stringContaining('The pod debug also mounts the volume'),
    });
    expect(stopped()).toBe(false);
  });

  test('trusts no copy during which something wrote', async () => {
    kubectlInProcess(studio.cluster);
    whenAsked(isExec('archive'), () => {
      const backend = studio.deployment('backend');
      studio.cluster.apply({ ...backend, spec: { ...backend.spec, replicas: 1 } });
    });
    expect(await run()).toMatchObject({
      exit: 1,
      said: expect.stringContaining('was started while the volume was copied'),
    });
    await studio.ready();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('stops nothing when the pod that copies is not admitted, or does not come up', async () => {
    kubectlInProcess(studio.cluster);
    studio.cluster.admit = ({ kind }) => (kind === 'Pod' ? 'exceeded quota: pods' : undefined);
    expect(await run()).toMatchObject({ exit: 1, said: expect.stringContaining('exceeded quota: pods') });
    studio.cluster.admit = () => undefined;
    const waiting = { reason: 'ErrImagePull', message: 'no such image' };
    const status = { phase: 'Pending', containerStatuses: [{ ready: false, state: { waiting } }] };
    studio.cluster.controllers.judge = (pod) => (pod.metadata.name === 'junjo-ai-studio-copy' ? { status } : 'ready');
    expect(await run({}, { ...hasty, podSeconds: 1 })).toMatchObject({
      exit: 1,
      said: expect.stringContaining('no such image'),
    });
    expect(stopped()).toBe(false);
    expect(copyPods()).toEqual([]);
  });

  test('starts the studio again when a pod of it does not go', async () => {
    kubectlInProcess(studio.cluster);
    studio.cluster.controllers.stays = ({ metadata }) => metadata.name.includes('backend');
    const { exit, said } = await run({}, { ...hasty, stopSeconds: -110 });
    expect({ exit, said }).toMatchObject({ exit: 1, said: expect.stringContaining('still mounts the volume') });
    expect(studio.deployment('backend').spec.replicas).toBe(1);
    expect(studio.deployment('ingestion').spec.replicas).toBe(1);
  });

  test('says when a database was damaged on the volume already', async () => {
    kubectlInProcess(studio.cluster);
    const path = join(studio.volume, 'sqlite/junjo.db');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 4096, 8192));
    const { exit, said } = await run();
    expect(exit).toBe(1);
    expect(said).toContain('sqlite/junjo.db is damaged on the volume');
    expect(readdirSync(folder)).toEqual(['studio.tar.gz']);
    await studio.ready();
  });

  test('keeps what restores put aside out of the copy, and names what it leaves out', async () => {
    kubectlInProcess(studio.cluster);
    mkdirSync(join(studio.volume, '.junjo-before-x/sqlite'), { recursive: true });
    mkdirSync(join(studio.volume, 'lost+found'));
    execFileSync('mkfifo', [join(studio.volume, 'pipe')]);
    const { exit, said, file } = await run();
    expect({ exit, said }).toMatchObject({ exit: 0, said: expect.stringContaining('pipe was left out') });
    expect(execFileSync('tar', ['-tzf', file], { encoding: 'utf8' })).not.toMatch(/junjo-before|lost\+found|pipe/);
  });

  test('while the studio runs and writes, takes whole databases and stops nothing', async () => {
    const writer = spawn('python3', ['-c', WRITER, join(studio.volume, 'sqlite/junjo.db')], { env: withSystemPython });
    await new Promise((done) => writer.stdout.once('data', done));
    const { exit, said, file } = await run({ live: true });
    writer.kill('SIGKILL');
    expect({ exit, said }).toMatchObject({ exit: 0 });
    expect(stopped()).toBe(false);
    const { manifest, header } = await checkArchive(file);
    expect(header.live).toBe(true);
    expect(manifest.databases).toEqual({ 'sqlite/junjo.db': 'ok', 'sqlite/metadata.db': 'ok' });
    expect(Object.keys(manifest.files)).toEqual(
      expect.arrayContaining(['spans/wal/segment-1.ipc', 'spans/parquet/2026/7.parquet']),
    );
    expect(Object.keys(manifest.files)).not.toContain('sqlite/metadata.db-wal');
  });

  test('refuses to copy stores while they run that do not allow it', async () => {
    kubectlInProcess(studio.cluster);
    studio.apply({ JUNJO_K8S_RELEASE: '0.70.3', JUNJO_INTERNAL_GRPC_TOKEN: undefined });
    expect(await run({ live: true })).toMatchObject({
      exit: 1,
      said: expect.stringContaining('DuckDB, BadgerDB, which cannot be copied while the studio runs'),
    });
    expect((await run()).exit).toBe(0);
  });

  test('keeps the last backups of a folder, and touches nothing else there', async () => {
    kubectlInProcess(studio.cluster);
    const others = ['junjo-20200101T000000Z.tar.gz.old', 'junjo-two-20200101T000000Z.tar.gz', 'notes.txt'];
    const old = ['junjo-20200101T000000Z.tar.gz', 'junjo-20210101T000000Z.tar.gz'];
    for (const name of [...others, ...old]) writeFileSync(join(folder, name), '');
    expect(await run({ file: folder, keep: '2' })).toMatchObject({ exit: 0 });
    const left = readdirSync(folder);
    expect(left).toEqual(expect.arrayContaining([...others, 'junjo-20210101T000000Z.tar.gz']));
    expect(left).not.toContain('junjo-20200101T000000Z.tar.gz');
    expect(left).toHaveLength(5);
  });

  describe('as the runbook has cron call it', () => {
    const runbook = readFileSync('docs/runbook.md', 'utf8');
    const [, line = ''] = /^17 3 .* backup -- (.*)$/m.exec(runbook) ?? [];
    const [, yaml = ''] = /^```yaml\n(apiVersion: rbac[^`]*)```$/m.exec(runbook) ?? [];

    /** Runs the line with a folder and a context of this test. */
    const cron = async () => {
      const said: string[] = [];
      const note = (text: string) => said.push(text);
      const words = line
        .split(' ')
        .map((word) => (word.startsWith('/var/') ? folder : word === 'backup' ? 'fake' : word));
      const args = ['backup', ...words.map((word) => word.replace('junjo-ai-studio', studio.namespace))];
      return { exit: await runCli(args, { ...studio.io(), out: note, err: note }), said };
    };

    beforeEach(() => {
      kubectlInProcess(studio.cluster);
      const { rules } = load(yaml) as Manifest;
      const verbs = rules.flatMap(({ resources, verbs: allowed }: Manifest) =>
        allowed.flatMap((verb: string) => resources.map((resource: string) => `${verb} ${resource}`)),
      );
      studio.cluster.allowed = new Set(verbs);
    });

    test('prints nothing when all is well, with the permissions that stand there', async () => {
      expect(await cron()).toEqual({ exit: 0, said: [] });
      expect(readdirSync(folder)).toHaveLength(1);
      expect(studio.cluster.object('persistentvolumeclaims', 'junjo', 'junjo-ai-studio-data').metadata).toMatchObject({
        annotations: { 'junjo-ai-studio/last-backup': expect.any(String) },
      });
    });

    test('prints everything when something is wrong', async () => {
      studio.cluster.faults.add({ when: isExec('archive'), fault: unavailable });
      const { exit, said } = await cron();
      expect({ exit, said: said.join('\n') }).toMatchObject({
        exit: 1,
        said: expect.stringMatching(/Context +fake[^!]*were restarted/),
      });
    });

    test('needs each of the permissions', async () => {
      // Of pods/exec, this kubectl creates.
      for (const verb of [...(studio.cluster.allowed ?? [])].filter((each) => each !== 'get pods/exec')) {
        studio.cluster.forbidden.add(verb);
        const { said } = await run({ file: join(folder, `${verb}.tar.gz`), quiet: true });
        expect([verb, said]).toEqual([verb, expect.stringContaining('forbidden')]);
        studio.cluster.forbidden.clear();
        for (const pod of copyPods()) studio.cluster.controllers.stopPod(pod);
        await studio.cluster.until(() => copyPods().length === 0);
        await studio.ready();
      }
    });
  });

  test('a failed backup removes no older one', async () => {
    writeFileSync(join(folder, 'junjo-20200101T000000Z.tar.gz'), '');
    studio.cluster.faults.add({ when: isExec('archive'), fault: { kind: 'cut', afterBytes: 10 } });
    expect((await run({ file: folder, keep: '1' })).exit).toBe(1);
    expect(readdirSync(folder)).toEqual(['junjo-20200101T000000Z.tar.gz']);
  });

  test.each<[string, BackupOptions, string]>([
    ['a file that is there', { file: resolve('package.json') }, 'already exists'],
    ['a namespace without a studio', { namespace: 'elsewhere' }, 'no studio in the namespace elsewhere'],
    ['a context that does not exist', { context: 'nowhere' }, 'kubectl config get-contexts'],
    ['no answer where nobody can be asked', { yes: false }, 'Pass --yes'],
    ['--keep without a number', { keep: 'all' }, '--keep all'],
    ['--keep with a file', { keep: '3' }, 'Name a folder'],
    ['an env file that is not there', { namespace: undefined, envFile: ['none.env'] }, 'none.env'],
  ])('refuses %s, and stops nothing', async (_, options, words) => {
    expect(await run(options)).toMatchObject({ exit: 1, said: expect.stringContaining(words) });
    expect(stopped()).toBe(false);
  });
});

/** Writes a row every few milliseconds, in transactions that a torn copy would break. */
const WRITER = `
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1])
database.execute('create table if not exists spans (id integer primary key, text text)')
while True:
    with database:
        database.executemany('insert into spans (text) values (?)', [('x' * 500,)] * 20)
    print('.', flush=True)
    time.sleep(0.005)
`;
