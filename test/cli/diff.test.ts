import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diff } from '../../cli/diff';
import { Kubectl } from '../../cluster/kubectl';
import { writeFiles } from '../../render/files';
import { FakeApiServer } from '../support/fake-api-server';
import { unavailable } from '../support/fake-cluster/faults';
import { describeWith, pathOf } from '../support/programs';
import { envText, files, freshSecret, type Manifest, production, type Settings } from '../support/studio';

jest.setTimeout(120_000);

const base = production({ JUNJO_K8S_INGRESS_CLASS: 'nginx', JUNJO_K8S_TLS_SECRET: 'edge-tls' });

describeWith(['kubectl'], 'diff', () => {
  let cluster: FakeApiServer;
  let folder: string;
  let written = 0;

  beforeEach(async () => {
    cluster = await FakeApiServer.start();
    folder = mkdtempSync(join(tmpdir(), 'diff-'));
  });

  afterEach(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const output = (settings: Settings = base) => {
    written += 1;
    const path = join(folder, `dist-${written}`);
    writeFiles(files(settings), path);
    return path;
  };
  const applied = async (path: string) => {
    const kubectl = new Kubectl({ program: pathOf('kubectl'), kubeconfig: cluster.kubeconfig });
    await kubectl.text(['apply', '-f', join(path, 'foundation'), '-f', path]);
    await cluster.until(() => cluster.store.list('deployments').every(({ status }) => status?.availableReplicas === 1));
  };
  const run = async (path: string, options: { json?: boolean; kubeconfig?: string } = {}, more = {}) => {
    const out: string[] = [];
    const err: string[] = [];
    const io = {
      environment: { ...cluster.environment, KUBECTL_EXTERNAL_DIFF: 'false', ...more },
      out: (text: string) => out.push(text),
      err: (text: string) => err.push(text),
      color: false,
    };
    const exit = await diff.run({ folder: path, ...options }, io);
    return { exit, out: out.join('\n'), err: err.join('\n') };
  };
  const writes = () =>
    cluster.requests.filter(({ method, query }) => method !== 'GET' && query.get('dryRun') !== 'All');

  test('says that everything is new where the namespace does not exist', async () => {
    const { exit, out } = await run(output());
    expect(exit).toBe(4);
    expect(out).toContain('Everything is new:\n  Namespace junjo-ai-studio\n');
    expect(out.indexOf('PersistentVolumeClaim')).toBeLessThan(out.indexOf('Deployment'));
    expect(writes()).toEqual([]);
  });

  test('finds no difference after an apply, and ends with 0', async () => {
    const path = output();
    await applied(path);
    expect(await run(path)).toMatchObject({ exit: 0, out: expect.stringContaining('\n\nNo differences.') });
  });

  test('shows a changed setting and a changed secret, what restarts, and no value of a secret', async () => {
    await applied(output());
    const before = writes().length;
    const secret = freshSecret();
    const { exit, out, err } = await run(
      output({ ...base, JUNJO_LOG_LEVEL: 'debug', JUNJO_SESSION_SECRET: secret, OPENAI_API_KEY: secret }),
    );
    expect({ exit, err }).toEqual({ exit: 4, err: '' });
    expect(out).toMatch(/ {2}ConfigMap junjo-ai-studio-backend-settings\n {4}@@/);
    expect(out).toContain('+  JUNJO_LOG_LEVEL: debug');
    expect(out).toMatch(/-JUNJO_SESSION_SECRET: \*\*\* \(before\)\n +\+JUNJO_SESSION_SECRET: \*\*\* \(after\)/);
    expect(out).toContain('+OPENAI_API_KEY: *** (new)');
    expect(out).toMatch(/restart:\n {2}Deployment junjo-ai-studio-backend\n/);
    for (const value of [secret, base.JUNJO_SESSION_SECRET ?? '', base.JUNJO_SECURE_COOKIE_KEY ?? '']) {
      expect(out).not.toContain(value);
      expect(out).not.toContain(Buffer.from(value).toString('base64'));
    }
    expect(writes()).toHaveLength(before);
    // kubectl diff can print the annotation with a copy of the values, so it gets no Secret.
    const tried = cluster.requests.filter(({ path, query }) => path.includes('/secrets') && query.has('dryRun'));
    expect(tried).toEqual([]);
  });

  test('finds restarts where the folder for temporary files has a space in its name', async () => {
    await applied(output());
    const TMPDIR = join(folder, 'my files');
    mkdirSync(TMPDIR);
    const { out } = await run(output({ ...base, JUNJO_LOG_LEVEL: 'debug' }), { json: true }, { TMPDIR });
    const { changed, restarts } = JSON.parse(out);
    expect(restarts).toContain('Deployment junjo-ai-studio-backend');
    expect(changed[0].lines[0]).toMatch(/^@@/);
  });

  test('lists what is new beside a running studio, and what is no longer rendered', async () => {
    await applied(output());
    const label = { 'app.kubernetes.io/name': 'junjo-ai-studio', 'app.kubernetes.io/managed-by': 'cdk8s' };
    const of = (kind: string, name: string, more = {}) => ({
      apiVersion: 'v1',
      kind,
      metadata: { name, namespace: 'junjo-ai-studio', labels: label, ...more },
    });
    cluster.apply(
      of('ConfigMap', 'old') as Manifest,
      { ...of('PersistentVolumeClaim', 'old-data'), spec: {} } as Manifest,
      of('Secret', 'old-secret') as Manifest,
      of('ConfigMap', 'made', { ownerReferences: [{ kind: 'Deployment', name: 'x', uid: 'y' }] }) as Manifest,
    );
    cluster.store.remove(
      cluster.resources.find(({ kind }) => kind === 'Ingress') as never,
      'junjo-ai-studio',
      'junjo-ai-studio',
    );
    const { exit, out } = await run(output(), { json: true });
    expect(exit).toBe(4);
    expect(JSON.parse(out)).toMatchObject({
      namespace: 'junjo-ai-studio',
      added: ['Ingress junjo-ai-studio'],
      changed: [],
      restarts: [],
      leftBehind: ['configmap/old'],
      unread: [],
    });
  });

  test('ends with 4 where an object is only left behind, and ignores one that is being deleted', async () => {
    const path = output();
    await applied(path);
    const labels = { 'app.kubernetes.io/name': 'junjo-ai-studio', 'app.kubernetes.io/managed-by': 'cdk8s' };
    const of = (name: string, more = {}) =>
      ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace: 'junjo-ai-studio', labels, ...more },
      }) as Manifest;
    cluster.apply(of('going', { deletionTimestamp: '2026-01-02T03:04:05Z', finalizers: ['example.com/wait'] }));
    expect(await run(path)).toMatchObject({ exit: 0, out: expect.not.stringContaining('going') });
    cluster.apply(of('old'));
    expect(await run(path)).toMatchObject({ exit: 4, out: expect.stringContaining('configmap/old') });
  });

  test('says what it may not read', async () => {
    const path = output();
    await applied(path);
    for (const right of ['get namespaces', 'get secrets', 'list ingresses']) cluster.forbidden.add(right);
    const { exit, out } = await run(path);
    expect(exit).toBe(0);
    expect(out).toContain('so their differences are unknown:\n  namespaces\n  secrets\n  ingresses.networking.k8s.io');
  });

  test('fails with 1, and says why, when the cluster refuses or does not answer', async () => {
    const path = output();
    await applied(path);
    cluster.forbidden.add('get deployments');
    expect(await run(path)).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('forbidden') });
    cluster.forbidden.clear();
    cluster.faults.add({ when: ({ path: at }) => at.includes('/configmaps/'), fault: unavailable });
    const failed = await run(path, { json: true });
    expect({ ...failed, out: JSON.parse(failed.out) }).toMatchObject({
      exit: 1,
      out: { error: { message: expect.any(String) } },
    });
    await cluster.disconnect();
    expect(await run(path)).toMatchObject({ exit: 1, err: expect.stringContaining('cluster is up') });
  });

  test('compares what an env file renders', async () => {
    await applied(output());
    const env = join(folder, 'studio.env');
    writeFileSync(env, envText(base));
    const said: string[] = [];
    const note = (text: string) => said.push(text);
    const io = { environment: cluster.environment, out: note, err: note, color: false };
    expect({ exit: await diff.run({ envFile: [env] }, io), said: said.join('\n') }).toEqual({
      exit: 0,
      said: expect.stringContaining('No differences.'),
    });
    writeFileSync(env, envText({ ...base, JUNJO_LOG_LEVEL: 'loud' }));
    expect(await diff.run({ envFile: [env] }, io)).toBe(1);
  });

  test('asks for one studio where a folder holds several', async () => {
    for (const name of ['blue', 'green']) writeFiles(files(base), join(folder, 'dist', name));
    expect(await run(join(folder, 'dist'))).toMatchObject({ exit: 1, err: expect.stringContaining('several studios') });
  });
});
