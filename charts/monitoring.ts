import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { dashboardLabel, intakeClaimNames, intakeName, qdrantName, tlsSecretNames } from '../config/names';
import type { StudioConfig } from '../config/studio-config';
import { PodMonitor, PrometheusRule, PrometheusRuleSpecGroupsRulesExpr } from '../imports/monitoring.coreos.com';
import { claimsToBackUp } from './backup';
import { usesSolver } from './certificates';
import { objectMeta, type StudioIdentity, selectorLabels } from './metadata';
import { alertsOf, runbookOf, type WatchedStudio } from './monitoring/alerts';
import { dashboardOf } from './monitoring/dashboard';
import { mountedClaim } from './storage';

/** The PrometheusRule, and the group of alerts in it. */
const ALERTS = 'junjo-ai-studio';

/** The ConfigMap with the dashboard. */
const DASHBOARD = 'junjo-ai-studio-dashboard';

/** The parts of a studio that alerts can watch. */
export function watchedStudio(config: StudioConfig): WatchedStudio {
  const { apiGuard, backup, edge, intake, namespace, qdrant, spansService, storage } = config;
  const issued = [
    edge && usesSolver(edge.certificate) ? tlsSecretNames.edge : undefined,
    spansService.certificate?.kind === 'issued' ? tlsSecretNames.spans : undefined,
  ];
  return {
    namespace,
    claims: [mountedClaim(storage), ...(qdrant ? [qdrantName] : [])],
    queueClaims: intake ? intakeClaimNames : [],
    apiGuard,
    certificates: issued.filter((name) => name !== undefined),
    volSync: claimsToBackUp(config),
    velero: backup.kind === 'velero' ? { name: namespace, schedule: backup.schedule } : undefined,
    intake: intake && intakeName,
  };
}

/** The studio to watch, and the identity of its objects. */
export interface MonitoringChartProps extends StudioIdentity {
  readonly watched: WatchedStudio;
}

/** Objects for the Prometheus operator (https://prometheus-operator.dev/docs/) and Grafana. */
export class MonitoringChart extends Chart {
  constructor(scope: Construct, id: string, props: MonitoringChartProps) {
    super(scope, id);
    const { namespace, watched } = props;
    new PrometheusRule(this, 'alerts', {
      metadata: objectMeta(props, ALERTS),
      spec: {
        groups: [
          {
            name: ALERTS,
            rules: alertsOf(watched).map((alert) => ({
              alert: alert.name,
              expr: PrometheusRuleSpecGroupsRulesExpr.fromString(alert.expr),
              for: alert.for,
              // The series of VolSync and Velero have the namespace of VolSync or Velero, or none.
              labels: { severity: alert.severity, namespace },
              annotations: { summary: alert.summary, description: alert.description, runbook: runbookOf(alert) },
            })),
          },
        ],
      },
    });
    if (watched.intake) {
      new PodMonitor(this, 'intake', {
        metadata: objectMeta(props, watched.intake, 'intake'),
        spec: { selector: { matchLabels: selectorLabels('intake') }, podMetricsEndpoints: [{ port: 'metrics' }] },
      });
    }
    const meta = objectMeta(props, DASHBOARD);
    new k8s.KubeConfigMap(this, 'dashboard', {
      metadata: { ...meta, labels: { ...meta.labels, [dashboardLabel]: '1' } },
      // The sidecar writes the dashboards of all namespaces into one folder, and names each file after its key (UNIQUE_FILENAMES in
      // the README of kiwigrid/k8s-sidecar).
      data: { [`${ALERTS}-${namespace}.json`]: `${JSON.stringify(dashboardOf(watched), undefined, 2)}\n` },
    });
  }
}
