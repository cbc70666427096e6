import { type AlertRow, alertRows, type WatchedStudio } from '../../charts/monitoring/alerts';
import { metricSources, metrics, metricsIn } from '../../charts/monitoring/metrics';
import { defaultStudioName } from '../../config/names';
import { type Parts, table } from './page';

/** A studio with every part that an alert watches, and with each kind of backup. */
const whole: WatchedStudio = {
  namespace: defaultStudioName,
  claims: ['CLAIM'],
  queueClaims: ['QUEUE'],
  apiGuard: true,
  certificates: ['CERTIFICATE'],
  volSync: [{ claim: 'CLAIM', schedule: '17 3 * * *' }],
  velero: { name: defaultStudioName, schedule: '17 3 * * *' },
  intake: 'INTAKE',
};

/** The meaning of each alert, and the origin of its metrics: the generated parts of `docs/monitoring.md`. */
export function monitoringPage(): Parts {
  const sources = Object.values(metricSources).map(({ name, needs }) => [name, needs]);
  const names = Object.entries(metrics).map(([name, { source, labels, definedIn }]) => [
    `\`${name}\``,
    metricSources[source].name,
    labels.map((label) => `\`${label}\``).join(', '),
    definedIn,
  ]);
  return {
    sources: table(['metrics of', 'you need'], sources),
    alerts: alertRows.map(section).join('\n\n'),
    metrics: table(['metric', 'of', 'labels in use', 'defined in'], names),
  };
}

function section(row: AlertRow): string {
  const conditions = row.conditions(whole);
  const used = conditions
    .flatMap(({ expr }) => metricsIn(expr))
    .map((name) => metricSources[metrics[name].source].name);
  const times = [...new Set(conditions.map(({ seconds }) => duration(seconds)))].join(' and ');
  return [
    `### \`${row.name}\``,
    '',
    `Severity \`${row.severity}\`. It fires after ${times}, from metrics of ${[...new Set(used)].join(' and ')}.`,
    '',
    row.meaning,
    '',
    row.remedy,
  ].join('\n');
}

function duration(seconds: number): string {
  const [count, unit] = seconds % 3600 === 0 ? [seconds / 3600, 'hour'] : [seconds / 60, 'minute'];
  return count === 1 ? `one ${unit}` : `${count} ${unit}s`;
}
