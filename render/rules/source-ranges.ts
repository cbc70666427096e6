import { isWithin, rangeOf } from '../../config/address-range';
import { fieldsOf, listOf, type Manifest, podsOf, titleOf } from '../manifest';
import { backendsBelow } from './internal-ports';
import { type Leaf, pathOf, placeOf, type RenderedStudio, wordsOf } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Names of lists of those who may connect, in the words of controllers; other lists of addresses are of limits or of the object's own. */
export const ADMITS = /^(?!.*(deny|black|limit|exclude|except)).*(allow|white|permit|source|inbound|cidr)/i;

/** Directives of nginx, and the annotation for the second: https://nginx.org/en/docs/http/ngx_http_access_module.html */
const SNIPPET = /\ballow\s+all\b|\bsatisfy:?\s+any\b/;

/** The allowed addresses stay the same, in the format of each controller. */
export const sourceRanges: Rule = {
  name: 'source-ranges',
  asks: 'Source ranges of Services, Ingresses and controller objects are not widened or removed. References to these objects stay, and nothing bypasses them',
  reason: 'otherwise anyone can reach the address, and no message reports it',
  source: 'https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec',
  *violations(studio: RenderedStudio) {
    if (studio.rendered === studio) return;
    // Of what carries ranges for others, such as a Middleware, by the name of which they refer to it.
    const carriers = studio.rendered.manifests
      .filter((manifest) => !['Service', 'Ingress'].includes(manifest.kind) && rangesOf(manifest, studio).size > 0)
      .map(({ metadata }) => metadata.name);
    for (const manifest of studio.manifests) {
      const before = studio.asRendered(manifest);
      if (!before) yield* ofMore(manifest, carriers, studio);
      if (!before || before === manifest) continue;
      yield* ofRanges(manifest, before, studio);
      yield* ofReferences(manifest, before, carriers, studio);
    }
  },
};

function* ofRanges(after: Manifest, before: Manifest, studio: RenderedStudio): Generator<Violation> {
  const found = rangesOf(after, studio);
  const known = [...rangesOf(before, studio)];
  const all = known.flatMap(([, ranges]) => ranges);
  for (const [place, ranges] of found) {
    // A second list, which a controller adds to the first one, or takes in its place.
    if (all.length === 0 || known.some(([each]) => each === place) || !ADMITS.test(place)) continue;
    const more = ranges.filter((range) => !all.some((outer) => isWithin(range, outer)));
    if (more.length > 0) {
      yield { object: titleOf(after), text: `${place} also allows ${more.join(', ')}` };
    }
  }
  const admits = (manifest: Manifest) =>
    Object.entries(fieldsOf(manifest.metadata.annotations)).flatMap(([key, value]) =>
      SNIPPET.test(`${key} ${value}`) ? [`${key}: ${value}`] : [],
    );
  if (all.length > 0 && admits(after).some((each) => !admits(before).includes(each))) {
    yield { object: titleOf(after), text: 'an annotation allows all addresses, despite its source ranges' };
  }
  for (const [place, rendered] of rangesOf(before, studio)) {
    const ranges = found.get(place) ?? [];
    const more = ranges.filter((range) => !rendered.some((outer) => isWithin(range, outer)));
    if (ranges.length === 0) yield { object: titleOf(after), text: `${place} no longer has source ranges` };
    if (more.length > 0) {
      yield { object: titleOf(after), text: `${place} also allows ${more.join(', ')}` };
    }
  }
}

/** What an App added leads to a Service behind source ranges with these, or not at all. */
function* ofMore(manifest: Manifest, carriers: readonly string[], studio: RenderedStudio): Generator<Violation> {
  if (manifest.kind === 'Service' || podsOf(manifest).length > 0) return;
  const behind = studio.rendered.manifests.filter((each) => isBehind(each, carriers, studio.rendered));
  const known = behind.flatMap((each) => [...rangesOf(each, studio.rendered).values()].flat());
  const closed = new Set(behind.flatMap(backendsBelow));
  const open = backendsBelow(manifest).find((name) => closed.has(name));
  const more = [...rangesOf(manifest, studio).values()]
    .flat()
    .some((range) => !known.some((each) => isWithin(range, each)));
  if (open && (more || !isBehind(manifest, carriers, studio))) {
    yield {
      object: titleOf(manifest),
      text: `points to the Service ${open} without its source ranges`,
    };
  }
}

/** Whether an object has source ranges, names an object with them, or is named by one. */
function isBehind(manifest: Manifest, carriers: readonly string[], studio: RenderedStudio): boolean {
  if (!['Ingress', 'HTTPRoute', 'GRPCRoute'].includes(manifest.kind)) return false;
  const names = (each: Manifest, name: string) =>
    studio
      .leavesOf(each)
      .some(
        (leaf) => pathOf(leaf) !== 'metadata.name' && wordsOf(String(leaf.value)).some((word) => word.includes(name)),
      );
  return (
    rangesOf(manifest, studio).size > 0 ||
    carriers.some((name) => names(manifest, name)) ||
    studio.manifests.some(
      (each) =>
        carriers.includes(each.metadata.name) &&
        listOf(fieldsOf(each.spec).targetRefs).some(
          ({ name, kind }) => kind === manifest.kind && name === manifest.metadata.name,
        ),
    )
  );
}

/** Addresses by the place where they stand; the numbers of lists are no part of a place. */
function rangesOf(manifest: Manifest, studio: RenderedStudio): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  // Network policies have a rule of their own, and settings may name addresses for other reasons.
  if (['NetworkPolicy', 'ConfigMap', 'Secret'].includes(manifest.kind) || podsOf(manifest).length > 0) return places;
  for (const leaf of studio.leavesOf(manifest)) {
    const ranges = wordsOf(String(leaf.value)).filter(rangeOf);
    if (ranges.length === 0) continue;
    const place = placeOf(leaf);
    places.set(place, [...(places.get(place) ?? []), ...ranges]);
  }
  return places;
}

/** A reference, such as an annotation that names the Middleware, and the other way round what an object with ranges is for. */
function* ofReferences(
  after: Manifest,
  before: Manifest,
  carriers: readonly string[],
  studio: RenderedStudio,
): Generator<Violation> {
  const object = titleOf(after);
  const leaves = studio.leavesOf(after);
  const texts = new Map(leaves.map((leaf) => [pathOf(leaf), String(leaf.value)]));
  for (const leaf of studio.rendered.leavesOf(before)) {
    const path = pathOf(leaf);
    if (path === 'metadata.name') continue;
    const found = wordsOf(texts.get(path) ?? '');
    const references = wordsOf(String(leaf.value)).filter((word) => carriers.some((name) => word.includes(name)));
    for (const reference of references.filter((each) => !found.includes(each))) {
      yield { object, text: `${path} no longer refers to ${reference}` };
    }
  }
  if (!carriers.includes(before.metadata.name)) return;
  const known = new Set(studio.rendered.leavesOf(before).map(ofSpec));
  const now = leaves.map(ofSpec);
  if (now.some((each) => !known.has(each)) || [...known].some((each) => !now.includes(each))) {
    yield { object, text: 'changes what its source ranges apply to' };
  }
}

/** A leaf of a spec apart from ranges and their number, as one text. */
function ofSpec(leaf: Leaf): string {
  const place = placeOf(leaf);
  return place.startsWith('spec.') ? `${place}=${rangeOf(String(leaf.value)) ? '' : leaf.value}` : '';
}
