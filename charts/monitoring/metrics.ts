/** A program whose metrics Prometheus must collect. */
export interface MetricSource {
  /** Its usual name. */
  readonly name: string;
  /** Requirements for its series to arrive with the expected labels. */
  readonly needs: string;
}

/** The programs whose metrics the alerts and the dashboard read. */
export const metricSources = {
  kubelet: {
    name: 'kubelet',
    needs: 'Prometheus scrapes `/metrics` of every node, with `honorLabels`',
  },
  cadvisor: {
    name: 'cAdvisor in the kubelet',
    needs: 'Prometheus scrapes `/metrics/cadvisor` of every node, with `honorLabels`',
  },
  kubeStateMetrics: {
    name: 'kube-state-metrics',
    needs: 'kube-state-metrics 2 is running, and Prometheus scrapes it with `honorLabels`',
  },
  certManager: {
    name: 'cert-manager',
    needs: 'A ServiceMonitor. The chart creates it with `prometheus.servicemonitor.enabled=true`',
  },
  volSync: {
    name: 'VolSync',
    // helm/volsync/templates/servicemonitor-volsync.yaml and values.yaml of backube/volsync.
    needs:
      'A ServiceMonitor. The chart creates it if its CRD exists at that time. Prometheus needs a token with access to `/metrics`, unless you set `metrics.disableAuth=true`',
  },
  velero: {
    name: 'Velero',
    needs: 'A ServiceMonitor. The chart creates it with `metrics.serviceMonitor.enabled=true`',
  },
  collector: {
    name: 'OpenTelemetry Collector of the intake',
    needs:
      'Prometheus selects the PodMonitor of this studio, and runs in the namespace that `JUNJO_K8S_MONITORING_NAMESPACE` names',
  },
} as const satisfies Readonly<Record<string, MetricSource>>;

/** A metric, and the file that defines its name and labels. */
export interface Metric {
  readonly source: keyof typeof metricSources;
  /** The labels that the expressions here use, as the program sets them. */
  readonly labels: readonly string[];
  /** Repository and path of the file that defines it. */
  readonly definedIn: string;
}

const KSM_PODS = 'docs/metrics/workload/pod-metrics.md of kubernetes/kube-state-metrics';
const VOLUME_STATS = 'pkg/kubelet/metrics/collectors/volume_stats.go of kubernetes/kubernetes';
const CERTIFICATES = 'internal/collectors/certificate_collector.go of cert-manager/cert-manager';
const VELERO = 'pkg/metrics/metrics.go of velero-io/velero (vmware-tanzu/velero)';
const EXPORTER = 'exporter/exporterhelper/documentation.md of open-telemetry/opentelemetry-collector';
const RECEIVER = 'receiver/receiverhelper/documentation.md of open-telemetry/opentelemetry-collector';

/**
 * Every metric that an alert or a panel reads. The metrics of the collector have no suffix `_total` and no unit, because its
 * configuration disables both (charts/intake-config.ts). Prometheus adds the labels of the pod to their series.
 */
export const metrics = {
  kubelet_volume_stats_available_bytes: {
    source: 'kubelet',
    labels: ['namespace', 'persistentvolumeclaim'],
    definedIn: VOLUME_STATS,
  },
  kubelet_volume_stats_capacity_bytes: {
    source: 'kubelet',
    labels: ['namespace', 'persistentvolumeclaim'],
    definedIn: VOLUME_STATS,
  },
  container_memory_working_set_bytes: {
    source: 'cadvisor',
    labels: ['namespace', 'pod', 'container'],
    definedIn:
      'docs/storage/prometheus.md of google/cadvisor; labels in pkg/kubelet/server/server.go of kubernetes/kubernetes',
  },
  kube_pod_container_resource_limits: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'pod', 'container', 'resource'],
    definedIn: KSM_PODS,
  },
  kube_pod_container_status_restarts_total: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'pod', 'container'],
    definedIn: KSM_PODS,
  },
  kube_pod_container_status_ready: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'pod', 'container'],
    definedIn: KSM_PODS,
  },
  kube_pod_init_container_status_restarts_total: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'pod', 'container'],
    definedIn: KSM_PODS,
  },
  kube_pod_init_container_status_ready: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'pod', 'container'],
    definedIn: KSM_PODS,
  },
  kube_pod_status_phase: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'pod', 'phase'],
    definedIn: KSM_PODS,
  },
  kube_deployment_spec_replicas: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'deployment'],
    definedIn: 'docs/metrics/workload/deployment-metrics.md of kubernetes/kube-state-metrics',
  },
  kube_deployment_status_replicas_ready: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'deployment'],
    definedIn: 'docs/metrics/workload/deployment-metrics.md of kubernetes/kube-state-metrics',
  },
  kube_statefulset_replicas: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'statefulset'],
    definedIn: 'docs/metrics/workload/statefulset-metrics.md of kubernetes/kube-state-metrics',
  },
  kube_statefulset_status_replicas_ready: {
    source: 'kubeStateMetrics',
    labels: ['namespace', 'statefulset'],
    definedIn: 'docs/metrics/workload/statefulset-metrics.md of kubernetes/kube-state-metrics',
  },
  certmanager_certificate_expiration_timestamp_seconds: {
    source: 'certManager',
    labels: ['namespace', 'name'],
    definedIn: CERTIFICATES,
  },
  certmanager_certificate_renewal_timestamp_seconds: {
    source: 'certManager',
    labels: ['namespace', 'name'],
    definedIn: CERTIFICATES,
  },
  volsync_volume_out_of_sync: {
    source: 'volSync',
    labels: ['obj_namespace', 'obj_name', 'role'],
    definedIn: 'internal/controller/metrics.go of backube/volsync',
  },
  velero_backup_last_successful_timestamp: { source: 'velero', labels: ['schedule'], definedIn: VELERO },
  velero_backup_attempt_total: { source: 'velero', labels: ['schedule'], definedIn: VELERO },
  otelcol_exporter_queue_size: { source: 'collector', labels: ['namespace', 'pod', 'exporter'], definedIn: EXPORTER },
  otelcol_exporter_queue_capacity: {
    source: 'collector',
    labels: ['namespace', 'pod', 'exporter'],
    definedIn: EXPORTER,
  },
  otelcol_exporter_sent_spans: { source: 'collector', labels: ['namespace', 'pod', 'exporter'], definedIn: EXPORTER },
  otelcol_exporter_send_failed_spans: {
    source: 'collector',
    labels: ['namespace', 'pod', 'exporter'],
    definedIn: EXPORTER,
  },
  otelcol_receiver_accepted_spans: {
    source: 'collector',
    labels: ['namespace', 'pod', 'receiver'],
    definedIn: RECEIVER,
  },
  otelcol_receiver_refused_spans: {
    source: 'collector',
    labels: ['namespace', 'pod', 'receiver'],
    definedIn: RECEIVER,
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The name of a metric in the table. */
export type MetricName = keyof typeof metrics;

type LabelOf<Name extends MetricName> = (typeof metrics)[Name]['labels'][number];

/** A regular expression that must match the whole value of a label. */
export interface Matching {
  readonly matching: string;
}

/** The required value of each label, or a regular expression for it. */
export type Labels<Name extends MetricName> = Readonly<Partial<Record<LabelOf<Name>, string | Matching>>>;

/** A selector of PromQL: `name{label="value"}`. */
export function series<Name extends MetricName>(name: Name, labels: Labels<Name>): string {
  const matchers = Object.entries<string | Matching | undefined>(labels).map(([label, value]) =>
    typeof value === 'object' ? `${label}=~${text(value.matching)}` : `${label}=${text(value ?? '')}`,
  );
  return `${name}{${matchers.join(', ')}}`;
}

/** A regular expression for any of several names. Of the characters in Kubernetes names, only the dot needs a backslash. */
export function oneOf(names: readonly string[]): Matching {
  return { matching: names.join('|').replaceAll('.', '\\.') };
}

/**
 * A metric of cert-manager for a certificate in a namespace. The ServiceMonitor of its chart has `honorLabels: false`
 * (deploy/charts/cert-manager/values.yaml). Prometheus then writes the namespace of cert-manager into `namespace`, and the
 * namespace of the certificate into `exported_namespace`. The expression matches both.
 */
export function certificateSeries(
  name: Extract<MetricName, `certmanager_${string}`>,
  namespace: string,
  certificate: Matching,
): string {
  const own = series(name, { namespace, name: certificate });
  return `(${own} or ${own.replace('namespace=', 'exported_namespace=')})`;
}

/** The metrics that an expression reads. */
export function metricsIn(expression: string): readonly MetricName[] {
  const words = new Set(expression.match(/[a-z_]+/g));
  return (Object.keys(metrics) as MetricName[]).filter((name) => words.has(name));
}

function text(value: string): string {
  return JSON.stringify(value);
}
