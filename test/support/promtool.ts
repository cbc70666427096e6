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

/** What `promtool test rules` says of one alert: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/ */
export function testAlert(rules: Rules, alert: string, cases: readonly AlertCase[]) {
  const rule = rules.find((each) => each.alert === alert);
  const tests = cases.map(({ name, series, at, fires }) => ({
    name,
    interval: '1m',
    input_series: series.map(([selector, values]) => ({ series: selector, values })),
    alert_rule_test: [
      {
        eval_time: `${at}m`,
        alertname: alert,
        exp_alerts: fires.map(({ labels, summary }) => ({
          exp_labels: { ...rule?.labels, ...labels },
          exp_annotations: { ...rule?.annotations, summary },
        })),
      },
    ],
  }));
  return promtool('test', {
    'rules.yaml': { groups: [{ name: 'studio', rules: rules.filter((each) => each.alert === alert) }] },
    'tests.yaml': { rule_files: ['rules.yaml'], evaluation_interval: '1m', tests },
  });
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
