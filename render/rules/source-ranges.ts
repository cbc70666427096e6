import { isRange, isWithin } from '../cidr';
import { type Manifest, podsOf, titleOf } from '../manifest';
import { type Leaf, pathOf, type RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Who may connect stays who may connect, in whatever words a controller has for it. */
export const sourceRanges: Rule = {
  name: 'source-ranges',
  asks: 'Where Services, Ingresses and objects of their controllers name source ranges, they name no others, and what refers to such an object still does',
  reason: 'the address is open to everybody then, and nothing shows it',
  source: 'https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec',
  *violations(studio: RenderedStudio) {
    if (studio.rendered === studio) return;
    // Of what carries ranges for others, such as a Middleware, by the name of which they refer to it.
    const carriers = studio.rendered.manifests
      .filter((manifest) => !['Service', 'Ingress'].includes(manifest.kind) && rangesOf(manifest, studio).size > 0)
      .map(({ metadata }) => metadata.name);
    for (const manifest of studio.manifests) {
      const before = studio.asRendered(manifest);
      if (!before || before === manifest) continue;
      yield* ofRanges(manifest, before, studio);
      yield* ofReferences(manifest, before, carriers, studio);
    }
  },
};

function* ofRanges(after: Manifest, before: Manifest, studio: RenderedStudio): Generator<Violation> {
  const found = rangesOf(after, studio);
  for (const [place, rendered] of rangesOf(before, studio)) {
    const ranges = found.get(place) ?? [];
    const more = ranges.filter((range) => !rendered.some((outer) => isWithin(range, outer)));
    if (ranges.length === 0) yield { object: titleOf(after), text: `${place} names no source ranges any longer` };
    if (more.length > 0) {
      yield { object: titleOf(after), text: `${place} admits ${more.join(', ')}, which it does not as rendered` };
    }
  }
}

/** Addresses by the place where they stand; the numbers of lists are no part of a place. */
function rangesOf(manifest: Manifest, studio: RenderedStudio): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  // Network policies have a rule of their own, and settings may name addresses for other reasons.
  if (['NetworkPolicy', 'ConfigMap', 'Secret'].includes(manifest.kind) || podsOf(manifest).length > 0) return places;
  for (const leaf of studio.leavesOf(manifest)) {
    const ranges = String(leaf.value)
      .split(/[\s,;"'[\]]+/)
      .filter(isRange);
    if (ranges.length === 0) continue;
    const place = placeOf(leaf);
    places.set(place, [...(places.get(place) ?? []), ...ranges]);
  }
  return places;
}

function placeOf(leaf: Leaf): string {
  return pathOf(leaf).replace(/\.[0-9]+(?=\.|$)/g, '');
}

/** A reference, such as an annotation that names the Middleware, and the other way round what an object with ranges is for. */
function* ofReferences(
  after: Manifest,
  before: Manifest,
  carriers: readonly string[],
  studio: RenderedStudio,
): Generator<Violation> {
  const isCarrier = carriers.includes(before.metadata.name);
  const texts = new Map(studio.leavesOf(after).map((leaf) => [pathOf(leaf), String(leaf.value)]));
  for (const leaf of studio.rendered.leavesOf(before)) {
    const [path, value] = [pathOf(leaf), String(leaf.value)];
    const names = carriers.filter((name) => path !== 'metadata.name' && value.includes(name));
    const is = texts.get(path) ?? '';
    if (names.some((name) => !is.includes(name))) {
      yield { object: titleOf(after), text: `${path} does not name ${names.join(', ')} any longer` };
    } else if (isCarrier && path.startsWith('spec.') && !value.split(',').some(isRange) && is !== value) {
      yield { object: titleOf(after), text: `${path} is not as rendered, and decides whom the source ranges are for` };
    }
  }
}
