import { fieldsOf, type Manifest, titleOf } from '../manifest';
import { placeOf, type RenderedStudio, wordsOf } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Annotations of nginx: without the second the first admits every origin. */
const SWITCH = /\/enable-cors$/;
const NAMED = /\/cors-allow-origin$/;

/** Only named pages may be clients. */
export const origins: Rule = {
  name: 'origins',
  asks: 'Nothing at the edge allows pages of every origin',
  reason: 'any web page could send spans, or send requests with the session of the person who opens it',
  source: 'https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests) {
      const before = studio.asRendered(manifest);
      // What the collectors answer, their own rule compares.
      if (before === manifest || ['ConfigMap', 'Secret'].includes(manifest.kind)) continue;
      yield* ofEdge(manifest, before, studio);
    }
  },
};

function* ofEdge(after: Manifest, before: Manifest | undefined, studio: RenderedStudio): Generator<Violation> {
  const object = titleOf(after);
  const known = before ? wildcardsOf(before, studio.rendered) : [];
  for (const place of wildcardsOf(after, studio).filter((each) => !known.includes(each))) {
    yield { object, text: `${place} allows pages of every origin` };
  }
  const annotations = Object.entries(fieldsOf(after.metadata.annotations));
  const open = annotations.find(([key, value]) => SWITCH.test(key) && value === 'true');
  if (open && !annotations.some(([key]) => NAMED.test(key))) {
    yield { object, text: `the annotation ${open[0]} allows pages of every origin, because it names none` };
  }
}

/** The places at which every origin is admitted. */
function wildcardsOf(manifest: Manifest, studio: RenderedStudio): readonly string[] {
  return studio
    .leavesOf(manifest)
    .filter((leaf) => /origin/i.test(placeOf(leaf)) && wordsOf(String(leaf.value)).includes('*'))
    .map(placeOf);
}
