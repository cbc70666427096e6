import { diagnose } from '../../../cluster/diagnosis';
import { overviewOf } from '../../../cluster/diagnosis/overview';
import { Manifests } from '../../../render/manifest';
import { clusterState, diagnosisOf, type RecordedState, summaryOf } from '../../support/cluster-state';
import { down, event, intakeCrash, type MadeIntake, withIntake } from '../../support/made-intake';
import { pod, policy, service } from '../../support/made-states';
import { development, freshSecret, type Manifest, render, type Settings } from '../../support/studio';

const first = (state: RecordedState) => diagnosisOf(state)[0];
const deployment = ({ objects }: RecordedState, component: string): Manifest =>
  objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === `junjo-ai-studio-${component}`);

/** Ingestion has no pod that is ready. */
function ingestionAway({ state }: Pick<MadeIntake, 'state'>): void {
  deployment(state, 'ingestion').status.readyReplicas = 0;
  const { status } = pod(state, 'ingestion-b');
  status.conditions = [{ type: 'Ready', status: 'False' }];
  Object.assign(status.containerStatuses[0], { ready: false, started: false });
}

describe('a studio with an intake', () => {
  test('is healthy while both collectors are ready', () => {
    expect(summaryOf(withIntake())).toEqual([]);
  });

  test('is healthy with its rendering, and has no extra workload', () => {
    const state = withIntake();
    const { objects } = render(
      development({
        JUNJO_K8S_INTAKE: 'true',
        JUNJO_K8S_RELEASE: '0.86.0',
        JUNJO_INTERNAL_GRPC_TOKEN: freshSecret(),
        JUNJO_K8S_NAMESPACE: state.namespace,
      }),
    );
    expect(
      summaryOf(state, { rendered: new Manifests(objects) }).filter((line) => /intake|Service/.test(line)),
    ).toEqual([]);
  });

  test('shows its collectors and the claims of their queues', () => {
    const { workloads, volumes } = overviewOf(clusterState(withIntake()));
    expect(workloads).toContainEqual(expect.objectContaining({ name: 'intake', ready: 2, desired: 2 }));
    expect(volumes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['queue-junjo-ai-studio-intake-0', 'queue-junjo-ai-studio-intake-1']),
    );
  });

  test('whose intake was switched off reports collectors that still run', () => {
    const state = withIntake();
    const { objects } = render(development({ JUNJO_K8S_NAMESPACE: state.namespace }));
    const found = diagnosisOf(state, { rendered: new Manifests(objects) }).find(
      ({ cause }) => cause === 'not-rendered',
    );
    expect(found).toMatchObject({ severity: 'warning', subjects: ['StatefulSet junjo-ai-studio-intake'] });
    expect(found?.text).toContain('Its queues may hold spans');
    expect(found?.fix).toMatch(/delete statefulset,service,networkpolicy junjo-ai-studio-intake/);
  });
});

describe('a rendering that is not applied', () => {
  const settings = { JUNJO_K8S_RELEASE: '0.86.0', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
  const renderedIn = ({ namespace }: RecordedState, more: Settings = {}) =>
    new Manifests(render(development({ ...settings, JUNJO_K8S_NAMESPACE: namespace, ...more })).objects);
  const withoutSet = () =>
    withIntake(({ state: { objects } }) => {
      const left = objects.filter(
        ({ kind, metadata }) => !(/^(Pod|StatefulSet)$/.test(kind) && /-intake/.test(metadata.name)),
      );
      objects.splice(0, Infinity, ...left);
    });

  test('with collectors is reported where they are missing', () => {
    const state = withoutSet();
    const rendered = renderedIn(state, { JUNJO_K8S_INTAKE: 'true' });
    expect(summaryOf(state, { rendered })).toContain('error not-applied: intake');
  });

  test('is not needed to find a Service for spans without collectors', () => {
    const [found, ...others] = diagnosisOf(withoutSet());
    expect(found).toMatchObject({ severity: 'error', cause: 'not-applied', subjects: ['intake'] });
    expect(found?.text).toContain('applications cannot send spans');
    expect(others).toEqual([]);
  });

  test('says nothing about collectors that cannot be listed', () => {
    expect(summaryOf(withoutSet(), { unread: ['statefulsets.apps'] }).join()).not.toContain('not-applied');
  });

  test('without collectors does not affect the Service that still selects them', () => {
    const state = withIntake();
    expect(summaryOf(state, { rendered: renderedIn(state) }).join()).not.toMatch(/service-without-pods/);
  });
});

describe('one of two collectors', () => {
  test('that is down is a warning with its consequences', () => {
    const found = first(
      withIntake((intake) => {
        down(intake, { state: { waiting: { reason: 'ErrImagePull', message: 'manifest unknown: not found' } } });
      }),
    );
    expect(found).toMatchObject({ severity: 'warning', cause: 'image-missing', subjects: ['intake'] });
    expect(found?.text).toContain('The other collector still accepts spans, but its node cannot be drained');
    expect(found?.fix).toContain('JUNJO_K8S_INTAKE_IMAGE');
  });

  test('is an error where the other one is down, too', () => {
    const waiting = { state: { waiting: { reason: 'ErrImagePull', message: 'manifest unknown: not found' } } };
    const state = withIntake((intake) => {
      down(intake, waiting, 0);
      down(intake, waiting, 1);
      intake.set.status.readyReplicas = 0;
    });
    expect(first(state)).toMatchObject({ severity: 'error', cause: 'image-missing' });
    expect(first(state)?.text).not.toContain('other collector');
  });

  test.each([
    [
      'a broken header',
      'Error: cannot start pipelines: failed to start "otlp_grpc/ingestion" exporter: version mismatch',
    ],
    [
      'a broken page',
      [
        'panic: assertion failed: Page expected to be: 2, but self identifies as 100055558127709',
        '',
        'goroutine 14 [running]:',
        'go.etcd.io/bbolt/internal/common.(*Page).FastCheck(0x7fe9cd41b000, 0x0?)',
      ].join('\n'),
    ],
  ])('whose queue has %s is reported how to start with an empty one', (_, log) => {
    const found = first(intakeCrash(log));
    expect(found).toMatchObject({ cause: 'intake-queue-damaged', severity: 'warning', subjects: ['intake'] });
    expect(found?.text).toMatch(/^junjo-ai-studio-intake-1 cannot open its queue: the file is damaged \(.*\)/);
    const order = [
      'delete statefulset junjo-ai-studio-intake --cascade=orphan',
      'delete persistentvolumeclaim queue-junjo-ai-studio-intake-1 --wait=false',
      'delete pod junjo-ai-studio-intake-1',
      'wait persistentvolumeclaim queue-junjo-ai-studio-intake-1 --for=delete',
      'apply -f dist/foundation',
    ];
    const places = order.map((command) => found?.fix.indexOf(command) ?? -1);
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  test.each([
    [
      'a key',
      [
        'Error: failed to get config: cannot unmarshal the configuration: decoding failed due to the following error(s):',
        '',
        '\'extensions\' error reading configuration for "file_storage": decoding failed due to the following error(s):',
        '',
        "'filestorage.Config' has invalid keys: max_size",
      ].join('\n'),
      'max_size',
    ],
    [
      'a type',
      [
        'Error: failed to get config: cannot unmarshal the configuration: decoding failed due to the following error(s):',
        '',
        '\'extensions\' unknown type: "headers_setter" for id: "headers_setter" (valid values: [zpages])',
      ].join('\n'),
      'unknown type: "headers_setter"',
    ],
    [
      'a folder',
      'Error: invalid configuration: extensions::file_storage: directory must exist: stat /queue: no such file or directory.',
      'directory must exist',
    ],
  ])('that does not support %s of its configuration is reported', (_, log, words) => {
    const found = first(intakeCrash(log));
    expect(found).toMatchObject({ cause: 'intake-config-refused', subjects: ['intake'] });
    expect(found?.text).toContain(words);
    expect(found?.fix).toMatch(/JUNJO_K8S_INTAKE_IMAGE/);
  });

  test('whose sidecar logs the same words is not reported as broken', () => {
    const log = 'Error: invalid configuration: a sidecar';
    const state = intakeCrash(log);
    const crashed = pod(state, 'intake-1');
    for (const each of [...crashed.spec.containers, ...crashed.status.containerStatuses]) each.name = 'sidecar';
    const logs = { 'junjo-ai-studio-intake-1/sidecar': log };
    expect(summaryOf({ ...state, logs })).toEqual(['warning crash-loop: intake']);
  });

  test.each([
    ['write /var/lib/otelcol/queue/exporter_otlp_grpc_queue_traces: no space left on device', 'volume-full'],
    ['open /var/lib/otelcol/queue/exporter_otlp_grpc_queue_traces: permission denied', 'volume-permission-denied'],
    ['Error: cannot start pipelines: something new', 'crash-loop'],
  ])('that ends with "%s": %s', (log, cause) => {
    expect(first(intakeCrash(log))).toMatchObject({ cause, subjects: ['intake'] });
  });

  test('whose volume is full has no advice to enlarge the volume of the data', () => {
    const { fix } = first(intakeCrash('write /var/lib/otelcol/queue/x: no space left on device')) ?? {};
    expect(fix).toContain('JUNJO_K8S_INTAKE_STORAGE_SIZE');
    expect(fix).not.toMatch(/JUNJO_K8S_STORAGE_SIZE/);
  });

  test('that may not read its volume is started again with both replicas', () => {
    const log = 'open /var/lib/otelcol/queue/exporter_otlp_grpc_queue_traces: permission denied';
    const { fix } = first(intakeCrash(log)) ?? {};
    expect(fix).not.toMatch(/statefulset\/junjo-ai-studio-intake --replicas=1/);
  });

  test('that was killed for its memory gets no advice about a size that does not apply', () => {
    const terminated = { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-11-23T21:09:00Z' };
    const state = withIntake((intake) => {
      down(intake, { restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } });
    });
    expect(first(state)).toMatchObject({ cause: 'oom-killed', severity: 'warning' });
    expect(first(state)?.fix).not.toContain('JUNJO_K8S_SIZE');
  });

  test('that does not answer is not called part of another tool', () => {
    const state = withIntake((intake) => {
      down(intake, { started: true, state: { running: { startedAt: '2026-11-23T20:45:00Z' } } });
      intake.state.objects.push(event(intake.pods[1], 'Unhealthy', 'Readiness probe failed: HTTP probe failed: 503'));
    });
    expect(first(state)).toMatchObject({ cause: 'readiness-failing', severity: 'warning' });
    expect(first(state)?.fix).not.toMatch(/no setting of the studio/);
  });

  test('whose pod is replaced by a new version is a wait', () => {
    const state = withIntake((intake) => {
      down(intake, { state: { running: { startedAt: '2026-11-23T21:09:30Z' } } });
      Object.assign(intake.set.status, { updatedReplicas: 1, updateRevision: 'junjo-ai-studio-intake-2' });
    });
    expect(summaryOf(state)).toEqual(['wait rollout-in-progress: intake']);
  });
});

describe('the collectors together', () => {
  const bothDown = (intake: MadeIntake, conditions: readonly object[]) => {
    for (const index of [0, 1] as const) {
      down(intake, {}, index);
      Object.assign(intake.pods[index].status, { phase: 'Pending', conditions, containerStatuses: [] });
    }
    intake.set.status.readyReplicas = 0;
  };

  test('without a default storage class are reported which claims wait', () => {
    const reasons = '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.';
    const state = withIntake((intake) => {
      bothDown(intake, [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: reasons }]);
      for (const { kind, metadata } of intake.state.objects) {
        if (kind === 'StorageClass') metadata.annotations = {};
      }
      for (const claim of intake.claims) {
        claim.status = { phase: 'Pending' };
        intake.state.objects.push(
          event(claim, 'FailedBinding', 'no persistent volumes available and no storage class is set'),
        );
      }
    });
    expect(summaryOf(state)).toEqual([
      'error claim-no-default-class: claim queue-junjo-ai-studio-intake-0, intake, claim queue-junjo-ai-studio-intake-1',
    ]);
  });

  test.each([
    [
      'certificate that is not issued yet',
      'MountVolume.SetUp failed for volume "certificates" : secret "spans-tls" not found',
      /certificate is created when the certificate is issued/,
    ],
    [
      'Secret with keys',
      'MountVolume.SetUp failed for volume "keys" : secret "my-keys" not found',
      /JUNJO_K8S_INTAKE_KEYS/,
    ],
    [
      'key of the Secret with keys',
      'MountVolume.SetUp failed for volume "keys" : references non-existent secret key: keys',
      /JUNJO_K8S_INTAKE_KEYS/,
    ],
    [
      'key of the certificate',
      'MountVolume.SetUp failed for volume "certificates" : references non-existent secret key: tls.crt',
      /certificate is created when the certificate is issued/,
    ],
  ])('that lack the %s are reported where it comes from', (_, message, words) => {
    const state = withIntake((intake) => {
      bothDown(intake, [{ type: 'PodScheduled', status: 'True' }]);
      const { volumes } = intake.set.spec.template.spec;
      const items = [{ key: 'tls.crt' }, { key: 'tls.key' }];
      volumes.push(
        { name: 'certificates', secret: { secretName: 'spans-tls', items } },
        { name: 'keys', secret: { secretName: 'my-keys', items: [{ key: 'keys' }] } },
      );
      for (const each of intake.pods) intake.state.objects.push(event(each, 'FailedMount', message));
    });
    expect(first(state)).toMatchObject({ cause: 'mount-source-missing', severity: 'error', subjects: ['intake'] });
    expect(first(state)?.fix).toMatch(words);
  });

  test.each([
    ['Lost', { phase: 'Lost' }, 'claim-unbound'],
    ['missing', undefined, 'claim-missing'],
  ])('whose claims are %s get new ones, and no advice for the data', (_, status, cause) => {
    const message = status ? 'no node' : 'persistentvolumeclaim "queue-junjo-ai-studio-intake-0" not found';
    const state = withIntake((intake) => {
      bothDown(intake, [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }]);
      const { objects } = intake.state;
      for (const claim of intake.claims) {
        if (status) Object.assign(claim, { status });
        else objects.splice(objects.indexOf(claim), 1);
      }
    });
    const found = diagnosisOf(state).find((each) => each.cause === cause);
    expect(found?.fix).toContain('dist/foundation');
    expect(found?.fix).not.toMatch(/backup|EXISTING_CLAIM/);
  });

  test('that someone stopped are started again, both', () => {
    const state = withIntake(({ set, state: { objects } }) => {
      set.spec.replicas = 0;
      Object.assign(set.status, { replicas: 0, readyReplicas: 0, updatedReplicas: 0 });
      objects.splice(
        0,
        Infinity,
        ...objects.filter(({ kind, metadata }) => !(kind === 'Pod' && /intake/.test(metadata.name))),
      );
    });
    expect(first(state)).toMatchObject({
      cause: 'scaled-to-zero',
      text: expect.stringContaining('applications cannot send spans'),
    });
    expect(first(state)?.fix).toContain('scale statefulset/junjo-ai-studio-intake --replicas=2');
  });

  test('keep spans while ingestion is away, and status says so', () => {
    const state = withIntake(ingestionAway);
    const found = diagnosisOf(state).find(({ cause }) => cause === 'intake-keeps-spans');
    expect(found).toMatchObject({ severity: 'wait', subjects: ['intake'] });
    expect(found?.text).toContain('No span is lost while the queues have room');
    expect(found?.text).not.toContain('%');
    // Its cause comes first.
    expect(summaryOf(state)).toEqual([expect.stringMatching(/ingestion/), 'wait intake-keeps-spans: intake']);
  });

  test('report how full their volumes are, where that is known', () => {
    const volumes = new Map(
      [0, 1].map((index) => [`queue-junjo-ai-studio-intake-${index}`, { usedBytes: 30 + index, capacityBytes: 100 }]),
    );
    const found = diagnose(clusterState(withIntake(ingestionAway), { volumes }));
    expect(found.find(({ cause }) => cause === 'intake-keeps-spans')?.text).toContain(
      '30 % and 31 % of the volumes are used',
    );
  });

  test('say nothing about their volumes where one is unknown', () => {
    const volumes = new Map([['queue-junjo-ai-studio-intake-0', { usedBytes: 30, capacityBytes: 100 }]]);
    const found = diagnose(clusterState(withIntake(ingestionAway), { volumes }));
    expect(found.find(({ cause }) => cause === 'intake-keeps-spans')?.text).not.toContain('%');
  });

  test('are not reported as keeping spans where ingestion runs, or where no collector is ready', () => {
    const none = withIntake((intake) => {
      ingestionAway(intake);
      bothDown(intake, []);
    });
    expect(summaryOf(none).join()).not.toContain('intake-keeps-spans');
  });
});

describe('the Services', () => {
  test('for spans that leads to ingestion again is reported as one that selects no collector', () => {
    const state = withIntake(({ state: made }) => {
      service(made, 'ingestion').spec.selector['app.kubernetes.io/component'] = 'nobody';
    });
    expect(first(state)).toMatchObject({ severity: 'error', cause: 'service-without-pods' });
    expect(first(state)?.text).toContain('applications cannot send spans');
  });

  test('through which the collectors reach ingestion is reported where it has no pod', () => {
    const state = withIntake(({ state: made }) => {
      made.objects.find(({ metadata }) => metadata.name === 'junjo-ai-studio-ingestion-internal').spec.selector = {
        app: 'nobody',
      };
    });
    expect(first(state)).toMatchObject({ severity: 'error', cause: 'service-without-pods' });
    expect(first(state)?.text).toContain('the intake cannot send what is in its queues');
  });

  test('that is missing is reported, whatever is behind it', () => {
    const state = withIntake(({ state: { objects } }) => {
      const index = objects.findIndex(
        ({ kind, metadata }) => kind === 'Service' && metadata.name === 'junjo-ai-studio-ingestion',
      );
      objects.splice(index, 1);
    });
    const found = first(state);
    expect(found).toMatchObject({ cause: 'service-missing' });
    expect(found?.fix).toContain('app.kubernetes.io/component=intake');
  });
});

describe('network policies', () => {
  const closed = (rules: object) =>
    withIntake(({ state }) => {
      const podSelector = { matchLabels: { 'app.kubernetes.io/component': 'ingestion' } };
      state.objects.push(policy(state, 'closed', { podSelector, policyTypes: ['Ingress'], ...rules }));
    });

  test('that block the collectors are named before the queues are full', () => {
    expect(first(closed({}))).toMatchObject({
      severity: 'error',
      cause: 'intake-cut-off',
      subjects: ['intake'],
      text: expect.stringContaining('ingress: closed'),
    });
  });

  test('that block only one collector are not reported', () => {
    const state = withIntake(({ state: made, pods: [one] }) => {
      one.metadata.labels.alone = 'yes';
      const podSelector = { matchLabels: { alone: 'yes' } };
      made.objects.push(policy(made, 'closed', { podSelector, policyTypes: ['Egress'] }));
    });
    expect(summaryOf(state).join()).not.toContain('intake-cut-off');
  });

  test('that allow the connection are not reported', () => {
    const from = [{ podSelector: { matchLabels: { 'app.kubernetes.io/component': 'intake' } } }];
    expect(summaryOf(closed({ ingress: [{ from, ports: [{ port: 50051 }] }] }))).toEqual([]);
  });
});
