import { diagnosisOf, madeState, type RecordedState, recording, summaryOf } from '../../support/cluster-state';
import type { FakeApiServer } from '../../support/fake-api-server';
import { clusterOf, findingOf, followed } from '../../support/follow-advice';
import { changed } from '../../support/made-states';
import { describeWith } from '../../support/programs';

/** The API server refuses the pods of ingestion with these words, behind what the controller writes in front. */
function refusedWith(words: string, change: (state: RecordedState) => void = () => {}): RecordedState {
  return changed('quota-exceeded', (state) => {
    for (const object of state.objects) {
      if (object.reason === 'FailedCreate') object.message = `Error creating: ${words}`;
      for (const condition of object.status?.conditions ?? []) {
        if (condition.type === 'ReplicaFailure') condition.message = words;
      }
    }
    change(state);
  });
}

const forbidden = (words: string) => `pods "junjo-ai-studio-ingestion-b76887c79-x2x4z" is forbidden: ${words}`;
const denied = (webhook: string, words: string) => `admission webhook "${webhook}" denied the request: ${words}`;
const failed = (words: string) =>
  `Internal error occurred: failed calling webhook "mutate.example.com": failed to call webhook: ${words}`;

const first = (state: RecordedState) => diagnosisOf(state)[0];

describe('a policy that rejects pods is named with its rule and its message', () => {
  test.each([
    [
      'Kyverno',
      denied(
        'validate.kyverno.svc-fail',
        "\n\nresource Pod/studio/junjo-ai-studio-ingestion-b76887c79-x2x4z was blocked due to the following policies \n\nrequire-labels:\n  check-team: 'validation error: The label `team`\n    is required.'\n  check-cost: no cost center\nrequire-probes:\n  check-probes: 'validation error: no probes.'\n",
      ),
      'Kyverno rejects its pods: policy require-labels, rule check-team: The label `team` is required.; rule check-cost: no cost center; policy require-probes, rule check-probes: no probes.',
    ],
    [
      'Kyverno, in one line',
      denied(
        'validate.kyverno.svc',
        "resource Pod/studio/x was blocked due to the following policies: disallow-latest: require-tag: 'An image tag is required.'",
      ),
      'Kyverno rejects its pods: policy disallow-latest, rule require-tag: An image tag is required.',
    ],
    [
      'Gatekeeper',
      denied(
        'validation.gatekeeper.sh',
        '[must-have-owner] you must provide labels: {"owner"}\n[repos] wrong repository',
      ),
      'Gatekeeper rejects its pods: constraint must-have-owner: you must provide labels: {"owner"}; constraint repos: wrong repository',
    ],
    [
      'Gatekeeper before 3.9',
      denied('validation.gatekeeper.sh', '[denied by require-owner] All workloads must have an `owner` label'),
      'Gatekeeper rejects its pods: constraint require-owner: All workloads must have an `owner` label',
    ],
    [
      'a policy of the API server',
      forbidden("ValidatingAdmissionPolicy 'owners' with binding 'owners-prod' denied request: no owner"),
      'the ValidatingAdmissionPolicy owners (binding owners-prod) rejects its pods: no owner',
    ],
    [
      'Kubewarden',
      denied('clusterwide-safe-labels.kubewarden.admission', 'the label owner is missing'),
      'the admission webhook clusterwide-safe-labels.kubewarden.admission rejects its pods: the label owner is missing',
    ],
    ['anything else', 'something new', 'the API server rejects its pods: something new'],
  ])('%s', (_, words, text) => {
    expect(first(refusedWith(words))).toMatchObject({ cause: 'admission-refused', text });
  });

  test('with a command that prints the whole message, even without events or conditions', () => {
    const eventsGone = (state: RecordedState) => {
      state.objects.splice(0, Infinity, ...state.objects.filter(({ kind }) => kind !== 'Event'));
    };
    const conditionsGone = ({ objects }: RecordedState) => {
      for (const { status } of objects) if (status?.conditions) status.conditions = [];
    };
    expect(first(refusedWith('no', eventsGone))?.fix).toMatch(/get replicasets -o 'jsonpath=/);
    expect(first(refusedWith('no', conditionsGone))?.fix).toMatch(/get events .*-o 'jsonpath=/);
  });

  test('once for all workloads that it rejects', () => {
    const state = changed('quota-exceeded', ({ objects }) => {
      const words = 'admission webhook "p" denied the request: no';
      const condition = { type: 'ReplicaFailure', status: 'True', message: words };
      const pods = objects.filter(({ kind }) => kind !== 'Pod' && kind !== 'Event');
      for (const object of pods.filter(({ kind }) => ['Deployment', 'ReplicaSet'].includes(kind))) {
        object.status = { replicas: 0, conditions: [condition], observedGeneration: object.metadata.generation };
      }
      objects.splice(0, Infinity, ...pods);
    });
    expect(summaryOf(state)).toEqual(['error admission-refused: backend, frontend, ingestion']);
  });
});

describe('a webhook that does not answer', () => {
  const kyverno = 'Post "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s"';

  test.each([
    [
      `${kyverno}: no endpoints available for service "kyverno-svc"`,
      'no endpoints available for service "kyverno-svc"',
    ],
    [`${kyverno}: dial tcp 10.96.12.7:443: connect: connection refused`, 'dial tcp: connect: connection refused'],
    [`${kyverno}: context deadline exceeded`, 'context deadline exceeded'],
    [
      `${kyverno}: tls: failed to verify certificate: x509: certificate signed by unknown authority`,
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [`${kyverno}: service "kyverno-svc" not found`, 'service "kyverno-svc" not found'],
  ])('is reported with its Service: %s', (words, why) => {
    expect(first(refusedWith(failed(words)))).toMatchObject({
      cause: 'webhook-unreachable',
      text: `the admission webhook mutate.example.com (Service kyverno-svc in namespace kyverno) does not answer: ${why}. Kubernetes creates no pod until it answers`,
    });
  });

  test('outside of the cluster has no Service', () => {
    const found = first(refusedWith(failed('Post "https://hooks.example.com/pods?timeout=5s": EOF')));
    expect(found?.text).toMatch(/^the admission webhook mutate\.example\.com does not answer: EOF\./);
    expect(found?.fix).not.toContain('endpointslices');
  });

  test('is not a webhook that answered with the words of a timeout', () => {
    const words = denied('verify.example.com', 'failed to call webhook for signatures: context deadline exceeded');
    expect(first(refusedWith(words))?.cause).toBe('admission-refused');
  });

  test('has no advice to delete its configuration', () => {
    expect(first(madeState('webhook-unreachable'))?.fix).not.toMatch(/\bdelete\b/);
  });
});

describe('a quota', () => {
  const wants = (words: string, change?: (state: RecordedState) => void) =>
    first(refusedWith(forbidden(`failed quota: compute: must specify ${words}`), change));

  test.each([
    ['limits.cpu for: ingestion,wait-for-volume', 'limits.cpu'],
    ['limits.cpu for: ingestion; limits.ephemeral-storage for: ingestion', 'limits.cpu and limits.ephemeral-storage'],
    ['limits.cpu,requests.ephemeral-storage', 'limits.cpu and requests.ephemeral-storage'],
  ])('that requires %s says so, with no advice to raise it', (words, wanted) => {
    const found = wants(words);
    expect(found?.cause).toBe('quota-wants-limits');
    expect(found?.text).toBe(`the quota compute requires every container to set ${wanted}, and these pods do not`);
    expect(found?.fix).not.toMatch(/raise/i);
  });

  test('leaves room for the defaults of each container', () => {
    const found = wants('limits.cpu for: ingestion', ({ objects, namespace }) => {
      const hard = { 'limits.cpu': '1500m' };
      objects.push({ kind: 'ResourceQuota', metadata: { name: 'compute', namespace }, spec: { hard } });
    });
    expect(found?.fix).toContain('"default":{"cpu":"500m"}');
  });

  test('that is used up is reported as such', () => {
    expect(first(recording('quota-exceeded'))?.fix).toMatch(
      /^Raise the quota.*\n.* describe resourcequota team-quota$/,
    );
  });
});

describe("OpenShift's constraints", () => {
  const refusedBy = (...reasons: string[]) =>
    first(
      refusedWith(forbidden(`unable to validate against any security context constraint: [${reasons.join(', ')}]`)),
    );
  const unusable = 'provider "nonroot-v2": Forbidden: not usable by user or serviceaccount';
  const user = (id: number) =>
    `provider restricted-v2: .containers[0].runAsUser: Invalid value: ${id}: must be in the ranges: [1000640000, 1000649999]`;

  test('name the range', () => {
    expect(refusedBy(user(10001), unusable)?.text).toBe(
      "OpenShift's security context constraints reject its pods: user 10001 is not in the range 1000640000 to 1000649999 of the namespace",
    );
  });

  test('name the group, in the words of version 3', () => {
    expect(refusedBy('fsGroup: Invalid value: []int64{10001}: 10001 is not an allowed group')?.text).toMatch(
      /group 10001 \(fsGroup\) is not allowed$/,
    );
  });

  test('quote any other reason, without constraints that may not be used', () => {
    const found = refusedBy(unusable, 'provider restricted-v2: .spec.volumes[0]: Invalid value: "hostPath"');
    expect(found?.text).toMatch(/reject its pods: provider restricted-v2: \.spec\.volumes\[0\]/);
  });

  test('allow root with another constraint', () => {
    expect(refusedBy(user(0), unusable)?.fix).toContain('system:openshift:scc:anyuid');
  });

  test('that may be used already do not help', () => {
    const found = refusedBy('provider nonroot-v2: .spec.volumes[0]: Invalid value: "hostPath"');
    expect(found?.fix).not.toContain('rolebinding');
  });

  test('are for the service account of the pods', () => {
    const state = madeState('openshift-scc');
    const deployment = state.objects.find(
      ({ kind, metadata }) => kind === 'Deployment' && /ingestion/.test(metadata.name),
    );
    deployment.spec.template.spec.serviceAccountName = 'junjo';
    expect(first(state)?.fix).toContain('--serviceaccount=state-quota:junjo');
  });
});

test('a running studio has no finding about an earlier rejection', () => {
  const state = changed('healthy', ({ objects, namespace }) => {
    const { metadata } = objects.find(({ kind }) => kind === 'ReplicaSet');
    objects.push({
      kind: 'Event',
      metadata: { name: 'left', namespace },
      involvedObject: { kind: 'ReplicaSet', name: metadata.name, uid: metadata.uid },
      reason: 'FailedCreate',
      message: `Error creating: ${failed('no endpoints')}`,
      lastTimestamp: '2026-11-23T21:00:00Z',
    });
  });
  expect(summaryOf(state)).toEqual([]);
});

describeWith(['kubectl'], 'the advice about rejected pods', () => {
  let cluster: FakeApiServer;
  afterEach(() => cluster.close());

  const follow = async (state: RecordedState, cause: string, ...others: object[]) => {
    cluster = await clusterOf(state);
    cluster.apply(...(others as RecordedState['objects']));
    const { fix } = findingOf(state, cause);
    // kubectl creates these in the form of protocol buffers, which the fake API server does not read.
    const asJson = fix.replace(
      /^kubectl \S+ create (rolebinding|serviceaccount) .*$/m,
      '$& --dry-run=client -o yaml | kubectl apply -f -',
    );
    const done = await followed(cluster, { fix: asJson });
    expect(done.filter(({ code }) => code !== 0)).toEqual([]);
    return done.map(({ output }) => output);
  };
  const stored = (plural: string) => cluster.store.list(plural).map(({ metadata }) => metadata.name);

  test('shows the policy and its rule', async () => {
    const [shown] = await follow(madeState('kyverno-denies'), 'admission-refused');
    expect(shown).toMatch(/require-labels:\s+check-for-labels: .*cost-center/s);
  });

  test('shows the pods behind a webhook', async () => {
    const there = { namespace: 'kyverno', labels: { 'kubernetes.io/service-name': 'kyverno-svc' } };
    const [pods, slices, configurations] = await follow(
      madeState('webhook-unreachable'),
      'webhook-unreachable',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kyverno' } },
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'kyverno-0', ...there }, spec: { containers: [] } },
      { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name: 'kyverno-svc-x', ...there } },
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'kyverno-resource' },
      },
    );
    expect(pods).toContain('kyverno-0');
    expect(slices).toContain('kyverno-svc-x');
    expect(configurations).toContain('kyverno-resource');
  });

  test('lets a service account use a constraint', async () => {
    await follow(madeState('openshift-scc'), 'scc-refused');
    const [binding] = cluster.store.list('rolebindings');
    expect(binding).toMatchObject({
      metadata: { name: 'junjo-ai-studio-nonroot-v2', namespace: 'state-quota' },
      roleRef: { kind: 'ClusterRole', name: 'system:openshift:scc:nonroot-v2' },
      subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'state-quota' }],
    });
  });

  test('gives containers the defaults that a quota requires', async () => {
    await follow(refusedWith(forbidden('failed quota: q: must specify limits.cpu for: x')), 'quota-wants-limits');
    expect(cluster.store.list('limitranges')).toEqual([
      expect.objectContaining({
        spec: { limits: [{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '50m' } }] },
      }),
    ]);
  });

  test('shows the quota, the LimitRange, the classes and the level of the namespace', async () => {
    const [quota] = await follow(recording('quota-exceeded'), 'quota-exceeded');
    expect(quota).toMatch(/requests\.memory\s+332Mi\s+400Mi/);
    await cluster.close();
    const max = 'maximum memory usage per Container is 100Mi, but limit is 500Mi';
    const range = { limits: [{ type: 'Container', max: { memory: '100Mi' } }] };
    const [limits] = await follow(refusedWith(forbidden(max)), 'limit-range', {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'team', namespace: 'state-quota' },
      spec: range,
    });
    expect(limits).toMatch(/team/);
    await cluster.close();
    const [classes] = await follow(
      refusedWith(forbidden('no PriorityClass with name high was found')),
      'priority-class-missing',
      { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'standard' }, value: 1 },
    );
    expect(classes).toContain('standard');
    await cluster.close();
    const [labels] = await follow(recording('pod-security'), 'pod-security');
    expect(labels).toContain('pod-security.kubernetes.io/enforce=restricted');
  });

  test('creates the service account', async () => {
    await follow(recording('service-account-missing'), 'service-account-missing');
    expect(stored('serviceaccounts')).toHaveLength(1);
  });
});
