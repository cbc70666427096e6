import { podSecurityOf } from '../charts/namespace';
import type { Patch, Waiver } from '../config/patch-file';
import type { Problem } from '../config/problems';
import type { StudioConfig } from '../config/studio-config';
import type { PlacedManifest } from './manifest';
import { patched } from './patches';
import { type BrokenRule, brokenRules, type Rule, rules, type StudioFacts } from './rules';

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
  const inForce = broken.filter(({ rule }) => !config.waivers.some((waiver) => waiver.rule === rule.name));
  return {
    placed,
    problems: [...config.waivers.map((waiver) => waived(waiver, broken)), ...blamed(inForce, rendered, config)],
  };
}

/** What the rules must know of a studio beside its objects. */
export function factsOf(config: StudioConfig): StudioFacts {
  const { backup, namespace, settings, secrets } = config;
  const veleroNamespace = backup.kind === 'velero' ? backup.namespace : undefined;
  const named = Object.values(settings).flatMap((variables) => Object.keys(variables));
  const secret = Object.values(secrets.readers).flatMap((keys) => keys.map(({ key }) => key));
  return { namespace, veleroNamespace, podSecurity: podSecurityOf(config), settings: new Set([...named, ...secret]) };
}

/** Says every time what a waiver lets pass. */
function waived({ place, rule, reason }: Waiver, broken: readonly BrokenRule[]): Problem {
  if (!rules.some(({ name }) => name === rule)) {
    const known = rules.map(({ name }) => name).join(', ');
    return { severity: 'error', ...place, text: `${rule} is not a rule. The rules are: ${known}` };
  }
  const passed = broken.filter((each) => each.rule.name === rule).map(({ object, text }) => `${object}: ${text}`);
  return passed.length > 0
    ? { severity: 'warning', ...place, text: `waives the rule ${rule} (${reason}). ${passed.join('; ')}` }
    : { severity: 'warning', ...place, text: `waives the rule ${rule}, which nothing breaks. Remove it` };
}

/** A violation is the fault of the patch that brought it, or ours; each of them hears once of a rule. */
function blamed(
  broken: readonly BrokenRule[],
  rendered: readonly PlacedManifest[],
  config: StudioConfig,
): readonly Problem[] {
  if (broken.length === 0) return [];
  const told = ({ rule, object, text }: BrokenRule) => `${rule.name}: ${object}: ${text}`;
  const after = (patches: StudioConfig['patches']) =>
    new Set(brokenRules(patched(rendered, patches).placed, factsOf(config)).map(told));
  const before = after([]);
  const steps = config.patches.map((patch, index) => ({ patch, found: after(config.patches.slice(0, index + 1)) }));
  const guilty = (each: BrokenRule) =>
    before.has(told(each)) ? undefined : steps.find(({ found }) => found.has(told(each)))?.patch;
  return [undefined, ...config.patches].flatMap((patch) => {
    const own = broken.filter((each) => guilty(each) === patch);
    return rules.flatMap((rule) => {
      const texts = own.filter((each) => each.rule === rule).map(({ object, text }) => `${object}: ${text}`);
      return texts.length > 0 ? [violated(rule, texts, patch, config)] : [];
    });
  });
}

function violated(rule: Rule, texts: readonly string[], patch: Patch | undefined, { name }: StudioConfig): Problem {
  const what = `breaks the rule ${rule.name}. ${texts.join('; ')}. It is there because ${rule.reason} (${rule.source})`;
  return patch
    ? { severity: 'error', ...patch.place, text: what }
    : {
        severity: 'error',
        file: `studio ${name}`,
        text: `${what}. This is a mistake of these charts and not yours: please report it. A file of JUNJO_K8S_PATCHES can waive the rule until it is mended (docs/patches.md)`,
      };
}
