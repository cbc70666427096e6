import { hostname } from 'node:os';
import { type StatusOptions, tellStatus } from '../../cli/status';
import { STOPPED } from '../../config/names';
import { recording } from '../support/cluster-state';
import { FakeApiServer } from '../support/fake-api-server';
import { Folder } from '../support/folder';
import { LiveStudio } from '../support/live-studio';
import { describeWith } from '../support/programs';
import { development, envText, render } from '../support/studio';

const patience = { pollMs: 10, looks: 2 };

/** A cluster that shows what a real one showed, and changes nothing by itself. */
async function showing(name: string): Promise<{ cluster: FakeApiServer; namespace: string }> {
  const { objects, namespace } = recording(name);
  const cluster = await FakeApiServer.start();
  cluster.controllers.close();
  cluster.apply(...objects);
  return { cluster, namespace };
}

/** The Services of a studio whose containers have ports of this machine, under the names that they always have. */
function servicesOf({ namespace }: LiveStudio) {
  return render(development({ JUNJO_K8S_NAMESPACE: namespace }))
    .ofKind('Service')
    .map((service) => ({
      ...service,
      spec: {
        ...service.spec,
        ports: service.spec.ports.map((port: { readonly name: string }) => ({ ...port, targetPort: port.name })),
      },
    }));
}

describeWith(['kubectl'], 'status', () => {
  let cluster: FakeApiServer;
  const said: string[] = [];
  const told: string[] = [];
  let onTold: (text: string) => void;
  let onSaid: (text: string) => void;
  let columns: number | undefined;

  afterEach(async () => {
    await cluster.close();
    said.length = 0;
    told.length = 0;
  });
  beforeEach(() => {
    onTold = () => undefined;
    onSaid = () => undefined;
    columns = undefined;
  });

  const status = (options: StatusOptions) =>
    tellStatus(
      options,
      {
        environment: cluster.environment,
        out: (text) => {
          said.push(text);
          onSaid(text);
        },
        err: (text) => {
          told.push(text);
          onTold(text);
        },
        color: false,
        columns,
      },
      patience,
    );

  test('shows a healthy studio on one screen', async () => {
    const shown = await showing('healthy');
    cluster = shown.cluster;
    expect(await status({ namespace: shown.namespace })).toBe(0);
    const [screen = ''] = said;
    expect(screen).toContain('Namespace state-healthy, context fake (http://127.0.0.1:');
    expect(screen).toMatch(/^backend +1\/1 +0\.70\.3 +\d+[smhd] +0$/m);
    // The page calls the API on localhost, so that no other address of the UI works.
    expect(screen).toMatch(/^UI +http:\/\/localhost:5153$/m);
    expect(screen).toMatch(/^ +\(for localhost, run npm run forward, unless/m);
    expect(screen).toMatch(/^Volume +junjo-ai-studio-data, 10Gi, Bound$/m);
    expect(screen).toMatch(
      /^Backup +none found\. To take one, run:\n {13}npm run backup -- .*--context=fake --namespace=state-healthy$/m,
    );
    expect(screen.endsWith('All is well.')).toBe(true);
    expect(screen.split('\n').length).toBeLessThan(24);
  });

  test('names the one cause and the fix command of what is broken, and fails', async () => {
    const shown = await showing('secret-key-missing');
    cluster = shown.cluster;
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]?.replace(/\s+/g, ' ')).toContain(
      'error backend: the Secret junjo-ai-studio-secrets has no key JUNJO_SECURE_COOKIE_KEY [secret-key-missing] Set JUNJO_SECURE_COOKIE_KEY',
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
      `1 validation error for Settings\nJUNJO_SESSION_SECRET\n  Value error, bad value [type=value_error, input_value='${secret}', input_type=str]\nMigration failed.\n`,
    );
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]?.replace(/\s+/g, ' ')).toContain(
      'backend exits with code 1, 3 times so far: JUNJO_SESSION_SECRET is refused: bad value',
    );
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
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]).toMatch(/^error +permissions: you cannot read nodes and secrets, /m);
    expect(said[0]).toMatch(/^backend +1\/1/m);
  });

  test('somebody who may see nothing but pods of the namespace is told of these', async () => {
    const shown = await showing('image-missing');
    cluster = shown.cluster;
    cluster.forbidden.add('get namespaces').add('list deployments').add('list nodes').add('list persistentvolumes');
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]).toMatch(
      /^error +permissions: you cannot read deployments\.apps, namespaces, nodes and persistentvolumes, so/m,
    );
    expect(said[0]).toMatch(/^Workloads +unknown: you cannot read deployments\.apps$/m);
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
    expect(said[0]).toMatch(/permissions: you cannot read certificates\.cert-manager\.io/);
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
    const asked = cluster.requests.filter(({ path }) => path.endsWith(`/${pod.metadata.name}/log`));
    expect(asked.map(({ query }) => query.get('previous'))).toEqual([null]);
  });

  test('a cluster that is not reached is told in one line', async () => {
    const shown = await showing('healthy');
    cluster = shown.cluster;
    await cluster.disconnect().then((listen) => status({ namespace: shown.namespace }).finally(listen));
    expect(said).toEqual([]);
    expect(told.join()).toMatch(/Check that the cluster is up/);
  });

  test('--watch follows a rollout, and ends with the addresses', async () => {
    const studio = await LiveStudio.start();
    cluster = studio.cluster;
    cluster.apply(...servicesOf(studio));
    const backend = studio.deployment('backend');
    cluster.apply({ ...backend, spec: { ...backend.spec, replicas: 0 } });
    // Somebody starts it when the command has told that it is stopped.
    onTold = (text) => {
      if (text.includes('scaled-to-zero')) cluster.apply({ ...studio.deployment('backend'), spec: backend.spec });
    };
    expect(await status({ namespace: studio.namespace, watch: true })).toBe(0);
    expect(told[0]).toMatch(/^backend 0\/0, .*; backend: is stopped \(0 replicas\) \[scaled-to-zero\]/);
    expect(said.join('\n')).toMatch(/^UI +http:\/\/localhost:5153$/m);
  });

  test('--watch ends with what holds a rollout up', async () => {
    const shown = await showing('frontend-bad-rollout');
    cluster = shown.cluster;
    expect(await status({ namespace: shown.namespace, watch: true })).toBe(1);
    expect(said[0]).toMatch(/^Blocked:\nerror {4}frontend: .*does not exist in its\n {9}registry/);
    // Each change is said once.
    expect(told).toHaveLength(1);
  });

  test.each([
    ['events', 'list events', 'crash-loop'],
    ['pods/log', 'get pods/log', 'crash-loop'],
    ['persistentvolumeclaims', 'list persistentvolumeclaims', 'healthy'],
  ])('without permission to read %s fails, and says so', async (resource, forbidden, state) => {
    const shown = await showing(state);
    cluster = shown.cluster;
    cluster.forbidden.add(forbidden);
    expect(await status({ namespace: shown.namespace })).toBe(1);
    expect(said[0]).toMatch(new RegExp(`^error +permissions: you cannot read ${resource}, so`, 'm'));
  });

  test('a terminal has prose in its own width', async () => {
    const shown = await showing('volume-on-absent-node');
    cluster = shown.cluster;
    columns = 60;
    expect(await status({ namespace: shown.namespace })).toBe(1);
    const [, findings = ''] = (said[0] ?? '').split('\n\nerror');
    for (const line of findings.split('\n').filter((each) => !/^ {13}|https?:/.test(each))) {
      expect(line.length).toBeLessThanOrEqual(60);
    }
  });

  describe('--watch', () => {
    test('says what changes in the columns of a terminal', async () => {
      const shown = await showing('crash-loop');
      cluster = shown.cluster;
      columns = 60;
      expect(await status({ namespace: shown.namespace, watch: true })).toBe(1);
      const lines = told.join('\n').split('\n');
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    });

    const lines = () => said.map((line) => JSON.parse(line));

    test('ends with 3 when something still waits after its time', async () => {
      const shown = await showing('healthy');
      cluster = shown.cluster;
      const mark = {
        command: 'backup',
        host: hostname(),
        pid: process.ppid,
        token: 't',
        since: new Date(),
        replicas: 1,
      };
      for (const { metadata, spec, ...rest } of cluster.store.list('deployments')) {
        const annotations = { [STOPPED]: JSON.stringify(mark) };
        cluster.apply({ ...rest, metadata: { ...metadata, annotations }, spec: { ...spec, replicas: 0 } });
      }
      expect(await status({ namespace: shown.namespace, watch: true, timeout: '1s' })).toBe(3);
      expect(said[0]).toMatch(/^Timed out after 1s:\nwait {5}backend, frontend, ingestion: was stopped by a backup/);
      expect(told).toHaveLength(1);
    });

    test('ends with 1 when something is broken at the end of its time', async () => {
      const shown = await showing('image-missing');
      cluster = shown.cluster;
      expect(await status({ namespace: shown.namespace, watch: true, timeout: '0s' })).toBe(1);
      expect(said[0]).toMatch(/^Timed out after 0s:\nerror {4}backend/);
    });

    test.each(['5', '5 m', '-1s', '1d', 'm', ''])('refuses --timeout %j', async (timeout) => {
      cluster = await FakeApiServer.start();
      expect(await status({ namespace: 'x', watch: true, timeout })).toBe(2);
      expect(told[0]).toContain('is not a duration');
      expect(cluster.requests).toEqual([]);
    });

    test('--timeout without it is refused', async () => {
      cluster = await FakeApiServer.start();
      expect(await status({ namespace: 'x', timeout: '5m' })).toBe(2);
    });

    test('--json prints a line for each change, with the same fields, and nothing else', async () => {
      const shown = await showing('frontend-bad-rollout');
      cluster = shown.cluster;
      expect(await status({ namespace: shown.namespace, watch: true, json: true })).toBe(1);
      expect(told).toEqual([]);
      expect(lines()).toHaveLength(1);
      const [watched] = lines();
      said.length = 0;
      await status({ namespace: shown.namespace, json: true });
      expect(Object.keys(watched)).toEqual(Object.keys(JSON.parse(said[0] ?? '')));
      expect(watched.findings[0]).toMatchObject({ cause: 'image-missing' });
    });

    test('--json ends with how the studio is', async () => {
      const studio = await LiveStudio.start();
      cluster = studio.cluster;
      cluster.apply(...servicesOf(studio));
      const backend = studio.deployment('backend');
      cluster.apply({ ...backend, spec: { ...backend.spec, replicas: 0 } });
      onSaid = (text) => {
        if (text.includes('scaled-to-zero')) cluster.apply({ ...studio.deployment('backend'), spec: backend.spec });
      };
      expect(await status({ namespace: studio.namespace, watch: true, json: true })).toBe(0);
      expect(lines()[0].findings[0].cause).toBe('scaled-to-zero');
      expect(
        lines()
          .at(-1)
          .findings.filter(({ severity }: { severity: string }) => severity !== 'warning'),
      ).toEqual([]);
    });

    test('says once that the cluster is not reached, and ends with 3', async () => {
      const shown = await showing('healthy');
      cluster = shown.cluster;
      const listen = await cluster.disconnect();
      const exit = await status({ namespace: shown.namespace, watch: true, timeout: '1s' }).finally(listen);
      expect([exit, said]).toEqual([3, ['Timed out after 1s: the cluster cannot be reached.']]);
      expect(told).toHaveLength(1);
    });

    test('goes on when the cluster is reached again', async () => {
      const shown = await showing('healthy');
      cluster = shown.cluster;
      const listen = await cluster.disconnect();
      let _isListening: Promise<void> | undefined;
      onTold = () => {
        _isListening ??= listen();
      };
      expect(await status({ namespace: shown.namespace, watch: true })).toBe(0);
      expect(told).toEqual([
        expect.stringContaining('Check that the cluster is up'),
        expect.stringMatching(/^backend 1\/1/),
      ]);
    });
  });

  describe('--json in the place of a message', () => {
    test.each<[string, StatusOptions, string]>([
      ['a context that does not exist', { context: 'none', namespace: 'x' }, 'no kubeconfig'],
      ['no manifests', { folder: '/nowhere' } as StatusOptions, 'refused'],
    ])('%s', async (_, options, failure) => {
      cluster = await FakeApiServer.start();
      expect(await status({ ...options, json: true })).toBe(1);
      expect(told).toEqual([]);
      expect(JSON.parse(said.join())).toEqual({ error: { message: expect.any(String), failure } });
    });

    test.each([false, true])('a cluster that is not reached, with --watch %s', async (watch) => {
      const shown = await showing('healthy');
      cluster = shown.cluster;
      const listen = await cluster.disconnect();
      const options = { namespace: shown.namespace, json: true, ...(watch && { watch, timeout: '1s' }) };
      expect(await status(options).finally(listen)).toBe(watch ? 3 : 1);
      expect(said).toHaveLength(1);
      expect(JSON.parse(said[0] ?? '').error).toMatchObject({ failure: 'unreachable' });
    });

    test('preflight', async () => {
      const shown = await showing('healthy');
      cluster = shown.cluster;
      const listen = await cluster.disconnect();
      const folder = new Folder();
      folder.write('.env', envText(development()));
      const {
        status: exit,
        stdout,
        stderr,
      } = await folder.junjo(['preflight', '--json'], { environment: cluster.environment }).finally(listen);
      folder.remove();
      expect([exit, stderr]).toEqual([1, '']);
      expect(JSON.parse(stdout).error.failure).toBe('unreachable');
    });
  });
});
