import type { PlacedManifest } from '../manifest';
import { applied } from './applied';
import { argoCdProject } from './argo-cd-project';
import { backups } from './backups';
import { besideTheVolume } from './beside-the-volume';
import { cpuLimits } from './cpu-limits';
import { dataLabels } from './data-labels';
import { dataOutOfReach } from './data-out-of-reach';
import { disruptionBudgets } from './disruption-budgets';
import { fluxKustomizations } from './flux-kustomizations';
import { guards } from './guards';
import { hooks } from './hooks';
import { hostPaths } from './host-paths';
import { intake } from './intake';
import { internalPorts } from './internal-ports';
import { internalServices } from './internal-services';
import { labels } from './labels';
import { names } from './names';
import { namespaces } from './namespaces';
import { networkPolicies } from './network-policies';
import { noInlineValues } from './no-inline-values';
import { oneWriter } from './one-writer';
import { origins } from './origins';
import { ownRepository } from './own-repository';
import { ownSecrets } from './own-secrets';
import { podSecurity } from './pod-security';
import { ports } from './ports';
import { probes } from './probes';
import { references } from './references';
import { RenderedStudio, type StudioFacts } from './rendered-studio';
import { resources } from './resources';
import type { Rule, Violation } from './rule';
import { secondApply } from './second-apply';
import { secretMakers } from './secret-makers';
import { secretsKeyByKey } from './secrets-key-by-key';
import { secretsNowhereElse } from './secrets-nowhere-else';
import { selectors } from './selectors';
import { serviceAccountToken } from './service-account-token';
import { serviceLinks } from './service-links';
import { sourceRanges } from './source-ranges';
import { syncWaves } from './sync-waves';
import { tls } from './tls';
import { wiring } from './wiring';

export type { StudioFacts } from './rendered-studio';
export type { Rule, Violation } from './rule';

/** Every rule, in the order in which violations are reported. */
export const rules: readonly Rule[] = [
  oneWriter,
  disruptionBudgets,
  besideTheVolume,
  dataOutOfReach,
  dataLabels,
  ownRepository,
  backups,
  hooks,
  applied,
  syncWaves,
  networkPolicies,
  internalPorts,
  internalServices,
  sourceRanges,
  origins,
  tls,
  guards,
  intake,
  wiring,
  argoCdProject,
  fluxKustomizations,
  podSecurity,
  hostPaths,
  serviceAccountToken,
  serviceLinks,
  secretsKeyByKey,
  ownSecrets,
  secretMakers,
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

/**
 * What a rendering breaks.
 * @param rendered its objects before patches. @default nothing changed them
 */
export function brokenRules(
  placed: readonly PlacedManifest[],
  facts: StudioFacts,
  rendered?: readonly PlacedManifest[],
): readonly BrokenRule[] {
  const studio = new RenderedStudio(placed, facts, rendered);
  return rules.flatMap((rule) =>
    [...rule.violations(studio)].map(({ object, text, ...more }) => {
      return { rule, object: facts.secrets.masked(object), text: facts.secrets.masked(text), ...more };
    }),
  );
}
