import { longestInterval } from '../../config/cron';
import { howToRunAnywhere, pageAnywhere } from '../../config/how-to-run';
import { defaultStudioName, workloadNames } from '../../config/names';
import { API_GUARD_CONTAINER } from '../api-guard';
import { intakeExporters, intakeReceivers } from '../intake-config';
import { GUARD_CONTAINER } from '../upgrade-guard';
import { certificateSeries, oneOf, series } from './metrics';

/** What of a studio there is to watch. */
export interface WatchedStudio {
  readonly namespace: string;
  /** Its claims with data. */
  readonly claims: readonly string[];
  /** Those with the queues of the intake, which never fill their volumes. */
  readonly queueClaims: readonly string[];
  /** Whether a guard asks for a sign-in in front of the API. */
  readonly apiGuard: boolean;
  /** Certificates that cert-manager issues and renews. */
  readonly certificates: readonly string[];
  /** Claims that VolSync backs up, and when; a ReplicationSource has the name of its claim. */
  readonly volSync: readonly { readonly claim: string; readonly schedule: string }[];
  /** The Schedule of Velero. @default Velero does not back it up */
  readonly velero?: { readonly name: string; readonly schedule: string };
  /** Name of the StatefulSet of collectors in front of ingestion. @default there is none */
  readonly intake?: string;
}

/** Where an alert looks in one studio, and for how long. */
interface Condition {
  readonly expr: string;
  /** Seconds for which it must hold. */
  readonly seconds: number;
}

/** One alert, whatever the studio. */
export interface AlertRow {
  readonly name: string;
  readonly severity: 'critical' | 'warning';
  /** One line, with the labels of the series. */
  readonly summary: string;
  /** When it fires, for the docs and for whoever gets the alert. */
  readonly meaning: string;
  /** What to do, for the same readers: Markdown, in which links have the paths of the docs. */
  readonly remedy: string;
  /** Its conditions in a studio: none where the studio has nothing that it could be about. */
  readonly conditions: (studio: WatchedStudio) => readonly Condition[];
}

/** An alert of one studio, as Prometheus takes it. */
export interface Alert extends Pick<AlertRow, 'name' | 'severity' | 'summary'> {
  /** When it fires, and what to do: whoever gets the alert may have no docs at hand. */
  readonly description: string;
  readonly expr: string;
  readonly for: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** The pods of a studio, without those that others run in its namespace: solvers of cert-manager, movers of VolSync. */
export const studioPods = { matching: `${defaultStudioName}-.+` };

/** The pods of one workload: those of a Deployment have two more parts in their names. */
function podsOf(workload: string) {
  return { matching: `${workload}-[a-z0-9]+-[a-z0-9]+` };
}

/** The share of a volume that is free, for each claim. */
export function freeShare(namespace: string, claims: readonly string[]): string {
  const labels = { namespace, persistentvolumeclaim: oneOf(claims) };
  return `${series('kubelet_volume_stats_available_bytes', labels)} / ${series('kubelet_volume_stats_capacity_bytes', labels)}`;
}

/** Whether less than a share of a claim is free, and none in so many seconds, if it fills as it did of late. */
function fills({ namespace, claims }: WatchedStudio, share: number, window: string, seconds: number): string {
  const free = series('kubelet_volume_stats_available_bytes', { namespace, persistentvolumeclaim: oneOf(claims) });
  return `predict_linear(${free}[${window}], ${seconds}) < 0 and ${freeShare(namespace, claims)} < ${share}`;
}

/** What a backup may take longer than usual before it counts as missing: a quarter of the interval, and two hours at least. */
function slackOf(interval: number): number {
  return Math.max(2 * HOUR, Math.ceil(interval / 4 / MINUTE) * MINUTE);
}

/** Every alert, in the order of the docs. */
export const alertRows: readonly AlertRow[] = [
  {
    name: 'JunjoClaimAlmostFull',
    severity: 'critical',
    summary: 'Claim {{ $labels.persistentvolumeclaim }} is almost full',
    meaning: 'Less than 5 % of the volume is free. A store that cannot write stops, and spans are lost.',
    remedy:
      'Make the claim larger, where the class can expand volumes: set `JUNJO_K8S_STORAGE_SIZE`, or the size of the claim of QDrant or the intake, and apply. See [`volume-full`](troubleshooting.md#volume-full).',
    conditions: ({ namespace, claims, queueClaims }) => [
      { expr: `${freeShare(namespace, [...claims, ...queueClaims])} < 0.05`, seconds: 5 * MINUTE },
    ],
  },
  {
    name: 'JunjoClaimFillingFast',
    severity: 'critical',
    summary: 'Claim {{ $labels.persistentvolumeclaim }} will be full within four hours',
    meaning:
      'Less than half of the volume is free, and at the speed of the last hour it is full within four hours. An application may send far more spans than usual.',
    remedy: 'Find the application that sends so much, and stop it or let it sample. Make the claim larger.',
    conditions: (studio) => [{ expr: fills(studio, 0.5, '1h', 4 * HOUR), seconds: 15 * MINUTE }],
  },
  {
    name: 'JunjoClaimFillingSlowly',
    severity: 'warning',
    summary: 'Claim {{ $labels.persistentvolumeclaim }} will be full within four days',
    meaning:
      'Less than 20 % of the volume is free, and at the speed of the last six hours it is full within four days.',
    remedy: 'Make the claim larger: set `JUNJO_K8S_STORAGE_SIZE`, or the size of the claim of QDrant, and apply.',
    conditions: (studio) => [{ expr: fills(studio, 0.2, '6h', 4 * 24 * HOUR), seconds: HOUR }],
  },
  {
    name: 'JunjoPodRestarting',
    severity: 'warning',
    summary: 'Container {{ $labels.container }} of {{ $labels.pod }} restarts',
    meaning: 'A container restarted more than twice within six hours.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which names the cause. Often it is [\`oom-killed\`](troubleshooting.md#oom-killed): choose a larger \`JUNJO_K8S_SIZE\`.`,
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
    summary: '{{ or $labels.deployment $labels.statefulset }} has fewer ready pods than it should have',
    meaning:
      'For half an hour a workload has had fewer ready pods than its replicas. A backend may migrate for fifteen minutes, and ingestion waits for it.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which names the cause and the next step.`,
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
    summary: 'More than one pod of {{ $labels.component }} runs',
    meaning:
      'Two pods of the backend or of ingestion have run at the same time for five minutes. Two writers damage the databases. A pod that ends takes two minutes at most.',
    remedy:
      'Stop one of them before anything else. See [`two-writers`](troubleshooting.md#two-writers), and [`node-lost`](troubleshooting.md#node-lost) where a node does not answer.',
    conditions: ({ namespace }) => {
      const writers = [workloadNames.backend, workloadNames.ingestion].map((name) => podsOf(name).matching);
      const running = series('kube_pod_status_phase', {
        namespace,
        pod: oneOf(writers),
        phase: 'Running',
      });
      // Each pod counts once, however many kube-state-metrics there are.
      const pods = `max by (namespace, pod) (${running} == 1)`;
      const component = `label_replace(${pods}, "component", "$1", "pod", "${defaultStudioName}-([a-z]+)-.+")`;
      return [{ expr: `count by (namespace, component) (${component}) > 1`, seconds: 5 * MINUTE }];
    },
  },
  {
    name: 'JunjoUpgradeGuardTripped',
    severity: 'critical',
    summary: 'The upgrade guard keeps {{ $labels.pod }} from starting',
    meaning:
      'The init container upgrade-guard ended with an error, and has not ended well since. It keeps a release from data that the release cannot read, so the studio is down and the data is untouched.',
    remedy: `Read what it says: \`${howToRunAnywhere('status')}\` shows it. See [\`guard-tripped\`](troubleshooting.md#guard-tripped), and [\`guard-crashed\`](troubleshooting.md#guard-crashed) where it judged nothing.`,
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
    summary: 'The guard of the API in {{ $labels.pod }} does not answer',
    meaning:
      'The backend is ready, and the guard in front of it is not. Nobody reaches the API until the guard runs again; no span is shown without a sign-in.',
    remedy:
      'Read the log of the container `guard` of the backend. Where it was killed for its memory, somebody sends requests with very large headers: close the edge with `JUNJO_K8S_WEB_SOURCE_RANGES`.',
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
      'A third of the time between the planned renewal and the end of the certificate is over, and cert-manager has not renewed it. A certificate that is renewed thirty days before its end then has twenty days left.',
    remedy: `Run \`${howToRunAnywhere('status')}\`. See [\`certificate-expiring\`](troubleshooting.md#certificate-expiring).`,
    conditions: ({ namespace, certificates }) => {
      const [end, renewal] = (['expiration', 'renewal'] as const).map((what) =>
        certificateSeries(`certmanager_certificate_${what}_timestamp_seconds`, namespace, oneOf(certificates)),
      );
      // Of a certificate that was never issued both times are 0: it has no end that could be near.
      const expr = `(time() - ${renewal}) / (${end} - ${renewal} > 0) > 1 / 3`;
      return certificates.length > 0 ? [{ expr, seconds: HOUR }] : [];
    },
  },
  {
    name: 'JunjoBackupMissed',
    severity: 'critical',
    summary: 'VolSync has no recent backup of {{ $labels.obj_name }}',
    meaning:
      'VolSync says that the claim is out of sync: no backup was completed yet, or none between one time of its schedule and the next.',
    remedy: `Run \`${howToRunAnywhere('status')}\`. See [\`backup-failed\`](troubleshooting.md#backup-failed) and [\`backup-locked\`](troubleshooting.md#backup-locked).`,
    conditions: ({ namespace, volSync }) =>
      // The time that a backup may take differs with the schedule, so those with one schedule share a condition.
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
      'The last completed backup is older than the longest interval of the schedule, or Velero tried and has completed none. A backup may take a quarter of the interval, and two hours at least.',
    remedy: 'Run `velero backup get`, and `velero backup describe NAME --details` for the last one that failed.',
    conditions: ({ velero }) => {
      if (!velero) return [];
      const interval = longestInterval(velero.schedule);
      const last = series('velero_backup_last_successful_timestamp', { schedule: velero.name });
      const attempts = series('velero_backup_attempt_total', { schedule: velero.name });
      // The counter is of the server that runs now; it finds the time of the last success in the backups that exist.
      const expr = `time() - ${last} > ${interval} or (${attempts} > 0 unless ${last})`;
      return [{ expr, seconds: slackOf(interval) }];
    },
  },
  {
    name: 'JunjoIntakeQueueFilling',
    severity: 'warning',
    summary: 'The queue of {{ $labels.pod }} is more than half full',
    meaning:
      'Spans wait in the intake because ingestion does not take them, or not fast enough. They are safe until the queue is full.',
    remedy: `Run \`${howToRunAnywhere('status')}\`, which says why ingestion is not ready. Backups and restores stop it, too.`,
    conditions: ({ namespace, intake }) =>
      intake ? [{ expr: `max by (namespace, pod) (${usedQueue(namespace, intake)}) > 0.5`, seconds: 15 * MINUTE }] : [],
  },
  {
    name: 'JunjoIntakeRefusesSpans',
    severity: 'critical',
    summary: '{{ $labels.pod }} refuses spans',
    meaning:
      'The intake does not accept spans, mostly because its queue is full. Applications try again for a while, then their spans are lost.',
    remedy: `Bring ingestion back first: run \`${howToRunAnywhere('status')}\`. A larger \`JUNJO_K8S_INTAKE_STORAGE_SIZE\` lasts longer.`,
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
      'Ingestion refused spans of the intake for good, and they are lost. Mostly an application sends a key that ingestion does not know.',
    remedy:
      'Read the log of the intake for `Dropping data`, which has the reason. For `Unauthenticated`, find the application with the wrong key. `JUNJO_K8S_INTAKE_KEYS` lets the intake refuse such keys at once. A collector that stops may count here what it was sending. These spans stay in its queue, and it sends them when it runs again.',
    conditions: ({ namespace, intake }) => {
      if (!intake) return [];
      const { dropped } = spansOf(namespace, intake);
      // The series begins with the first failure (endOp of exporterhelper/internal/obs_report_sender.go), where nothing increases.
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
 * What becomes of spans in the collectors. Each span passes two receivers and two exporters of a collector. While ingestion does
 * not answer, the second of each count every try as refused and failed, and no span is lost.
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
    const description = `${meaning} ${withoutLinks(remedy)}`;
    return conditions(studio).map(({ expr, seconds }) => ({ ...row, description, expr, for: `${seconds / MINUTE}m` }));
  });
}

/** The text of Markdown, where nothing follows its links. */
function withoutLinks(text: string): string {
  return text.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1');
}

/** Page and heading that say what to do about an alert. */
export function runbookOf({ name }: Pick<AlertRow, 'name'>): string {
  return pageAnywhere('docs/monitoring.md', name);
}
