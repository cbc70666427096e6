import { podSecurityOf } from '../charts/namespace';
import { page } from '../config/how-to-run';
import type { SettingPlace } from '../config/known-secrets';
import type { Patch, Waiver } from '../config/patch-file';
import type { Problem } from '../config/problems';
import { nodeMountsOf } from '../config/source-mounts';
import { nearest } from '../config/spelling';
import type { StudioConfig } from '../config/studio-config';
import { componentsOf } from '../releases';
import type { PlacedManifest } from './manifest';
import { patched } from './patches';
import { type BrokenRule, brokenRules, type Rule, rules, type StudioFacts } from './rules';

/** The objects of a studio with its patches, and what is wrong with them. */
export interface Checked {
  /** Without the patches where a patch has a problem. */
  readonly manifests: readonly PlacedManifest[];
  readonly problems: readonly Problem[];
}

/** Applies the patches of a studio to its objects, and checks every rule. */
export function patchAndCheck(rendered: readonly PlacedManifest[], config: StudioConfig): Checked {
  const { value: placed, problems } = patched(rendered, config.patches);
  if (problems.length > 0) return { manifests: rendered, problems: problems.map((problem) => masked(problem, config)) };
  const broken = brokenRules(placed, factsOf(config), rendered);
  const waivers = config.waivers.map((waiver) => masked(waived(waiver, broken), config));
  return { manifests: placed, problems: [...waivers, ...blamed(inForce(broken, config), rendered, config)] };
}

/** A patch may repeat a secret anywhere. */
function masked(problem: Problem, { knownSecrets }: StudioConfig): Problem {
  return { ...problem, text: knownSecrets.masked(problem.text) };
}

/** What breaks the rules, apart from what a waiver of the studio allows. */
export function inForce(broken: readonly BrokenRule[], { waivers }: StudioConfig): readonly BrokenRule[] {
  return broken.filter(({ rule }) => !waivers.some((waiver) => waiver.rule === rule.name));
}

/** What the rules need to know about a studio besides its objects. */
export function factsOf(config: StudioConfig): StudioFacts {
  const { backup, git, namespace, settings, secrets } = config;
  const veleroNamespace = backup.kind === 'velero' ? backup.namespace : undefined;
  const named = Object.values(settings).flatMap((variables) => Object.keys(variables ?? {}));
  const secret = Object.values(secrets.readers).flatMap((keys) => keys?.map(({ key }) => key) ?? []);
  return {
    namespace,
    veleroNamespace,
    gitOps: git?.gitops,
    podSecurity: podSecurityOf(config),
    nodeMounts: new Map(componentsOf(config.line).map((component) => [component, nodeMountsOf(config, component)])),
    settings: new Set([...named, ...secret]),
    secrets: config.knownSecrets,
  };
}

/** Reports on every rendering what a waiver allows. */
function waived({ place, rule, reason }: Waiver, broken: readonly BrokenRule[]): Problem {
  if (!rules.some(({ name }) => name === rule)) {
    const meant = nearest(
      rule,
      rules.map(({ name }) => name),
    );
    const fix = meant ? `Did you mean ${meant}?` : `See ${page('docs/patches.md', 'Rules')}`;
    return { severity: 'error', ...place, text: `${rule} is not a rule. ${fix}` };
  }
  const passed = broken.filter((each) => each.rule.name === rule).map(({ object, text }) => `${object}: ${text}`);
  return passed.length > 0
    ? { severity: 'warning', ...place, text: `waives the rule ${rule} (${reason}). ${passed.join('. ')}` }
    : { severity: 'warning', ...place, text: `waives the rule ${rule}, which nothing breaks. Remove it` };
}

/** Names the patch that breaks a rule, otherwise the setting, otherwise these charts. Each rule is reported once for each of them. */
function blamed(
  broken: readonly BrokenRule[],
  rendered: readonly PlacedManifest[],
  config: StudioConfig,
): readonly Problem[] {
  if (broken.length === 0) return [];
  const after = (patches: StudioConfig['patches']) =>
    new Set(brokenRules(patched(rendered, patches).value, factsOf(config), rendered).map(textOf));
  const before = after([]);
  const steps = config.patches.map((patch, index) => ({ patch, found: after(config.patches.slice(0, index + 1)) }));
  const guilty = (each: BrokenRule) =>
    before.has(textOf(each)) ? undefined : steps.find(({ found }) => found.has(textOf(each)))?.patch;
  const bySettings = broken.filter((each) => guilty(each) === undefined && settingsOf(each).length > 0);
  const others = broken.filter((each) => !bySettings.includes(each));
  return [
    ...ofSettings(bySettings),
    ...[undefined, ...config.patches].flatMap((patch) => {
      const own = others.filter((each) => guilty(each) === patch);
      return byRule(own).map((each) => violated(each, patch, config));
    }),
  ];
}

function settingsOf({ settings = [] }: BrokenRule): readonly SettingPlace[] {
  return settings;
}

/** One problem for each rule and line of an env file. A label or annotation is on every object, so one of them stands for all. */
function ofSettings(broken: readonly BrokenRule[]): readonly Problem[] {
  const places = new Map(
    broken.flatMap(settingsOf).map((place) => [`${place.file}:${place.line} ${place.name}`, place]),
  );
  return [...places.values()].flatMap(({ file, line, name }) => {
    const own = broken.filter((each) => settingsOf(each).some((place) => place.name === name && place.file === file));
    return byRule(own).map(({ rule, texts: [first = '', ...more] }): Problem => {
      const texts = more.length > 0 ? [first, `The same applies to ${more.length} other places`] : [first];
      const text = `${ruleText({ rule, texts })}. Remove it from this line`;
      return { severity: 'error', file, line, variable: name, text };
    });
  });
}

/** One violation as text; two violations with the same text are the same. */
export function textOf({ rule, object, text }: BrokenRule): string {
  return `${rule.name}: ${object}: ${text}`;
}

/** A rule, and everything that breaks it. */
interface Violations {
  readonly rule: Rule;
  readonly texts: readonly string[];
}

/** Violations by their rule, in the order of the rules. */
export function byRule(broken: readonly BrokenRule[]): readonly Violations[] {
  return rules.flatMap((rule) => {
    const texts = broken.filter((each) => each.rule === rule).map(({ object, text }) => `${object}: ${text}`);
    return texts.length > 0 ? [{ rule, texts }] : [];
  });
}

/** `breaks the rule X. What breaks it. The rule exists because …` */
export function ruleText({ rule, texts }: Violations): string {
  return `breaks the rule ${rule.name}. ${texts.join('. ')}. The rule exists because ${rule.reason} (${rule.source})`;
}

function violated(violations: Violations, patch: Patch | undefined, { name }: StudioConfig): Problem {
  const text = ruleText(violations);
  return patch
    ? { severity: 'error', ...patch.place, text }
    : {
        severity: 'error',
        file: `studio ${name}`,
        text: `${text}. This is a bug in these charts, not your mistake: please report it. Until it is fixed, a file of JUNJO_K8S_PATCHES can waive the rule (${page('docs/patches.md')})`,
      };
}
