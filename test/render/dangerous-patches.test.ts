import { dump, load } from 'js-yaml';
import { formatProblem } from '../../config/problems';
import {
  development,
  envText,
  freshSecret,
  type Manifest,
  production,
  render,
  renderAll,
  type Settings,
} from '../support/studio';

const OPENAI_KEY = freshSecret();

/** A studio with every wall that there is: guards, source ranges, a volume on a node, QDrant, Argo CD. */
const walled = production({
  OPENAI_API_KEY: OPENAI_KEY,
  QDRANT_API_KEY: freshSecret(),
  JUNJO_K8S_QDRANT: 'true',
  JUNJO_K8S_FRONTEND_REPLICAS: '2',
  JUNJO_K8S_WEB_SOURCE_RANGES: '203.0.113.0/24',
  JUNJO_K8S_GIT_REPO: 'https://git.example.com/studio.git',
  JUNJO_HOST_DB_DATA_PATH: '/mnt/junjo-data',
  JUNJO_K8S_NODE: 'worker-1',
});

/** The same, whose port for spans is a load balancer's. */
const balanced: Settings = {
  ...walled,
  JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051',
  JUNJO_K8S_INGESTION_SERVICE: 'LoadBalancer',
  JUNJO_K8S_INGESTION_SOURCE_RANGES: '198.51.100.0/24,192.0.2.7/32',
};

/** The same behind a Gateway of its own, which is in the private network. */
const gateway: Settings = {
  ...walled,
  JUNJO_K8S_INGRESS_CLASS: undefined,
  JUNJO_K8S_WEB_SOURCE_RANGES: undefined,
  JUNJO_K8S_GATEWAY: 'class:eg',
  JUNJO_K8S_INGRESS_CONTROLLER: 'envoy-gateway',
  JUNJO_K8S_LOAD_BALANCER: 'internal',
  JUNJO_K8S_CLOUD: 'aws',
  JUNJO_K8S_CLUSTER_ISSUER: 'dns',
};

/** A studio whose development images reload from sources on the node. */
const reloading = development({
  JUNJO_BUILD_TARGET: 'development',
  JUNJO_K8S_RELEASE: '0.82.1',
  JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
  JUNJO_K8S_SOURCE_PATH: '/src/junjo',
});

const external: Settings = production({
  JUNJO_SESSION_SECRET: undefined,
  JUNJO_SECURE_COOKIE_KEY: undefined,
  JUNJO_K8S_SECRETS: 'external',
  JUNJO_K8S_SECRET_STORE: 'SecretStore/vault',
});

/** On volumes of which there are snapshots. */
const volsync = production({ JUNJO_K8S_BACKUP: 'volsync', JUNJO_K8S_BACKUP_REPOSITORY: 'backup' });
const velero = production({ JUNJO_K8S_BACKUP: 'velero' });
const nginx: Settings = { ...walled, JUNJO_K8S_INGRESS_CLASS: 'nginx' };
const publicGateway: Settings = { ...walled, JUNJO_K8S_GATEWAY: 'class:eg', JUNJO_K8S_INGRESS_CLASS: undefined };

/** Behind collectors, at a load balancer. */
const behindIntake = production({
  JUNJO_K8S_RELEASE: '0.82.1',
  JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
  JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:26155',
  JUNJO_K8S_INTAKE: 'true',
});

interface Patch {
  readonly target: { readonly kind: string; readonly name?: string };
  readonly patch: unknown;
}

/** What a person sees who renders the studio with a patch. The patch begins on line 3 of its file. */
function told(patch: Patch, waived: readonly string[] = [], settings: Settings = walled): readonly string[] {
  const waive = waived.map((rule) => ({ rule, reason: 'a test' }));
  const text = `# A comment\npatches:\n- ${JSON.stringify(patch)}\n${waive.length > 0 ? `waive: ${JSON.stringify(waive)}\n` : ''}`;
  const env = envText({ ...settings, JUNJO_K8S_PATCHES: 'patches.yaml' });
  const { problems, files } = renderAll([{ files: [{ path: '.env', text: env }] }], { readFile: () => text });
  expect(files.length > 0).toBe(problems.every(({ severity }) => severity !== 'error'));
  return problems.filter(({ file }) => file !== '.env').map(formatProblem);
}

const named = (kind: string, name: string, patch: unknown): Patch => {
  return { target: { kind, name: `junjo-ai-studio-${name}` }, patch };
};
const add = (path: string, value: unknown) => ({ op: 'add', path, value });
const replace = (path: string, value: unknown) => ({ op: 'replace', path, value });
const remove = (path: string) => ({ op: 'remove', path });

const web = (patch: unknown): Patch => ({ target: { kind: 'Ingress', name: 'junjo-ai-studio' }, patch });
const policy = (name: string, patch: unknown) => named('NetworkPolicy', name, patch);
const service = (name: string, patch: unknown) => named('Service', name, patch);
const deployment = (name: string, patch: unknown) => named('Deployment', name, patch);
const pod = (name: string, spec: object) => deployment(name, { spec: { template: { spec } } });
const container = (name: string, fields: object, of = name) => pod(of, { containers: [{ name, ...fields }] });
const annotated = (kind: string, annotations: object): Patch => ({
  target: { kind },
  patch: { metadata: { annotations } },
});
const project = (patch: unknown): Patch => ({ target: { kind: 'AppProject' }, patch });
const application = (patch: unknown): Patch => ({ target: { kind: 'Application' }, patch });

const source = (spec: unknown): Patch => ({ target: { kind: 'ReplicationSource', name: '.*data' }, patch: { spec } });
const schedule = (spec: unknown): Patch => ({ target: { kind: 'Schedule' }, patch: { spec } });
const externalSecret = (spec: unknown): Patch => ({ target: { kind: 'ExternalSecret' }, patch: { spec } });
const certificate = (spec: unknown): Patch => ({ target: { kind: 'Certificate' }, patch: { spec } });
const middleware = (name: string, patch: unknown): Patch => ({
  target: { kind: 'Middleware', name: `.*${name}` },
  patch,
});
const ofWeb = (annotations: object): Patch => web({ metadata: { annotations } });
const ofNginx = (annotation: string, value: string) => ofWeb({ [`nginx.ingress.kubernetes.io/${annotation}`]: value });
const ofPods = (annotations: object) => deployment('backend', { spec: { template: { metadata: { annotations } } } });

/** What the collectors read, with a change. */
const collector = (change: (config: Manifest) => void): Patch => {
  const config: Manifest = load(render(behindIntake).get('ConfigMap', 'junjo-ai-studio-intake').data['config.yaml']);
  change(config);
  return named('ConfigMap', 'intake', { data: { 'config.yaml': dump(config) } });
};
const queueOf = (config: Manifest) => config.exporters['otlp_grpc/queue'];
const collectors = (spec: object): Patch => named('StatefulSet', 'intake', { spec });
const ofCollector = (fields: object): Patch =>
  collectors({ template: { spec: { containers: [{ name: 'intake', ...fields }] } } });

const SECRET = 'junjo-ai-studio-secrets';
const openAi = { name: 'KEY', valueFrom: { secretKeyRef: { name: SECRET, key: 'OPENAI_API_KEY' } } };
const volume = (of: string, source: object, mount = of) =>
  pod(of, {
    volumes: [{ name: 'more', ...source }],
    containers: [{ name: mount, volumeMounts: [{ name: 'more', mountPath: '/more' }] }],
  });
/** The first volume of a pod, which is that of its sources. */
const sources = (of: string, source: object) =>
  deployment(of, [replace('/spec/template/spec/volumes/0', { name: `source-${of}-app`, ...source })]);
const hook = 'argocd.argoproj.io/hook';
const options = 'argocd.argoproj.io/sync-options';
const anyTcp = (port: number) => ({ ports: [{ port, protocol: 'TCP' }] });

const sidecar = {
  name: 'logs',
  image: 'registry.example.com/logs:1',
  ports: [{ name: 'logs', containerPort: 9000, protocol: 'TCP' }],
  livenessProbe: { tcpSocket: { port: 'logs' } },
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '32Mi' } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
};
const { ports: _ports, livenessProbe: _probe, ...once } = sidecar;

/** Collectors that pages reach through the edge. */
const otlpHttp: Settings = {
  ...walled,
  JUNJO_K8S_RELEASE: '0.82.1',
  JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
  JUNJO_K8S_INGRESS_NAMESPACE: 'traefik',
  JUNJO_K8S_INTAKE: 'true',
  JUNJO_K8S_INTAKE_HTTP_HOST: 'otlp.example.com',
  JUNJO_K8S_INTAKE_CORS_ORIGINS: 'https://app.example.com',
};
const TLS_OF_TRAEFIK = 'traefik.ingress.kubernetes.io/router.tls';
const ofOtlpHttp = (annotations: object) => named('Ingress', 'otlp-http', { metadata: { annotations } });
const configured = (change: (text: string) => string): Patch => {
  const { 'config.yaml': text } = render(otlpHttp).get('ConfigMap', 'junjo-ai-studio-intake').data;
  return named('ConfigMap', 'intake', { data: { 'config.yaml': change(text) } });
};

/** What undoes a wall, and the rules that refuse it. */
const dangerous: readonly (readonly [what: string, patch: Patch, rules: string, settings?: Settings])[] = [
  // Policies.
  ['everything into the backend', policy('backend', [add('/spec/ingress/-', {})]), 'network-policies'],
  ['everything into the backend, merged', policy('backend', { spec: { ingress: [{}] } }), 'network-policies'],
  ['the API past its guard', policy('backend', [add('/spec/ingress/-', anyTcp(1323))]), 'network-policies'],
  [
    'the API past its guard, by name',
    policy('backend', [replace('/spec/ingress/0/ports/0/port', 'http')]),
    'network-policies',
  ],
  ['API keys for everybody', policy('backend', [remove('/spec/ingress/1/from')]), 'network-policies'],
  [
    'API keys for an empty list of peers',
    policy('backend', [replace('/spec/ingress/1/from', [])]),
    'network-policies,second-apply',
  ],
  [
    'API keys for all pods',
    policy('backend', [replace('/spec/ingress/1/from/0/podSelector', {})]),
    'network-policies,second-apply',
  ],
  [
    'API keys for the frontend',
    policy('backend', [
      replace('/spec/ingress/1/from/0/podSelector/matchLabels/app.kubernetes.io~1component', 'frontend'),
    ]),
    'network-policies',
  ],
  [
    'API keys for pods of other namespaces',
    policy('backend', [add('/spec/ingress/1/from/0/namespaceSelector', { matchLabels: { team: 'a' } })]),
    'network-policies',
  ],
  ['all ports of the backend', policy('backend', [remove('/spec/ingress/0/ports')]), 'network-policies'],
  [
    'a range of ports of the backend',
    policy('backend', [add('/spec/ingress/0/ports/0/endPort', 60000)]),
    'network-policies',
  ],
  [
    'UDP beside TCP',
    policy('backend', [add('/spec/ingress/0/ports/-', { port: 8080, protocol: 'UDP' })]),
    'network-policies',
  ],
  ['reads of spans for everybody', policy('ingestion', [add('/spec/ingress/-', anyTcp(50052))]), 'network-policies'],
  ['QDrant for everybody', policy('qdrant', [add('/spec/ingress/-', anyTcp(6333))]), 'network-policies'],
  [
    'QDrant for an address',
    policy('qdrant', [add('/spec/ingress/0/from/-', { ipBlock: { cidr: '10.0.0.0/8' } })]),
    'network-policies',
  ],
  ['default-deny that allows ingress', policy('default-deny', { spec: { ingress: [{}] } }), 'network-policies'],
  [
    'default-deny that allows both',
    policy('default-deny', [add('/spec/ingress', [{}]), add('/spec/egress', [{}])]),
    'network-policies',
  ],
  [
    'default-deny without egress',
    policy('default-deny', [replace('/spec/policyTypes', ['Ingress'])]),
    'network-policies',
  ],
  ['default-deny without types', policy('default-deny', [remove('/spec/policyTypes')]), 'network-policies'],
  [
    'default-deny of some pods',
    policy('default-deny', {
      spec: {
        podSelector: {
          matchLabels: { 'app.kubernetes.io/component': 'frontend', 'app.kubernetes.io/name': 'junjo-ai-studio' },
        },
      },
    }),
    'network-policies',
  ],
  [
    'a policy of other pods than its own',
    policy('frontend', [replace('/spec/podSelector/matchLabels/app.kubernetes.io~1component', 'qdrant')]),
    'network-policies,ports',
  ],
  ['everything out of ingestion', policy('ingestion', [add('/spec/egress/-', {})]), 'network-policies'],
  ['private addresses', policy('backend', [remove('/spec/egress/6/to/0/ipBlock/except')]), 'network-policies'],
  [
    'the metadata of the cloud',
    policy('backend', [add('/spec/egress/-', { to: [{ ipBlock: { cidr: '169.254.169.254/32' } }], ...anyTcp(80) })]),
    'network-policies',
  ],
  ['every port of the internet', policy('backend', [remove('/spec/egress/6/ports')]), 'network-policies'],
  [
    'DNS of every namespace',
    policy('backend', [
      remove('/spec/egress/0/to/0/namespaceSelector'),
      replace('/spec/egress/0/to/0', { namespaceSelector: {} }),
    ]),
    'network-policies,second-apply',
  ],
  ['every policy', { target: { kind: 'NetworkPolicy' }, patch: { spec: { ingress: [{}] } } }, 'network-policies'],
  [
    'spans from other addresses',
    policy('ingestion', [replace('/spec/ingress/0/from/0/ipBlock/cidr', '0.0.0.0/0')]),
    'network-policies',
    balanced,
  ],
  [
    'spans from a larger range',
    policy('ingestion', [replace('/spec/ingress/0/from/0/ipBlock/cidr', '198.51.0.0/16')]),
    'network-policies',
    balanced,
  ],
  // Services.
  [
    'a load balancer for API keys',
    service('backend-internal', { spec: { type: 'LoadBalancer' } }),
    'internal-services',
  ],
  [
    'a node port for reads of spans',
    service('ingestion-internal', [replace('/spec/type', 'NodePort')]),
    'internal-services',
  ],
  ['a load balancer for QDrant', service('qdrant', { spec: { type: 'LoadBalancer' } }), 'internal-services'],
  ['a load balancer for the API', service('backend', { spec: { type: 'LoadBalancer' } }), 'internal-services'],
  [
    'a Gateway on the internet',
    { target: { kind: 'Gateway' }, patch: [remove('/spec/infrastructure')] },
    'internal-services',
    gateway,
  ],
  ['an external address', service('backend-internal', { spec: { externalIPs: ['203.0.113.9'] } }), 'internal-services'],
  [
    'a name elsewhere',
    service('ingestion-internal', { spec: { type: 'ExternalName', externalName: 'evil.example.com' } }),
    'internal-services',
  ],
  [
    'a target past the guard',
    service('backend', { spec: { ports: [{ port: 1323, targetPort: 1323 }] } }),
    'internal-ports',
  ],
  [
    'a target past the guard, by name',
    service('backend', [replace('/spec/ports/0/targetPort', 'http')]),
    'internal-ports,ports',
  ],
  [
    'a further port for API keys',
    service('backend', [add('/spec/ports/-', { name: 'keys', port: 50053, targetPort: 50053, protocol: 'TCP' })]),
    'internal-ports',
  ],
  [
    'reads of spans at the port for spans',
    service('ingestion', [replace('/spec/ports/0/targetPort', 50052)]),
    'internal-ports',
  ],
  [
    'a Service of other pods',
    service('backend-internal', [replace('/spec/selector/app.kubernetes.io~1component', 'ingestion')]),
    'internal-ports,ports',
  ],
  [
    'an Ingress that leads to API keys',
    {
      target: { kind: 'Ingress', name: 'junjo-ai-studio' },
      patch: [
        replace('/spec/rules/0/http/paths/0/backend/service', {
          name: 'junjo-ai-studio-backend-internal',
          port: { number: 50053 },
        }),
      ],
    },
    'internal-ports',
  ],
  [
    'an Ingress that leads to QDrant',
    {
      target: { kind: 'Ingress', name: 'junjo-ai-studio' },
      patch: { spec: { defaultBackend: { service: { name: 'junjo-ai-studio-qdrant', port: { number: 6333 } } } } },
    },
    'internal-ports',
  ],
  // Source ranges.
  [
    'spans from everywhere',
    service('ingestion', { spec: { loadBalancerSourceRanges: null } }),
    'source-ranges',
    balanced,
  ],
  [
    'spans from one more range',
    service('ingestion', [add('/spec/loadBalancerSourceRanges/-', '0.0.0.0/0')]),
    'source-ranges',
    balanced,
  ],
  [
    'spans from a node port',
    service('ingestion', { spec: { type: 'NodePort', loadBalancerSourceRanges: null } }),
    'internal-services,source-ranges',
    balanced,
  ],
  [
    'pages for everybody',
    {
      target: { kind: 'Middleware', name: '.*source-ranges' },
      patch: [replace('/spec/ipAllowList/sourceRange', ['0.0.0.0/0'])],
    },
    'source-ranges',
  ],
  [
    'pages for a larger range',
    {
      target: { kind: 'Middleware', name: '.*source-ranges' },
      patch: { spec: { ipAllowList: { sourceRange: ['203.0.0.0/16'] } } },
    },
    'source-ranges',
  ],
  [
    'a Middleware that allows nothing in particular',
    {
      target: { kind: 'Middleware', name: '.*source-ranges' },
      patch: [remove('/spec/ipAllowList'), add('/spec/headers', { stsSeconds: 1 })],
    },
    'source-ranges',
  ],
  [
    'an Ingress without its Middleware',
    {
      target: { kind: 'Ingress', name: 'junjo-ai-studio' },
      patch: { metadata: { annotations: { 'traefik.ingress.kubernetes.io/router.middlewares': null } } },
    },
    'source-ranges,tls',
  ],
  [
    'an Ingress with a Middleware of a similar name',
    {
      target: { kind: 'Ingress', name: 'junjo-ai-studio' },
      patch: {
        metadata: {
          annotations: {
            'traefik.ingress.kubernetes.io/router.middlewares':
              'junjo-ai-studio-junjo-ai-studio-hsts@kubernetescrd,x-junjo-ai-studio-source-ranges-x@file',
          },
        },
      },
    },
    'source-ranges',
  ],
  [
    'a Middleware that believes a header',
    {
      target: { kind: 'Middleware', name: '.*source-ranges' },
      patch: { spec: { ipAllowList: { ipStrategy: { depth: 1 } } } },
    },
    'source-ranges',
  ],
  // Guards.
  [
    "another nginx.conf of the API's guard",
    named('ConfigMap', 'backend-guard', {
      data: { 'nginx.conf': 'events {}\nstream { server { listen 8080; proxy_pass 127.0.0.1:1323; } }\n' },
    }),
    'guards',
  ],
  ['the same as operations', named('ConfigMap', 'backend-guard', [replace('/data/nginx.conf', 'events {}')]), 'guards'],
  [
    "another command of the API's guard",
    container('guard', { command: ['nginx', '-c', '/tmp/nginx.conf'] }, 'backend'),
    'guards',
  ],
  ['arguments for the guard', container('guard', { args: ['-c', '/tmp/nginx.conf'] }, 'backend'), 'guards'],
  ['another image of the guard', container('guard', { image: 'docker.io/alpine/socat:1.8' }, 'backend'), 'guards'],
  [
    'another configuration of the guard',
    pod('backend', { volumes: [{ name: 'guard-config', configMap: { name: 'junjo-ai-studio-backend-settings' } }] }),
    'guards',
  ],
  ['no guard', pod('backend', { containers: [{ name: 'guard', $patch: 'delete' }] }), 'guards,ports'],
  [
    'a variable of the guard',
    container('guard', { env: [{ name: 'LD_PRELOAD', value: '/tmp/a.so' }] }, 'backend'),
    'guards',
  ],
  [
    'an upgrade guard that does nothing',
    pod('backend', { initContainers: [{ name: 'upgrade-guard', command: ['true'] }] }),
    'guards',
  ],
  [
    'an upgrade guard by operations',
    deployment('backend', [replace('/spec/template/spec/initContainers/0/command', ['true'])]),
    'guards',
  ],
  [
    'another program of the upgrade guard',
    named('ConfigMap', 'upgrade-guard', { data: { 'upgrade-guard.py': 'pass\n' } }),
    'guards',
  ],
  ['other facts of the upgrade guard', named('ConfigMap', 'upgrade-guard', { data: { 'facts.json': '{}' } }), 'guards'],
  [
    'an Application for another namespace',
    application([replace('/spec/destination/namespace', 'kube-system')]),
    'argo-cd-project',
  ],
  [
    'secrets that a driver brings',
    pod('backend', {
      volumes: [{ name: 'more', csi: { driver: 'secrets-store.csi.k8s.io', readOnly: true } }],
      containers: [{ name: 'backend', volumeMounts: [{ name: 'more', mountPath: '/more' }] }],
    }),
    'own-secrets',
  ],
  [
    'an upgrade guard beside the program instead of before it',
    deployment('backend', [
      { op: 'move', from: '/spec/template/spec/initContainers/0', path: '/spec/template/spec/containers/-' },
    ]),
    'guards,probes,second-apply',
  ],
  ['no upgrade guard', deployment('backend', [remove('/spec/template/spec/initContainers')]), 'guards'],
  [
    'an ingestion that waits for nothing',
    deployment('ingestion', [remove('/spec/template/spec/initContainers/0')]),
    'guards,second-apply',
  ],
  [
    'an upgrade guard with a mount over its program',
    pod('backend', {
      initContainers: [
        { name: 'upgrade-guard', volumeMounts: [{ mountPath: '/etc/junjo-upgrade-guard', name: 'tmp' }] },
      ],
    }),
    'guards',
  ],
  [
    'an init container that changes the data before the guard',
    deployment('backend', [
      add('/spec/template/spec/initContainers/0', { ...once, volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
    ]),
    'guards',
  ],
  // Secrets.
  ["the provider's key for ingestion", container('ingestion', { env: [openAi] }), 'own-secrets'],
  [
    "the provider's key for ingestion, by operations",
    deployment('ingestion', [add('/spec/template/spec/containers/0/env/-', openAi)]),
    'own-secrets',
  ],
  ["the provider's key for the guard", container('guard', { env: [openAi] }, 'backend'), 'guards,own-secrets'],
  [
    "the session's key for the frontend",
    container('frontend', {
      env: [{ name: 'S', valueFrom: { secretKeyRef: { name: SECRET, key: 'JUNJO_SESSION_SECRET' } } }],
    }),
    'own-secrets',
  ],
  [
    'a mounted key',
    volume('frontend', { secret: { secretName: SECRET, items: [{ key: 'OPENAI_API_KEY', path: 'k' }] } }),
    'own-secrets',
  ],
  [
    'a projected key',
    volume('ingestion', {
      projected: { sources: [{ secret: { name: SECRET, items: [{ key: 'OPENAI_API_KEY', path: 'k' }] } }] },
    }),
    'own-secrets',
  ],
  [
    'the whole Secret',
    container('ingestion', { envFrom: [{ secretRef: { name: SECRET } }] }),
    'secrets-key-by-key,own-secrets',
  ],
  [
    'another Secret',
    volume('backend', { secret: { secretName: 'others', items: [{ key: 'a', path: 'a' }] } }),
    'own-secrets',
  ],
  [
    "the certificate's key",
    container('backend', {
      env: [{ name: 'K', valueFrom: { secretKeyRef: { name: 'junjo-ai-studio-tls', key: 'tls.key' } } }],
    }),
    'own-secrets',
  ],
  [
    'a new container with a key',
    pod('frontend', { containers: [{ name: 'more', env: [openAi] }] }),
    'own-secrets,pod-security,probes,resources',
  ],
  ['one space of processes', pod('backend', { shareProcessNamespace: true }), 'own-secrets'],
  ['a key in an annotation', annotated('Ingress', { note: OPENAI_KEY }), 'secrets-nowhere-else'],
  [
    'a key in base64 in a ConfigMap',
    named('ConfigMap', 'backend-settings', { data: { MORE: Buffer.from(`x=${OPENAI_KEY}`).toString('base64') } }),
    'secrets-nowhere-else',
  ],
  [
    'a key in a URL',
    container('backend', { env: [{ name: 'U', value: `https://a:${encodeURIComponent(OPENAI_KEY)}@b` }] }),
    'secrets-nowhere-else',
  ],
  // Nodes.
  ['the root of the node', volume('backend', { hostPath: { path: '/' } }), 'pod-security,host-paths'],
  [
    'another folder on the node beside the sources',
    volume('backend', { hostPath: { path: '/src/junjo/backend/app', type: 'Directory' } }),
    'pod-security,host-paths',
    reloading,
  ],
  [
    'another folder on the node in place of the sources',
    sources('backend', { hostPath: { path: '/', type: 'Directory' } }),
    'pod-security,host-paths',
    reloading,
  ],
  [
    'all of the checkout in place of its part',
    sources('backend', { hostPath: { path: '/src/junjo', type: 'Directory' } }),
    'pod-security,host-paths',
    reloading,
  ],
  [
    'sources that are made where they are missing',
    sources('backend', { hostPath: { path: '/src/junjo/backend/app', type: 'DirectoryOrCreate' } }),
    'pod-security,host-paths',
    reloading,
  ],
  [
    'the sources of another component',
    volume('frontend', { hostPath: { path: '/src/junjo/backend/app', type: 'Directory' } }),
    'pod-security,host-paths',
    reloading,
  ],
  [
    'sources that the backend may write',
    container('backend', { volumeMounts: [{ name: 'source-backend-app', mountPath: '/app/app', readOnly: false }] }),
    'host-paths',
    reloading,
  ],
  [
    'sources in a second place',
    deployment('backend', [
      add('/spec/template/spec/containers/0/volumeMounts/-', { name: 'source-backend-app', mountPath: '/more' }),
    ]),
    'host-paths',
    reloading,
  ],
  [
    'sources in another container',
    deployment('backend', [
      add('/spec/template/spec/initContainers/0/volumeMounts/-', {
        name: 'source-backend-app',
        mountPath: '/app/app',
        readOnly: true,
      }),
    ]),
    'guards,host-paths',
    reloading,
  ],
  [
    'sources in a container of its own',
    deployment('backend', [
      add('/spec/template/spec/containers/-', {
        ...sidecar,
        volumeMounts: [{ name: 'source-backend-app', mountPath: '/app/app', readOnly: true }],
      }),
    ]),
    'host-paths',
    reloading,
  ],
  ["the node's network, beside the sources", pod('backend', { hostNetwork: true }), 'pod-security', reloading],
  [
    'a privileged container, beside the sources',
    container('frontend', { securityContext: { privileged: true } }),
    'pod-security',
    reloading,
  ],
  [
    "the node's folder of the volume",
    { target: { kind: 'PersistentVolume' }, patch: { spec: { local: { path: '/' } } } },
    'host-paths',
  ],
  [
    'a volume at a path of any node',
    { target: { kind: 'PersistentVolume' }, patch: [remove('/spec/local'), add('/spec/hostPath', { path: '/' })] },
    'host-paths',
  ],
  ["the node's network", pod('backend', { hostNetwork: true }), 'pod-security'],
  ["the node's processes", pod('frontend', { hostPID: true }), 'pod-security'],
  ['a port of the node', container('backend', { ports: [{ containerPort: 50053, hostPort: 50053 }] }), 'pod-security'],
  [
    'no AppArmor, by an annotation',
    deployment('backend', {
      spec: {
        template: {
          metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/backend': 'unconfined' } },
        },
      },
    }),
    'pod-security',
  ],
  [
    'no AppArmor, by a field',
    pod('backend', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
    'pod-security',
  ],
  [
    'no seccomp, by an annotation',
    deployment('frontend', {
      spec: { template: { metadata: { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' } } } },
    }),
    'pod-security',
  ],
  [
    'a namespace with the checks of an old release',
    {
      target: { kind: 'Namespace' },
      patch: { metadata: { labels: { 'pod-security.kubernetes.io/enforce-version': 'v1.18' } } },
    },
    'pod-security',
  ],
  // Where a program finds the others, and its data.
  [
    'keys that are checked elsewhere',
    container('ingestion', { env: [{ name: 'BACKEND_GRPC_HOST', value: 'evil.example.com' }] }),
    'wiring',
  ],
  [
    'keys that are checked elsewhere, by an address',
    pod('ingestion', {
      hostAliases: [{ ip: '203.0.113.6', hostnames: ['junjo-ai-studio-backend-internal.junjo-ai-studio.svc'] }],
    }),
    'wiring',
  ],
  [
    'a store that is in another folder than the guard looks at',
    container('backend', { env: [{ name: 'JUNJO_SQLITE_PATH', value: '/tmp/junjo.db' }] }),
    'wiring',
  ],
  [
    'another folder of the volume',
    deployment('backend', [add('/spec/template/spec/containers/0/volumeMounts/0/subPath', 'other')]),
    'wiring',
  ],
  [
    'a mount over the data',
    container('backend', { volumeMounts: [{ name: 'tmp', mountPath: '/app/.dbdata/sqlite' }] }),
    'wiring',
  ],
  // The edge.
  ['no TLS', web([remove('/spec/tls')]), 'tls'],
  ['no TLS for one host', web([remove('/spec/tls/0/hosts/1')]), 'tls'],
  [
    'plain HTTP, by an annotation',
    web({ metadata: { annotations: { 'traefik.ingress.kubernetes.io/router.entrypoints': 'web' } } }),
    'tls',
  ],
  [
    'the API past the source ranges',
    named('Ingress', 'spans', [
      replace('/spec/rules/0/http/paths/0/backend/service', {
        name: 'junjo-ai-studio-backend',
        port: { number: 1323 },
      }),
    ]),
    'internal-ports',
  ],
  [
    'QDrant in a snippet',
    web({
      metadata: {
        annotations: {
          'nginx.ingress.kubernetes.io/server-snippet':
            'location /q { proxy_pass http://junjo-ai-studio-qdrant:6333; }',
        },
      },
    }),
    'internal-ports',
  ],
  [
    'a second list of source ranges',
    service('ingestion', {
      metadata: { annotations: { 'service.beta.kubernetes.io/azure-allowed-ip-ranges': '0.0.0.0/0' } },
    }),
    'source-ranges',
    balanced,
  ],
  ['the group of root', container('backend', { securityContext: { runAsGroup: 0 } }), 'pod-security'],
  ['the group of root beside others', pod('backend', { securityContext: { supplementalGroups: [0] } }), 'pod-security'],
  [
    'an Application that patches',
    application({ spec: { source: { directory: null, kustomize: { patches: [{ patch: 'x' }] } } } }),
    'argo-cd-project',
  ],
  // Secrets that a controller makes.
  [
    "a key in the Secret's annotations",
    {
      target: { kind: 'ExternalSecret' },
      patch: { spec: { target: { template: { metadata: { annotations: { note: '{{ .OPENAI_API_KEY }}' } } } } } },
    },
    'secrets-nowhere-else',
    external,
  ],
  [
    'a ConfigMap in place of the Secret',
    {
      target: { kind: 'ExternalSecret' },
      patch: { spec: { target: { manifest: { apiVersion: 'v1', kind: 'ConfigMap' } } } },
    },
    'secrets-nowhere-else',
    external,
  ],
  // Argo CD.
  ['a project of all repositories', project({ spec: { sourceRepos: ['*'] } }), 'argo-cd-project'],
  [
    'a project of all destinations',
    project([replace('/spec/destinations', [{ server: '*', namespace: '*' }])]),
    'argo-cd-project',
  ],
  [
    'a project of one more namespace',
    project([add('/spec/destinations/-', { server: 'https://kubernetes.default.svc', namespace: 'kube-system' })]),
    'argo-cd-project',
  ],
  [
    'a project of all kinds of the cluster',
    project({ spec: { clusterResourceWhitelist: [{ group: '*', kind: '*' }] } }),
    'argo-cd-project',
  ],
  [
    'a project of all kinds',
    project([replace('/spec/namespaceResourceWhitelist', [{ group: '*', kind: '*' }])]),
    'argo-cd-project',
  ],
  ['a project without a list of kinds', project([remove('/spec/namespaceResourceWhitelist')]), 'argo-cd-project'],
  [
    'a role in a project',
    project({ spec: { roles: [{ name: 'a', policies: ['p, proj:x:a, applications, *, x/*, allow'] }] } }),
    'argo-cd-project',
  ],
  ['an Application of another project', application({ spec: { project: 'default' } }), 'argo-cd-project'],
  [
    'an Application from elsewhere',
    application({ spec: { source: { repoURL: 'https://evil.example.com/a.git' } } }),
    'argo-cd-project',
  ],
  [
    'an Application with a further source',
    application([add('/spec/sources', [{ repoURL: 'https://evil.example.com/a.git', path: 'a' }])]),
    'argo-cd-project',
  ],
  [
    'an Application that syncs by force',
    application({ operation: { sync: { syncStrategy: { apply: { force: true } } } } }),
    'data-out-of-reach',
  ],
  [
    'an Application that replaces and forces',
    application([
      add('/spec/syncPolicy/syncOptions/-', 'Replace=true'),
      add('/spec/syncPolicy/syncOptions/-', 'Force=true'),
    ]),
    'data-out-of-reach',
  ],
  ['a claim that is a hook', annotated('PersistentVolumeClaim', { [hook]: 'Sync' }), 'data-out-of-reach,hooks'],
  [
    'a claim that is a hook of Helm',
    annotated('PersistentVolumeClaim', { 'helm.sh/hook': 'pre-install' }),
    'data-out-of-reach,hooks',
  ],
  ['a namespace that is a hook', annotated('Namespace', { [hook]: 'PreSync,PostSync' }), 'data-out-of-reach,hooks'],
  [
    'a default-deny that is a hook',
    { ...annotated('NetworkPolicy', { [hook]: 'PreSync', 'argocd.argoproj.io/hook-delete-policy': 'HookSucceeded' }) },
    'hooks',
  ],
  [
    'a claim that is replaced by force',
    annotated('PersistentVolumeClaim', { [options]: 'Delete=false,Prune=false,Replace=true, Force=true' }),
    'data-out-of-reach',
  ],
  [
    'a volume that is replaced',
    annotated('PersistentVolume', { [options]: 'Delete=false, Prune=false , Replace=true' }),
    'data-out-of-reach',
  ],
  [
    'options in other letters',
    annotated('PersistentVolumeClaim', { [options]: 'delete=false,prune=false' }),
    'data-out-of-reach',
  ],
  [
    'an option that comes first',
    annotated('PersistentVolumeClaim', { [options]: 'Delete=true,Delete=false,Prune=false' }),
    'data-out-of-reach',
  ],
  [
    'a claim that Flux deletes by force',
    annotated('PersistentVolumeClaim', { 'kustomize.toolkit.fluxcd.io/force': 'Enabled' }),
    'data-out-of-reach',
  ],
  [
    'a claim that Kyverno deletes',
    { target: { kind: 'PersistentVolumeClaim' }, patch: { metadata: { labels: { 'cleanup.kyverno.io/ttl': '1h' } } } },
    'data-out-of-reach',
  ],
  [
    'a claim with an owner',
    {
      target: { kind: 'PersistentVolumeClaim' },
      patch: { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'b' }] } },
    },
    'data-out-of-reach',
  ],
  // Collectors.
  ...(
    [
      [
        'a processor that batches',
        collector((config) => {
          config.processors.batch = {};
          config.service.pipelines['traces/queue'].processors.push('batch');
        }),
      ],
      ['a queue that batches', collector((config) => Object.assign(queueOf(config).sending_queue, { batch: {} }))],
      [
        'a queue that batches whenever it is not told otherwise',
        collector((config) => delete queueOf(config).sending_queue.batch),
      ],
      ['a queue in memory', collector((config) => delete queueOf(config).sending_queue.storage)],
      ['a queue counted in requests', collector((config) => (queueOf(config).sending_queue.sizer = 'requests'))],
      ['a larger queue', collector((config) => (queueOf(config).sending_queue.queue_size *= 2))],
      ['more requests at risk', collector((config) => (queueOf(config).sending_queue.num_consumers = 10))],
      ['a queue that ends', collector((config) => (queueOf(config).retry_on_failure.max_elapsed_time = '5m'))],
      ['no second try', collector((config) => (queueOf(config).retry_on_failure.enabled = false))],
      ['compression', collector((config) => (config.exporters['otlp_grpc/ingestion'].compression = 'gzip'))],
      ['the default of compression', collector((config) => delete config.exporters['otlp_grpc/ingestion'].compression)],
      [
        'a queue past the limit of requests',
        collector((config) => (queueOf(config).endpoint = 'junjo-ai-studio-ingestion-internal:26155')),
      ],
      ['larger requests', collector((config) => (config.receivers.otlp.protocols.grpc.max_recv_msg_size_mib = 64))],
      ['smaller requests', collector((config) => (config.receivers.otlp.protocols.http.max_request_body_size = 1024))],
      ['spans without their key', collector((config) => delete config.receivers.otlp.protocols.grpc.include_metadata)],
      ['a key for all spans', collector((config) => (config.extensions.headers_setter.headers[0].value = 'key'))],
      [
        'another name of the exporter',
        collector((config) => {
          config.exporters['otlp_grpc/other'] = queueOf(config);
          delete config.exporters['otlp_grpc/queue'];
          config.service.pipelines['traces/queue'].exporters = ['otlp_grpc/other'];
        }),
      ],
      [
        'a copy of spans elsewhere',
        collector((config) => {
          config.exporters['otlp_http/copy'] = { endpoint: 'https://spans.example.net' };
          config.service.pipelines['traces/queue'].exporters.push('otlp_http/copy');
        }),
      ],
      [
        'spans in the log',
        collector((config) => {
          config.exporters.debug = { verbosity: 'detailed' };
          config.service.pipelines['traces/queue'].exporters.push('debug');
        }),
      ],
      [
        'a page about the process',
        collector((config) => {
          config.extensions.zpages = { endpoint: '0.0.0.0:55679' };
          config.service.extensions.push('zpages');
        }),
      ],
      ['TLS that ends elsewhere', collector((config) => delete config.receivers.otlp.protocols.grpc.tls)],
      ['a configuration that is none', named('ConfigMap', 'intake', { data: { 'config.yaml': '- [' } })],
      ['another configuration', ofCollector({ args: ['--config=/etc/otelcol-contrib/config.yaml'] })],
      ['a feature gate', ofCollector({ args: ['--feature-gates=pkg.exporterhelper.queueBatchEnabled'] })],
      ['another program as a collector', ofCollector({ image: 'docker.io/otel/opentelemetry-collector:0.159.0' })],
      [
        'a queue on the root file system',
        ofCollector({ volumeMounts: [{ mountPath: '/var/lib/otelcol/queue', $patch: 'delete' }] }),
      ],
      ['more collectors than claims', collectors({ replicas: 3 })],
      [
        'a template without a size',
        named('StatefulSet', 'intake', [replace('/spec/volumeClaimTemplates/0/spec/accessModes/0', 'ReadWriteMany')]),
      ],
    ] as const
  ).map(([what, patch]) => [what, patch, 'intake', behindIntake] as const),
  [
    'a claim that goes with the collectors',
    collectors({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } }),
    'data-out-of-reach',
    behindIntake,
  ],
  [
    'spans past the collectors',
    service('ingestion', { spec: { selector: { 'app.kubernetes.io/component': 'ingestion' } } }),
    'internal-ports,ports',
    behindIntake,
  ],
  [
    'spans past the collectors, by a policy',
    policy('ingestion', [remove('/spec/ingress/0/from')]),
    'network-policies',
    behindIntake,
  ],
  [
    'the metrics of collectors for everybody',
    service('ingestion', [add('/spec/ports/-', { name: 'm', port: 8888, targetPort: 8888, protocol: 'TCP' })]),
    'internal-ports',
    behindIntake,
  ],
  [
    'a load balancer for the metrics of collectors',
    service('intake', [remove('/spec/clusterIP'), replace('/spec/type', 'LoadBalancer')]),
    'internal-services',
    behindIntake,
  ],
  // Backups.
  ['a copy of files in use', source({ restic: { copyMethod: 'Direct' } }), 'backups', volsync],
  [
    'backups that pose as ingestion',
    source({ restic: { moverPodLabels: { 'app.kubernetes.io/component': 'ingestion' } } }),
    'backups',
    volsync,
  ],
  ['another repository', source({ restic: { repository: 'others' } }), 'backups', volsync],
  ['no backups', source({ paused: true }), 'backups', volsync],
  ['backups by hand', source({ trigger: { schedule: null, manual: 'now' } }), 'backups', volsync],
  ['backups of nothing', source({ restic: { retain: { daily: 0 } } }), 'backups', volsync],
  ['backups of another claim', source({ sourcePVC: 'others' }), 'backups', volsync],
  ['no retention', source({ restic: { retain: null } }), 'backups', volsync],
  ['commands at backups', schedule({ template: { hooks: { resources: [{ name: 'a' }] } } }), 'backups', velero],
  ['commands at backups, by a pod', ofPods({ 'pre.hook.backup.velero.io/command': '["true"]' }), 'backups', velero],
  ['backups of files in use, by a pod', ofPods({ 'backup.velero.io/backup-volumes': 'data' }), 'backups', velero],
  ['backups without volumes', schedule({ template: { snapshotVolumes: false } }), 'backups', velero],
  ['backups of files in use', schedule({ template: { defaultVolumesToFsBackup: true } }), 'backups', velero],
  [
    'backups without claims',
    schedule({ template: { excludedResources: ['persistentvolumeclaims'] } }),
    'backups',
    velero,
  ],
  [
    'backups of some objects',
    schedule({ template: { labelSelector: { matchLabels: { a: 'b' } } } }),
    'backups',
    velero,
  ],
  ['backups that pause', schedule({ paused: true }), 'backups', velero],
  ['backups for an hour', schedule({ template: { ttl: '1h0m0s' } }), 'backups', velero],
  ['backups for minutes', schedule({ template: { ttl: '10000m' } }), 'backups', velero],
  [
    'a claim that backups leave out',
    {
      target: { kind: 'PersistentVolumeClaim', name: '.*-data' },
      patch: { metadata: { labels: { 'velero.io/exclude-from-backup': 'true' } } },
    },
    'backups',
    velero,
  ],
  // What makes Secrets.
  ['all that a store has', externalSecret({ dataFrom: [{ extract: { key: 'all' } }] }), 'secret-makers', external],
  ['a Secret of another name', externalSecret({ target: { name: 'others' } }), 'secret-makers', external],
  [
    'a Secret that goes with its source',
    externalSecret({ target: { deletionPolicy: 'Delete' } }),
    'secret-makers',
    external,
  ],
  [
    'a Secret that a program copies',
    externalSecret({
      target: {
        template: { metadata: { annotations: { 'reflector.v1.k8s.emberstack.com/reflection-allowed': 'true' } } },
      },
    }),
    'secret-makers',
    external,
  ],
  [
    'a Secret that another program copies',
    externalSecret({
      target: { template: { metadata: { annotations: { 'replicator.v1.mittwald.de/replicate-to': '*' } } } },
    }),
    'secret-makers',
    external,
  ],
  [
    "a certificate's key that a program copies",
    certificate({ secretTemplate: { annotations: { 'kubed.appscode.com/sync': '' } } }),
    'secret-makers',
  ],
  ["a certificate in the studio's Secret", certificate({ secretName: SECRET }), 'secret-makers'],
  [
    'a template without keys',
    externalSecret({ target: { template: { data: { A: 'b' } } } }),
    'secrets-key-by-key',
    external,
  ],
  // More of the edge.
  ['copies of requests', ofNginx('mirror-target', 'https://evil.example.com$request_uri'), 'tls', nginx],
  [
    'copies of requests, by a route',
    {
      target: { kind: 'HTTPRoute', name: '.*-ui' },
      patch: [
        add('/spec/rules/0/filters/-', {
          type: 'RequestMirror',
          requestMirror: { backendRef: { name: 'evil', port: 80 } },
        }),
      ],
    },
    'tls',
    publicGateway,
  ],
  ['all addresses, in a snippet', ofNginx('configuration-snippet', 'allow all;'), 'source-ranges', nginx],
  [
    'all addresses, in a snippet of the server',
    ofNginx('server-snippet', 'location / { allow  all; }'),
    'source-ranges',
    nginx,
  ],
  ['any of ranges and sign-ins', ofNginx('satisfy', 'any'), 'source-ranges', nginx],
  ['a redirect to HTTP', middleware('redirect', { spec: { redirectScheme: { scheme: 'http' } } }), 'tls'],
  ['no HSTS', middleware('hsts', { spec: { headers: { stsSeconds: 0 } } }), 'tls'],
  [
    'no HSTS, in a snippet',
    ofNginx('server-snippet', 'add_header Strict-Transport-Security "max-age=0";'),
    'tls',
    nginx,
  ],
  [
    'no redirect',
    {
      target: { kind: 'HTTPRoute', name: '.*-redirect' },
      patch: [replace('/spec/rules/0/filters/0/requestRedirect/scheme', 'http')],
    },
    'tls',
    publicGateway,
  ],
  [
    'an edge without its HSTS',
    ofWeb({
      'traefik.ingress.kubernetes.io/router.middlewares': 'junjo-ai-studio-junjo-ai-studio-source-ranges@kubernetescrd',
    }),
    'tls',
  ],
  [
    'API keys on a tailnet',
    service('backend-internal', { metadata: { annotations: { 'tailscale.com/expose': 'true' } } }),
    'internal-services',
  ],
  [
    'QDrant on the internet',
    service('qdrant', { metadata: { annotations: { 'tailscale.com/funnel': 'true' } } }),
    'internal-services',
  ],
  [
    'reads of spans for other clusters',
    service('ingestion-internal', { metadata: { labels: { 'mirror.linkerd.io/exported': 'true' } } }),
    'internal-services',
  ],
  // What is not applied.
  [
    'a policy that Flux leaves out',
    annotated('NetworkPolicy', { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' }),
    'applied',
  ],
  [
    'a policy that Flux ignores',
    annotated('NetworkPolicy', { 'kustomize.toolkit.fluxcd.io/ssa': 'Ignore' }),
    'applied',
  ],
  [
    'a policy for kustomize alone',
    annotated('NetworkPolicy', { 'config.kubernetes.io/local-config': 'true' }),
    'applied',
  ],
  [
    'a Middleware that kapp leaves out',
    middleware('source-ranges', { metadata: { annotations: { 'kapp.k14s.io/noop': '' } } }),
    'applied',
  ],
  [
    'policies that Argo CD ignores',
    application([
      add('/spec/ignoreDifferences/-', { group: 'networking.k8s.io', kind: 'NetworkPolicy', jsonPointers: ['/spec'] }),
    ]),
    'argo-cd-project',
  ],
  ['an Application of another folder', application({ spec: { source: { path: 'others' } } }), 'argo-cd-project'],
  [
    'an Application of all files',
    application({ spec: { source: { directory: { include: '*' } } } }),
    'argo-cd-project',
  ],
  // More of pods and settings.
  [
    'a nameserver on the internet',
    pod('ingestion', { dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'] } }),
    'wiring',
  ],
  ['a device of the node', ofPods({ 'io.kubernetes.cri-o.Devices': '/dev/sda:/dev/sda:rwm' }), 'pod-security'],
  ['a seccomp profile of CRI-O', ofPods({ 'seccomp-profile.kubernetes.cri-o.io/POD': 'unconfined' }), 'pod-security'],
  [
    'development in production',
    named('ConfigMap', 'backend-settings', { data: { JUNJO_ENV: 'development' } }),
    'no-inline-values',
  ],
  ['every origin', named('ConfigMap', 'backend-settings', { data: { JUNJO_ALLOW_ORIGINS: '*' } }), 'no-inline-values'],
  ['a misspelt ConfigMap', volume('backend', { configMap: { name: 'junjo-ai-studio-fronted-config' } }), 'references'],
  ['a ConfigMap without its prefix', volume('backend', { configMap: { name: 'frontend-config' } }), 'references'],
  [
    'a misspelt Service',
    web([
      add('/spec/rules/0/http/paths/0', {
        path: '/x',
        pathType: 'Prefix',
        backend: { service: { name: 'junjo-ai-studio-backnd', port: { number: 1323 } } },
      }),
    ]),
    'ports',
  ],
  // OTLP/HTTP through the edge.
  [
    'pages of everybody, at the collectors',
    configured((text) => text.replace('https://app.example.com', '"*"')),
    'intake',
    otlpHttp,
  ],
  [
    'pages of somebody else, at the collectors',
    configured((text) => text.replaceAll('https://app.example.com', 'https://*.example.com')),
    'intake',
    otlpHttp,
  ],
  [
    'pages of everybody, at nginx',
    ofOtlpHttp({ 'nginx.ingress.kubernetes.io/enable-cors': 'true' }),
    'origins',
    otlpHttp,
  ],
  [
    'pages of everybody, by name, at nginx',
    ofOtlpHttp({
      'nginx.ingress.kubernetes.io/enable-cors': 'true',
      'nginx.ingress.kubernetes.io/cors-allow-origin': 'https://app.example.com, *',
    }),
    'origins',
    otlpHttp,
  ],
  [
    'pages of everybody, at Traefik',
    middleware('hsts', { spec: { headers: { accessControlAllowOriginList: ['*'] } } }),
    'origins',
    otlpHttp,
  ],
  ['OTLP/HTTP in the clear', ofOtlpHttp({ [TLS_OF_TRAEFIK]: 'false' }), 'tls', otlpHttp],
  [
    'OTLP/HTTP for whoever is in the cluster',
    policy('intake', [add('/spec/ingress/-', anyTcp(4320))]),
    'network-policies',
    otlpHttp,
  ],
  ['OTLP/HTTP past the edge', service('otlp-http', { spec: { type: 'LoadBalancer' } }), 'internal-services', otlpHttp],
  [
    'the port for the edge on the public Service',
    service('ingestion', [add('/spec/ports/-', { name: 'edge', port: 80, targetPort: 4320, protocol: 'TCP' })]),
    'internal-ports',
    otlpHttp,
  ],
  [
    'a host of the edge that leads to ingestion itself',
    named('Ingress', 'otlp-http', [
      replace('/spec/rules/0/http/paths/0/backend/service', {
        name: 'junjo-ai-studio-ingestion-internal',
        port: { number: 26155 },
      }),
    ]),
    'internal-ports',
    otlpHttp,
  ],
  [
    'a host of the edge that leads to the API',
    named('Ingress', 'otlp-http', [
      add('/spec/rules/0/http/paths/-', {
        path: '/',
        pathType: 'Prefix',
        backend: { service: { name: 'junjo-ai-studio-backend', port: { number: 26154 } } },
      }),
    ]),
    'internal-ports',
    otlpHttp,
  ],
];

describe('a patch that undoes a wall is refused with file and line, and passes with a waiver:', () => {
  test.each(dangerous.map(([what, patch, rules, settings]) => ({ what, patch, rules, settings })))(
    '$what',
    ({ patch, rules, settings }) => {
      const refused = told(patch, [], settings);
      const broken = refused.map((line) => /^patches\.yaml:3: breaks the rule ([a-z-]+)\. /.exec(line)?.[1]);
      expect([...broken].sort()).toEqual(rules.split(',').sort());
      for (const line of refused) expect(line).not.toContain(OPENAI_KEY);
      const waived = told(
        patch,
        broken.filter((rule) => rule !== undefined),
        settings,
      );
      expect(waived).toHaveLength(broken.length);
      for (const line of waived)
        expect(line).toMatch(
          /^warning: patches\.yaml:\d+: waives the rule [a-z-]+ \(a test\)\. (?!.*which nothing breaks)/,
        );
    },
  );
});

/** What people change every day. */
const everyday: readonly (readonly [what: string, patch: Patch, settings?: Settings])[] = [
  ['memory', container('backend', { resources: { requests: { memory: '600Mi' }, limits: { memory: '1Gi' } } })],
  ['memory of the guard', container('guard', { resources: { limits: { memory: '256Mi' } } }, 'backend')],
  [
    'memory of the upgrade guard',
    pod('backend', { initContainers: [{ name: 'upgrade-guard', resources: { limits: { memory: '256Mi' } } }] }),
  ],
  ['a request of CPU', container('ingestion', { resources: { requests: { cpu: '500m' } } })],
  ['labels of a workload', deployment('backend', { metadata: { labels: { team: 'ml' } } })],
  ['labels of pods', deployment('frontend', { spec: { template: { metadata: { labels: { team: 'ml' } } } } })],
  [
    'annotations of all workloads',
    { target: { kind: 'Deployment' }, patch: { metadata: { annotations: { 'example.com/owner': 'ml' } } } },
  ],
  [
    'annotations of pods',
    deployment('backend', { spec: { template: { metadata: { annotations: { 'example.com/scrape': 'true' } } } } }),
  ],
  ['a node selector', pod('frontend', { nodeSelector: { disktype: 'ssd' } })],
  ['tolerations', pod('frontend', { tolerations: [{ key: 'spot', operator: 'Exists' }] })],
  ['a priority class', pod('backend', { priorityClassName: 'high' })],
  [
    'spread over zones',
    pod('frontend', {
      topologySpreadConstraints: [
        {
          topologyKey: 'topology.kubernetes.io/zone',
          maxSkew: 1,
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: {
            matchLabels: { 'app.kubernetes.io/component': 'frontend', 'app.kubernetes.io/name': 'junjo-ai-studio' },
          },
        },
      ],
    }),
  ],
  ['DNS of pods', pod('backend', { dnsConfig: { options: [{ name: 'ndots', value: '2' }] } })],
  ['host aliases', pod('backend', { hostAliases: [{ ip: '10.0.0.1', hostnames: ['llm.internal'] }] })],
  ['a variable', container('backend', { env: [{ name: 'TZ', value: 'Europe/Berlin' }] })],
  [
    'a variable by operations',
    deployment('ingestion', [add('/spec/template/spec/containers/0/env/-', { name: 'RUST_BACKTRACE', value: '1' })]),
  ],
  ['a secret under another name', container('backend', { env: [openAi] })],
  ['the tag of the backend', container('backend', { image: 'docker.io/mdrideout/junjo-ai-studio-backend:0.70.4' })],
  ['an own image of the frontend', container('frontend', { image: 'registry.example.com/our-frontend@sha256:abc' })],
  ['a mirror of the guard', container('guard', { image: 'registry.example.com:5000/mirror/nginx:1.31' }, 'backend')],
  ['a pull policy', container('backend', { imagePullPolicy: 'Always' })],
  ['a pull secret', pod('frontend', { imagePullSecrets: [{ name: 'registry' }] })],
  ['replicas of the frontend', deployment('frontend', { spec: { replicas: 5 } })],
  ['history of revisions', { target: { kind: 'Deployment' }, patch: [add('/spec/revisionHistoryLimit', 3)] }],
  ['patience of a probe', container('backend', { startupProbe: { failureThreshold: 200 } })],
  ['patience of a probe of the guard', container('guard', { livenessProbe: { periodSeconds: 60 } }, 'backend')],
  ['time to stop', pod('backend', { terminationGracePeriodSeconds: 180 })],
  [
    'a disruption budget',
    { target: { kind: 'PodDisruptionBudget' }, patch: [add('/spec/unhealthyPodEvictionPolicy', 'IfHealthyBudget')] },
  ],
  [
    'a limit with exceptions, and addresses that are refused',
    annotated('Ingress', {
      'nginx.ingress.kubernetes.io/limit-whitelist': '10.0.0.0/8',
      'nginx.ingress.kubernetes.io/denylist-source-range': '198.51.100.0/24',
    }),
  ],
  ['a certificate for all hosts', web([replace('/spec/tls/0/secretName', 'wildcard')])],
  [
    'the API below the host of the pages',
    web([
      add('/spec/rules/0/http/paths/0', {
        path: '/api',
        pathType: 'Prefix',
        backend: { service: { name: 'junjo-ai-studio-backend', port: { number: 1323 } } },
      }),
    ]),
  ],
  [
    "the template of a Secret's data",
    {
      target: { kind: 'ExternalSecret' },
      patch: {
        spec: {
          target: { template: { mergePolicy: 'Merge', data: { OPENAI_API_KEY: '{{ .OPENAI_API_KEY | trim }}' } } },
        },
      },
    },
    external,
  ],
  ['annotations of the Ingress', annotated('Ingress', { 'example.com/waf': 'strict' })],
  ['annotations of a Service', service('ingestion', { metadata: { annotations: { 'example.com/lb': 'x' } } })],
  ['traffic within a node', { target: { kind: 'Service' }, patch: { spec: { internalTrafficPolicy: 'Local' } } }],
  ['a Service of two families', service('frontend', { spec: { ipFamilyPolicy: 'PreferDualStack' } })],
  ['a class of load balancers', service('ingestion', { spec: { loadBalancerClass: 'example.com/lb' } }), balanced],
  [
    'a load balancer that becomes internal',
    service('ingestion', [replace('/spec/type', 'ClusterIP'), remove('/spec/externalTrafficPolicy')]),
    balanced,
  ],
  ['spans from fewer addresses', service('ingestion', [remove('/spec/loadBalancerSourceRanges/1')]), balanced],
  [
    'spans from a part of a range',
    service('ingestion', [replace('/spec/loadBalancerSourceRanges/0', '198.51.100.128/25')]),
    balanced,
  ],
  [
    'pages from one address',
    {
      target: { kind: 'Middleware', name: '.*source-ranges' },
      patch: { spec: { ipAllowList: { sourceRange: ['203.0.113.7/32'] } } },
    },
  ],
  [
    'an edge in one namespace',
    policy('backend', [
      add('/spec/ingress/0/from', [
        { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'traefik' } } },
      ]),
    ]),
  ],
  [
    'pages from some addresses',
    policy('frontend', [add('/spec/ingress/0/from', [{ ipBlock: { cidr: '10.0.0.0/8' } }])]),
  ],
  ['the guard by the name of its port', policy('backend', [replace('/spec/ingress/0/ports/0/port', 'http-guard')])],
  [
    'LLM providers at some addresses',
    policy('backend', [replace('/spec/egress/6/to', [{ ipBlock: { cidr: '104.18.0.0/16' } }])]),
  ],
  ['no way to the internet', policy('backend', [remove('/spec/egress/6')])],
  ['no way to DNS pods that the cluster has not', policy('ingestion', [remove('/spec/egress/2')])],
  ['one more exception', policy('backend', [add('/spec/egress/6/to/0/ipBlock/except/-', '203.0.113.0/24')])],
  [
    'fewer peers, by an expression',
    policy('backend', [
      add('/spec/ingress/1/from/0/podSelector/matchExpressions', [
        { key: 'app.kubernetes.io/part-of', operator: 'In', values: ['junjo-ai-studio'] },
      ]),
    ]),
  ],
  ['an init container without the data', deployment('backend', [add('/spec/template/spec/initContainers/0', once)])],
  [
    'the checks of the own release',
    {
      target: { kind: 'Namespace' },
      patch: { metadata: { labels: { 'pod-security.kubernetes.io/enforce-version': 'v1.31' } } },
    },
  ],
  [
    'more of the log of collectors',
    collector((config) => (config.service.telemetry.logs.level = 'debug')),
    behindIntake,
  ],
  [
    'a smaller queue, and slower',
    collector((config) => {
      Object.assign(queueOf(config).sending_queue, { queue_size: 1e8, num_consumers: 1 });
      queueOf(config).retry_on_failure.max_interval = '30s';
      queueOf(config).timeout = '20s';
    }),
    behindIntake,
  ],
  [
    'another mirror of the collector, and more memory',
    ofCollector({
      image: 'registry.example.com/otel/opentelemetry-collector-contrib:0.160.0',
      resources: { limits: { memory: '1Gi' } },
    }),
    behindIntake,
  ],
  ['a slower rollout of collectors', collectors({ minReadySeconds: 30 }), behindIntake],
  ['a sidecar', pod('frontend', { containers: [sidecar] })],
  [
    'a sidecar with a folder of its own',
    pod('frontend', {
      containers: [{ ...sidecar, volumeMounts: [{ name: 'more', mountPath: '/more' }] }],
      volumes: [{ name: 'more', emptyDir: { sizeLimit: '1Mi' } }],
    }),
  ],
  ['a larger temporary folder', pod('backend', { volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '2Gi' } }] })],
  [
    'a larger folder of the guard',
    pod('backend', { volumes: [{ name: 'guard-run', emptyDir: { sizeLimit: '4Mi' } }] }),
  ],
  ['a ConfigMap that is mounted', volume('backend', { configMap: { name: 'junjo-ai-studio-frontend-config' } })],
  ['a setting', named('ConfigMap', 'backend-settings', { data: { MORE: 'yes' } })],
  ['a page setting', named('ConfigMap', 'frontend-config', { data: { 'config.js': 'window.runtimeConfig = {};' } })],
  [
    'a larger claim',
    {
      target: { kind: 'PersistentVolumeClaim', name: 'junjo-ai-studio-data' },
      patch: { spec: { resources: { requests: { storage: '20Gi' } } } },
    },
  ],
  [
    'further sync options of the claim',
    annotated('PersistentVolumeClaim', { [options]: ' Prune=false , ServerSideApply=true,Delete=false' }),
  ],
  ['a claim that Flux keeps', annotated('PersistentVolumeClaim', { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' })],
  ['fewer kinds of a project', project([remove('/spec/namespaceResourceWhitelist/0')])],
  [
    'windows of a project',
    project({ spec: { syncWindows: [{ kind: 'allow', schedule: '0 3 * * *', duration: '1h', applications: ['*'] }] } }),
  ],
  ['an Application that a person syncs', application([remove('/spec/syncPolicy/automated')])],
  ['an Application of a tag', application({ spec: { source: { targetRevision: 'v1' } } })],
  ['host names of the certificate', { target: { kind: 'Certificate' }, patch: { spec: { duration: '2160h0m0s' } } }],
  [
    'AppArmor, by an annotation',
    deployment('backend', {
      spec: {
        template: {
          metadata: { annotations: { 'container.apparmor.security.beta.kubernetes.io/backend': 'runtime/default' } },
        },
      },
    }),
  ],
  [
    'when backups run, and how long they are kept',
    source({ trigger: { schedule: '7 3 * * *' }, restic: { retain: { daily: 400, monthly: 6 } } }),
    volsync,
  ],
  [
    'what backups take',
    source({
      restic: {
        copyMethod: 'Clone',
        cacheCapacity: '8Gi',
        moverPodLabels: { team: 'ml' },
        moverServiceAccount: 'backup',
        moverResources: { limits: { memory: '1Gi' } },
      },
    }),
    volsync,
  ],
  [
    'when Velero runs, and where it keeps backups',
    schedule({ schedule: '7 3 * * *', paused: false, template: { ttl: '9999h', storageLocation: 'eu' } }),
    velero,
  ],
  ['an annotation for a Velero that the studio does not have', ofPods({ 'backup.velero.io/backup-volumes': 'data' })],
  [
    'another place in the store',
    { target: { kind: 'ExternalSecret' }, patch: [replace('/spec/data/0/remoteRef/key', 'team/junjo')] },
    external,
  ],
  ['more HSTS', middleware('hsts', { spec: { headers: { stsSeconds: 63072000, stsPreload: true } } })],
  ['a header in a snippet', ofNginx('configuration-snippet', 'more_set_headers "X-Frame-Options: DENY";'), nginx],
  [
    'a Middleware more',
    ofWeb({
      'traefik.ingress.kubernetes.io/router.middlewares':
        'junjo-ai-studio-junjo-ai-studio-source-ranges@kubernetescrd,junjo-ai-studio-junjo-ai-studio-hsts@kubernetescrd,traefik-compress@kubernetescrd',
    }),
  ],
  [
    'a name in DNS',
    service('frontend', {
      metadata: { annotations: { 'external-dns.alpha.kubernetes.io/hostname': 'junjo.internal' } },
    }),
  ],
  [
    'a claim that Flux leaves as it is',
    annotated('PersistentVolumeClaim', { 'kustomize.toolkit.fluxcd.io/ssa': 'IfNotPresent' }),
  ],
  [
    'replicas that Argo CD ignores',
    application([
      add('/spec/ignoreDifferences/-', { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }),
    ]),
  ],
  ['the nameserver of the node', pod('backend', { dnsPolicy: 'None', dnsConfig: { nameservers: ['169.254.20.10'] } })],
  ["a company's authority", volume('backend', { configMap: { name: 'company-ca' } })],
  ["a company's authority, named for the studio", volume('backend', { configMap: { name: 'junjo-ai-studio-ca' } })],
  [
    'a sign-in proxy',
    web([
      add('/spec/rules/0/http/paths/0', {
        path: '/oauth2',
        pathType: 'Prefix',
        backend: { service: { name: 'oauth2-proxy', port: { number: 4180 } } },
      }),
    ]),
  ],
  [
    'a sign-in proxy, named for the studio',
    web([
      add('/spec/rules/0/http/paths/0', {
        path: '/oauth2',
        pathType: 'Prefix',
        backend: { service: { name: 'junjo-ai-studio-proxy', port: { number: 4180 } } },
      }),
    ]),
  ],
  [
    'pages of one origin, at nginx',
    ofOtlpHttp({
      'nginx.ingress.kubernetes.io/enable-cors': 'true',
      'nginx.ingress.kubernetes.io/cors-allow-origin': 'https://app.example.com',
    }),
    otlpHttp,
  ],
];

test.each(everyday.map(([what, patch, settings]) => ({ what, patch, settings })))(
  'an everyday patch passes without a word: $what',
  ({ patch, settings }) => {
    expect(told(patch, [], settings)).toEqual([]);
  },
);
