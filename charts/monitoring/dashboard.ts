import { createHash } from 'node:crypto';
import { freeShare, spansOf, studioPods, usedQueue, type WatchedStudio } from './alerts';
import { certificateSeries, oneOf, series } from './metrics';

/** Columns of the dashboard's grid. */
const COLUMNS = 24;

/** Units as Grafana names them: packages/grafana-data/src/valueFormats/categories.ts of grafana/grafana. */
type Unit = 'short' | 'percentunit' | 'bytes' | 's' | 'cps';

/** A line of a panel. */
interface Line {
  readonly expr: string;
  /** Text of the legend, with labels of the series in double braces. */
  readonly legend: string;
}

/** A panel without its position. */
interface Panel {
  readonly title: string;
  readonly kind: 'timeseries' | 'stat';
  readonly unit: Unit;
  readonly width: number;
  readonly lines: readonly Line[];
}

/** Without it, a number of 80 or more is red: docs/sources/panels-visualizations/configure-thresholds of grafana/grafana. */
const WITHOUT_COLOR = { color: { mode: 'fixed', fixedColor: 'text' } };

/** The data source that the user selects. */
const DATA_SOURCE = { type: 'prometheus', uid: '$datasource' };

/** The panels for the parts that a studio has. */
export function panelsOf(studio: WatchedStudio): readonly Panel[] {
  const { namespace, claims, queueClaims, intake } = studio;
  const pods = { namespace, pod: studioPods };
  const ready = series('kube_deployment_status_replicas_ready', { namespace, deployment: studioPods });
  const wanted = series('kube_deployment_spec_replicas', { namespace, deployment: studioPods });
  return [
    stat('Ready pods', 'short', [
      { expr: `sum(${ready})${intake ? ` + sum(${intakeReady(namespace, intake)})` : ''}`, legend: 'ready' },
      { expr: `sum(${wanted})${intake ? ` + sum(${intakeWanted(namespace, intake)})` : ''}`, legend: 'desired' },
    ]),
    stat('Restarts in 24 hours', 'short', [
      {
        expr: `sum(changes(${series('kube_pod_container_status_restarts_total', pods)}[24h]))`,
        legend: 'restarts',
      },
    ]),
    stat('Time until certificates expire', 's', certificateLines(studio)),
    stat('Time since the last backup', 's', backupLines(studio)),
    stat('Claims out of sync', 'short', outOfSyncLines(studio)),
    graph('Claim usage', 'percentunit', [
      { expr: `1 - ${freeShare(namespace, [...claims, ...queueClaims])}`, legend: '{{persistentvolumeclaim}}' },
    ]),
    graph('Memory usage, relative to the limit', 'percentunit', [
      {
        expr: `max by (pod, container) (${series('container_memory_working_set_bytes', { ...pods, container: { matching: '.+' } })}) / max by (pod, container) (${series('kube_pod_container_resource_limits', { ...pods, resource: 'memory' })})`,
        legend: '{{pod}} {{container}}',
      },
    ]),
    ...(intake ? intakePanels(namespace, intake) : []),
  ].filter(({ lines }) => lines.length > 0);
}

function intakeReady(namespace: string, intake: string): string {
  return series('kube_statefulset_status_replicas_ready', { namespace, statefulset: intake });
}

function intakeWanted(namespace: string, intake: string): string {
  return series('kube_statefulset_replicas', { namespace, statefulset: intake });
}

function certificateLines({ namespace, certificates }: WatchedStudio): readonly Line[] {
  if (certificates.length === 0) return [];
  const end = certificateSeries('certmanager_certificate_expiration_timestamp_seconds', namespace, oneOf(certificates));
  return [{ expr: `${end} - time()`, legend: '{{name}}' }];
}

function backupLines({ velero }: WatchedStudio): readonly Line[] {
  if (!velero) return [];
  const last = series('velero_backup_last_successful_timestamp', { schedule: velero.name });
  return [{ expr: `time() - ${last}`, legend: 'last backup' }];
}

function outOfSyncLines({ namespace, volSync }: WatchedStudio): readonly Line[] {
  if (volSync.length === 0) return [];
  const claims = oneOf(volSync.map(({ claim }) => claim));
  const labels = { obj_namespace: namespace, obj_name: claims, role: 'source' };
  return [{ expr: `sum(${series('volsync_volume_out_of_sync', labels)})`, legend: 'claims' }];
}

function intakePanels(namespace: string, intake: string): readonly Panel[] {
  const { accepted, refused, sent, dropped } = spansOf(namespace, intake);
  const rate = (selector: string) => `sum(rate(${selector}[$__rate_interval]))`;
  return [
    graph('Intake: queue usage', 'percentunit', [{ expr: usedQueue(namespace, intake), legend: '{{pod}}' }]),
    graph('Intake: spans', 'cps', [
      { expr: rate(accepted), legend: 'accepted' },
      { expr: rate(sent), legend: 'sent to ingestion' },
      { expr: rate(refused), legend: 'refused, applications retry' },
      { expr: rate(dropped), legend: 'dropped' },
    ]),
  ];
}

function stat(title: string, unit: Unit, lines: readonly Line[]): Panel {
  return { title, kind: 'stat', unit, width: COLUMNS / 4, lines };
}

function graph(title: string, unit: Unit, lines: readonly Line[]): Panel {
  return { title, kind: 'timeseries', unit, width: COLUMNS / 2, lines };
}

/** Places panels side by side, in as many rows as they need. */
function placed(panels: readonly Panel[]): readonly (Panel & { readonly x: number; readonly y: number })[] {
  const height = { stat: 4, timeseries: 8 };
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map((panel) => {
    if (x + panel.width > COLUMNS || (rowHeight > 0 && rowHeight !== height[panel.kind]))
      [x, y, rowHeight] = [0, y + rowHeight, 0];
    const place = { ...panel, x, y };
    [x, rowHeight] = [x + panel.width, height[panel.kind]];
    return place;
  });
}

/** The dashboard of a studio, in the format of a Grafana dashboard file. */
export function dashboardOf(studio: WatchedStudio): object {
  const { namespace } = studio;
  return {
    // At most 40 characters. Every rendering of a studio has the same one.
    uid: `junjo-${createHash('sha256').update(namespace).digest('hex').slice(0, 16)}`,
    title: `Junjo AI Studio: ${namespace}`,
    tags: ['junjo-ai-studio'],
    schemaVersion: 39,
    refresh: '1m',
    time: { from: 'now-24h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }],
    },
    panels: placed(panelsOf(studio)).map(({ title, kind, unit, width, lines, x, y }, index) => ({
      id: index + 1,
      title,
      type: kind,
      datasource: DATA_SOURCE,
      gridPos: { h: kind === 'stat' ? 4 : 8, w: width, x, y },
      fieldConfig: { defaults: { unit, min: 0, ...(kind === 'stat' && WITHOUT_COLOR) }, overrides: [] },
      targets: lines.map(({ expr, legend }, line) => ({
        refId: String.fromCharCode('A'.charCodeAt(0) + line),
        datasource: DATA_SOURCE,
        expr,
        legendFormat: legend,
      })),
    })),
  };
}
