import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { pathOf } from './programs';
import type { Manifest } from './studio';

/** A series: its selector, and its values in the notation of promtool, one a minute from the start of the epoch on. */
export type Series = readonly [selector: string, values: string];

/** What an alert must do. */
export interface AlertCase {
  readonly name: string;
  readonly series: readonly Series[];
  /** When it is looked at, in minutes. */
  readonly at: number;
  /** Labels and summary of each alert that must fire. Empty: none may. */
  readonly fires: readonly { readonly labels: Readonly<Record<string, string>>; readonly summary: string }[];
}

/** Alerts as a PrometheusRule has them. */
export type Rules = readonly Manifest[];

/**
 * What `promtool test rules` says of alerts that must all do the same, and the names of those that do not:
 * https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
 */
export function testAlerts(rules: Rules, cases: readonly AlertCase[]) {
  const tests = cases.map(({ name, series, at, fires }) => ({
    name,
    interval: '1m',
    input_series: series.map(([selector, values]) => ({ series: selector, values })),
    alert_rule_test: rules.map(({ alert, labels: own, annotations }) => ({
      eval_time: `${at}m`,
      alertname: alert,
      exp_alerts: fires.map(({ labels, summary }) => ({
        exp_labels: { ...own, ...labels },
        exp_annotations: { ...annotations, summary },
      })),
    })),
  }));
  const { passes, output } = promtool('test', {
    'rules.yaml': { groups: [{ name: 'studio', rules }] },
    'tests.yaml': { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests },
  });
  return { passes, output, failed: [...output.matchAll(/alertname: ([^,]+),/g)].map(([, alert]) => alert) };
}

/** What an expression must be: the values of its series, after so many minutes. */
export interface ExpressionCase {
  readonly expr: string;
  readonly series: readonly Series[];
  readonly at: number;
  readonly samples: readonly { readonly labels: string; readonly value: number }[];
}

/** What `promtool test rules` says of expressions. */
export function testExpressions(cases: readonly ExpressionCase[]) {
  const tests = cases.map(({ expr, series, at, samples }) => ({
    interval: '1m',
    input_series: series.map(([selector, values]) => ({ series: selector, values })),
    promql_expr_test: [{ expr, eval_time: `${at}m`, exp_samples: samples }],
  }));
  return promtool('test', { 'tests.yaml': { rule_files: [], evaluation_interval: '1m', tests } });
}

/** What `promtool check rules` says. */
export function checkRules(groups: Manifest) {
  return promtool('check', { 'rules.yaml': { groups } });
}

function promtool(command: 'test' | 'check', files: Readonly<Record<string, object>>) {
  const folder = mkdtempSync(join(tmpdir(), 'promtool-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), dump(content));
    const file = command === 'test' ? 'tests.yaml' : 'rules.yaml';
    const { status, stdout, stderr } = spawnSync(pathOf('promtool'), [command, 'rules', file], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { passes: status === 0, output: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
