import { type StatusOptions, tellStatus } from '../../cli/status';
import { recording } from '../support/cluster-state';
import { FakeApiServer } from '../support/fake-api-server';
import { LiveStudio } from '../support/live-studio';
import { describeWith } from '../support/programs';
import { development, render } from '../support/studio';

const patience = { pollMs: 10, looks: 2 };

/** A cluster that shows what a real one showed, and changes nothing by itself. */
async function showing(name: string): Promise<{ cluster: FakeApiServer; namespace: string }> {
  const { objects, namespace } = recording(name);
  const cluster = await FakeApiServer.start();
  cluster.controllers.close();
  cluster.apply(...objects);
  return { cluster, namespace };
}

describeWith(['kubectl'], 'status', () => {
  let cluster: FakeApiServer;
  const said: string[] = [];
  const told: string[] = [];
  let onTold: (text: string) => void;

  afterEach(async () => {
    await cluster.close();
    said.length = 0;
    told.length = 0;
  });
  beforeEach(() => {
    onTold = () => undefined;
  });

  const status = (options: StatusOptions) =>
    tellStatus(
      options,
      {
        environment: cluster.environment,
        out: (text) => said.push(text),
        err: (text) => {
          told.push(text);
          onTold(text);
        },
        color: false,
      },
      patience,
    );

  test('shows a healthy studio on one screen', async () => {
    const shown = await showing('healthy');
    cluster = shown.cluster;
    expect(await status({ namespace: shown.namespace })).toBe(0);
    const [screen = ''] = said;
    expect(screen).toContain('Namespace state-healthy of fake (http://127.0.0.1:');
    expect(screen).toMatch(/^backend +1\/1 +0\.70\.3 +\d+[smhd] +0$/m);
    expect(screen).toMatch(/^UI +http:\/\/10\.98\.1\.24:5153$/m);
    expect(screen).toMatch(/^Volume +junjo-ai-studio-data, 10Gi, Bound$/m);
    expect(screen).toMatch(/^Backup +none is known/m);
    expect(screen.endsWith('All is well.')).toBe(true);
    expect(screen.split('\n').length).toBeLessThan(24);
  });

  test('names the one cause and the fix command of what is broken, and fails', async () => {
    const shown = await showing('secret-key-missing');
    cluster = shown.cluster;
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]).toContain(
      'error    backend: the Secret junjo-ai-studio-secrets has no key JUNJO_SECURE_COOKIE_KEY [secret-key-missing]\n         set JUNJO_SECURE_COOKIE_KEY',
    );
    expect(said[0]).toContain(
      'wait     ingestion: waits for the backend, which does not answer yet [waits-for-backend]',
    );
  });

  test('reads the log of what crashes, and repeats no value of it that may be secret', async () => {
    const shown = await showing('crash-loop');
    cluster = shown.cluster;
    const { metadata } = cluster.store.list('pods').find(({ metadata: { name } }) => name.includes('backend'));
    const secret = 'c2VjcmV0LXZhbHVlLW9mLXRoaXMtdGVzdA==';
    cluster.logs.set(
      metadata.name,
      `ValidationError: session_secret\n  too short\nSettings: bad value [type=value_error, input_value='${secret}', input_type=str]\n`,
    );
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]).toContain('backend ends with code 1, 3 times so far: Settings: bad value');
    expect(said[0]).not.toContain(secret);
  });

  test('for programs it is one JSON object', async () => {
    const shown = await showing('image-missing');
    cluster = shown.cluster;
    expect(await status({ namespace: shown.namespace, json: true })).toBe(1);
    const { context, namespace, workloads, findings } = JSON.parse(said[0] ?? '');
    expect([context, namespace]).toEqual(['fake', 'state-image-missing']);
    expect(workloads.map(({ name }: { name: string }) => name)).toEqual(['backend', 'frontend', 'ingestion']);
    expect(findings[0]).toMatchObject({ severity: 'error', cause: 'image-missing', subjects: ['backend'] });
  });

  test('what the user may not read is named, and the rest is told', async () => {
    const shown = await showing('healthy');
    cluster = shown.cluster;
    cluster.forbidden.add('list nodes').add('list secrets');
    expect(await status({ namespace: shown.namespace })).toBe(0);
    expect(said[0]).toMatch(/^Not readable: .*nodes/m);
    expect(said[0]).toMatch(/^Not readable: .*secrets/m);
    expect(said[0]).toMatch(/^backend +1\/1/m);
  });

  test('somebody who may see nothing but pods of the namespace is told of these', async () => {
    const shown = await showing('image-missing');
    cluster = shown.cluster;
    cluster.forbidden.add('get namespaces').add('list deployments').add('list nodes').add('list persistentvolumes');
    expect(await status({ namespace: shown.namespace })).toBe(0);
    expect(said[0]).toMatch(/^Not readable: .*namespaces/m);
    expect(said[0]).toMatch(/^Not readable: .*deployments\.apps/m);
    expect(said[0]).not.toContain('not-applied');
    expect(said[0]).not.toContain('namespace-missing');
  });

  test('goes on where an API service of the cluster is down, or the webhook of a kind', async () => {
    const { objects, namespace } = recording('image-missing');
    const plain = {
      group: 'cert-manager.io',
      version: 'v1',
      kind: 'Certificate',
      plural: 'certificates',
      namespaced: true,
    };
    const metrics = {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      kind: 'PodMetrics',
      plural: 'pods',
      namespaced: true,
    };
    cluster = await FakeApiServer.start({ legacyDiscovery: true, custom: [plain, metrics] });
    cluster.controllers.close();
    cluster.apply(...objects);
    const fails = (path: RegExp, code: number, reason: string, message: string) =>
      cluster.faults.add({
        when: (request) => path.test(request.path),
        fault: { kind: 'status', code, reason, message },
      });
    fails(
      /metrics\.k8s\.io\/v1beta1$/,
      503,
      'ServiceUnavailable',
      'the server is currently unable to handle the request',
    );
    fails(
      /\/certificates$/,
      500,
      'InternalError',
      'conversion webhook failed: dial tcp 10.0.0.1:443: connection refused',
    );
    expect(await status({ namespace })).toBe(1);
    expect(said[0]).toContain('[image-missing]');
    expect(said[0]).toMatch(/^Not readable: certificates\.cert-manager\.io\./m);
  });

  test('reads the log of a first crash, before anything was started again', async () => {
    const shown = await showing('crash-loop');
    cluster = shown.cluster;
    const pod = cluster.store.list('pods').find(({ metadata: { name } }) => name.includes('backend'));
    const [container] = pod.status.containerStatuses;
    const { terminated } = container.lastState;
    const first = { ...container, restartCount: 0, lastState: {}, state: { terminated } };
    cluster.apply({ ...pod, status: { ...pod.status, containerStatuses: [first] } });
    cluster.logs.set(pod.metadata.name, 'ValueError: no\n');
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]).toContain('ValueError: no');
    const asked = cluster.requests.filter(({ path }) => path.endsWith('/log'));
    expect(asked.map(({ query }) => query.get('previous'))).toEqual([null]);
  });

  test('a cluster that is not reached is told in one line', async () => {
    const shown = await showing('healthy');
    cluster = shown.cluster;
    await cluster.disconnect().then((listen) => status({ namespace: shown.namespace }).finally(listen));
    expect(said).toEqual([]);
    expect(told.join()).toMatch(/Is the cluster up/);
  });

  test('--watch follows a rollout, and ends with the addresses', async () => {
    const studio = await LiveStudio.start();
    cluster = studio.cluster;
    cluster.apply(...render(development({ JUNJO_K8S_NAMESPACE: studio.namespace })).ofKind('Service'));
    const backend = studio.deployment('backend');
    cluster.apply({ ...backend, spec: { ...backend.spec, replicas: 0 } });
    // Somebody starts it when the command has told that it is stopped.
    onTold = (text) => {
      if (text.includes('scaled-to-zero')) cluster.apply({ ...studio.deployment('backend'), spec: backend.spec });
    };
    expect(await status({ namespace: studio.namespace, watch: true })).toBe(0);
    expect(told[0]).toMatch(/^backend 0\/0, .*backend: scaled-to-zero/);
    expect(said.join('\n')).toMatch(/^UI +http:\/\/localhost:5153$/m);
  });

  test('--watch ends with what holds a rollout up', async () => {
    const shown = await showing('frontend-bad-rollout');
    cluster = shown.cluster;
    expect(await status({ namespace: shown.namespace, watch: true })).toBe(1);
    expect(said[0]).toMatch(/^Held up:\nerror {4}frontend: .*does not exist in its registry/);
    // Each change is said once.
    expect(told).toHaveLength(1);
  });
});
