import { podsOf } from '../../render/manifest';
import { makeCertificate } from '../support/certificate';
import {
  development,
  envText,
  freshSecret,
  problemsOf,
  production,
  Rendered,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

const placement = {
  JUNJO_K8S_NODE_SELECTOR: 'disktype=ssd, topology.kubernetes.io/zone=a',
  JUNJO_K8S_TOLERATIONS: 'dedicated=observability:NoSchedule,spot:NoExecute,gpu,arch=arm64',
  JUNJO_K8S_PRIORITY_CLASS: 'high-priority',
};
const marks = {
  JUNJO_K8S_LABELS: 'team=ml,example.com/cost-centre=42,empty=',
  JUNJO_K8S_ANNOTATIONS: 'example.com/owner=team-ml',
};
const labels = { team: 'ml', 'example.com/cost-centre': '42', empty: '' };
const annotations = { 'example.com/owner': 'team-ml' };
const onPods = {
  nodeSelector: { disktype: 'ssd', 'topology.kubernetes.io/zone': 'a' },
  tolerations: [
    { key: 'dedicated', operator: 'Equal', value: 'observability', effect: 'NoSchedule' },
    { key: 'spot', operator: 'Exists', effect: 'NoExecute' },
    { key: 'gpu', operator: 'Exists' },
    { key: 'arch', operator: 'Equal', value: 'arm64' },
  ],
  priorityClassName: 'high-priority',
};

const { pem } = makeCertificate();
const sealed = (settings: Settings) =>
  render(production({ JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: 'cert.pem', ...settings }), {
    readFile: (path) => (path === 'cert.pem' ? pem : undefined),
  });
const studios = {
  'on localhost': (settings: Settings) => render(development(settings)),
  'behind an Ingress': (settings: Settings) => render(production(settings)),
  'behind a Gateway, with an Application of Argo CD': (settings: Settings) =>
    render(
      production({
        JUNJO_K8S_INGRESS_CLASS: undefined,
        JUNJO_K8S_GATEWAY: 'class:eg',
        JUNJO_K8S_GIT_REPO: 'https://git.example.com/studio.git',
        JUNJO_K8S_SECRETS: 'existing',
        JUNJO_SESSION_SECRET: undefined,
        JUNJO_SECURE_COOKIE_KEY: undefined,
        JUNJO_K8S_FRONTEND_REPLICAS: '2',
        ...settings,
      }),
    ),
  'with sealed secrets': sealed,
  'with QDrant': (settings: Settings) =>
    render(production({ JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret(), ...settings })),
  'on a folder on a node': (settings: Settings) =>
    render(production({ JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data', JUNJO_K8S_NODE: 'worker-1', ...settings })),
};
const pods = ({ objects }: Rendered) => objects.flatMap(podsOf);
const data = ({ objects }: Rendered) =>
  objects.filter(({ kind }) => ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim'].includes(kind));

describe.each(Object.entries(studios))('a studio %s', (_, rendered) => {
  test('has the nodes, tolerations and priority that the file names in every pod', () => {
    const found = pods(rendered(placement));
    expect(found.length).toBeGreaterThanOrEqual(3);
    for (const { spec } of found) expect(spec).toMatchObject(onPods);
  });

  test('has the labels that the file names on every object and every pod, but not on what holds the data', () => {
    const studio = rendered(marks);
    const others = studio.objects.filter((object) => !data(studio).includes(object));
    for (const { metadata } of [...others, ...pods(studio)]) expect(metadata.labels).toMatchObject(labels);
    for (const { metadata } of data(studio)) {
      for (const name of Object.keys(labels)) expect(metadata.labels).not.toHaveProperty([name]);
    }
  });

  test('has the annotations that the file names on every object and every pod', () => {
    const studio = rendered(marks);
    for (const { metadata } of [...studio.objects, ...pods(studio)])
      expect(metadata.annotations).toMatchObject(annotations);
  });

  // `kubectl apply --prune -l` deletes what has a label and is not in the files: pkg/cmd/apply/prune.go of kubernetes/kubectl.
  test.each([
    ['without labels of the operator', {}],
    ['with them', marks],
  ])('%s, no label of it finds what holds the data', (_label, settings) => {
    const studio = rendered(settings);
    const held = data(studio);
    expect(held.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Namespace', 'PersistentVolumeClaim']));
    const others = [...studio.objects.filter((object) => !held.includes(object)), ...pods(studio)];
    const found = others
      .flatMap(({ metadata }) => Object.entries(metadata.labels))
      .map(([key, value]) => `${key}=${value}`);
    expect(new Set(found).size).toBeGreaterThan(4);
    for (const { metadata } of held) {
      expect(metadata.labels['app.kubernetes.io/name']).toBe('junjo-ai-studio-data');
      for (const [key, value] of Object.entries(metadata.labels)) expect(found).not.toContain(`${key}=${value}`);
    }
  });

  test('selects by its own labels alone, and keeps its own annotations, whatever the file names', () => {
    const [plain, marked] = [rendered({}), rendered(marks)];
    const selectors = ({ objects }: Rendered) =>
      objects.map(({ spec }) => [spec?.selector, spec?.podSelector, spec?.template?.spec?.affinity, spec?.ingress]);
    expect(selectors(marked)).toEqual(selectors(plain));
    plain.objects.forEach(({ metadata }, index) => {
      expect(marked.objects[index].metadata).toMatchObject(metadata);
    });
  });

  test('says nothing of nodes, priority or further labels where the file says nothing', () => {
    for (const { spec } of pods(rendered({}))) {
      for (const field of Object.keys(onPods)) expect(spec).not.toHaveProperty(field);
    }
  });
});

test.each([
  ['an Ingress', 'ingress', {}],
  ['a Gateway', 'gatewayHTTPRoute', { JUNJO_K8S_INGRESS_CLASS: undefined, JUNJO_K8S_GATEWAY: 'class:eg' }],
])('the pods with which cert-manager proves hosts behind %s run where the others do', (_, solver, edge) => {
  const http01 = (settings: Settings) =>
    render(production({ ...edge, ...settings })).ofKind('Issuer')[0].spec.acme.solvers[0].http01[solver];
  expect(http01({})).not.toHaveProperty('podTemplate');
  expect(http01(marks).podTemplate).toEqual({ metadata: { labels, annotations } });
  expect(http01(placement).podTemplate).toEqual({ spec: onPods });
});

test('the Secrets that controllers make of a Certificate and a SealedSecret have the labels, too', () => {
  const [certificate] = render(production(marks)).ofKind('Certificate');
  expect(certificate.spec.secretTemplate).toEqual({ labels, annotations });
  const { metadata } = sealed(marks).ofKind('SealedSecret')[0].spec.template;
  expect(metadata).toMatchObject({ labels, annotations });
  expect(render(production()).ofKind('Certificate')[0].spec).not.toHaveProperty('secretTemplate');
});

test('the ApplicationSet of several studios has the labels on which they agree', () => {
  const source = (name: string, team: string) => ({
    folder: name,
    files: [
      {
        path: `${name}.env`,
        text: envText(
          development({
            JUNJO_K8S_SECRETS: 'existing',
            JUNJO_SESSION_SECRET: undefined,
            JUNJO_SECURE_COOKIE_KEY: undefined,
            JUNJO_K8S_GIT_REPO: 'https://git.example.com/studio.git',
            JUNJO_K8S_NAMESPACE: name,
            JUNJO_K8S_LABELS: `team=${team},department=research`,
          }),
        ),
      },
    ],
  });
  const { files } = renderAll([source('blue', 'ml'), source('green', 'web')], {});
  const sets = new Rendered(files.filter(({ path }) => path.startsWith('argocd/'))).objects;
  expect(sets.map(({ kind }) => kind).sort()).toEqual(['AppProject', 'ApplicationSet']);
  for (const { metadata } of sets) {
    expect(metadata.labels).toMatchObject({ department: 'research' });
    expect(metadata.labels).not.toHaveProperty('team');
  }
});

test('an annotation that the studio writes itself is not overwritten', () => {
  const settings = production({
    JUNJO_K8S_SECRETS: 'existing',
    JUNJO_SESSION_SECRET: undefined,
    JUNJO_SECURE_COOKIE_KEY: undefined,
    JUNJO_K8S_ANNOTATIONS: 'secret.reloader.stakater.com/reload=other',
  });
  const { metadata } = render(settings).get('Deployment', 'junjo-ai-studio-backend');
  expect(metadata.annotations['secret.reloader.stakater.com/reload']).toBe('junjo-ai-studio-secrets');
});

test('an annotation with a comma is written as JSON', () => {
  const studio = render(
    development({ JUNJO_K8S_ANNOTATIONS: '{"example.com/owners": "a, b", "example.com/note": ""}' }),
  );
  expect(studio.ofKind('Namespace')[0].metadata.annotations).toMatchObject({
    'example.com/owners': 'a, b',
    'example.com/note': '',
  });
});

test('autoscalers may be told of every pod, although their keys are below kubernetes.io', () => {
  const key = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
  const studio = render(development({ JUNJO_K8S_ANNOTATIONS: `${key}=false` }));
  for (const { metadata } of pods(studio)) expect(metadata.annotations[key]).toBe('false');
});

const KEY_FORM =
  'is not a valid key. Write at most 63 letters, digits, "-", "_" and ".", optionally after a domain and "/"';
const VALUE_FORM =
  'has an invalid value. Write at most 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit';
const RESERVED =
  'is reserved for Kubernetes, the studio, or the tools that apply it. Use another key, or patch a single object';
const EMPTY = 'has an empty entry. Remove the extra comma';
const long = 'a'.repeat(64);

test.each([
  ['NODE_SELECTOR', 'disktype', 'disktype has no value. Write disktype=value'],
  ['NODE_SELECTOR', 'disk type=ssd', `disk type ${KEY_FORM}`],
  ['NODE_SELECTOR', 'a/b/c=ssd', `a/b/c ${KEY_FORM}`],
  ['NODE_SELECTOR', 'Example.com/zone=a', `Example.com/zone ${KEY_FORM}`],
  ['NODE_SELECTOR', 'disktype=-ssd', `disktype ${VALUE_FORM}`],
  ['NODE_SELECTOR', 'a=1,a=2', 'a is set twice. Remove one of them'],
  ['NODE_SELECTOR', 'a=1,', EMPTY],
  [
    'TOLERATIONS',
    'dedicated=a:NoRun',
    'dedicated=a:NoRun: the effect must be one of: NoSchedule, PreferNoSchedule, NoExecute',
  ],
  [
    'TOLERATIONS',
    'dedicated=a:NoSchedule-',
    'dedicated=a:NoSchedule-: the effect must be one of: NoSchedule, PreferNoSchedule, NoExecute',
  ],
  ['TOLERATIONS', ':NoSchedule', ':NoSchedule has no key. Write key=value:NoSchedule'],
  ['TOLERATIONS', 'dedicated=a b:NoSchedule', `dedicated ${VALUE_FORM}`],
  ['TOLERATIONS', 'gpu,,spot', EMPTY],
  [
    'PRIORITY_CLASS',
    'High Priority',
    'must be at most 253 lower-case letters, digits, dashes or dots, and start and end with a letter or digit',
  ],
  ['LABELS', `team=${long}`, `team ${VALUE_FORM}`],
  ['LABELS', `${long}=ml`, `${long} ${KEY_FORM}`],
  ['LABELS', 'team=a b', `team ${VALUE_FORM}`],
  ['LABELS', 'team=a,team=b', 'team is set twice. Remove one of them'],
  ['LABELS', 'app.kubernetes.io/name=mine', `app.kubernetes.io/name ${RESERVED}`],
  ['LABELS', 'kubernetes.io/metadata.name=other', `kubernetes.io/metadata.name ${RESERVED}`],
  ['LABELS', 'pod-security.kubernetes.io/enforce=privileged', `pod-security.kubernetes.io/enforce ${RESERVED}`],
  ['LABELS', 'junjo-ai-studio/volume=data', `junjo-ai-studio/volume ${RESERVED}`],
  ['LABELS', 'acme.cert-manager.io/http01-solver=true', `acme.cert-manager.io/http01-solver ${RESERVED}`],
  ['ANNOTATIONS', 'example.com/owner', 'example.com/owner has no value. Write example.com/owner=value'],
  ['ANNOTATIONS', 'kubernetes.io/ingress.class=nginx', `kubernetes.io/ingress.class ${RESERVED}`],
  [
    'ANNOTATIONS',
    'service.beta.kubernetes.io/aws-load-balancer-type=nlb',
    `service.beta.kubernetes.io/aws-load-balancer-type ${RESERVED}`,
  ],
  ['ANNOTATIONS', 'storage.k8s.io/mine=1', `storage.k8s.io/mine ${RESERVED}`],
  ['ANNOTATIONS', 'checksum/settings=1', `checksum/settings ${RESERVED}`],
  ['ANNOTATIONS', 'argocd.argoproj.io/sync-wave=1', `argocd.argoproj.io/sync-wave ${RESERVED}`],
  ['ANNOTATIONS', 'argocd.argoproj.io/hook=PreSync', `argocd.argoproj.io/hook ${RESERVED}`],
  ['ANNOTATIONS', 'helm.sh/hook=pre-install', `helm.sh/hook ${RESERVED}`],
  ['ANNOTATIONS', '{"helm.sh/hook-delete-policy":"hook-succeeded"}', `helm.sh/hook-delete-policy ${RESERVED}`],
  ['ANNOTATIONS', 'helm.sh/resource-policy=keep', `helm.sh/resource-policy ${RESERVED}`],
  ['ANNOTATIONS', 'kustomize.toolkit.fluxcd.io/force=enabled', `kustomize.toolkit.fluxcd.io/force ${RESERVED}`],
  ['ANNOTATIONS', 'kapp.k14s.io/update-strategy=always-replace', `kapp.k14s.io/update-strategy ${RESERVED}`],
  ['ANNOTATIONS', 'janitor/ttl=1h', `janitor/ttl ${RESERVED}`],
  ['LABELS', 'cleanup.kyverno.io/ttl=1h', `cleanup.kyverno.io/ttl ${RESERVED}`],
  ['ANNOTATIONS', '{"a": 1}', 'is not a JSON object of strings. Write it as {"example.com/team":"a, b"}'],
  ['ANNOTATIONS', '{"a": "1"', 'is not a JSON object of strings. Write it as {"example.com/team":"a, b"}'],
])('JUNJO_K8S_%s=%s is refused', (name, value, text) => {
  const problems = problemsOf(`JUNJO_K8S_${name}='${value}'\n${envText(development())}`);
  expect(problems).toEqual([`.env:1 JUNJO_K8S_${name}: ${text}`]);
});

test('annotations that no object can hold are refused', () => {
  const problems = problemsOf(`JUNJO_K8S_ANNOTATIONS=a=${'b'.repeat(256 * 1024)}\n${envText(development())}`);
  expect(problems).toEqual([
    '.env:1 JUNJO_K8S_ANNOTATIONS: is longer than the 262144 bytes that all annotations of an object may have. Shorten it',
  ]);
});

describe('a node selector beside a folder on a node', () => {
  const onNode = (selector: string) =>
    production({
      JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data',
      JUNJO_K8S_NODE: 'worker-1',
      JUNJO_K8S_NODE_SELECTOR: selector,
    });

  test('cannot name another node, where no pod would find the data', () => {
    expect(problemsOf(envText(onNode('kubernetes.io/hostname=worker-2')))).toContainEqual(
      expect.stringMatching(
        /JUNJO_K8S_NODE_SELECTOR: selects the node worker-2, but the data is on worker-1 \(JUNJO_K8S_NODE\)\. Remove kubernetes\.io\/hostname/,
      ),
    );
  });

  test('can name the same node', () => {
    expect(render(onNode('kubernetes.io/hostname=worker-1')).pod('backend').spec.nodeSelector).toEqual({
      'kubernetes.io/hostname': 'worker-1',
    });
  });

  test('can name any node where the cluster provides the storage', () => {
    const settings = production({
      JUNJO_K8S_STORAGE_CLASS: 'fast-ssd',
      JUNJO_K8S_NODE_SELECTOR: 'kubernetes.io/hostname=worker-2',
    });
    expect(render(settings).pod('backend').spec.nodeSelector).toEqual({ 'kubernetes.io/hostname': 'worker-2' });
  });
});
