import { Kubectl, KubectlError } from '../../cluster/kubectl';
import { FakeApiServer } from '../support/fake-api-server';
import { describeWith, pathOf } from '../support/programs';
import type { Manifest } from '../support/studio';

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } };
const deployment = (replicas = 1) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'team', labels: { app: 'web' } },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'web:1', env: [{ name: 'WORD', value: 'hello' }] }] },
    },
  },
});

describeWith(['kubectl'], 'kubectl', () => {
  const program = pathOf('kubectl');
  let cluster: FakeApiServer;
  let kubectl: Kubectl;

  beforeEach(async () => {
    cluster = await FakeApiServer.start();
    cluster.apply(namespace);
    kubectl = new Kubectl({ program, kubeconfig: cluster.kubeconfig, namespace: 'team', requestTimeout: 5 });
  });

  afterEach(() => cluster.close());

  const pods = () => cluster.store.list('pods', 'team');
  const failure = async (attempt: Promise<unknown>): Promise<KubectlError> => {
    const error = await attempt.then(() => undefined).catch((reason: unknown) => reason);
    if (error instanceof KubectlError) return error;
    throw new Error(`no KubectlError, but ${error}`);
  };

  test('tells where its commands go', async () => {
    expect(await kubectl.target()).toEqual({ context: 'fake', server: cluster.url, namespace: 'team' });
    expect(await kubectl.in('other').target()).toMatchObject({ namespace: 'other' });
  });

  test('writes and reads objects, whichever way the server tells of its kinds', async () => {
    const old = await FakeApiServer.start({ legacyDiscovery: true, version: 'v1.27.3' });
    old.apply(namespace);
    try {
      for (const { kubeconfig } of [cluster, old]) {
        const other = new Kubectl({ ...kubectl.options, kubeconfig });
        await other.text(['create', '-f', '-'], { input: JSON.stringify(deployment()) });
        const found = await other.json<Manifest>(['get', 'deployment', 'web']);
        expect(found.spec).toMatchObject({ replicas: 1 });
        expect(await other.jsonIfFound(['get', 'deployment', 'nothing'])).toBeUndefined();
        expect(await other.jsonIfFound(['get', 'fairies'])).toBeUndefined();
      }
    } finally {
      await old.close();
    }
  });

  test('scales, patches, applies and deletes, with pods that follow', async () => {
    await kubectl.text(['apply', '-f', '-'], { input: JSON.stringify(deployment()) });
    await kubectl.text(['rollout', 'status', 'deployment/web', '--timeout=20s']);
    expect(pods()).toHaveLength(1);
    await kubectl.text(['scale', 'deployment/web', '--replicas=0']);
    await cluster.until(() => pods().length === 0);
    await kubectl.text(['patch', 'deployment/web', '--type=merge', '--patch={"spec":{"replicas":2}}']);
    await cluster.until(() => pods().length === 2);
    await kubectl.text(['apply', '--server-side', '-f', '-'], { input: JSON.stringify(deployment(1)) });
    await cluster.until(() => pods().length === 1);
    await kubectl.text(['delete', 'deployment', 'web']);
    await cluster.until(() => pods().length === 0);
  });

  test('a dry run on the server is judged by admission, and changes nothing', async () => {
    const dryRun = () =>
      kubectl.text(['apply', '--server-side', '--dry-run=server', '-f', '-'], { input: JSON.stringify(deployment()) });
    await dryRun();
    cluster.admit = ({ kind }) => (kind === 'Deployment' ? 'exceeded quota: pods=1' : undefined);
    expect(await failure(dryRun())).toMatchObject({
      failure: 'forbidden',
      words: expect.stringContaining('exceeded quota'),
    });
    expect(cluster.store.list('deployments')).toEqual([]);
  });

  test('runs a command in a container, both ways, and reports how it ended', async () => {
    await kubectl.text(['apply', '-f', '-'], { input: JSON.stringify(deployment()) });
    await cluster.until(() => pods()[0]?.status?.phase === 'Running');
    const exec = ['exec', '-i', pods()[0].metadata.name, '-c', 'main', '--'];
    const input = 'line\n'.repeat(100_000);
    expect(await kubectl.text([...exec, 'sh', '-c', 'cat; echo "$WORD"'], { input })).toBe(`${input}hello\n`);
    expect((await failure(kubectl.text([...exec, 'sh', '-c', 'echo no >&2; exit 3']))).words).toBe(
      'no\ncommand terminated with exit code 3',
    );
  });

  test('watches changes as they come, and reads logs', async () => {
    await kubectl.text(['apply', '-f', '-'], { input: JSON.stringify(deployment()) });
    await kubectl.text(['wait', 'deployment/web', '--for=jsonpath={.status.readyReplicas}=1', '--timeout=20s']);
    const [{ metadata }] = pods() as [Manifest];
    cluster.logs.set(metadata.name, 'ready to serve\n');
    expect(await kubectl.text(['logs', metadata.name])).toBe('ready to serve\n');
  });

  test('asks what may be done', async () => {
    expect(await kubectl.text(['auth', 'can-i', 'create', 'pods/exec'])).toBe('yes\n');
    cluster.forbidden.add('patch deployments');
    expect((await failure(kubectl.text(['auth', 'can-i', 'patch', 'deployments']))).words).toBe('no');
  });

  test('says in one word why kubectl failed, and keeps its own words', async () => {
    cluster.apply(deployment());
    cluster.forbidden.add('list pods');
    expect(await failure(kubectl.json(['get', 'pods']))).toMatchObject({
      failure: 'forbidden',
      words: expect.stringContaining('cannot list resource "pods"'),
    });
    expect(await failure(kubectl.json(['get', 'deployment', 'none']))).toMatchObject({ failure: 'not found' });
    expect(await failure(kubectl.text(['create', '-f', '-'], { input: JSON.stringify(deployment()) }))).toMatchObject({
      failure: 'already exists',
    });
    const elsewhere = new Kubectl({ ...kubectl.options, context: 'nowhere' });
    expect(await failure(elsewhere.target())).toMatchObject({ failure: 'no kubeconfig' });
    const without = new Kubectl({ program: '/nowhere/kubectl' });
    expect((await failure(without.json(['get', 'pods']))).message).toMatch(/ENOENT.*https:\/\/kubernetes\.io/);
  });

  test.each([
    ['refuses connections', 'disconnect'],
    ['resets the connection', 'reset'],
    ['never answers', 'hang'],
    ['is overloaded', 'status'],
  ] as const)('a server that %s is unreachable, with a hint', async (_, fault) => {
    const hasty = new Kubectl({ ...kubectl.options, requestTimeout: 1 });
    await hasty.text(['get', 'pods']);
    if (fault === 'disconnect') await cluster.disconnect();
    else if (fault === 'status') {
      const status = { kind: 'status', code: 503, reason: 'ServiceUnavailable', message: 'etcd is away' } as const;
      cluster.faults.add({ when: () => true, fault: status });
    } else cluster.faults.add({ when: () => true, fault: { kind: fault } });
    const error = await failure(hasty.json(['get', 'pods']));
    expect(error).toMatchObject({ failure: 'unreachable' });
    expect(error.message).toContain('To test the connection: kubectl version');
  });

  test('gives command lines that a shell reads back', () => {
    const odd = new Kubectl({ context: 'admin@the "cluster"', namespace: 'team' });
    expect(odd.commandLine(['patch', 'deployment/web', `--patch={"a":"it's"}`])).toBe(
      `kubectl '--context=admin@the "cluster"' --namespace=team patch deployment/web '--patch={"a":"it'\\''s"}'`,
    );
  });
});
