import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goesFirst, LEFT_BEHIND, removalScript } from '../../../cli/synth/left-behind';
import { releaseLines } from '../../../releases';
import { exampleNames } from '../../../tools/example-studios';
import { Folder } from '../../support/folder';
import { everyday, leftBehind, run, testChanges } from '../../support/left-behind';
import { development, envText, files, freshSecret, production, type Settings } from '../../support/studio';

/** Examples by what changes from each to the next. */
const neighbors = {
  'edge controller and storage': [
    'local',
    'production-caddy',
    'production-haproxy',
    'production-nginx',
    'production-gateway',
    'production-traefik',
  ],
  'edge controller of the newest release': ['release-0.82', 'production-alb', 'production-f5', 'patched'],
  'stores and backup': [
    'production-qdrant',
    'release-0.82',
    'production-volsync',
    'production-velero',
    'production-intake',
  ],
  'way of OTLP/HTTP': ['release-0.86', 'production-intake-http', 'production-intake'],
  'place of the sources': ['local', 'hot-reload'],
  monitoring: ['release-0.82', 'production-monitoring'],
  'release line': releaseLines.map(({ name }) => `release-${name}`),
  'secrets and GitOps': ['release-0.70', 'gitops-sealed', 'gitops-external', 'gitops-flux', 'three-studios'],
};

describe.each(Object.entries(neighbors))('another %s', (_, names) => {
  const steps = names.slice(1).map((to, index) => [names[index] ?? '', to] as const);
  testChanges([...steps, ...steps.map(([from, to]) => [to, from] as const)]);
});

test('every example has its neighbors', () => {
  expect([...new Set(Object.values(neighbors).flat())].sort()).toEqual(exampleNames());
});

describe('what a change leaves behind', () => {
  const change = (before: Settings, after: Settings) =>
    leftBehind(files(before), files(after)).map(({ resource }) => resource);
  const base = production();

  test('are the policies, when they are switched off', () => {
    expect(change(base, { ...base, JUNJO_K8S_NETWORK_POLICY: 'false' })).toEqual(
      ['acme-solver', 'backend', 'default-deny', 'frontend', 'ingestion'].map(
        (name) => `networkpolicy.networking.k8s.io/junjo-ai-studio-${name}`,
      ),
    );
  });

  test('are the alerts and the dashboard, when nothing watches the studio any longer', () => {
    expect(change({ ...base, JUNJO_K8S_MONITORING: 'prometheus' }, base)).toEqual([
      'configmap/junjo-ai-studio-dashboard',
      'prometheusrule.monitoring.coreos.com/junjo-ai-studio',
    ]);
  });

  test('is the disruption budget, when there is one pod of the UI again', () => {
    expect(change({ ...base, JUNJO_K8S_FRONTEND_REPLICAS: '2' }, base)).toEqual([
      'poddisruptionbudget.policy/junjo-ai-studio-frontend',
    ]);
  });

  test('are the collectors of an intake that is switched off, before the rest is applied; their queues stay', () => {
    const off = development({ JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });
    const on = { ...off, JUNJO_K8S_INTAKE: 'true' };
    const gone = change(on, off);
    expect(gone).toContain('statefulset.apps/junjo-ai-studio-intake');
    expect(gone.filter((resource) => !/-intake$/.test(resource))).toEqual([]);
    expect(gone.join()).not.toMatch(/persistentvolumeclaim|service\/junjo-ai-studio-ingestion$/);
    expect(goesFirst(leftBehind(files(on), files(off)))).toBe(true);
    expect(change(off, on)).toEqual([]);
  });

  test('is everything but the data, when the namespace changes, and before the new one starts', () => {
    const gone = leftBehind(files(base), files({ ...base, JUNJO_K8S_NAMESPACE: 'elsewhere' }));
    expect(gone).toHaveLength(everyday(files(base)).length);
    expect(goesFirst(gone)).toBe(true);
    expect(goesFirst(leftBehind(files(base), files({ ...base, JUNJO_K8S_NETWORK_POLICY: 'false' })))).toBe(false);
  });

  test('is never a Secret that the pods still read, whoever writes it from now on', () => {
    const existing = {
      JUNJO_K8S_SECRETS: 'existing',
      JUNJO_SESSION_SECRET: undefined,
      JUNJO_SECURE_COOKIE_KEY: undefined,
    };
    expect(change(base, { ...base, ...existing })).toEqual([]);
    expect(change(base, { ...base, JUNJO_K8S_SECRET_NAME: 'other' })).toEqual(['secret/junjo-ai-studio-secrets']);
  });

  test('is remembered until it is removed, and forgotten when it is rendered again', () => {
    const off = { ...base, JUNJO_K8S_NETWORK_POLICY: 'false' };
    const script = { path: LEFT_BEHIND, text: removalScript(leftBehind(files(base), files(off))) };
    expect(leftBehind([...files(off), script], files(off))).toHaveLength(5);
    expect(leftBehind([...files(off), script], files(base))).toEqual([]);
  });

  test.each([
    'persistentvolumeclaim/data',
    'persistentvolumeclaims/data',
    'persistentvolumeclaims.v1./data',
    'pvc/data',
    'persistentvolume/data',
    'pv/data',
    'namespace/team',
    'namespaces/team',
    'ns/team',
    'volumesnapshot.snapshot.storage.k8s.io/data',
    '../pvc/data',
    'configmap/old;rm',
    'configmap/$(pvc)',
  ])('never names the data, nor anything but an object, when %s stands in the script', (word) => {
    const text = `kubectl -n team delete --ignore-not-found ${word} configmap/old || failed=1\n`;
    expect(leftBehind([{ path: LEFT_BEHIND, text }], [])).toEqual([{ namespace: 'team', resource: 'configmap/old' }]);
  });

  test.each([
    ['no YAML', '{{ not: yaml'],
    ['an empty document', '---\n---\n'],
    ['text', 'only words'],
    ['an object without a kind', 'apiVersion: v1\nmetadata: {name: a, namespace: b}'],
    ['an object without a name', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: b}'],
    ['a name that a shell would run', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "a;b", namespace: b}'],
    ['a namespace that a shell would run', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: "b;c"}'],
  ])('is nothing where the output holds %s', (_, text) => {
    expect(leftBehind([{ path: '20-settings.k8s.yaml', text }], files(base))).toEqual([]);
  });

  test('is not the data of an older layout, which had no foundation/', () => {
    const flat = files(base).map(({ path, text }) => ({ path: path.replace('foundation/', ''), text }));
    expect(flat.map(({ path }) => path)).toContain('10-storage.k8s.yaml');
    expect(leftBehind(flat, files(base))).toEqual([]);
    expect(leftBehind(flat, []).map(({ resource }) => resource)).toEqual(
      leftBehind(files(base), []).map(({ resource }) => resource),
    );
  });

  test('is all of a studio that left the folder of studios, and nothing of those that moved into one', () => {
    const inFolder = (name: string) =>
      files({ ...base, JUNJO_K8S_NAME: name }).map(({ path, text }) => ({ path: `${name}/${path}`, text }));
    const [blue, green] = [inFolder('blue'), inFolder('green')];
    expect(leftBehind(files({ ...base, JUNJO_K8S_NAME: 'blue' }), [...blue, ...green])).toEqual([]);
    const gone = leftBehind([...blue, ...green], blue);
    expect(gone.map(({ namespace }) => namespace)).toEqual(everyday(green).map(() => 'green'));
  });

  test.each([
    ['sealedsecret.bitnami.com', 'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret'],
    ['externalsecret.external-secrets.io', 'apiVersion: external-secrets.io/v1\nkind: ExternalSecret'],
  ])('is a %s, first, and without the Secret that it made while that is in use', (kind, head) => {
    const text = `${head}\nmetadata: {name: junjo-ai-studio-secrets, namespace: junjo-ai-studio}`;
    const before = [{ path: '30-secret.k8s.yaml', text }];
    const still = leftBehind(before, files(base));
    expect(goesFirst(still)).toBe(true);
    expect(run(removalScript(still)).calls).toEqual([
      `-n junjo-ai-studio delete --ignore-not-found --cascade=orphan ${kind}/junjo-ai-studio-secrets`,
    ]);
    const other = leftBehind(before, files({ ...base, JUNJO_K8S_SECRET_NAME: 'other' }));
    expect(goesFirst(other)).toBe(false);
    expect(run(removalScript(other)).calls).toEqual([expect.stringContaining('--cascade=foreground')]);
  });
});

describe('the script', () => {
  test('removes the others, and stays, where the cluster knows a kind no more', () => {
    const gone = leftBehind(files(production()), []);
    const { status, stderr, isThere, calls } = run(removalScript(gone), 'middleware.traefik.io/');
    expect([status, isThere]).toEqual([1, true]);
    expect(stderr).toContain('Some objects were not removed');
    const named = calls.flatMap((call) => call.split(' ').filter((word) => word.includes('/')));
    expect([...named].sort()).toEqual(gone.map(({ resource }) => resource).sort());
    expect(calls.filter((call) => /middleware/.test(call) && /deployment/.test(call))).toEqual([]);
  });
});

describe('synth', () => {
  let folder: Folder;
  const synth = (settings: Settings) => {
    folder.write('.env', envText(settings));
    return folder.junjo(['synth']);
  };

  beforeEach(() => {
    folder = new Folder();
  });

  afterEach(() => folder.remove());

  test('says what is left behind, and how to remove it', async () => {
    const base = development();
    expect((await synth(base)).stdout).not.toContain(LEFT_BEHIND);
    const { stdout } = await synth({ ...base, JUNJO_K8S_NETWORK_POLICY: 'false' });
    expect(stdout).toContain(
      'After you apply, remove 4 objects that kubectl apply leaves in the cluster:\n  sh dist/left-behind.sh\n',
    );
    expect(readFileSync(join(folder.path, 'dist', LEFT_BEHIND), 'utf8')).toContain(
      'networkpolicy.networking.k8s.io/junjo-ai-studio-default-deny',
    );
  });

  test('says of an intake that goes that its queues hold spans, and when they are empty', async () => {
    const base = development({ JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });
    await synth({ ...base, JUNJO_K8S_INTAKE: 'true' });
    const { stdout } = await synth(base);
    expect(stdout).toMatch(
      /The intake is removed\. Its claims stay[\s\S]*otelcol_exporter_queue_size[\s\S]*Before you apply, remove/,
    );
    expect((await synth({ ...base, JUNJO_K8S_INTAKE: 'true' })).stdout).not.toMatch(
      /The intake is removed|left-behind/,
    );
  });

  test('warns before it deletes another studio that was rendered before', async () => {
    await synth(development({ JUNJO_K8S_NAME: 'blue' }));
    const { stdout } = await synth(development({ JUNJO_K8S_NAME: 'green' }));
    expect(stdout).toContain('Before you apply, remove');
    expect(stdout).toContain('Warning: this deletes the studio in blue. Skip it if you still need that studio.');
  });

  test('prints the commands once where Argo CD takes over, which prunes only what it applied', async () => {
    const base = production();
    const git = { JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git', JUNJO_K8S_NETWORK_POLICY: 'false' };
    await synth(base);
    const { stdout } = await synth({ ...base, ...git });
    expect(stdout).toContain(
      '  kubectl -n junjo-ai-studio delete --ignore-not-found --cascade=foreground networkpolicy',
    );
    expect(existsSync(join(folder.path, 'dist', LEFT_BEHIND))).toBe(false);
  });

  test('leaves it to Argo CD where that prunes', async () => {
    const base = production({ JUNJO_K8S_GIT_REPO: 'https://git.example.com/team/studio.git' });
    await synth(base);
    const { status, stdout } = await synth({ ...base, JUNJO_K8S_NETWORK_POLICY: 'false' });
    expect(status).toBe(0);
    expect(stdout).not.toContain(LEFT_BEHIND);
    expect(existsSync(join(folder.path, 'dist', LEFT_BEHIND))).toBe(false);
  });
});
