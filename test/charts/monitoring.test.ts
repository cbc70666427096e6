import { readFileSync } from 'node:fs';
import { alertRows } from '../../charts/monitoring/alerts';
import { metricsIn } from '../../charts/monitoring/metrics';
import { pageAnywhere } from '../../config/how-to-run';
import { loadStudio } from '../../config/load-studio';
import { formatProblem } from '../../config/problems';
import { type Endpoint, isAllowed } from '../support/network';
import { describeWith } from '../support/programs';
import { type AlertCase, checkRules, type Series, testAlerts, testExpressions } from '../support/promtool';
import {
  development,
  envText,
  freshSecret,
  type Manifest,
  problemsOf,
  production,
  type Rendered,
  render,
  type Settings,
} from '../support/studio';

const on = { JUNJO_K8S_MONITORING: 'prometheus' };
const intake = { JUNJO_K8S_RELEASE: '0.82.1', JUNJO_K8S_INTAKE: 'true', JUNJO_INTERNAL_GRPC_TOKEN: freshSecret() };
const volSync = { JUNJO_K8S_BACKUP: 'volsync', JUNJO_K8S_BACKUP_REPOSITORY: 'backup-repository' };
const velero = { JUNJO_K8S_BACKUP: 'velero' };
const issued = { JUNJO_K8S_ACME_EMAIL: 'ops@example.com' };

/** Two studios that together have everything that an alert is about. */
const withIntake = render(production({ ...on, ...intake, ...volSync, ...issued }));
const withGuard = render(production({ ...on, ...velero, ...issued }));

const rulesOf = (studio: Rendered): readonly Manifest[] =>
  studio.get('PrometheusRule', 'junjo-ai-studio').spec.groups.flatMap(({ rules }: Manifest) => rules);
const alertsIn = (studio: Rendered) => rulesOf(studio).map(({ alert }) => alert);
const ruleOf = (name: string) =>
  [withIntake, withGuard].flatMap(rulesOf).find(({ alert }) => alert === name) as Manifest;

describe('a studio that nothing watches', () => {
  test('has no object for it', () => {
    for (const settings of [production(intake), development(), production({ JUNJO_K8S_MONITORING: 'none' })]) {
      const { files, objects } = render(settings);
      expect(files.map(({ path }) => path)).not.toContain('95-monitoring.k8s.yaml');
      expect(objects.map(({ metadata }) => metadata.name)).not.toContain('junjo-ai-studio-intake-metrics');
    }
  });
});

describe('alerts', () => {
  test('are there only for what the studio has', () => {
    const least = alertsIn(render(development(on)));
    expect(least).toEqual(expect.arrayContaining(['JunjoClaimAlmostFull', 'JunjoTwoWriters']));
    expect(least.filter((name) => /Certificate|Backup|Intake|ApiGuard/.test(name))).toEqual([]);
    expect(alertsIn(withIntake)).toEqual(expect.arrayContaining(['JunjoBackupMissed', 'JunjoIntakeQueueFilling']));
    expect(alertsIn(withIntake)).not.toContain('JunjoBackupTooOld');
    expect(alertsIn(withGuard)).toEqual(expect.arrayContaining(['JunjoBackupTooOld', 'JunjoApiGuardDown']));
    expect(alertsIn(withGuard)).not.toContain('JunjoBackupMissed');
    const own = render(production({ ...on, JUNJO_K8S_TLS_SECRET: 'own-tls' }));
    expect(alertsIn(own)).not.toContain('JunjoCertificateExpiring');
  });

  test('each has a duration, a severity, and a heading that says what to do', () => {
    const page = readFileSync('docs/monitoring.md', 'utf8');
    for (const rule of [withIntake, withGuard].flatMap(rulesOf)) {
      expect(rule.for).toMatch(/^[1-9][0-9]*m$/);
      expect(['critical', 'warning']).toContain(rule.labels.severity);
      expect(rule.annotations.description).toMatch(/\.$/);
      expect(rule.annotations.description).not.toMatch(/\]\(/);
      expect(rule.annotations.runbook).toBe(pageAnywhere('docs/monitoring.md', rule.alert));
      expect(page).toContain(`### \`${rule.alert}\`\n`);
    }
  });

  test('each says what to do, for a reader without the docs', () => {
    const [full] = rulesOf(withIntake);
    for (const { annotations } of [withIntake, withGuard].flatMap(rulesOf)) {
      const sentences: string[] = annotations.description.split(/(?<=\.) /);
      expect(sentences.filter((sentence) => sentence.split(' ').length > 25)).toEqual([]);
    }
    expect(full?.annotations.description).toMatch(/spans are lost\. Expand the claim, /);
    const page = pageAnywhere('docs/troubleshooting.md', 'volume-full');
    expect(full?.annotations.description.endsWith(` See ${page}.`)).toBe(true);
  });

  test('each reads metrics of the table, and series of its studio alone', () => {
    for (const { expr } of [withIntake, withGuard].flatMap(rulesOf)) {
      const selectors: string[] = expr.match(/[a-z_]+\{[^}]*\}/g) ?? [];
      expect(selectors.length).toBeGreaterThan(0);
      for (const selector of selectors) {
        expect(metricsIn(selector)).toHaveLength(1);
        // Schedules of Velero have the name of the namespace that they back up.
        expect(selector).toMatch(/\b(namespace|obj_namespace|exported_namespace|schedule)="junjo-ai-studio"/);
      }
    }
  });

  test('a claim and a collector that the studio has are among those that are watched', () => {
    const all = render(production({ ...on, ...intake, JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() }));
    const [rule] = rulesOf(all);
    for (const { metadata } of all.ofKind('PersistentVolumeClaim')) expect(rule.expr).toContain(metadata.name);
  });

  test('each certificate that cert-manager issues is watched', () => {
    const studio = render(
      production({ ...on, ...issued, JUNJO_PROD_INGESTION_URL: 'https://spans.example.com:50051' }),
    );
    const { expr } = rulesOf(studio).find(({ alert }) => alert === 'JunjoCertificateExpiring') as Manifest;
    const names = [
      ...studio.ofKind('Certificate').map(({ metadata }) => metadata.name),
      ...studio.ofKind('Ingress').flatMap(({ spec }) => (spec.tls ?? []).map((tls: Manifest) => tls.secretName)),
    ];
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(expr).toContain(name);
  });

  test('the age of a backup that is too old follows from the schedule', () => {
    const limit = (schedule: string) => {
      const studio = render(production({ ...on, ...velero, JUNJO_K8S_BACKUP_SCHEDULE: schedule }));
      const rule = rulesOf(studio).find(({ alert }) => alert === 'JunjoBackupTooOld') as Manifest;
      return Number(/> ([0-9]+)/.exec(rule.expr)?.[1]) / 3600 + Number.parseInt(rule.for, 10) / 60;
    };
    expect(limit('0 * * * *')).toBe(3);
    expect(limit('17 3 * * *')).toBe(30);
    expect(limit('17 3 * * 1-5')).toBe(90);
  });

  test('two claims with schedules of their own are both watched', () => {
    const studio = render(
      production({ ...on, ...intake, ...volSync, JUNJO_K8S_QDRANT: 'true', QDRANT_API_KEY: freshSecret() }),
    );
    const missed = rulesOf(studio).filter(({ alert }) => alert === 'JunjoBackupMissed');
    expect(missed.map(({ expr }) => expr).join()).toContain('junjo-ai-studio-qdrant');
  });
});

/** A pod of a namespace. */
const inNamespace = (namespace: string, labels: Readonly<Record<string, string>> = { app: 'some' }): Endpoint => ({
  kind: 'pod',
  name: `pod of ${namespace} ${JSON.stringify(labels)}`,
  namespace,
  namespaceLabels: { 'kubernetes.io/metadata.name': namespace },
  labels,
});

describe('the intake', () => {
  test('is scraped at its port with metrics, by Prometheus alone', () => {
    const { spec } = withIntake.get('PodMonitor', 'junjo-ai-studio-intake');
    const { template } = withIntake.get('StatefulSet', 'junjo-ai-studio-intake').spec;
    expect(template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    const [{ port }] = spec.podMetricsEndpoints;
    const ports = template.spec.containers.flatMap(({ ports }: Manifest) => ports);
    const number = ports.find(({ name }: Manifest) => name === port).containerPort;
    const to: Endpoint = inNamespace('junjo-ai-studio', template.metadata.labels);
    const policies = withIntake.ofKind('NetworkPolicy');
    const reaches = (from: Endpoint, at: number) => isAllowed(policies, { from, to, port: at });
    expect(reaches(inNamespace('monitoring'), number)).toBe(true);
    for (const { containerPort } of ports.filter((each: Manifest) => each.name === 'health')) {
      expect(reaches(inNamespace('monitoring'), containerPort)).toBe(false);
    }
    expect(reaches(inNamespace('other'), number)).toBe(false);
    expect(reaches(inNamespace('junjo-ai-studio'), number)).toBe(false);
  });

  test('its collectors name their metrics without suffixes, as the alerts do', () => {
    const { data } = withIntake.get('ConfigMap', 'junjo-ai-studio-intake');
    for (const flag of ['without_type_suffix', 'without_units']) {
      expect(data['config.yaml']).toMatch(new RegExp(`^ +${flag}: true$`, 'm'));
    }
  });

  test('without one there is nothing to scrape', () => {
    expect(withGuard.ofKind('PodMonitor')).toEqual([]);
    expect(withGuard.ofKind('NetworkPolicy').map(({ metadata }) => metadata.name)).not.toContain(
      'junjo-ai-studio-intake-metrics',
    );
  });
});

describe('the namespace of Prometheus', () => {
  const problems = (settings: Settings) => problemsOf(envText(settings)).filter((line) => line.includes('MONITORING'));
  const elsewhere = { JUNJO_K8S_MONITORING_NAMESPACE: 'observability' };

  test('is the one that the policy opens', () => {
    const policy = render(production({ ...on, ...intake, ...elsewhere })).get(
      'NetworkPolicy',
      'junjo-ai-studio-intake-metrics',
    );
    expect(JSON.stringify(policy.spec.ingress)).toContain('"observability"');
  });

  test.each([
    [
      'without monitoring',
      { ...intake, ...elsewhere },
      / has no effect without JUNJO_K8S_MONITORING=prometheus\. Remove the line$/,
    ],
    [
      'without an intake',
      { ...on, ...elsewhere },
      / has no effect without JUNJO_K8S_INTAKE=true: no other pod has metrics\. Remove the line$/,
    ],
    [
      'without policies',
      { ...on, ...intake, ...elsewhere, JUNJO_K8S_NETWORK_POLICY: 'false' },
      /^note: .*has no effect without network policies/,
    ],
    [
      'that is the one of the studio',
      { ...on, ...intake, JUNJO_K8S_MONITORING_NAMESPACE: 'junjo-ai-studio' },
      / is the namespace of the studio\. Name the one in which Prometheus runs$/,
    ],
    [
      'that is the one of the studio, by default',
      { ...on, ...intake, JUNJO_K8S_NAME: 'monitoring' },
      / is the namespace of the studio\. Name the one in which Prometheus runs$/,
    ],
  ])('%s is reported', (_, settings, expected) => {
    expect(problems(production(settings))).toEqual([expect.stringMatching(expected)]);
  });

  test('is nothing to tell of where it has an effect', () => {
    expect(problems(production({ ...on, ...intake, ...elsewhere }))).toEqual([]);
    const { problems: all } = loadStudio([{ path: '.env', text: envText(production(on)) }]);
    expect(all.map(formatProblem).filter((line) => line.includes('MONITORING'))).toEqual([]);
  });
});

/** The file of the dashboard, and what is in it. */
const dashboardOf = (studio: Rendered) => {
  const [[file, text] = []] = Object.entries<string>(studio.get('ConfigMap', 'junjo-ai-studio-dashboard').data);
  return { file, ...JSON.parse(text ?? '') };
};

describe('the dashboard', () => {
  test('is found by the sidecar of Grafana, in a file that no other studio has', () => {
    const other = render(production({ ...on, JUNJO_K8S_NAME: 'other' }));
    expect(other.get('ConfigMap', 'junjo-ai-studio-dashboard').metadata.labels).toHaveProperty(
      'grafana_dashboard',
      '1',
    );
    expect(dashboardOf(other).file).not.toBe(dashboardOf(withGuard).file);
    expect(dashboardOf(other).uid).not.toBe(dashboardOf(withGuard).uid);
    expect(dashboardOf(other).uid.length).toBeLessThanOrEqual(40);
  });

  test('shows figures without the red of those above 80, which is the default', () => {
    for (const { type, fieldConfig } of [withIntake, withGuard].flatMap((studio) => dashboardOf(studio).panels)) {
      if (type === 'stat') expect(fieldConfig.defaults.color.mode).toBe('fixed');
    }
  });

  test('is found whatever labels the operator adds', () => {
    expect(problemsOf(envText(production({ ...on, JUNJO_K8S_LABELS: 'grafana_dashboard=2' })))).toContainEqual(
      expect.stringContaining('grafana_dashboard'),
    );
  });

  test('its panels do not overlap, and read metrics of the table', () => {
    for (const { panels } of [withIntake, withGuard].map(dashboardOf)) {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }: Manifest) =>
        Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      for (const { expr } of panels.flatMap(({ targets }: Manifest) => targets)) {
        expect(metricsIn(expr).length).toBeGreaterThan(0);
        expect(expr).toContain('"junjo-ai-studio"');
      }
      const ids = panels.map(({ id }: Manifest) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('counts a span once, which passes two receivers and two exporters of a collector', () => {
    const { panels } = dashboardOf(withIntake);
    const { targets } = panels.find(({ title }: Manifest) => title === 'Intake: spans');
    expect(targets.map(({ expr }: Manifest) => /(receiver|exporter)=~?"[^"]+"/.exec(expr)?.[0])).toEqual([
      'receiver=~"otlp|otlp/edge"',
      'exporter="otlp_grpc/queue"',
      'receiver=~"otlp|otlp/edge"',
      'exporter="otlp_grpc/queue"',
    ]);
  });

  test('reads the Prometheus that the reader chooses', () => {
    const { panels, templating } = dashboardOf(withIntake);
    const chosen = { type: templating.list[0].query, uid: `$${templating.list[0].name}` };
    const read = panels.flatMap(({ datasource, targets }: Manifest) => [
      datasource,
      ...targets.map((each: Manifest) => each.datasource),
    ]);
    expect(read).toEqual(read.map(() => chosen));
    expect(templating.list[0].type).toBe('datasource');
  });

  test('has panels only for what the studio has', () => {
    const titles = (studio: Rendered) => dashboardOf(studio).panels.map(({ title }: Manifest) => title);
    expect(titles(withIntake).join()).toMatch(/Intake/);
    expect(titles(render(development(on))).join()).not.toMatch(/Intake|certificate|Backup/i);
  });
});

const NS = 'namespace="junjo-ai-studio"';
/** What Prometheus adds to each series. */
const JOB = 'instance="10.0.0.1:8080", job="some"';
const target = { instance: '10.0.0.1:8080', job: 'some' };
const ofStudio = { namespace: 'junjo-ai-studio' };

const claimSeries = (free: string, more = `${NS}, persistentvolumeclaim="junjo-ai-studio-data"`): readonly Series[] => [
  [`kubelet_volume_stats_available_bytes{${more}, ${JOB}}`, free],
  [`kubelet_volume_stats_capacity_bytes{${more}, ${JOB}}`, '100x2000'],
];
const claim = (summary: string) => [
  { labels: { ...ofStudio, ...target, persistentvolumeclaim: 'junjo-ai-studio-data' }, summary },
];
const pod = (name: string, container: string) => `${NS}, pod="${name}", container="${container}", uid="u", ${JOB}`;
const BACKEND = 'junjo-ai-studio-backend-7c9d-x2x4z';
const podLabels = (name: string, container: string) => ({ ...ofStudio, ...target, pod: name, container, uid: 'u' });
const phase = (name: string, of: string, values: string): Series => [
  `kube_pod_status_phase{${NS}, pod="${name}", phase="${of}", uid="${name}", ${JOB}}`,
  values,
];
const deployment = (name: string, ready: string, wanted: string): readonly Series[] => [
  [`kube_deployment_status_replicas_ready{${NS}, deployment="${name}", ${JOB}}`, ready],
  [`kube_deployment_spec_replicas{${NS}, deployment="${name}", ${JOB}}`, wanted],
];
const restarts = (name: string, values: string): readonly Series[] => [
  [`kube_pod_container_status_restarts_total{${pod(name, 'backend')}}`, values],
];
const guard = (values: string, ready: string, container = 'upgrade-guard'): readonly Series[] => [
  [`kube_pod_init_container_status_restarts_total{${pod(BACKEND, container)}}`, values],
  [`kube_pod_init_container_status_ready{${pod(BACKEND, container)}}`, ready],
];
const ready = (guardReady: string, backend: string): readonly Series[] => [
  [`kube_pod_container_status_ready{${pod(BACKEND, 'guard')}}`, guardReady],
  [`kube_pod_container_status_ready{${pod(BACKEND, 'backend')}}`, backend],
];
const certificate = (renewal: number, end: number, namespaces = NS): readonly Series[] =>
  (
    [
      ['renewal', renewal],
      ['expiration', end],
    ] as const
  ).map(([what, seconds]) => [
    `certmanager_certificate_${what}_timestamp_seconds{${namespaces}, name="junjo-ai-studio-tls", ${JOB}}`,
    `${seconds}x2000`,
  ]);
const syncing = (values: string, role = 'source'): readonly Series[] => [
  [
    `volsync_volume_out_of_sync{obj_namespace="junjo-ai-studio", obj_name="junjo-ai-studio-data", role="${role}", method="restic", namespace="volsync-system", ${JOB}}`,
    values,
  ],
];
const backups = (schedule: string, attempts: string, last?: string): readonly Series[] => [
  [`velero_backup_attempt_total{schedule="${schedule}", namespace="velero", ${JOB}}`, attempts],
  ...(last
    ? [[`velero_backup_last_successful_timestamp{schedule="${schedule}", namespace="velero", ${JOB}}`, last] as const]
    : []),
];
const COLLECTOR = 'junjo-ai-studio-intake-0';
const collector = (name: string, component: string, values: string): Series => [
  `${name}{${NS}, pod="${COLLECTOR}", container="collector", ${component}, ${JOB}}`,
  values,
];
const refused = (values: string, receiver = 'otlp') =>
  collector('otelcol_receiver_refused_spans', `receiver="${receiver}", transport="grpc"`, values);
const failed = (values: string, exporter = 'otlp_grpc/queue') =>
  collector('otelcol_exporter_send_failed_spans', `exporter="${exporter}"`, values);
const queue = (size: string): readonly Series[] => [
  collector('otelcol_exporter_queue_size', 'exporter="otlp_grpc/queue", data_type="traces"', size),
  collector('otelcol_exporter_queue_capacity', 'exporter="otlp_grpc/queue", data_type="traces"', '1000x60'),
];
const ofCollector = (summary: string) => [{ labels: { ...ofStudio, pod: COLLECTOR }, summary: `${summary}` }];

const almostFull = 'Claim junjo-ai-studio-data is almost full';
const fillingFast = 'Claim junjo-ai-studio-data will be full within four hours';
const fillingSlowly = 'Claim junjo-ai-studio-data will be full within four days';
const notRenewed = 'Certificate junjo-ai-studio-tls was not renewed';
const outOfSync = 'VolSync has no recent backup of junjo-ai-studio-data';
const tooOld = 'Velero has no recent backup of the studio';

/** Series that make each alert fire, and such as do not, on both sides of each threshold and duration. */
const cases: Readonly<Record<string, readonly AlertCase[]>> = {
  JunjoClaimAlmostFull: [
    { name: 'little is free', series: claimSeries('4.9x60'), at: 5, fires: claim(almostFull) },
    { name: 'little is free, for less long', series: claimSeries('4.9x60'), at: 4, fires: [] },
    { name: 'just enough is free', series: claimSeries('5x60'), at: 30, fires: [] },
    {
      name: 'little is free in the claim of a queue',
      series: claimSeries('4.9x60', `${NS}, persistentvolumeclaim="queue-junjo-ai-studio-intake-1"`),
      at: 5,
      fires: [
        {
          labels: { ...ofStudio, ...target, persistentvolumeclaim: 'queue-junjo-ai-studio-intake-1' },
          summary: 'Claim queue-junjo-ai-studio-intake-1 is almost full',
        },
      ],
    },
    {
      name: 'little is free in another namespace, and in the claim of somebody else',
      series: [
        ...claimSeries('1x60', 'namespace="other", persistentvolumeclaim="junjo-ai-studio-data"'),
        ...claimSeries('1x60', `${NS}, persistentvolumeclaim="other"`),
      ],
      at: 30,
      fires: [],
    },
  ],
  JunjoClaimFillingFast: [
    // Below half after 34 minutes.
    { name: 'falls to nothing', series: claimSeries('60-0.3x120'), at: 49, fires: claim(fillingFast) },
    { name: 'falls to nothing, for less long', series: claimSeries('60-0.3x120'), at: 48, fires: [] },
    { name: 'falls to nothing in five hours', series: claimSeries('49-0.15x120'), at: 60, fires: [] },
    {
      name: 'falls to nothing in a little less than four hours',
      series: claimSeries('49-0.18x120'),
      at: 60,
      fires: claim(fillingFast),
    },
    { name: 'falls fast, with more than half free', series: claimSeries('90-0.5x60'), at: 60, fires: [] },
    { name: 'rests', series: claimSeries('30x120'), at: 110, fires: [] },
    {
      name: 'a queue fills while ingestion does not answer',
      series: claimSeries('60-0.3x120', `${NS}, persistentvolumeclaim="queue-junjo-ai-studio-intake-0"`),
      at: 60,
      fires: [],
    },
    { name: 'fell once, more than an hour ago', series: claimSeries('90 30x180'), at: 120, fires: [] },
  ],
  JunjoClaimFillingSlowly: [
    // Below 20 % after 100 minutes.
    { name: 'falls to nothing', series: claimSeries('20.499-0.005x300'), at: 160, fires: claim(fillingSlowly) },
    { name: 'falls to nothing, for less long', series: claimSeries('20.499-0.005x300'), at: 159, fires: [] },
    { name: 'falls to nothing in five days', series: claimSeries('19.9-0.0027x300'), at: 200, fires: [] },
    {
      name: 'falls to nothing in a little less than four days',
      series: claimSeries('19.9-0.0036x300'),
      at: 200,
      fires: claim(fillingSlowly),
    },
    { name: 'falls, with more than a fifth free', series: claimSeries('30-0.01x300'), at: 300, fires: [] },
    { name: 'rests', series: claimSeries('10x300'), at: 300, fires: [] },
  ],
  JunjoPodRestarting: [
    {
      name: 'three restarts',
      series: restarts(BACKEND, '0x5 1x5 2x5 3x60'),
      at: 23,
      fires: [{ labels: podLabels(BACKEND, 'backend'), summary: `Container backend of ${BACKEND} keeps restarting` }],
    },
    { name: 'three restarts, just now', series: restarts(BACKEND, '0x5 1x5 2x5 3x60'), at: 22, fires: [] },
    { name: 'two restarts', series: restarts(BACKEND, '0x5 1x5 2x60'), at: 60, fires: [] },
    { name: 'three restarts, long ago', series: restarts(BACKEND, '0x5 1x5 2x5 3x500'), at: 390, fires: [] },
    {
      name: 'three restarts of a pod that somebody else runs in the namespace',
      series: restarts('volsync-src-junjo-ai-studio-data-abcde', '0x5 1x5 2x5 3x60'),
      at: 40,
      fires: [],
    },
  ],
  JunjoPodsNotReady: [
    {
      name: 'a backend that is not ready',
      series: deployment('junjo-ai-studio-backend', '0x60', '1x60'),
      at: 30,
      fires: [
        {
          labels: { ...ofStudio, ...target, deployment: 'junjo-ai-studio-backend' },
          summary: 'junjo-ai-studio-backend has fewer ready pods than replicas',
        },
      ],
    },
    {
      name: 'a collector that is not ready',
      series: [
        [`kube_statefulset_status_replicas_ready{${NS}, statefulset="junjo-ai-studio-intake", ${JOB}}`, '1x60'],
        [`kube_statefulset_replicas{${NS}, statefulset="junjo-ai-studio-intake", ${JOB}}`, '2x60'],
      ],
      at: 30,
      fires: [
        {
          labels: { ...ofStudio, ...target, statefulset: 'junjo-ai-studio-intake' },
          summary: 'junjo-ai-studio-intake has fewer ready pods than replicas',
        },
      ],
    },
    {
      name: 'a long migration',
      series: deployment('junjo-ai-studio-backend', '0x29 1x60', '1x100'),
      at: 60,
      fires: [],
    },
    {
      name: 'less than half an hour',
      series: deployment('junjo-ai-studio-backend', '0x60', '1x60'),
      at: 29,
      fires: [],
    },
    { name: 'all ready', series: deployment('junjo-ai-studio-backend', '1x60', '1x60'), at: 60, fires: [] },
    {
      name: 'stopped by a restore',
      series: deployment('junjo-ai-studio-backend', '0x60', '0x60'),
      at: 60,
      fires: [],
    },
  ],
  JunjoTwoWriters: [
    {
      name: 'two backends',
      series: [phase(BACKEND, 'Running', '1x60'), phase('junjo-ai-studio-backend-7c9d-aaaaa', 'Running', '1x60')],
      at: 5,
      fires: [{ labels: { ...ofStudio, component: 'backend' }, summary: 'More than one pod of backend is running' }],
    },
    {
      name: 'two ingestions',
      series: ['a', 'b'].map((each) => phase(`junjo-ai-studio-ingestion-7c9d-${each}`, 'Running', '1x60')),
      at: 30,
      fires: [
        { labels: { ...ofStudio, component: 'ingestion' }, summary: 'More than one pod of ingestion is running' },
      ],
    },
    {
      name: 'one backend, which two kube-state-metrics count',
      series: [':8080', ':8081'].map((port) => [
        `kube_pod_status_phase{${NS}, pod="${BACKEND}", phase="Running", instance="${port}"}`,
        '1x60',
      ]),
      at: 30,
      fires: [],
    },
    {
      name: 'two backends, for less long',
      series: [phase(BACKEND, 'Running', '1x60'), phase('junjo-ai-studio-backend-7c9d-aaaaa', 'Running', '1x60')],
      at: 4,
      fires: [],
    },
    {
      name: 'a drain: the old pod ends within two minutes, the new one begins at once',
      series: [phase(BACKEND, 'Running', '1x2 stale'), phase('junjo-ai-studio-backend-7c9d-aaaaa', 'Running', '1x60')],
      at: 10,
      fires: [],
    },
    {
      name: 'one that runs, one that ended, and one that waits',
      series: [
        phase(BACKEND, 'Running', '1x60'),
        phase('junjo-ai-studio-backend-7c9d-aaaaa', 'Running', '0x60'),
        phase('junjo-ai-studio-backend-7c9d-aaaaa', 'Pending', '1x60'),
        phase('junjo-ai-studio-backend-7c9d-bbbbb', 'Failed', '1x60'),
      ],
      at: 30,
      fires: [],
    },
    {
      name: 'a whole studio',
      series: [
        phase(BACKEND, 'Running', '1x60'),
        phase('junjo-ai-studio-ingestion-7c9d-aaaaa', 'Running', '1x60'),
        phase('junjo-ai-studio-frontend-7c9d-aaaaa', 'Running', '1x60'),
        phase('junjo-ai-studio-frontend-7c9d-bbbbb', 'Running', '1x60'),
        phase('junjo-ai-studio-intake-0', 'Running', '1x60'),
        phase('junjo-ai-studio-intake-1', 'Running', '1x60'),
        phase('junjo-ai-studio-copy', 'Running', '1x60'),
      ],
      at: 30,
      fires: [],
    },
  ],
  JunjoUpgradeGuardTripped: [
    {
      name: 'it ended with an error',
      series: guard('0x1 1x60', '0x60'),
      at: 7,
      fires: [
        { labels: podLabels(BACKEND, 'upgrade-guard'), summary: `The upgrade guard prevents ${BACKEND} from starting` },
      ],
    },
    { name: 'it ended with an error, just now', series: guard('0x1 1x60', '0x60'), at: 6, fires: [] },
    { name: 'it ended well the second time', series: guard('0x1 1x60', '0x3 1x60'), at: 30, fires: [] },
    { name: 'it runs for the first time', series: guard('0x60', '0x60'), at: 30, fires: [] },
    { name: 'another container ended with an error', series: guard('1x60', '0x60', 'other'), at: 30, fires: [] },
  ],
  JunjoApiGuardDown: [
    {
      name: 'the guard alone is not ready',
      series: ready('0x60', '1x60'),
      at: 5,
      fires: [{ labels: podLabels(BACKEND, 'guard'), summary: `The API guard in ${BACKEND} is not ready` }],
    },
    { name: 'the guard alone is not ready, for less long', series: ready('0x60', '1x60'), at: 4, fires: [] },
    { name: 'the pod starts', series: ready('0x60', '0x60'), at: 30, fires: [] },
    { name: 'both are ready', series: ready('1x60', '1x60'), at: 30, fires: [] },
  ],
  JunjoCertificateExpiring: [
    // Planned for 03:00, and it ends at 09:00: a third of that is over at 05:00.
    {
      name: 'it was not renewed',
      series: certificate(3 * 3600, 9 * 3600),
      at: 361,
      fires: [{ labels: { ...ofStudio, ...target, name: 'junjo-ai-studio-tls' }, summary: notRenewed }],
    },
    {
      name: 'the namespace of cert-manager is in the other label',
      series: certificate(3 * 3600, 9 * 3600, 'namespace="cert-manager", exported_namespace="junjo-ai-studio"'),
      at: 361,
      fires: [
        {
          labels: { ...ofStudio, ...target, exported_namespace: 'junjo-ai-studio', name: 'junjo-ai-studio-tls' },
          summary: notRenewed,
        },
      ],
    },
    { name: 'it was not renewed, for less long', series: certificate(3 * 3600, 9 * 3600), at: 360, fires: [] },
    { name: 'it was renewed', series: certificate(30 * 3600, 40 * 3600), at: 361, fires: [] },
    { name: 'it was never issued', series: certificate(0, 0), at: 361, fires: [] },
    {
      name: 'that of another studio was not renewed',
      series: certificate(3 * 3600, 9 * 3600, 'namespace="cert-manager", exported_namespace="other"'),
      at: 361,
      fires: [],
    },
  ],
  JunjoBackupMissed: [
    {
      name: 'it is out of sync',
      series: syncing('1x600'),
      at: 360,
      fires: [
        {
          labels: {
            ...target,
            namespace: 'junjo-ai-studio',
            obj_namespace: 'junjo-ai-studio',
            obj_name: 'junjo-ai-studio-data',
            role: 'source',
            method: 'restic',
          },
          summary: outOfSync,
        },
      ],
    },
    { name: 'the first backup takes long', series: syncing('1x359 0x100'), at: 400, fires: [] },
    { name: 'it is out of sync, for less long', series: syncing('1x600'), at: 359, fires: [] },
    { name: 'it is in sync', series: syncing('0x600'), at: 500, fires: [] },
    { name: 'a restore is out of sync', series: syncing('1x600', 'destination'), at: 500, fires: [] },
  ],
  JunjoBackupTooOld: [
    // Every 24 hours, and six hours for the backup.
    {
      name: 'the last one is old',
      series: backups('junjo-ai-studio', '2x2000', '0x2000'),
      at: 1801,
      fires: [{ labels: { ...ofStudio, ...target, schedule: 'junjo-ai-studio' }, summary: tooOld }],
    },
    {
      name: 'the last one is old, for less long',
      series: backups('junjo-ai-studio', '2x2000', '0x2000'),
      at: 1800,
      fires: [],
    },
    {
      name: 'there is a newer one',
      series: backups('junjo-ai-studio', '2x2000', '0x1750 105000x250'),
      at: 1900,
      fires: [],
    },
    {
      name: 'none was ever completed',
      series: backups('junjo-ai-studio', '0x30 1x600'),
      at: 391,
      fires: [{ labels: { ...ofStudio, ...target, schedule: 'junjo-ai-studio' }, summary: tooOld }],
    },
    { name: 'the first one is on its way', series: backups('junjo-ai-studio', '0x30 1x600'), at: 390, fires: [] },
    { name: 'it is not time yet for the first one', series: backups('junjo-ai-studio', '0x600'), at: 550, fires: [] },
    { name: 'another studio has an old one', series: backups('other', '2x2000', '0x2000'), at: 1900, fires: [] },
  ],
  JunjoIntakeQueueFilling: [
    {
      name: 'more than half',
      series: queue('501x60'),
      at: 15,
      fires: ofCollector(`The queue of ${COLLECTOR} is more than half full`),
    },
    { name: 'more than half, for less long', series: queue('501x60'), at: 14, fires: [] },
    { name: 'half', series: queue('500x60'), at: 60, fires: [] },
    { name: 'a rollout of ingestion', series: queue('0+60x13 0x60'), at: 30, fires: [] },
  ],
  JunjoIntakeRefusesSpans: [
    {
      name: 'it refuses',
      series: [refused('0+10x60')],
      at: 6,
      fires: ofCollector(`${COLLECTOR} refuses spans`),
    },
    {
      name: 'it refuses, for less long',
      series: [refused('0+10x60')],
      at: 5,
      fires: [],
    },
    {
      name: 'it refused once',
      series: [refused('0x5 500x60')],
      at: 11,
      fires: [],
    },
    {
      name: 'it refuses what the edge sends',
      series: [refused('0+10x60', 'otlp/edge')],
      at: 6,
      fires: ofCollector(`${COLLECTOR} refuses spans`),
    },
    {
      name: 'ingestion does not answer, which each try from the queue counts',
      series: [refused('0+10x60', 'otlp/queued')],
      at: 30,
      fires: [],
    },
    {
      name: 'it never refused',
      series: [refused('0x60')],
      at: 30,
      fires: [],
    },
  ],
  JunjoIntakeDropsSpans: [
    {
      name: 'it dropped for the first time',
      series: [failed('_x5 3x60')],
      at: 6,
      fires: ofCollector(`${COLLECTOR} drops spans that it accepted`),
    },
    {
      name: 'it dropped for the first time, just now',
      series: [failed('_x5 3x60')],
      at: 5,
      fires: [],
    },
    {
      name: 'it drops again',
      series: [failed('3x60 4x60')],
      at: 62,
      fires: ofCollector(`${COLLECTOR} drops spans that it accepted`),
    },
    {
      name: 'it dropped one',
      series: [failed('_x5 1x60')],
      at: 6,
      fires: ofCollector(`${COLLECTOR} drops spans that it accepted`),
    },
    {
      name: 'it begins without a drop',
      series: [failed('_x5 0x60')],
      at: 10,
      fires: [],
    },
    {
      name: 'it dropped long ago',
      series: [failed('_x5 3x60')],
      at: 30,
      fires: [],
    },
    {
      name: 'it never dropped',
      series: [collector('otelcol_exporter_sent_spans', 'exporter="otlp_grpc/queue"', '0+100x60')],
      at: 30,
      fires: [],
    },
    {
      name: 'ingestion does not answer, which each try counts',
      series: [failed('_x5 3+50x60', 'otlp_grpc/ingestion')],
      at: 30,
      fires: [],
    },
  ],
};

test('every alert has series that make it fire, and series that do not', () => {
  expect(Object.keys(cases).sort()).toEqual(alertRows.map(({ name }) => name).sort());
  for (const each of Object.values(cases)) {
    expect(each.some(({ fires }) => fires.length > 0)).toBe(true);
    expect(each.some(({ fires }) => fires.length === 0)).toBe(true);
  }
});

/** A comparison with a number in an expression. */
const COMPARISON = /([<>]=?|==) ([0-9.]+)/g;

/** Rules with one fault each, which their names tell. Every one of them must be found. */
function faulty(rule: Manifest): readonly Manifest[] {
  const minutes = Number.parseInt(rule.for, 10);
  const comparisons = [...rule.expr.matchAll(COMPARISON)];
  const instead = (at: number, text: string) =>
    rule.expr.replace(COMPARISON, (found: string, ...rest: unknown[]) =>
      rest[2] === comparisons[at]?.index ? text : found,
    );
  const flipped = { '<': '>=', '>': '<=', '==': '!=' };
  const [last] = comparisons.slice(-1);
  const number = Number(last?.[2]);
  // A threshold that is a small whole number is of things that are counted.
  const step = Number.isInteger(number) && number < 10 ? 1 : number / 5;
  return [
    ...comparisons.map(([, operator, text], at) => ({
      ...rule,
      alert: `comparison ${at} the other way`,
      expr: instead(at, `${flipped[operator as keyof typeof flipped]} ${text}`),
    })),
    ...[step, -step].map((by) => ({
      ...rule,
      alert: `the last threshold changed by ${by}`,
      expr: instead(comparisons.length - 1, `${last?.[1]} ${number + by}`),
    })),
    { ...rule, alert: 'another studio', expr: rule.expr.replaceAll('"junjo-ai-studio"', '"other"') },
    { ...rule, alert: 'twice the duration', for: `${minutes * 2}m` },
    { ...rule, alert: 'a minute less', for: `${minutes - 1}m` },
  ];
}

describeWith(['promtool'], 'promtool', () => {
  test('of an existing claim nothing is taken for that of a claim with a similar name', () => {
    const studio = render(production({ ...on, JUNJO_K8S_EXISTING_CLAIM: 'my.claim' }));
    const [rule] = rulesOf(studio);
    const named = (name: string) => claimSeries('1x60', `${NS}, persistentvolumeclaim="${name}"`);
    const labels = { ...ofStudio, ...target, persistentvolumeclaim: 'my.claim' };
    const fires = [{ labels, summary: 'Claim my.claim is almost full' }];
    const each = { name: 'two claims', series: [...named('my.claim'), ...named('my-claim')], at: 30, fires };
    expect(testAlerts([rule as Manifest], [each])).toMatchObject({ passes: true });
  });

  test.each([
    ['with an intake', withIntake],
    ['with a guard of the API', withGuard],
  ])('takes the rules and the panels of a studio %s', (_, studio) => {
    expect(checkRules(studio.get('PrometheusRule', 'junjo-ai-studio').spec.groups)).toMatchObject({ passes: true });
    const panels = dashboardOf(studio).panels.flatMap(({ targets }: Manifest) => targets);
    const rules = panels.map(({ expr }: Manifest, panel: number) => {
      return { record: `panel_${panel}`, expr: expr.replaceAll('$__rate_interval', '5m') };
    });
    expect(checkRules([{ name: 'panels', rules }])).toMatchObject({ passes: true });
  });

  test('panels show what their titles say', () => {
    const panel = (studio: Rendered, title: string, line = 0): string =>
      dashboardOf(studio)
        .panels.find((each: Manifest) => each.title === title)
        .targets[line].expr.replaceAll('$__rate_interval', '5m');
    const memory = (resource: string, value: string): Series => [
      `kube_pod_container_resource_limits{${pod(BACKEND, 'backend')}, resource="${resource}"}`,
      value,
    ];
    const replicas: readonly Series[] = [
      ...deployment('junjo-ai-studio-backend', '1x60', '1x60'),
      ...deployment('junjo-ai-studio-frontend', '1x60', '2x60'),
      [`kube_statefulset_status_replicas_ready{${NS}, statefulset="junjo-ai-studio-intake"}`, '1x60'],
      [`kube_statefulset_replicas{${NS}, statefulset="junjo-ai-studio-intake"}`, '2x60'],
    ];
    const accepted = ['otlp', 'otlp/queued'].map((receiver) =>
      collector('otelcol_receiver_accepted_spans', `receiver="${receiver}", transport="grpc"`, '0+60x60'),
    );
    const sent = ['otlp_grpc/queue', 'otlp_grpc/ingestion'].map((exporter) =>
      collector('otelcol_exporter_sent_spans', `exporter="${exporter}"`, '0+60x60'),
    );
    const rows: readonly (readonly [expr: string, series: readonly Series[], value: number, labels?: string])[] = [
      [panel(withIntake, 'Ready pods'), replicas, 3],
      [panel(withIntake, 'Ready pods', 1), replicas, 5],
      [panel(withIntake, 'Restarts in 24 hours'), restarts(BACKEND, '0x5 1x5 2x60'), 2],
      [
        panel(withGuard, 'Time until certificates expire'),
        certificate(3600, 7200),
        3600,
        `{${NS}, name="junjo-ai-studio-tls", ${JOB}}`,
      ],
      [
        panel(withGuard, 'Time since the last backup'),
        backups('junjo-ai-studio', '1x60', '600x60'),
        3000,
        `{schedule="junjo-ai-studio", namespace="velero", ${JOB}}`,
      ],
      [panel(withIntake, 'Claims out of sync'), syncing('1x60'), 1],
      [
        panel(withIntake, 'Claim usage'),
        claimSeries('25x60'),
        0.75,
        `{${NS}, persistentvolumeclaim="junjo-ai-studio-data", ${JOB}}`,
      ],
      [
        panel(withIntake, 'Memory usage, relative to the limit'),
        [
          [`container_memory_working_set_bytes{${pod(BACKEND, 'backend')}}`, '50x60'],
          memory('memory', '100x60'),
          memory('cpu', '200x60'),
        ],
        0.5,
        `{pod="${BACKEND}", container="backend"}`,
      ],
      [panel(withIntake, 'Intake: spans'), accepted, 1],
      [panel(withIntake, 'Intake: spans', 1), sent, 1],
      [panel(withIntake, 'Intake: spans', 2), [refused('0+60x60'), refused('0+60x60', 'otlp/queued')], 1],
      [panel(withIntake, 'Intake: spans', 3), [failed('0+60x60'), failed('0+60x60', 'otlp_grpc/ingestion')], 1],
    ];
    const cases = rows.map(([expr, series, value, labels = '{}']) => ({
      expr,
      series,
      at: 60,
      samples: [{ labels, value }],
    }));
    expect(testExpressions(cases)).toMatchObject({ passes: true });
  });

  test.each(Object.entries(cases))('%s fires when it should, and not otherwise', (alert, ofAlert) => {
    expect(testAlerts([ruleOf(alert)], ofAlert)).toEqual({
      passes: true,
      output: expect.stringContaining('SUCCESS'),
      failed: [],
    });
  });

  test.each(Object.entries(cases))('a fault in %s is found', (alert, ofAlert) => {
    const rules = faulty(ruleOf(alert));
    const { failed } = testAlerts(rules, ofAlert);
    expect(rules.map((rule) => rule.alert).filter((name) => !failed.includes(name))).toEqual([]);
  });
});
