import { podSecurityOf } from '../charts/namespace';
import type { Waiver } from '../config/patch-file';
import type { Problem } from '../config/problems';
import type { StudioConfig } from '../config/studio-config';
import { type BrokenRule, brokenRules, type PlacedManifest, rules, type StudioFacts } from '../rules';
import { patched } from './patches';

/** Objects with their patches, and what they break. */
export interface Judged {
  readonly placed: readonly PlacedManifest[];
  readonly problems: readonly Problem[];
}

/** Patches objects, and holds them against the rules. */
export function judged(rendered: readonly PlacedManifest[], config: StudioConfig): Judged {
  const { placed, problems } = patched(rendered, config.patches);
  if (problems.length > 0) return { placed: rendered, problems };
  const broken = brokenRules(placed, factsOf(config));
  return {
    placed,
    problems: [
      ...config.waivers.map((waiver) => waived(waiver, broken)),
      ...broken
        .filter(({ rule }) => !config.waivers.some((waiver) => waiver.rule === rule.name))
        .map((violation) => blamed(violation, rendered, config)),
    ],
  };
}

/** What the rules must know of a studio beside its objects. */
export function factsOf(config: StudioConfig): StudioFacts {
  const { namespace, settings, secrets } = config;
  const named = Object.values(settings).flatMap((variables) => Object.keys(variables));
  const secret = Object.values(secrets.readers).flatMap((keys) => keys.map(({ key }) => key));
  return { namespace, podSecurity: podSecurityOf(config), settings: new Set([...named, ...secret]) };
}

/** Says every time what a waiver lets pass. */
function waived({ place, rule, reason }: Waiver, broken: readonly BrokenRule[]): Problem {
  if (!rules.some(({ name }) => name === rule)) {
    const known = rules.map(({ name }) => name).join(', ');
    return { severity: 'error', ...place, text: `${rule} is no rule. The rules are: ${known}` };
  }
  const passed = broken.filter((each) => each.rule.name === rule).map(({ object, text }) => `${object}: ${text}`);
  return passed.length > 0
    ? { severity: 'warning', ...place, text: `waives the rule ${rule} (${reason}). ${passed.join('; ')}` }
    : { severity: 'warning', ...place, text: `waives the rule ${rule}, which nothing breaks. Remove it` };
}

/** A violation is the fault of the patch that brought it, or ours. */
function blamed(violation: BrokenRule, rendered: readonly PlacedManifest[], config: StudioConfig): Problem {
  const { rule, object, text } = violation;
  const isThere = (placed: readonly PlacedManifest[]) =>
    brokenRules(placed, factsOf(config)).some(
      (other) => other.rule === rule && other.object === object && other.text === text,
    );
  const what = `breaks the rule ${rule.name}: ${object}: ${text}. The rule is there because ${rule.reason} (${rule.source})`;
  const guilty = config.patches.find((_, index) =>
    isThere(patched(rendered, config.patches.slice(0, index + 1)).placed),
  );
  return guilty && !isThere(rendered)
    ? { severity: 'error', ...guilty.place, text: what }
    : {
        severity: 'error',
        file: `studio ${config.name}`,
        text: `${what}. This is a mistake of these charts and not yours: please report it. JUNJO_K8S_PATCHES can waive the rule meanwhile`,
      };
}
