import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preflight } from '../../cli/preflight';
import { filesOf, writeFiles } from '../../render/files';
import { FakeApiServer } from '../support/fake-api-server';
import { describeWith } from '../support/programs';
import { development, envText, freshSecret, type Manifest, render, type Settings } from '../support/studio';

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1' },
  status: { allocatable: { memory: '8Gi', cpu: '4' }, conditions: [{ type: 'Ready', status: 'True' }] },
};
const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'ebs.csi.aws.com',
  allowVolumeExpansion: true,
  reclaimPolicy: 'Retain',
};
const metrics = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  namespaced: true,
};
/** A few hundred bytes that stand for 10^10 values. */
const nestedAliases = Array.from({ length: 10 }, (_, index) => {
  const value = index === 0 ? 'x' : `*a${index - 1}`;
  return `a${index}: &a${index} [${Array(10).fill(value)}]\n`;
}).join('');
const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

describeWith(['kubectl'], 'preflight', () => {
  let cluster: FakeApiServer;
  let folder: string;
  const said: string[] = [];

  beforeEach(async () => {
    cluster = await FakeApiServer.start();
    cluster.apply(node, storageClass, namespace('default'));
    folder = mkdtempSync(join(tmpdir(), 'junjo-preflight-'));
  });
  afterEach(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true });
    said.length = 0;
  });

  const look = (settings: Settings = {}, options = {}) => {
    const file = join(folder, 'studio.env');
    writeFileSync(file, envText(development(settings)));
    return preflight.run({ envFile: [file], ...options } as never, io());
  };
  const io = () => ({
    environment: cluster.environment,
    out: (text: string) => said.push(text),
    err: (text: string) => said.push(text),
    color: false,
    // What is said is looked for in whole lines.
    columns: 1000,
  });

  test('finds what a studio needs, and stores nothing', async () => {
    const before = cluster.store.version;
    expect(await look()).toBe(0);
    expect(said.join('\n')).toMatch(/^ok {7}Kubernetes v1\.35\.0$/m);
    expect(said.join('\n')).toMatch(/^ok {7}You can create and change all \d+ objects$/m);
    expect(said.join('\n')).toMatch(/^ok {7}The API server accepts (\d+) of \1 objects/m);
    expect(cluster.store.version).toBe(before);
    const writes = cluster.requests.filter(
      ({ method, query, path }) =>
        method !== 'GET' && query.get('dryRun') !== 'All' && !path.includes('selfsubjectaccessreviews'),
    );
    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  test('looks at an output folder that has no secrets, as it is', async () => {
    const output = join(folder, 'dist');
    const objects = render(development()).objects.filter(({ kind }) => kind !== 'Secret');
    const claim = objects.find(({ kind }) => kind === 'PersistentVolumeClaim');
    claim.spec.storageClassName = 'does-not-exist';
    writeFiles(filesOf(objects.map((manifest, index) => ({ file: `${index}.k8s.yaml`, manifest }))), output);
    expect(await preflight.run({ folder: output } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(/^error {4}There is no storage class does-not-exist$/m);
    expect(said.join('\n')).toMatch(
      /^error {4}There is no Secret junjo-ai-studio-secrets in the namespace junjo-ai-studio$/m,
    );
    expect(said.join('\n')).toMatch(/^ok {7}The API server accepts 19 of 19 objects/m);
  });

  test.each([
    ['is not there', 'gone', /gone: contains no rendered studio\. To render one, run: /],
    ['is empty', 'empty', /empty: contains no rendered studio\. To render one, run: /],
  ])('a folder that %s is named', async (_, name, says) => {
    mkdirSync(join(folder, 'empty'));
    expect(await preflight.run({ folder: join(folder, name) } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(says);
  });

  test('a file that is not YAML is named with its line, and nothing of it is shown', async () => {
    mkdirSync(join(folder, 'dist'));
    const secret = freshSecret();
    writeFileSync(join(folder, 'dist', '10-a.k8s.yaml'), `kind: Secret\ndata: { a: '${secret} }\n`);
    expect(await preflight.run({ folder: join(folder, 'dist') } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(/10-a\.k8s\.yaml:\d+: is not YAML: /);
    expect(said.join('\n')).not.toContain(secret);
  });

  test.each([
    ['an object without a name', 'kind: ConfigMap\napiVersion: v1\nmetadata: {}\n'],
    ['a list of objects', 'kind: List\napiVersion: v1\nitems: []\n'],
    ['an anchor that refers to itself', 'kind: A\napiVersion: v1\nmetadata: { name: a }\ndata: &a { b: *a }\n'],
    [
      'aliases that stand for more than fits into memory',
      `kind: A\napiVersion: v1\nmetadata: { name: a }\n${nestedAliases}`,
    ],
  ])('a file that holds %s is named', async (_, text) => {
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist', '10-a.k8s.yaml'), text);
    expect(await preflight.run({ folder: join(folder, 'dist') } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(/10-a\.k8s\.yaml: contains a document that is not a Kubernetes object with a name/);
  });

  const writeFolder = (objects: readonly Manifest[]) => {
    const output = join(folder, 'dist');
    writeFiles(filesOf(objects.map((manifest, index) => ({ file: `${10 + index}.k8s.yaml`, manifest }))), output);
    return output;
  };

  test('a folder without a backend holds no studio, even when a namespace is in it', async () => {
    const output = writeFolder(render(development()).objects.filter(({ kind }) => kind !== 'Deployment'));
    expect(await preflight.run({ folder: output } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(/dist: contains no rendered studio\. To render one, run: /);
  });

  test.each([
    ['another namespace comes first', (objects: readonly Manifest[]) => [namespace('other'), ...objects]],
    [
      'no namespace is in the folder',
      (objects: readonly Manifest[]) => objects.filter(({ kind }) => kind !== 'Namespace'),
    ],
  ])('looks in the namespace of the backend when %s', async (_, change) => {
    const objects = render(development()).objects.filter(({ kind }) => kind !== 'Secret');
    await preflight.run({ folder: writeFolder(change(objects)) } as never, io());
    expect(said.join('\n')).toMatch(
      /^error {4}There is no Secret junjo-ai-studio-secrets in the namespace junjo-ai-studio$/m,
    );
  });

  test('a folder and env files are not taken together', async () => {
    expect(await preflight.run({ folder, envFile: ['studio.env'] } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(/Name either a folder of manifests or env files/);
  });

  test('of several studios without a foundation, one has to be named, too', async () => {
    mkdirSync(join(folder, 'dist', 'blue'), { recursive: true });
    writeFileSync(join(folder, 'dist', 'blue', '40-backend.k8s.yaml'), '');
    expect(await preflight.run({ folder: join(folder, 'dist') } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(/contains several studios\. Name one of .*dist\/blue$/);
  });

  test('of an output with several studios, one has to be named', async () => {
    mkdirSync(join(folder, 'dist', 'blue', 'foundation'), { recursive: true });
    expect(await preflight.run({ folder: join(folder, 'dist') } as never, io())).toBe(1);
    expect(said.join('\n')).toMatch(/contains several studios\. Name one of .*dist\/blue$/);
  });

  test('quotes admission, with the object that it refuses', async () => {
    cluster.admit = ({ kind }) => (kind === 'Service' ? 'denied by policy.example.com: no load balancers' : undefined);
    expect(await look()).toBe(1);
    expect(said.join('\n')).toMatch(
      /^error {4}The API server refuses Service junjo-ai-studio-backend: .*denied by policy\.example\.com: no load balancers/m,
    );
  });

  test('names what the user has no permission for', async () => {
    cluster.forbidden.add('create deployments').add('patch services');
    expect(await look()).toBe(1);
    expect(said.join('\n')).toMatch(
      /^error {4}You lack permission to (create deployments\.apps; patch services|patch services; create deployments\.apps)$/m,
    );
  });

  test('tries objects where they belong once the namespace is there', async () => {
    cluster.apply(namespace('junjo-ai-studio'));
    expect(await look()).toBe(0);
    const tried = cluster.requests.filter(({ query }) => query.get('dryRun') === 'All');
    expect(tried.some(({ path }) => path.includes('/namespaces/junjo-ai-studio/'))).toBe(true);
    expect(tried.some(({ path }) => path.includes('/namespaces/default/'))).toBe(false);
  });

  test('tries all objects in one go, and one by one only where something is said of them', async () => {
    const tries = () => cluster.requests.filter(({ query }) => query.get('dryRun') === 'All').length;
    await look();
    const once = tries();
    cluster.admit = ({ kind }) => (kind === 'NetworkPolicy' ? 'no' : undefined);
    await look();
    expect(tries() - once).toBeGreaterThan(once);
    const [first] = said;
    expect(first).toContain(`accepts ${once} of ${once} objects`);
  });

  test('a webhook that is not reached is a refusal of its objects, and no lost cluster', async () => {
    const message =
      'failed calling webhook "validate.nginx.ingress.kubernetes.io": Post "https://ingress:443": dial tcp 10.0.0.1:443: connect: connection refused';
    const fault = { kind: 'status', code: 500, reason: 'InternalError', message } as const;
    cluster.faults.add({ when: ({ path, query }) => path.endsWith('/services') && query.has('dryRun'), fault });
    expect(await look()).toBe(1);
    expect(said.join('\n')).toMatch(
      /^error {4}The API server refuses Service \S+, .* and Service junjo-ai-studio-frontend: .*failed calling [^?]*refused$/m,
    );
    expect(said.join('\n')).toMatch(/^ok {7}The API server accepts the other \d+ objects/m);
  });

  test('asks OpenShift which users the pods may run as', async () => {
    await cluster.close();
    const constraints = {
      group: 'security.openshift.io',
      version: 'v1',
      kind: 'SecurityContextConstraints',
      plural: 'securitycontextconstraints',
      namespaced: false,
    };
    cluster = await FakeApiServer.start({ custom: [constraints] });
    const annotations = { 'openshift.io/sa.scc.uid-range': '1000750000/10000' };
    const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'junjo-ai-studio', annotations } };
    cluster.apply(node, storageClass, namespace('default'), own);
    expect(await look()).toBe(1);
    const rolebinding =
      /^ {13}kubectl --context=fake --namespace=junjo-ai-studio create rolebinding (\S+) --clusterrole=(\S+) /m;
    const [, name, role] = rolebinding.exec(said.join('\n')) ?? [];
    expect(role).toBe('system:openshift:scc:nonroot-v2');
    cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name, namespace: 'junjo-ai-studio' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'junjo-ai-studio' }],
    });
    said.length = 0;
    expect(await look()).toBe(0);
    expect(said.join('\n')).toMatch(/^ok {7}The constraint nonroot-v2 allows the users of the pods$/m);
  });

  test('a webhook that cannot be asked without storing is a warning', async () => {
    const message = 'admission webhook "policy.example.com" does not support dry run';
    const fault = { kind: 'status', code: 400, reason: 'BadRequest', message } as const;
    cluster.faults.add({ when: ({ path, query }) => path.endsWith('/services') && query.has('dryRun'), fault });
    expect(await look()).toBe(0);
    expect(said.join('\n')).toMatch(/^warning {2}Service junjo-ai-studio-frontend: cannot be tested: .*dry run/m);
  });

  test('a refused change of a Secret never shows its values', async () => {
    const stale = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'junjo-ai-studio-secrets' }, data: {} };
    cluster.apply(namespace('junjo-ai-studio'), {
      ...stale,
      metadata: { ...stale.metadata, namespace: 'junjo-ai-studio' },
    } as never);
    cluster.admit = ({ kind }) => (kind === 'Secret' ? 'denied by policy.example.com' : undefined);
    const secret = freshSecret();
    expect(await look({ JUNJO_SESSION_SECRET: secret })).toBe(1);
    const text = said.join('\n');
    expect(text).toMatch(
      /^error {4}The API server refuses Secret junjo-ai-studio-secrets: .*denied by policy\.example/m,
    );
    expect(text).not.toContain(Buffer.from(secret).toString('base64'));
    expect(text).not.toContain(secret);
  });

  test('a user with access to one namespace sees which checks could not run', async () => {
    cluster.apply(namespace('junjo-ai-studio'));
    for (const resource of ['nodes', 'storageclasses', 'ingressclasses', 'persistentvolumes'])
      cluster.forbidden.add(`list ${resource}`);
    // Their rights hold in the namespace, and not in all of them.
    const message = 'pods is forbidden: User "fake" cannot list resource "pods" in API group "" at the cluster scope';
    const fault = { kind: 'status', code: 403, reason: 'Forbidden', message } as const;
    cluster.faults.add({ when: ({ path }) => ['/api/v1/pods', '/api/v1/services'].includes(path), fault });
    cluster.forbidden.add('get namespaces');
    cluster.forbidden.add('create namespaces').add('patch namespaces');
    await look();
    const text = said.join('\n');
    expect(text).toMatch(/^warning {2}You lack permission to list nodes/m);
    expect(text).toMatch(/^warning {2}You lack permission to list storage classes/m);
    expect(text).not.toMatch(/^error {4}The API server refuses (?!Namespace)/m);
    const tried = cluster.requests.filter(({ query }) => query.get('dryRun') === 'All');
    expect(tried.some(({ path }) => path.includes('/namespaces/default/'))).toBe(false);
  });

  test('counts what pods of others ask for, from their requests alone', async () => {
    const requests = { memory: '7800Mi', cpu: '100m' };
    cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'big', namespace: 'other' },
      spec: { nodeName: 'node-1', containers: [{ name: 'a', resources: { requests } }, { name: 'b' }] },
      status: { phase: 'Running' },
    } as never);
    expect(await look()).toBe(1);
    expect(said.join('\n')).toMatch(/node-1 has the most memory, with 392Mi and 3900m CPU$/m);
  });

  test('continues where an API service of the cluster is down', async () => {
    await cluster.close();
    cluster = await FakeApiServer.start({ legacyDiscovery: true, custom: [metrics] });
    cluster.apply(node, storageClass, namespace('default'));
    const message = 'the server is currently unable to handle the request';
    const fault = { kind: 'status', code: 503, reason: 'ServiceUnavailable', message } as const;
    cluster.faults.add({ when: ({ path }) => path === '/apis/metrics.k8s.io/v1beta1', fault });
    expect(await look()).toBe(0);
    expect(said.join('\n')).toMatch(/^ok {7}The cluster has every kind that the studio uses$/m);
  });

  test('a kind that the cluster lacks is named with what brings it', async () => {
    expect(
      await look({
        JUNJO_ENV: 'production',
        JUNJO_K8S_RELEASE: '0.70.3',
        JUNJO_PROD_FRONTEND_URL: 'https://studio.example.com',
        JUNJO_PROD_BACKEND_URL: 'https://api.example.com',
        JUNJO_PROD_INGESTION_URL: 'https://spans.example.com',
        JUNJO_K8S_INGRESS_CLASS: 'nginx',
      }),
    ).toBe(1);
    expect(said.join('\n')).toMatch(
      /^error {4}The cluster does not have the kind Certificate\.cert-manager\.io\n {9}Install cert-manager 1\.12/m,
    );
    expect(said.join('\n')).toMatch(/^error {4}There is no ingress class nginx$/m);
  });

  test('an env file with an error is told before any cluster is asked', async () => {
    expect(await look({ JUNJO_SESSION_SECRET: 'short' })).toBe(1);
    expect(said.join('\n')).toContain('JUNJO_SESSION_SECRET');
    expect(cluster.requests).toEqual([]);
  });

  test('prose is in the columns of the terminal, and a command in a line of its own', async () => {
    cluster.forbidden.add('create deployments');
    const file = join(folder, 'studio.env');
    writeFileSync(file, envText(development({ JUNJO_K8S_STORAGE_CLASS: 'gone' })));
    expect(await preflight.run({ envFile: [file] } as never, { ...io(), columns: 50 })).toBe(1);
    const lines = said.join('\n').split('\n');
    expect(lines.filter((line) => /^ {13}kubectl /.test(line)).length).toBeGreaterThan(0);
    for (const line of lines) if (!/^ {13}kubectl /.test(line)) expect(line.length).toBeLessThanOrEqual(50);
  });

  test('for programs it is one JSON object', async () => {
    expect(await look({ JUNJO_K8S_STORAGE_CLASS: 'gone' }, { json: true })).toBe(1);
    const { findings } = JSON.parse(said[0] ?? '');
    expect(findings).toContainEqual({
      subject: 'storage-class',
      severity: 'error',
      text: 'There is no storage class gone',
      fix: 'Set JUNJO_K8S_STORAGE_CLASS to fast',
    });
  });
});
