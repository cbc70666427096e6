import { readdirSync } from 'node:fs';
import { diagnosisOf, madeState, recording, summaryOf } from '../../support/cluster-state';

const WAITS = 'wait waits-for-backend: ingestion';

/** What a person should be told of each state of a real cluster. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'claim-class-missing': [
    'error claim-class-missing: claim junjo-ai-studio-data, backend, ingestion',
    'wait starting: frontend',
  ],
  'claim-no-default-class': [
    'error claim-no-default-class: claim junjo-ai-studio-data, backend, ingestion',
    'wait starting: frontend',
  ],
  'claim-terminating': ['error claim-terminating: claim junjo-ai-studio-data'],
  'configmap-missing': ['error configmap-missing: backend', WAITS],
  'crash-loop': ['error crash-loop: backend', WAITS],
  'deadline-exceeded': ['error readiness-failing: backend', WAITS],
  evicted: ['warning evicted: backend, pod junjo-ai-studio-backend-559d7958f4-s4vkc'],
  'evicted-storage-limit': ['warning evicted: backend, pod junjo-ai-studio-backend-58f4f459c9-ddjdb'],
  'frontend-bad-rollout': ['error image-missing: frontend'],
  healthy: [],
  'hostpath-missing': ['error volume-path-missing: backend, ingestion'],
  'image-missing': ['error image-missing: backend', WAITS],
  'image-missing-first-try': ['error image-missing: backend', WAITS],
  'image-name-invalid': ['error image-name-invalid: backend', WAITS, 'wait starting: frontend'],
  'image-pulling': ['wait image-pulling: backend', WAITS],
  'ingestion-waits-for-backend': ['error scaled-to-zero: backend', WAITS],
  'ingress-pending': ['error ingress-pending: ingress junjo-ai-studio'],
  'liveness-killing': ['error liveness-failing: backend'],
  'load-balancer-pending': [
    'warning load-balancer-pending: service junjo-ai-studio-backend, service junjo-ai-studio-frontend, service junjo-ai-studio-ingestion',
  ],
  'namespace-terminating': ['error namespace-terminating: namespace state-namespace-terminating'],
  'node-cordoned': ['error node-cordoned: backend, frontend, ingestion'],
  'only-foundation': ['error not-applied: workloads'],
  'oom-killed': ['error oom-killed: backend', WAITS],
  'pod-security': ['error pod-security: frontend', 'error scaled-to-zero: backend', 'error scaled-to-zero: ingestion'],
  'quota-exceeded': ['error quota-exceeded: ingestion'],
  'readiness-failing': ['error readiness-failing: backend', WAITS],
  'rollout-in-progress': ['wait rollout-in-progress: backend'],
  'scaled-to-zero': [
    'error scaled-to-zero: backend',
    'error scaled-to-zero: ingestion',
    'error scaled-to-zero: frontend',
  ],
  'secret-key-missing': ['error secret-key-missing: backend', WAITS],
  'secret-missing': ['error secret-missing: backend', WAITS],
  'service-account-missing': [
    'error service-account-missing: frontend',
    'error scaled-to-zero: backend',
    'error scaled-to-zero: ingestion',
  ],
  'start-error': ['error start-error: backend', WAITS],
  starting: ['wait starting: backend, frontend', WAITS],
  'startup-failing': ['error startup-failing: backend', WAITS],
  'unschedulable-memory': ['error unschedulable-resources: backend, ingestion', 'wait starting: frontend'],
  'unschedulable-memory-backend': ['error unschedulable-resources: backend', WAITS],
  'unschedulable-selector': ['error unschedulable-selector: backend, frontend, ingestion'],
  'volume-on-absent-node': ['error volume-on-absent-node: backend, ingestion', 'wait starting: frontend'],
  'volume-permission-denied': ['error volume-permission-denied: backend', WAITS],
};

test.each(Object.entries(expected))('%s: each problem has one cause', (name, lines) => {
  expect(summaryOf(recording(name))).toEqual(lines);
});

test('every recorded state is in the table', () => {
  const recorded = readdirSync('test/cluster/diagnosis/states').map((file) => file.replace('.json', ''));
  expect(recorded.sort()).toEqual(Object.keys(expected).sort());
});

test.each([
  ['secret-key-missing', /Secret junjo-ai-studio-secrets has no key JUNJO_SECURE_COOKIE_KEY/],
  ['image-missing', /docker\.io\/mdrideout\/junjo-ai-studio-backend:0\.70\.99 does not exist/],
  ['frontend-bad-rollout', /The previous pods still serve requests/],
  ['oom-killed', /limit of 24Mi/],
  ['unschedulable-memory', /requests 64Gi of memory, and the largest node, node-1, has 24003Mi/],
  ['volume-on-absent-node', /node-2\), which is not in the cluster/],
  ['quota-exceeded', /team-quota, requested: requests\.memory=250Mi, used: requests\.memory=300Mi/],
  ['liveness-killing', /HTTP probe failed with statuscode: 404/],
  ['evicted', /Usage of EmptyDir volume "tmp" exceeds the limit "2Mi"/],
  ['starting', /has not passed its startup probe yet \(1s so far, up to 15m/],
  ['namespace-terminating', /example\.com\/backup in 1 resource instances/],
])('%s: the line says what to look at', (name, text) => {
  expect(diagnosisOf(recording(name)).map((diagnosis) => diagnosis.text)).toContainEqual(expect.stringMatching(text));
});

test.each([
  ['node-cordoned', 'kubectl uncordon node-1'],
  ['scaled-to-zero', 'kubectl --namespace=state-scaled-to-zero scale deployment/junjo-ai-studio-frontend --replicas=1'],
  [
    'crash-loop',
    'kubectl --namespace=state-crash-loop logs junjo-ai-studio-backend-c7c68fdd5-7h8jg -c backend --previous',
  ],
  ['claim-class-missing', 'Set JUNJO_K8S_STORAGE_CLASS to one of lab, lab-retain'],
  ['hostpath-missing', 'mkdir -p /mnt/junjo-data'],
])('%s: the fix step is a command or a setting', (name, next) => {
  expect(diagnosisOf(recording(name)).map((diagnosis) => diagnosis.fix)).toContainEqual(expect.stringContaining(next));
});

/** What a person should be told first of each state that was made with the words of the components, and in which words. */
const first: Readonly<Record<string, readonly [line: string, words: RegExp]>> = {
  'acme-429': ['error certificate-pending: certificate junjo-ai-studio-tls', /too many certificates/],
  'acme-caa': ['error certificate-pending: certificate junjo-ai-studio-tls', /CAA record for example.com/],
  'bad-cookie-key': ['error crash-loop: backend', /JUNJO_SECURE_COOKIE_KEY must be a valid base64 string/],
  'csi-driver-missing': ['error csi-driver-missing: backend, ingestion', /ebs\.csi\.aws\.com is not registered/],
  'csi-missing-after-reboot': ['error csi-driver-missing: backend, ingestion', /node-1, which was restarted/],
  'disk-pressure': ['error node-disk-full: backend, frontend, ingestion', /node-1 has disk pressure/],
  'dns-fails-20min': ['error backend-unreachable: ingestion', /the DNS or the network plugin/],
  'exec-format-error-log-forbidden': [
    'error guard-crashed: backend',
    /a different processor.*lack permission to read its log/,
  ],
  'exit-137': ['error killed: backend', /code 137, SIGKILL/],
  'external-secret': ['error secret-not-synced: ExternalSecret junjo-ai-studio-secrets', /Secret does not exist/],
  'frontend-rollout-crashes': ['error crash-loop: frontend', /JUNJO_PROD_BACKEND_URL is required.*still serve/],
  'guard-oom': ['error guard-crashed: backend', /memory limit of 128Mi/],
  'guard-tripped': ['error guard-tripped: backend', /holds the spans of Junjo AI Studio 0\.70/],
  'image-429': ['error image-rate-limited: backend', /docker\.io/],
  'init-waits-for-ever': ['error starting: backend', /vault-agent-init.*\(50m/],
  'istio-native-sidecar': ['error sidecar-not-starting: backend', /istio-proxy/],
  'kyverno-denies': ['error admission-refused: ingestion', /policy require-labels/],
  'lb-quota-cloud-controller': [
    'error load-balancer-pending: service junjo-ai-studio-backend, service junjo-ai-studio-frontend, service junjo-ai-studio-ingestion',
    /TooManyLoadBalancers: Exceeded quota/,
  ],
  'mount-timeout-only': ['error mount-failed: backend, ingestion', /reports only a timeout/],
  'no-events': ['error not-readable: permissions', /events/],
  'no-pods': ['error not-readable: permissions', /pods/],
  'node-not-ready': ['error node-lost: backend, frontend, ingestion', /node-1 has not been ready for 60s/],
  'openshift-scc': ['error scc-refused: ingestion', /1000750000 to 1000759999/],
  preempted: ['error preempted: backend', /a pod of higher priority preempted it/],
  'read-only-volume-with-data': ['error volume-read-only: backend', /mounted read-only/],
  'resize-no-resizer': ['warning claim-smaller-than-requested: claim junjo-ai-studio-data', /no CSI resizer.*\(50m/],
  'sysctl-forbidden': ['error pod-rejected: frontend', /the last of 12 pods \(SysctlForbidden\)/],
  'webhook-unreachable': ['error webhook-unreachable: ingestion', /kyverno-svc in namespace kyverno\) does not answer/],
};

test.each(Object.entries(first))('%s: the first line names the cause', (name, [line, words]) => {
  const state = madeState(name);
  expect(summaryOf(state)[0]).toBe(line);
  expect(diagnosisOf(state)[0]?.text).toMatch(words);
});

test.each(['healthy-foreign-workload', 'healthy-traefik-no-address'])('%s: all is healthy', (name) => {
  expect(summaryOf(madeState(name))).toEqual([]);
});

test('every state that was made is in a table', () => {
  const files = readdirSync('test/cluster/diagnosis/made').map((file) => file.replace('.json', ''));
  const healthy = ['healthy-foreign-workload', 'healthy-traefik-no-address'];
  expect(files.sort()).toEqual([...Object.keys(first), ...healthy].sort());
});
