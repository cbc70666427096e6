import { longestInterval } from '../../config/cron';
import { howToRunAnywhere, pageAnywhere } from '../../config/how-to-run';
import { defaultStudioName, workloadNames } from '../../config/names';
import { API_GUARD_CONTAINER } from '../api-guard';
import { intakeExporters, intakeReceivers } from '../intake-config';
import { GUARD_CONTAINER } from '../upgrade-guard';
import { certificateSeries, oneOf, series } from './metrics';

/** The parts of a studio that alerts can watch. */
export interface WatchedStudio {
  readonly namespace: string;
  /** Claims with data. */
  readonly claims: readonly string[];
  /** Claims with the queues of the intake. A queue never fills its volume. */
  readonly queueClaims: readonly string[];
  /** Whether a guard in front of the API requires a sign-in. */
  readonly apiGuard: boolean;
  /** Certificates that cert-manager issues and renews. */
  readonly certificates: readonly string[];
  /** Claims that VolSync backs up, and their schedules. A ReplicationSource has the same name as its claim. */
  readonly volSync: readonly { readonly claim: string; readonly schedule: string }[];
  /** The Schedule of Velero. @default Velero does not back up the studio */
  readonly velero?: { readonly name: string; readonly schedule: string };
  /** Name of the StatefulSet of collectors in front of ingestion. @default there is none */
  readonly intake?: string;
}

/** An expression for one studio, and how long it must hold. */
interface Condition {
  readonly expr: string;
  /** Seconds for which the expression must hold. */
  readonly seconds: number;
}

/** An alert, independent of any studio. */
export interface AlertRow {
  readonly name: string;
  readonly severity: 'critical' | 'warning';
  /** One line. It may use the labels of the series. */
  readonly summary: string;
  /** What the alert means. Both the docs and the alert show it. */
  readonly meaning: string;
  /** What to do, in Markdown. Links are relative to docs/. Both the docs and the alert show it. */
  readonly remedy: string;
  /** The conditions for a studio. The list is empty if the studio lacks the part that the alert watches. */
  readonly conditions: (studio: WatchedStudio) => readonly Condition[];
}

/** An alert of one studio, as Prometheus reads it. */
export interface Alert extends Pick<AlertRow, 'name' | 'severity' | 'summary'> {
  /** What the alert means and what to do, because its reader may not have the docs. */
  readonly description: string;
  readonly expr: string;
  readonly for: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** The pods of a studio. Solvers of cert-manager and movers of VolSync, which run in the same namespace, do not match. */
export const studioPods = { matching: `${defaultStudioName}-.+` };

/** The pods of one Deployment. Their names have two more parts than the name of the Deployment. */
function podsOf(workload: string) {
  return { matching: `${workload}-[a-z0-9]+-[a-z0-9]+` };
}

/** The share of a volume that is free, for each claim. */
export function freeShare(namespace: string, claims: readonly string[]): string {
  const labels = { namespace, persistentvolumeclaim: oneOf(claims) };
  return `${series('kubelet_volume_stats_available_bytes', labels)} / ${series('kubelet_volume_stats_capacity_bytes', labels)}`;
}

/** Matches claims with less free space than a share, and none left after some seconds at the rate of a window. */
function fills({ namespace, claims }: WatchedStudio, share: number, window: string, seconds: number): string {
  const free = series('kubelet_volume_stats_available_bytes', { namespace, persistentvolumeclaim: oneOf(claims) });
  return `predict_linear(${free}[${window}], ${seconds}) < 0 and ${freeShare(namespace, claims)} < ${share}`;
}

/** Seconds after which a late backup counts as missing: a quarter of the interval, and at least two hours. */
function slackOf(interval: number): number {
  return Math.max(2 * HOUR, Math.ceil(interval / 4 / MINUTE) * MINUTE);
}

/** How to expand the claim of an alert. */
const expand =
  'Set a larger `JUNJO_K8S_STORAGE_SIZE`, or `JUNJO_K8S_QDRANT_STORAGE_SIZE` for the claim of QDrant. Then render and apply.';

/** Every alert, in the order of the docs. */
export const alertRows: readonly AlertRow[] = [
  {
    name: 'JunjoClaimAlmostFull',
    severity: 'critical',
    summary: 'Claim {{ $labels.persistentvolumeclaim }} is almost full',
    meaning: 'Less than 5 % of the volume is free. When the volume is full, the database stops, and spans are lost.',
    remedy: `Expand the claim, if its storage class allows that. ${expand} For a claim of the intake, set \`JUNJO_K8S_INTAKE_STORAGE_SIZE\`. See [\`volume-full\`](troubleshooting.md#volume-full).`,
    conditions: ({ namespace, claims, queueClaims }) => [
      { expr: `${freeShare(namespace, [...claims, ...queueClaims])} < 0.05`, seconds: 5 * MINUTE },
    ],
  },
  {
    name: 'JunjoClaimFillingFast',
    severity: 'critical',
    summary: 'Claim {{ $labels.persistentvolumeclaim }} will be full within four hours',
    meaning:
      'Less than half of the volume is free. At the rate of the last hour, the volume is full within four hours. An application may be sending far more spans than usual.',
    remedy: `Find the application that sends so many spans. Stop it, or configure it to sample. Then expand the claim. ${expand}`,
    conditions: (studio) => [{ expr: fills(studio, 0.5, '1h', 4 * HOUR), seconds: 15 * MINUTE }],
  },
  {
    name: 'JunjoClaimFillingSlowly',
    severity: 'warning',
    summary: 'Claim {{ $labels.persistentvolumeclaim }} will be full within four days',
    meaning:
      'Less than 20 % of the volume is free. At the rate of the last six hours, the volume is full within four days.',
    remedy: `Expand the claim. ${expand}`,
    conditions: (studio) => [{ expr: fills(studio, 0.2, '6h', 4 * 24 * HOUR), seconds: HOUR }],
  },
  {
    name: 'JunjoPodRestarting',
    severity: 'warning',
    summary: 'Container {{ $labels.container }} of {{ $labels.pod }} keeps restarting',
    meaning: 'A container restarted more than twice within six hours.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which shows the cause. If the container ran out of memory, set a larger \`JUNJO_K8S_SIZE\`. See [\`oom-killed\`](troubleshooting.md#oom-killed).`,
    conditions: ({ namespace }) => [
      {
        expr: `changes(${series('kube_pod_container_status_restarts_total', { namespace, pod: studioPods })}[6h]) > 2`,
        seconds: 5 * MINUTE,
      },
    ],
  },
  {
    name: 'JunjoPodsNotReady',
    severity: 'critical',
    summary: '{{ or $labels.deployment $labels.statefulset }} has fewer ready pods than replicas',
    meaning:
      'A workload has had fewer ready pods than replicas for half an hour. A shorter time is normal: a backend may migrate for fifteen minutes, and ingestion waits for it.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which shows the cause and the next step.`,
    conditions: ({ namespace, intake }) => {
      const deployment = { namespace, deployment: studioPods };
      const ofDeployments = `${series('kube_deployment_status_replicas_ready', deployment)} < ${series('kube_deployment_spec_replicas', deployment)}`;
      const statefulSet = { namespace, statefulset: intake };
      const ofIntake = `${series('kube_statefulset_status_replicas_ready', statefulSet)} < ${series('kube_statefulset_replicas', statefulSet)}`;
      return [{ expr: intake ? `${ofDeployments} or ${ofIntake}` : ofDeployments, seconds: 30 * MINUTE }];
    },
  },
  {
    name: 'JunjoTwoWriters',
    severity: 'critical',
    summary: 'More than one pod of {{ $labels.component }} is running',
    meaning:
      'Two pods of the backend, or two of ingestion, have run at the same time for five minutes. Two writers damage the databases. A pod takes at most two minutes to stop.',
    remedy:
      'First, stop one of the two pods. See [`two-writers`](troubleshooting.md#two-writers). If a node does not answer, see [`node-lost`](troubleshooting.md#node-lost).',
    conditions: ({ namespace }) => {
      const writers = [workloadNames.backend, workloadNames.ingestion].map((name) => podsOf(name).matching);
      const running = series('kube_pod_status_phase', {
        namespace,
        pod: oneOf(writers),
        phase: 'Running',
      });
      // Each pod counts once, even if several kube-state-metrics run.
      const pods = `max by (namespace, pod) (${running} == 1)`;
      const component = `label_replace(${pods}, "component", "$1", "pod", "${defaultStudioName}-([a-z]+)-.+")`;
      return [{ expr: `count by (namespace, component) (${component}) > 1`, seconds: 5 * MINUTE }];
    },
  },
  {
    name: 'JunjoUpgradeGuardTripped',
    severity: 'critical',
    summary: 'The upgrade guard prevents {{ $labels.pod }} from starting',
    meaning:
      'The init container `upgrade-guard` failed, and has not succeeded since. It stops a release from opening data that the release cannot read. The studio is down, and the data is unchanged.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which shows the message of the guard. See [\`guard-tripped\`](troubleshooting.md#guard-tripped). If the guard itself crashed, see [\`guard-crashed\`](troubleshooting.md#guard-crashed).`,
    conditions: ({ namespace }) => {
      const guard = { namespace, pod: podsOf(workloadNames.backend), container: GUARD_CONTAINER };
      const ended = `${series('kube_pod_init_container_status_restarts_total', guard)} > 0`;
      const pending = `${series('kube_pod_init_container_status_ready', guard)} == 0`;
      return [{ expr: `${ended} and ${pending}`, seconds: 5 * MINUTE }];
    },
  },
  {
    name: 'JunjoApiGuardDown',
    severity: 'critical',
    summary: 'The API guard in {{ $labels.pod }} is not ready',
    meaning:
      'The backend is ready, but the guard in front of it is not. The API is unreachable until the guard runs again. Spans stay protected: no request without a sign-in reaches them.',
    remedy:
      'Read the log of the container `guard` in the pod of the backend. If it ran out of memory, a client is sending requests with very large headers. Limit which addresses can connect with `JUNJO_K8S_WEB_SOURCE_RANGES`.',
    conditions: ({ namespace, apiGuard }) => {
      const ready = (container: string) =>
        series('kube_pod_container_status_ready', { namespace, pod: podsOf(workloadNames.backend), container });
      const expr = `${ready(API_GUARD_CONTAINER)} == 0 and on (namespace, pod) ${ready('backend')} == 1`;
      return apiGuard ? [{ expr, seconds: 5 * MINUTE }] : [];
    },
  },
  {
    name: 'JunjoCertificateExpiring',
    severity: 'warning',
    summary: 'Certificate {{ $labels.name }} was not renewed',
    meaning:
      'cert-manager has not renewed the certificate, and a third of the time between planned renewal and expiry has passed. If the renewal was planned thirty days before expiry, twenty days are left.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which shows the cause. See [\`certificate-expiring\`](troubleshooting.md#certificate-expiring).`,
    conditions: ({ namespace, certificates }) => {
      const [end, renewal] = (['expiration', 'renewal'] as const).map((what) =>
        certificateSeries(`certmanager_certificate_${what}_timestamp_seconds`, namespace, oneOf(certificates)),
      );
      // Both times are 0 for a certificate that was never issued, so it cannot fire this alert.
      const expr = `(time() - ${renewal}) / (${end} - ${renewal} > 0) > 1 / 3`;
      return certificates.length > 0 ? [{ expr, seconds: HOUR }] : [];
    },
  },
  {
    name: 'JunjoBackupMissed',
    severity: 'critical',
    summary: 'VolSync has no recent backup of {{ $labels.obj_name }}',
    meaning:
      'VolSync reports that the claim is out of sync. Either no backup has completed yet, or none completed between two scheduled times.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which shows the cause. See [\`backup-failed\`](troubleshooting.md#backup-failed) and [\`backup-locked\`](troubleshooting.md#backup-locked).`,
    conditions: ({ namespace, volSync }) =>
      // The allowed time depends on the schedule, so claims with the same allowed time share a condition.
      [...new Set(volSync.map(({ schedule }) => slackOf(longestInterval(schedule))))].map((seconds) => {
        const claims = volSync.filter(({ schedule }) => slackOf(longestInterval(schedule)) === seconds);
        const labels = {
          obj_namespace: namespace,
          obj_name: oneOf(claims.map(({ claim }) => claim)),
          role: 'source',
        };
        return { expr: `${series('volsync_volume_out_of_sync', labels)} == 1`, seconds };
      }),
  },
  {
    name: 'JunjoBackupTooOld',
    severity: 'critical',
    summary: 'Velero has no recent backup of the studio',
    meaning:
      'The last completed backup is older than the longest interval of the schedule, or no attempt has ever completed. The alert first allows a quarter of the interval for the backup, and at least two hours.',
    remedy:
      'Run `velero backup get` to list the backups. Then run `velero backup describe NAME --details` for the last one that failed.',
    conditions: ({ velero }) => {
      if (!velero) return [];
      const interval = longestInterval(velero.schedule);
      const last = series('velero_backup_last_successful_timestamp', { schedule: velero.name });
      const attempts = series('velero_backup_attempt_total', { schedule: velero.name });
      // The counter starts at 0 with each server. The server reads the time of the last success from the existing backups.
      const expr = `time() - ${last} > ${interval} or (${attempts} > 0 unless ${last})`;
      return [{ expr, seconds: slackOf(interval) }];
    },
  },
  {
    name: 'JunjoIntakeQueueFilling',
    severity: 'warning',
    summary: 'The queue of {{ $labels.pod }} is more than half full',
    meaning:
      'Spans wait in the intake (the collectors in front of ingestion), because ingestion is down or too slow. They are safe until the queue is full.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which shows why ingestion is not ready. Ingestion is also down during a backup or a restore.`,
    conditions: ({ namespace, intake }) =>
      intake ? [{ expr: `max by (namespace, pod) (${usedQueue(namespace, intake)}) > 0.5`, seconds: 15 * MINUTE }] : [],
  },
  {
    name: 'JunjoIntakeRefusesSpans',
    severity: 'critical',
    summary: '{{ $labels.pod }} refuses spans',
    meaning:
      'The intake refuses spans, usually because its queue is full. Applications retry for a while, then their spans are lost.',
    remedy: `Bring ingestion back first. Run \`${howToRunAnywhere('status')}\`, which shows why it is not ready. To survive longer outages, set a larger \`JUNJO_K8S_INTAKE_STORAGE_SIZE\`.`,
    conditions: ({ namespace, intake }) => {
      if (!intake) return [];
      const { refused } = spansOf(namespace, intake);
      return [{ expr: `sum by (namespace, pod) (rate(${refused}[5m])) > 0`, seconds: 5 * MINUTE }];
    },
  },
  {
    name: 'JunjoIntakeDropsSpans',
    severity: 'warning',
    summary: '{{ $labels.pod }} drops spans that it accepted',
    meaning:
      'Ingestion rejected spans from the intake permanently, and these spans are lost. Usually an application sends an API key that ingestion does not know.',
    remedy:
      'Search the log of the intake for `Dropping data`, which gives the reason. If the reason is `Unauthenticated`, find the application with the wrong key. Set `JUNJO_K8S_INTAKE_KEYS` to refuse wrong keys at once. A collector that stops can also trigger this alert. The spans that it was sending stay in its queue, and it sends them when it runs again.',
    conditions: ({ namespace, intake }) => {
      if (!intake) return [];
      const { dropped } = spansOf(namespace, intake);
      // The first failure creates the series (endOp of exporterhelper/internal/obs_report_sender.go), so increase() misses it.
      const rises = `sum by (namespace, pod) (increase(${dropped}[15m])) > 0`;
      const begins = `(sum by (namespace, pod) (${dropped}) > 0 unless sum by (namespace, pod) (${dropped} offset 15m))`;
      return [{ expr: `${rises} or ${begins}`, seconds: MINUTE }];
    },
  },
];

/** The share of the queue that is used, for each collector. */
export function usedQueue(namespace: string, intake: string): string {
  const labels = { namespace, pod: collectors(intake), exporter: intakeExporters.queue };
  return `${series('otelcol_exporter_queue_size', labels)} / ${series('otelcol_exporter_queue_capacity', labels)}`;
}

/**
 * Counters of spans in the collectors. Each span passes two receivers and two exporters of a collector. While ingestion does not
 * answer, the second receiver and the second exporter count every retry as a failure. These are left out, because no span is lost.
 */
export function spansOf(namespace: string, intake: string) {
  const pods = { namespace, pod: collectors(intake) };
  const received = { ...pods, receiver: oneOf([intakeReceivers.applications, intakeReceivers.edge]) };
  const exported = { ...pods, exporter: intakeExporters.queue };
  return {
    accepted: series('otelcol_receiver_accepted_spans', received),
    refused: series('otelcol_receiver_refused_spans', received),
    sent: series('otelcol_exporter_sent_spans', exported),
    dropped: series('otelcol_exporter_send_failed_spans', exported),
  };
}

function collectors(intake: string) {
  return { matching: `${intake}-[0-9]+` };
}

/** The alerts of a studio. */
export function alertsOf(studio: WatchedStudio): readonly Alert[] {
  return alertRows.flatMap(({ conditions, meaning, remedy, ...row }) => {
    const description = `${meaning} ${withPages(remedy)}`;
    return conditions(studio).map(({ expr, seconds }) => ({ ...row, description, expr, for: `${seconds / MINUTE}m` }));
  });
}

/** Replaces each link to a heading with its page and heading, for readers outside the docs. */
function withPages(text: string): string {
  return text.replaceAll(/\[`([^\]]+)`\]\(([\w.-]+)#[^)]+\)/g, (_, heading, file) =>
    pageAnywhere(`docs/${file}`, heading),
  );
}

/** The page and heading that explain an alert. */
export function runbookOf({ name }: Pick<AlertRow, 'name'>): string {
  return pageAnywhere('docs/monitoring.md', name);
}
