import { type AlertRow, alertRows, type WatchedStudio } from '../../charts/monitoring/alerts';
import { metricSources, metrics, metricsIn } from '../../charts/monitoring/metrics';
import { defaultStudioName } from '../../config/names';
import { type Parts, table } from './page';

/** A studio that has everything that an alert is about, with each kind of backup. */
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

/** What each alert means, and where its metrics come from: the generated parts of `docs/monitoring.md`. */
export function monitoringPage(): Parts {
  const sources = Object.values(metricSources).map(({ name, needs }) => [name, needs]);
  const names = Object.entries(metrics).map(([name, { source, labels, definedIn }]) => [
    `\`${name}\``,
    metricSources[source].name,
    labels.map((label) => `\`${label}\``).join(', '),
    definedIn,
  ]);
  return {
    sources: table(['metrics of', 'what they need'], sources),
    alerts: alertRows.map(section).join('\n\n'),
    metrics: table(['metric', 'of', 'labels that are used', 'where it is defined'], names),
  };
}

function section(row: AlertRow): string {
  const conditions = row.conditions(whole);
  const used = conditions
    .flatMap(({ expr }) => metricsIn(expr))
    .map((name) => metricSources[metrics[name].source].name);
  const minutes = [...new Set(conditions.map(({ seconds }) => seconds / 60))].join(' and ');
  return [
    `### \`${row.name}\``,
    '',
    `${row.severity}, after ${minutes} minutes, from metrics of ${[...new Set(used)].join(' and ')}.`,
    '',
    row.meaning,
    '',
    row.remedy,
  ].join('\n');
}
