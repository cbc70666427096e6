import { checks, type PreflightFacts, PreflightView, preflight } from '../../../cluster/preflight';
import { StudioManifests } from '../../../cluster/studio-manifests';
import { renderStudio } from '../../../main';
import type { Manifest } from '../../../render/manifest';
import { development, freshSecret, load, production, render, type Settings } from '../../support/studio';

const GIB = 'Gi';

/** What a cluster answers, before tests change it. */
interface Facts extends PreflightFacts {
  readonly objects: readonly Manifest[];
  readonly unread: readonly string[];
}

/** A cluster that has all that a studio needs. */
function sound(settings: Settings): Facts {
  const { objects } = render(settings);
  return {
    version: 'v1.31.2',
    kinds: new Set(
      objects.map(({ apiVersion, kind }) => `${kind}.${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}`),
    ),
    objects: [
      node('node-1', '8Gi'),
      {
        apiVersion: 'v1',
        kind: 'StorageClass',
        metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: 'ebs.csi.aws.com',
        allowVolumeExpansion: true,
        reclaimPolicy: 'Retain',
        volumeBindingMode: 'WaitForFirstConsumer',
      },
      {
        apiVersion: 'v1',
        kind: 'IngressClass',
        metadata: { name: 'traefik' },
        spec: { controller: 'traefik.io/ingress-controller' },
      },
      {
        apiVersion: 'v1',
        kind: 'ClusterIssuer',
        metadata: { name: 'acme' },
        status: { conditions: [condition('Ready', 'True')] },
      },
      {
        apiVersion: 'v1',
        kind: 'GatewayClass',
        metadata: { name: 'eg' },
        status: { conditions: [condition('Accepted', 'True')] },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace: 'other' },
        spec: { type: 'LoadBalancer' },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
      },
    ],
    unread: [],
    denied: [],
    dryRuns: objects.map((manifest) => ({ manifest, warnings: [] })),
    hosts: new Map(),
  };
}

const condition = (type: string, status: string, message = '') => ({ type, status, message });

function node(name: string, memory: string, spec = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: {} },
    spec,
    status: { allocatable: { memory, cpu: '4' }, conditions: [condition('Ready', 'True')] },
  };
}

/** What is said of a studio on a cluster. @param patches text of its patch file */
function said(
  settings: Settings,
  change: (facts: Facts) => Partial<Facts> = () => ({}),
  patches = 'patches: []',
): readonly string[] {
  const facts = sound(settings);
  const { objects, unread, ...others } = { ...facts, ...change(facts) };
  const config = load({ JUNJO_K8S_PATCHES: 'patches.yaml', ...settings }, { readFile: () => patches });
  const studio = new StudioManifests(renderStudio(config).manifests.map(({ manifest }) => manifest));
  return preflight(studio, new PreflightView(objects, studio.namespace, unread, others)).map(
    ({ severity, subject, text, fix }) => `${severity} ${subject}: ${text}${fix ? ` -> ${fix}` : ''}`,
  );
}

/** The same cluster with other objects of some kind. */
function instead(kind: string, ...objects: Manifest[]) {
  return (facts: Facts) => ({
    objects: [...facts.objects.filter((object) => object.kind !== kind), ...objects],
  });
}

/** The same cluster with more objects. */
function beside(...objects: Manifest[]) {
  return (facts: Facts) => ({ objects: [...facts.objects, ...objects] });
}

/** A node that needs no more room. */
function labelled(name: string, labels: Readonly<Record<string, string>>): Manifest {
  return { ...node(name, '8Gi'), metadata: { name, labels } };
}

const byDefault = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };

const local = development();
const reloading = development({
  JUNJO_BUILD_TARGET: 'development',
  JUNJO_K8S_SOURCE_PATH: '/src/junjo',
  JUNJO_K8S_BACKEND_IMAGE: 'b:1',
  JUNJO_K8S_INGESTION_IMAGE: 'i:1',
  JUNJO_K8S_FRONTEND_IMAGE: 'f:1',
});
const web = production({ JUNJO_K8S_CLUSTER_ISSUER: 'acme' });
const own = { namespace: 'junjo-ai-studio' };
const twoContainers = development({ JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() });

test('the node of a folder is found by its label, whatever its name is', () => {
  const settings = development({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo', JUNJO_K8S_NODE: 'worker' });
  const lines = said(settings, instead('Node', labelled('ip-10-0-0-1', { 'kubernetes.io/hostname': 'worker' })));
  expect(lines).toContain('ok node: The node ip-10-0-0-1 is ready');
  expect(lines).toContainEqual(expect.stringMatching(/^ok room: .*\. Node ip-10-0-0-1 has/));
});

test.each([
  ['local', local],
  ['production', web],
  ['two containers', twoContainers],
])('a cluster that has everything gets no complaint: %s', (_, settings) => {
  const lines = said(settings);
  expect(lines.filter((line) => !line.startsWith('ok'))).toEqual([]);
  expect(lines.length).toBeGreaterThan(6);
});

/** What is said of a studio on OpenShift, whose namespace has these annotations. */
function onOpenShift(annotations: object | undefined, unread: readonly string[], ...objects: object[]) {
  return (facts: Facts) => ({
    kinds: new Set([...facts.kinds, 'SecurityContextConstraints.security.openshift.io']),
    unread,
    objects: [
      ...facts.objects,
      ...(annotations
        ? [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'junjo-ai-studio', annotations } }]
        : []),
      ...(objects as Manifest[]),
    ],
  });
}
const usersOf = (range: string) => ({ 'openshift.io/sa.scc.uid-range': range });
const binding = (role: string, subject: object) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'scc', namespace: 'junjo-ai-studio' },
  roleRef: { kind: 'ClusterRole', name: role },
  subjects: [subject],
});
const defaultAccount = { kind: 'ServiceAccount', name: 'default', namespace: 'junjo-ai-studio' };
const constraint = (name: string, fields: object) => ({
  apiVersion: 'security.openshift.io/v1',
  kind: 'SecurityContextConstraints',
  metadata: { name },
  runAsUser: { type: 'MustRunAsNonRoot' },
  fsGroup: { type: 'RunAsAny' },
  ...fields,
});
const RANGE = usersOf('1000750000/10000');

describe('a quota of what the studio does not set', () => {
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'team', namespace: 'junjo-ai-studio' } };
  const hard = { 'limits.cpu': '4', 'limits.memory': '8Gi', 'requests.ephemeral-storage': '1Gi', pods: '10' };
  const range = (limits: object) => ({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name: 'team', namespace: 'junjo-ai-studio' },
    spec: { limits: [{ type: 'Container', ...limits }] },
  });
  const wanted = (...objects: Manifest[]) =>
    said(local, beside({ ...quota, spec: { hard } }, ...objects)).filter((line) =>
      line.includes('for every container'),
    );

  test('is told', () => {
    expect(wanted()).toEqual([
      expect.stringMatching(
        /^error quota: The quota team requires limits\.cpu and requests\.ephemeral-storage for every/,
      ),
    ]);
  });

  test('is met by the defaults of a LimitRange', () => {
    expect(wanted(range({ default: { cpu: '1', 'ephemeral-storage': '1Gi' } }))).toEqual([]);
    expect(wanted(range({ default: { cpu: '1' } }))).toHaveLength(1);
  });
});

describe('the disk of nodes that the studio asks for', () => {
  const meta = { name: 'team', namespace: 'junjo-ai-studio' };
  const quota = (size: string) => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: meta,
    status: { hard: { 'requests.ephemeral-storage': size }, used: { 'requests.ephemeral-storage': '0' } },
  });
  const range = (limits: object) => ({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: meta,
    spec: { limits: [{ type: 'Container', ...limits }] },
  });
  const told = (object: Manifest) =>
    said(local, beside(object)).filter((line) => / (quota|limit range) team /.test(line));

  test('counts in a quota', () => {
    expect(told(quota('300Mi')).join('\n')).toContain('The quota team leaves 300Mi of ephemeral storage');
    expect(told(quota('200Mi'))).toContainEqual(
      expect.stringMatching(
        /^error .*leaves 200Mi of ephemeral storage, but the studio requests 256Mi of ephemeral storage/,
      ),
    );
  });

  test.each([
    ['more than the largest limit', { max: { 'ephemeral-storage': '100Mi' } }],
    ['more than the limit that it gets', { default: { 'ephemeral-storage': '100Mi' } }],
    ['less than the smallest request', { min: { 'ephemeral-storage': '1Gi' } }],
  ])('is refused by a LimitRange where it is %s', (_, limits) => {
    expect(told(range(limits))).toEqual([expect.stringMatching(/^error .*does not allow .*backend.*ingestion/)]);
  });

  test('is taken by a LimitRange with room for it', () => {
    const size = { 'ephemeral-storage': '1Gi' };
    expect(told(range({ max: size, default: size }))).toEqual([expect.stringMatching(/^ok .* allows every container/)]);
  });
});

describe('on OpenShift', () => {
  const line = (...args: Parameters<typeof onOpenShift>) =>
    said(twoContainers, onOpenShift(...args)).find((each) => each.includes('security-context-constraints'));

  test('users outside the range of the namespace are refused', () => {
    expect(line(RANGE, [])).toMatch(
      /^error .*run as user 10001, outside the range 1000750000\/10000 of the namespace.*\nkubectl --namespace=junjo-ai-studio create rolebinding junjo-ai-studio-nonroot-v2 --clusterrole=system:openshift:scc:nonroot-v2 --serviceaccount=junjo-ai-studio:default$/,
    );
  });

  test('what may not be read may allow them', () => {
    expect(line(RANGE, ['rolebindings.rbac.authorization.k8s.io'])).toMatch(/^warning/);
    expect(line(RANGE, [], binding('own-constraint', defaultAccount))).toMatch(/^warning/);
  });

  test('a namespace that is not there yet gets a range', () => {
    expect(line(undefined, [])).toMatch(/^warning .*gives a new namespace.*\nkubectl apply -f dist\/foundation\n/);
  });

  test.each([
    ['users in the range', usersOf('10000/100'), []],
    ['users in the range, in the other form', usersOf('1-5,10000-10010'), []],
    ['a binding of the service account', RANGE, [binding('system:openshift:scc:nonroot-v2', defaultAccount)]],
    [
      'a binding of all service accounts of the namespace',
      RANGE,
      [binding('system:openshift:scc:anyuid', { kind: 'Group', name: 'system:serviceaccounts:junjo-ai-studio' })],
    ],
    [
      'a constraint that names the service account',
      RANGE,
      [constraint('own', { users: ['system:serviceaccount:junjo-ai-studio:default'] })],
    ],
    [
      'a constraint with a range of its own',
      RANGE,
      [
        constraint('own', {
          groups: ['system:authenticated'],
          runAsUser: { type: 'MustRunAsRange', uidRangeMin: 10000, uidRangeMax: 10010 },
          fsGroup: { type: 'MustRunAs', ranges: [{ min: 10001, max: 10001 }] },
        }),
      ],
    ],
  ])('%s is enough', (_, annotations, objects) => {
    expect(line(annotations, [], ...objects)).toMatch(/^ok/);
  });

  test.each([
    ['a binding of somebody else', [binding('system:openshift:scc:nonroot-v2', { ...defaultAccount, name: 'other' })]],
    ['a binding of another constraint', [binding('system:openshift:scc:restricted-v2', defaultAccount)]],
    [
      'a constraint that allows no such group',
      [constraint('own', { groups: ['system:authenticated'], fsGroup: { type: 'MustRunAs' } })],
    ],
  ])('%s is not', (_, objects) => {
    expect(line(RANGE, [], ...objects)).toMatch(/^error/);
  });

  test('no other cluster is asked about it', () => {
    expect(said(local).filter((each) => each.includes('security-context'))).toEqual([]);
  });
});

const broken: Readonly<Record<string, readonly [Settings, Parameters<typeof said>[1], RegExp]>> = {
  'OpenShift that allows users of a range': [
    local,
    onOpenShift(RANGE, []),
    /^error security-context-constraints: .*nonroot-v2/s,
  ],
  'server that does not report its version': [
    local,
    () => ({ version: '' }),
    /^warning server-version: .*does not report its version/,
  ],
  'namespace of an administrator': [
    local,
    (facts) => ({
      denied: ['create namespaces', 'patch namespaces'],
      objects: [...facts.objects, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'junjo-ai-studio' } }],
    }),
    /^warning rights: You lack permission to create and patch namespaces\. The namespace junjo-ai-studio already exists/,
  ],
  'no right to make the namespace, which is not there': [
    local,
    () => ({ denied: ['create namespaces'] }),
    /^error rights: You lack permission to create namespaces/,
  ],
  'Gateway that the user has no permission to list': [
    production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'edge/shared' }),
    () => ({ unread: ['gateways.gateway.networking.k8s.io'] }),
    /^warning gateway: You lack permission to list Gateways, so preflight cannot check that edge\/shared exists/,
  ],
  'claims that the user has no permission to list': [
    development({ JUNJO_K8S_EXISTING_CLAIM: 'mine' }),
    () => ({ unread: ['persistentvolumeclaims'] }),
    /^warning claim: You lack permission to list claims, so preflight cannot check that the claim mine exists/,
  ],
  'claim of somebody else whose volume is gone': [
    development({ JUNJO_K8S_EXISTING_CLAIM: 'mine' }),
    beside({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'mine', ...own },
      status: { phase: 'Lost' },
    }),
    /^error claim: The claim mine has lost its volume/,
  ],
  'claim that cannot grow': [
    development({ JUNJO_K8S_STORAGE_SIZE: '50Gi' }),
    beside(
      {
        apiVersion: 'v1',
        kind: 'StorageClass',
        metadata: { name: 'fixed' },
        provisioner: 'x',
        allowVolumeExpansion: false,
      },
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'junjo-ai-studio-data', ...own },
        spec: { storageClassName: 'fixed', resources: { requests: { storage: '10Gi' } } },
      },
    ),
    /^error claim: The claim junjo-ai-studio-data cannot grow from 10Gi to 50Gi/,
  ],
  'several default classes, of which the last counts': [
    local,
    instead(
      'StorageClass',
      {
        apiVersion: 'v1',
        kind: 'StorageClass',
        metadata: { name: 'a', ...byDefault, creationTimestamp: '2026-01-01T00:00:00Z' },
      },
      {
        apiVersion: 'v1',
        kind: 'StorageClass',
        metadata: { name: 'b', ...byDefault, creationTimestamp: '2026-02-01T00:00:00Z' },
        provisioner: 'efs.csi.aws.com',
      },
    ),
    /^error storage-class: The provisioner efs\.csi\.aws\.com creates a network file system/,
  ],
  'several default ingress classes': [
    production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_CLUSTER_ISSUER: 'acme' }),
    instead(
      'IngressClass',
      ...['a', 'b'].map((name) => ({
        apiVersion: 'v1',
        kind: 'IngressClass',
        metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      })),
    ),
    /^error ingress-class: There are 2 default ingress classes/,
  ],
  'nodes of another processor': [
    local,
    instead('Node', labelled('a', { 'kubernetes.io/arch': 's390x' })),
    /^error room: No node can run the pods/,
  ],
  'nodes that run Windows': [
    local,
    instead('Node', labelled('a', { 'kubernetes.io/os': 'windows', 'kubernetes.io/arch': 'amd64' })),
    /^error room: No node can run the pods/,
  ],
  'node that is not ready': [
    local,
    instead('Node', { ...node('a', '8Gi'), status: { allocatable: {}, conditions: [condition('Ready', 'Unknown')] } }),
    /^error room: No node can run the pods/,
  ],
  'quota of processors': [
    local,
    beside({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team', ...own },
      spec: { hard: { 'requests.cpu': '200m' } },
      status: { hard: { 'requests.cpu': '200m' }, used: { 'requests.cpu': '0' } },
    }),
    /^error quota: The quota team leaves 200m CPU, but the studio requests \d+m CPU/,
  ],
  'old server': [
    local,
    () => ({ version: 'v1.26.15' }),
    /^error server-version: Kubernetes v1\.26\.15 is older than 1\.27/,
  ],
  'server newer than any that was tried': [local, () => ({ version: 'v1.37.0' }), /^warning server-version/],
  'no right to make Deployments': [
    local,
    () => ({ denied: ['create deployments.apps'] }),
    /^error rights: You lack permission to create deployments\.apps/,
  ],
  'no cert-manager': [
    web,
    ({ kinds }) => ({ kinds: new Set([...kinds].filter((kind) => !kind.endsWith('cert-manager.io'))) }),
    /^error kinds: The cluster does not have the kind Certificate\.cert-manager\.io -> Install cert-manager/,
  ],
  'no Prometheus operator': [
    development({ JUNJO_K8S_MONITORING: 'prometheus' }),
    ({ kinds }) => ({ kinds: new Set([...kinds].filter((kind) => !kind.endsWith('monitoring.coreos.com'))) }),
    /^error kinds: The cluster does not have the kind PrometheusRule\.monitoring\.coreos\.com -> Install the Prometheus operator/,
  ],
  'no default storage class': [
    local,
    instead('StorageClass', { apiVersion: 'v1', kind: 'StorageClass', metadata: { name: 'slow' }, provisioner: 'x' }),
    /^error storage-class: There is no default storage class -> Set JUNJO_K8S_STORAGE_CLASS to slow$/,
  ],
  'no storage class of that name': [
    development({ JUNJO_K8S_STORAGE_CLASS: 'fast-ssd' }),
    undefined,
    /^error storage-class: There is no storage class fast-ssd -> .* to fast$/,
  ],
  'network file system': [
    development({ JUNJO_K8S_STORAGE_CLASS: 'shared' }),
    beside({
      apiVersion: 'v1',
      kind: 'StorageClass',
      metadata: { name: 'shared' },
      provisioner: 'efs.csi.aws.com',
      allowVolumeExpansion: true,
      reclaimPolicy: 'Retain',
    }),
    /^error storage-class: The provisioner efs\.csi\.aws\.com creates a network file system/,
  ],
  'volume that cannot grow': [
    local,
    ({ objects }) => ({ objects: objects.map((object) => ({ ...object, allowVolumeExpansion: false })) }),
    /^warning storage-class: Volumes of the class fast cannot grow/,
  ],
  'volume that goes with its claim': [
    local,
    ({ objects }) => ({ objects: objects.map((object) => ({ ...object, reclaimPolicy: 'Delete' })) }),
    /^warning storage-class: The class fast deletes the volume with its claim/,
  ],
  'claim that would shrink': [
    local,
    beside({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'junjo-ai-studio-data', ...own },
      spec: { resources: { requests: { storage: '50Gi' } } },
    }),
    /^error claim: The claim junjo-ai-studio-data cannot shrink from 50Gi to 10Gi/,
  ],
  'frontend of a release that had one': [
    twoContainers,
    beside({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'junjo-ai-studio-frontend',
        ...own,
        labels: { 'app.kubernetes.io/part-of': 'junjo-ai-studio' },
      },
    }),
    /^warning not-rendered: Deployment junjo-ai-studio-frontend is not part .* -> Delete it.*Argo CD.*\nkubectl --namespace=junjo-ai-studio delete deployment,service,networkpolicy junjo-ai-studio-frontend --ignore-not-found$/,
  ],
  'second writer under another name': [
    twoContainers,
    beside({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'studio', ...own },
      spec: {
        template: {
          spec: {
            volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'junjo-ai-studio-data' } }],
            containers: [{ name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
          },
        },
      },
    }),
    /^error not-rendered: Deployment studio is not part .* may write to the claim junjo-ai-studio-data.* -> Stop it at once.*\nkubectl --namespace=junjo-ai-studio scale deployment studio --replicas=0$/,
  ],
  'claim of another class': [
    development({ JUNJO_K8S_STORAGE_CLASS: 'fast' }),
    beside({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'junjo-ai-studio-data', ...own },
      spec: { storageClassName: 'slow', resources: { requests: { storage: '10Gi' } } },
    }),
    /^error claim: The claim junjo-ai-studio-data has the class slow, which cannot change/,
  ],
  'claim of somebody else that is not there': [
    development({ JUNJO_K8S_EXISTING_CLAIM: 'mine' }),
    undefined,
    /^error claim: There is no claim mine/,
  ],
  'node too small for both pods of the volume': [
    local,
    instead('Node', node('tiny', '400Mi')),
    /^error room: Backend and ingestion share one node and request 55\dMi of memory.* tiny has the most memory, with 400Mi/,
  ],
  'room that others take': [
    local,
    beside({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', namespace: 'other' },
      spec: { nodeName: 'node-1', containers: [{ resources: { requests: { memory: `7.8${GIB}` } } }] },
      status: { phase: 'Running' },
    }),
    /^error room: .*No node has that much room: node-1 has the most memory, with 204Mi/,
  ],
  'two nodes with half of the room each': [
    local,
    instead('Node', node('a', '400Mi'), node('b', '400Mi')),
    /^error room/,
  ],
  'node with a taint': [
    local,
    instead('Node', node('a', '8Gi', { taints: [{ key: 'team', value: 'gpu', effect: 'NoSchedule' }] })),
    /^error room: No node can run the pods/,
  ],
  'node that does not exist': [
    development({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo', JUNJO_K8S_NODE: 'node-7' }),
    undefined,
    /^error node: There is no node node-7 -> Set JUNJO_K8S_NODE to node-1$/,
  ],
  'node that is cordoned': [
    development({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo', JUNJO_K8S_NODE: 'node-1' }),
    instead('Node', node('node-1', '8Gi', { unschedulable: true })),
    /^error node: The node node-1 is cordoned -> Uncordon it\nkubectl uncordon node-1/,
  ],
  'node whose label is not its name': [
    development({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo', JUNJO_K8S_NODE: 'node-1' }),
    instead('Node', labelled('node-1', { 'kubernetes.io/hostname': 'ip-10-0-0-1' })),
    /^error node: The node node-1 has the label kubernetes.io\/hostname=ip-10-0-0-1, .* -> Set JUNJO_K8S_NODE to ip-10-0-0-1/,
  ],
  'no ingress class of that name': [
    production({ JUNJO_K8S_INGRESS_CLASS: 'contour', JUNJO_K8S_CLUSTER_ISSUER: 'acme' }),
    undefined,
    /^error ingress-class: There is no ingress class contour -> .* to traefik$/,
  ],
  'gateway class that nobody has accepted': [
    production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:eg', JUNJO_K8S_CLUSTER_ISSUER: 'acme' }),
    instead('GatewayClass', { apiVersion: 'v1', kind: 'GatewayClass', metadata: { name: 'eg' } }),
    /^error gateway: No controller has accepted the gateway class eg/,
  ],
  'Gateway of somebody else that takes no routes from here': [
    production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'edge/shared' }),
    beside({
      apiVersion: 'v1',
      kind: 'Gateway',
      metadata: { name: 'shared', namespace: 'edge' },
      spec: { listeners: [{ name: 'https' }, { name: 'http', allowedRoutes: { namespaces: { from: 'All' } } }] },
    }),
    /^error gateway: The listener https of edge\/shared does not allow routes from other namespaces/,
  ],
  'Gateway of somebody else without the listener': [
    production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'edge/shared' }),
    beside({
      apiVersion: 'v1',
      kind: 'Gateway',
      metadata: { name: 'shared', namespace: 'edge' },
      spec: { listeners: [{ name: 'websecure' }] },
    }),
    /^error gateway: The Gateway edge\/shared has no listener https\. It has websecure/,
  ],
  'issuer that is not ready': [
    web,
    instead('ClusterIssuer', {
      apiVersion: 'v1',
      kind: 'ClusterIssuer',
      metadata: { name: 'acme' },
      status: { conditions: [condition('Ready', 'False', 'no account')] },
    }),
    /^error issuer: The ClusterIssuer acme is not ready: no account/,
  ],
  'issuer that does not exist': [web, instead('ClusterIssuer'), /^error issuer: There is no ClusterIssuer acme/],
  'pull secret that is not there': [
    development({ JUNJO_K8S_IMAGE_PULL_SECRET: 'registry' }),
    undefined,
    /^error secrets: There is no image pull Secret registry in the namespace junjo-ai-studio/,
  ],
  'TLS secret that is not there': [
    production({ JUNJO_K8S_TLS_SECRET: 'wildcard' }),
    undefined,
    /^error secrets: There is no TLS Secret wildcard/,
  ],
  'load balancers that nobody serves': [
    local,
    instead('Service', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'other' },
      spec: { type: 'LoadBalancer' },
      status: {},
    }),
    /^warning load-balancer: No load balancer in this cluster has an address \(1 waiting\)/,
  ],
  'namespace that enforces more than development images keep': [
    development({
      JUNJO_BUILD_TARGET: 'development',
      JUNJO_K8S_BACKEND_IMAGE: 'b:1',
      JUNJO_K8S_INGESTION_IMAGE: 'i:1',
      JUNJO_K8S_FRONTEND_IMAGE: 'f:1',
    }),
    beside({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'junjo-ai-studio', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    }),
    /^error pod-security: The namespace enforces restricted, but development images need baseline/,
  ],
  'namespace that enforces what development images keep, and sources do not': [
    reloading,
    beside({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'junjo-ai-studio', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
    }),
    /^warning pod-security: The namespace enforces baseline, but pods that mount their sources need privileged/,
  ],
  'namespace of published images, where sources are to be mounted': [
    reloading,
    beside({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'junjo-ai-studio', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    }),
    /^error pod-security: The namespace enforces restricted, but development images need privileged/,
  ],
  'sources that nobody can see from outside': [
    reloading,
    undefined,
    /^warning sources: Pods mount the sources in \/src\/junjo of their node\. Preflight cannot check/,
  ],
  'namespace that is being deleted': [
    local,
    beside({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'junjo-ai-studio', deletionTimestamp: '2026-01-01T00:00:00Z' },
    }),
    /^error pod-security: The namespace junjo-ai-studio is being deleted/,
  ],
  'quota that leaves too little': [
    local,
    beside({
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team', ...own },
      status: { hard: { 'requests.memory': '400Mi' }, used: { 'requests.memory': '0' } },
    }),
    /^error quota: The quota team leaves 400Mi of memory, but the studio requests 5\d\dMi/,
  ],
  'limit range that allows less': [
    local,
    beside({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'team', ...own },
      spec: { limits: [{ type: 'Container', max: { memory: '300Mi' } }] },
    }),
    /^error quota: The limit range team does not allow .*backend/,
  ],
  'webhook that rejects': [
    local,
    ({ dryRuns }) => ({
      dryRuns: dryRuns.map((each) => ({
        ...each,
        refused: each.manifest.kind === 'Service' ? 'denied by policy.example.com' : undefined,
      })),
    }),
    /^error dry-run: The API server refuses Service junjo-ai-studio-backend, .*: denied by policy\.example\.com/,
  ],
  'warning of the API server': [
    local,
    ({ dryRuns }) => ({
      dryRuns: dryRuns.map((each) => ({
        ...each,
        warnings: each.manifest.kind === 'Namespace' ? ['would violate'] : [],
      })),
    }),
    /^warning dry-run: Namespace junjo-ai-studio: would violate/,
  ],
  'host that does not resolve': [
    web,
    () => ({ hosts: new Map([['studio.example.com', []]]) }),
    /^warning dns: The host studio\.example\.com does not resolve yet/,
  ],
  'host that resolves to another address': [
    web,
    (facts) => ({
      hosts: new Map([['studio.example.com', ['198.51.100.7']]]),
      ...beside({
        apiVersion: 'v1',
        kind: 'Ingress',
        metadata: { name: 'x', ...own },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
      })(facts),
    }),
    /^warning dns: The host studio\.example\.com resolves to 198\.51\.100\.7, but the edge is at 192\.0\.2\.9/,
  ],
  'release whose spans this one does not read': [
    development({ JUNJO_K8S_RELEASE: '0.80.0' }),
    beside({
      apiVersion: 'v1',
      kind: 'Deployment',
      metadata: { name: 'junjo-ai-studio-backend', ...own, labels: { 'app.kubernetes.io/version': '0.70.3' } },
    }),
    /^error live-release: Release 0\.70\.3 runs here\. 0\.80\.0 does not show its spans.*JUNJO_K8S_ACCEPT_DATA_LOSS=0\.70-to-0\.80/,
  ],
};

test.each(Object.entries(broken))('%s', (_, [settings, change, line]) => {
  const lines = said(settings, change);
  expect(lines).toContainEqual(expect.stringMatching(line));
  expect(lines.flatMap(unlikeASentence)).toEqual([]);
});

/** The texts of a line that do not read as a sentence: an upper-case letter first, then at most 25 words, and no full stop. */
function unlikeASentence(line: string): readonly string[] {
  const [finding = '', advice] = line.replace(/^\w+ [\w-]+: /, '').split(' -> ');
  const texts = [finding, ...(advice === undefined ? [] : advice.split('\n').slice(0, 1))];
  const isSentence = (text: string) => /^\p{Lu}/u.test(text) && !text.endsWith('.');
  const isLong = (text: string) => text.split(/\. /).some((sentence) => sentence.split(/\s+/).length > 25);
  return texts.filter((text) => !isSentence(text) || isLong(text));
}

test('what is not written as a sentence is noticed', () => {
  expect(['ok a: the node', 'ok a: The node.', 'ok a: The node -> kubectl get x'].map(unlikeASentence)).toEqual([
    ['the node'],
    ['The node.'],
    ['kubectl get x'],
  ]);
  expect(unlikeASentence(`ok a: The node ${'is very '.repeat(12)}large -> Wait`)).toHaveLength(1);
});

test('of a claim that is being deleted, preflight names what saves the data, and no backup', () => {
  const metadata = { name: 'junjo-ai-studio-data', ...own, deletionTimestamp: '2026-01-01T00:00:00Z' };
  const claims = said(local, beside({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata }));
  const [line] = claims.filter((each) => each.includes('is being deleted'));
  expect(line).toMatch(
    /^error claim: The claim .*"A deleted claim".*\nnpm run status -- --namespace=junjo-ai-studio$/s,
  );
  expect(line).not.toContain('npm run backup');
});

test.each([
  [
    '0.80.0',
    '0.82.1',
    { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() },
    /^error live-release: Release 0\.80\.0 runs here\. 0\.82\.1 cannot read its spans/,
  ],
  [
    '0.70.3',
    '0.80.0',
    { JUNJO_K8S_ACCEPT_DATA_LOSS: '0.70-to-0.80' },
    /^warning live-release: .*JUNJO_K8S_ACCEPT_DATA_LOSS accepts this/,
  ],
  [
    '0.82.1',
    '0.81.5',
    {},
    /^warning live-release: Release 0\.82\.1 runs here\. 0\.81\.5 mixes up the columns of spans .*Flush the log first/,
  ],
  [
    '0.82.1',
    '0.83.0',
    { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() },
    /^error live-release: Release 0\.82\.1 runs here\. 0\.83\.0 does not start on its user database -> No setting .*\nnpm run set-aside$/,
  ],
  [
    '0.84.1',
    '0.85.0',
    { JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(), JUNJO_K8S_ACCEPT_DATA_LOSS: '0.84-to-0.85' },
    /^warning live-release: Release 0\.84\.1 runs here\. 0\.85\.0 shows its spans without the workflow graphs\. JUNJO_K8S_ACCEPT_DATA_LOSS accepts/,
  ],
  [
    '0.1.0',
    '0.80.0',
    {},
    /^error live-release: Release 0\.1\.0 runs here\. Whether 0\.80\.0 reads its data is unknown/,
  ],
])('from %s to %s: what becomes of the spans is said before', (from, to, more, line) => {
  const settings = development({ JUNJO_K8S_RELEASE: to, ...more });
  const live = { name: 'junjo-ai-studio-backend', ...own, labels: { 'app.kubernetes.io/version': from } };
  expect(said(settings, beside({ apiVersion: 'v1', kind: 'Deployment', metadata: live }))).toContainEqual(
    expect.stringMatching(line),
  );
});

test('a release that reads the spans of the one that runs is no reason to stop', () => {
  const live = { name: 'junjo-ai-studio-backend', ...own, labels: { 'app.kubernetes.io/version': '0.80.0' } };
  expect(
    said(
      development({ JUNJO_K8S_RELEASE: '0.81.0' }),
      beside({ apiVersion: 'v1', kind: 'Deployment', metadata: live }),
    ),
  ).toContain('ok live-release: Release 0.80.0 runs here, and 0.81.0 reads its spans');
});

test('what cannot be read is a warning, not an error', () => {
  const unread = ['nodes', 'storageclasses.storage.k8s.io', 'pods', 'services', 'secrets'];
  const lines = said(local, () => ({ unread, objects: [] }));
  expect(lines.filter((line) => line.startsWith('fail'))).toEqual([]);
  expect(lines.filter((line) => line.startsWith('warn')).length).toBeGreaterThan(2);
});

test('pods of the studio that runs already leave their room to those that replace them', () => {
  const running = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'b', ...own },
    spec: { nodeName: 'node-1', containers: [{ resources: { requests: { memory: '600Mi' } } }] },
  };
  const small = (facts: Facts) => ({
    objects: [...instead('Node', node('node-1', '700Mi'))(facts).objects, running],
  });
  expect(said(local, small)).toContainEqual(expect.stringMatching(/^ok room/));
});

test('one broken cluster at the least shows each check', () => {
  const names = checks.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
  const shown = Object.values(broken).map(([, , line]) => line.source);
  expect(names.filter((name) => !shown.some((source) => source.includes(` ${name}`)))).toEqual([]);
});

test('a quota of other pods, and a load balancer that has a name, are no trouble', () => {
  const quota = (spec: object) => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'team', ...own },
    spec: { hard: { memory: '1Mi' }, ...spec },
  });
  const lines = said(local, beside(quota({ scopes: ['BestEffort'] }), quota({ scopeSelector: {} })));
  expect(lines.filter((line) => !line.startsWith('ok'))).toEqual([]);
  const ingress = {
    apiVersion: 'v1',
    kind: 'Ingress',
    metadata: { name: 'junjo-ai-studio', ...own },
    status: { loadBalancer: { ingress: [{ hostname: 'abc.elb.amazonaws.com' }] } },
  };
  const hosts = new Map([['studio.example.com', ['192.0.2.9']]]);
  const there = said(web, (facts) => ({ ...beside(ingress)(facts), hosts }));
  expect(there.filter((line) => /^\w+ dns/.test(line))).toEqual([
    'ok dns: The host studio.example.com resolves to 192.0.2.9. It must be an alias of abc.elb.amazonaws.com',
  ]);
});

/** A patch file that merges fields into the objects of a kind. */
function patch(kind: string, fields: object): string {
  return JSON.stringify({ patches: [{ target: { kind }, patch: fields }] });
}

describe('what a patch changed is what the cluster is asked for', () => {
  const gatewayed = production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:eg' });
  const onNode = development({ JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'node-1' });
  const affinity = {
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node-2'] }] },
      ],
    },
  };
  const shared = production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'edge/shared' });

  test.each<[string, Settings, string, string]>([
    [
      'a storage class',
      { ...local, JUNJO_K8S_STORAGE_CLASS: 'fast' },
      patch('PersistentVolumeClaim', { spec: { storageClassName: 'gone' } }),
      'storage-class: There is no storage class gone',
    ],
    [
      'an ingress class',
      web,
      patch('Ingress', { spec: { ingressClassName: 'gone' } }),
      'ingress-class: There is no ingress class gone',
    ],
    [
      'a gateway class',
      gatewayed,
      patch('Gateway', { spec: { gatewayClassName: 'gone' } }),
      'gateway: There is no gateway class gone',
    ],
    [
      'the Gateway of somebody else',
      shared,
      patch('HTTPRoute', { spec: { parentRefs: [{ name: 'other', namespace: 'edge', sectionName: 'https' }] } }),
      'gateway: There is no Gateway edge/other',
    ],
    [
      'an issuer',
      web,
      patch('Certificate', { spec: { issuerRef: { name: 'gone' } } }),
      'issuer: There is no ClusterIssuer gone',
    ],
    [
      'an image pull secret',
      local,
      patch('Deployment', { spec: { template: { spec: { imagePullSecrets: [{ name: 'gone' }] } } } }),
      'secrets: There is no image pull Secret gone',
    ],
    [
      'a certificate',
      web,
      patch('Ingress', { spec: { tls: [{ hosts: ['studio.example.com'], secretName: 'gone' }] } }),
      'secrets: There is no TLS Secret gone',
    ],
    [
      'a node',
      onNode,
      patch('PersistentVolume', { spec: { nodeAffinity: affinity } }),
      'node: There is no node node-2',
    ],
    [
      'a claim',
      local,
      patch('Deployment', {
        spec: { template: { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'gone' } }] } } },
      }),
      'claim: There is no claim gone',
    ],
  ])('%s', (_, settings, patches, says) => {
    const waive = ['references', 'beside-the-volume', 'one-writer'].map((rule) => ({ rule, reason: 'for a test' }));
    const text = JSON.stringify({ ...JSON.parse(patches), waive });
    expect(said(settings, undefined, text)).toContainEqual(expect.stringContaining(`error ${says}`));
    expect(said(settings)).not.toContainEqual(expect.stringContaining(says));
  });
});

test.each<[string, Settings, string, RegExp]>([
  [
    'a Secret that a pod can start without',
    local,
    patch('Deployment', {
      spec: { template: { spec: { volumes: [{ name: 'more', secret: { secretName: 'gone', optional: true } }] } } },
    }),
    /gone/,
  ],
  [
    'a certificate in the namespace of the Gateway',
    production({ JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:eg' }),
    JSON.stringify({
      patches: [
        {
          target: { kind: 'Gateway' },
          patch: [
            {
              op: 'replace',
              path: '/spec/listeners/1/tls/certificateRefs',
              value: [{ name: 'gone', namespace: 'edge' }],
            },
          ],
        },
      ],
    }),
    /gone/,
  ],
  [
    'a volume that is a folder on a node, which needs no class',
    development({ JUNJO_HOST_DB_DATA_PATH: '/mnt/data', JUNJO_K8S_NODE: 'node-1' }),
    'patches: []',
    /storage-class/,
  ],
])('nothing is said of %s', (_, settings, patches, pattern) => {
  expect(said(settings, undefined, patches).filter((line) => pattern.test(line))).toEqual([]);
});

describe('an intake', () => {
  const settings = { ...twoContainers, JUNJO_K8S_INTAKE: 'true' };
  const queue = 'queue-junjo-ai-studio-intake-0';
  const live = (size: string, more: object = {}): Manifest => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: queue, ...own, ...more },
    spec: { resources: { requests: { storage: size } }, storageClassName: 'fast' },
    status: { phase: 'Bound' },
  });

  test('on a cluster that has everything gets no complaint', () => {
    expect(said(settings).filter((line) => /^(error|warning)/.test(line))).toEqual([]);
  });

  test('needs a class for its queues, also where the data has a claim of somebody else', () => {
    const others = { ...settings, JUNJO_K8S_EXISTING_CLAIM: 'theirs' };
    const theirs = { ...live('10Gi'), metadata: { name: 'theirs', ...own } };
    const without = (facts: Facts) => {
      const objects = facts.objects.filter(({ kind }) => kind !== 'StorageClass');
      return { objects: [...objects, theirs] };
    };
    expect(said(others, without)).toContainEqual(
      expect.stringMatching(/^error storage-class: There is no default storage class/),
    );
  });

  test('has claims whose size is a setting of its own', () => {
    expect(said(settings, beside(live('8Gi')))).toContainEqual(
      expect.stringMatching(
        /^error claim: The claim queue-\S+ cannot shrink .*Set JUNJO_K8S_INTAKE_STORAGE_SIZE=8Gi, or let its queue/,
      ),
    );
  });

  test('whose claim is being deleted is not told to make a backup', () => {
    const [line] = said(settings, beside(live('4Gi', { deletionTimestamp: '2026-01-01T00:00:00Z' }))).filter((each) =>
      /is being deleted/.test(each),
    );
    expect(line).toMatch(/^error claim: The claim queue-\S+ is being deleted -> Keep its pod until its queue is empty/);
  });

  test('needs the Secret with keys that it names, and says how to create it', () => {
    const keyed = { ...settings, JUNJO_K8S_INTAKE_KEYS: 'my-keys' };
    expect(said(keyed)).toContainEqual(
      expect.stringMatching(
        /^error secrets: There is no Secret with API keys my-keys in the namespace junjo-ai-studio -> .*one API key on each line.*\nkubectl .*create secret generic my-keys --from-file=keys=keys\.txt$/,
      ),
    );
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'my-keys', ...own } };
    expect(said(keyed, beside(secret))).toContain('ok secrets: The Secret with API keys my-keys exists');
  });

  test('counts in a quota, with both of its pods', () => {
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'team', ...own },
      status: { hard: { 'requests.cpu': '1m' } },
    };
    const cpu = (lines: readonly string[]) =>
      Number(/requests (\d+)m CPU/.exec(lines.find((line) => line.includes('quota team leaves')) ?? '')?.[1]);
    expect(cpu(said(settings, beside(quota))) - cpu(said(twoContainers, beside(quota)))).toBe(200);
  });

  test('is found in the cluster when it is switched off', () => {
    const labels = { 'app.kubernetes.io/part-of': 'junjo-ai-studio' };
    const metadata = { name: 'junjo-ai-studio-intake', labels, ...own };
    const set = { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec: { replicas: 2 } };
    expect(said(twoContainers, beside(set))).toContainEqual(
      expect.stringMatching(/^warning not-rendered: StatefulSet junjo-ai-studio-intake .*queues may hold spans/),
    );
    expect(said(settings, beside(set)).join()).not.toContain('not-rendered');
  });

  test('on OpenShift asks for its own user', () => {
    const lines = said(settings, (facts) => ({
      ...facts,
      kinds: new Set([...facts.kinds, 'SecurityContextConstraints.security.openshift.io']),
    }));
    expect(lines.join('\n')).toMatch(/security-context-constraints: The pods run as user .*10001/);
  });
});
