import type { PlacedManifest } from '../manifest';
import { besideTheVolume } from './beside-the-volume';
import { cpuLimits } from './cpu-limits';
import { dataLabels } from './data-labels';
import { dataOutOfReach } from './data-out-of-reach';
import { disruptionBudgets } from './disruption-budgets';
import { labels } from './labels';
import { names } from './names';
import { namespaces } from './namespaces';
import { noInlineValues } from './no-inline-values';
import { oneWriter } from './one-writer';
import { ownRepository } from './own-repository';
import { podSecurity } from './pod-security';
import { ports } from './ports';
import { probes } from './probes';
import { references } from './references';
import { RenderedStudio, type StudioFacts } from './rendered-studio';
import { resources } from './resources';
import type { Rule, Violation } from './rule';
import { secondApply } from './second-apply';
import { secretsKeyByKey } from './secrets-key-by-key';
import { secretsNowhereElse } from './secrets-nowhere-else';
import { selectors } from './selectors';
import { serviceAccountToken } from './service-account-token';
import { serviceLinks } from './service-links';
import { syncWaves } from './sync-waves';

export type { StudioFacts } from './rendered-studio';
export type { Rule, Violation } from './rule';

/** Every rule, in the order in which violations are told. */
export const rules: readonly Rule[] = [
  oneWriter,
  disruptionBudgets,
  besideTheVolume,
  dataOutOfReach,
  dataLabels,
  ownRepository,
  syncWaves,
  podSecurity,
  serviceAccountToken,
  serviceLinks,
  secretsKeyByKey,
  secretsNowhereElse,
  noInlineValues,
  references,
  selectors,
  ports,
  probes,
  resources,
  cpuLimits,
  labels,
  names,
  namespaces,
  secondApply,
];

/** A violation, and the rule that it violates. */
export interface BrokenRule extends Violation {
  readonly rule: Rule;
}

/** What a rendering breaks. */
export function brokenRules(placed: readonly PlacedManifest[], facts: StudioFacts): readonly BrokenRule[] {
  const studio = new RenderedStudio(placed, facts);
  return rules.flatMap((rule) => [...rule.violations(studio)].map((violation) => ({ rule, ...violation })));
}
