import { load, YAMLException } from 'js-yaml';
import { intakeName } from '../../config/names';
import { type Fields, fieldsOf, type Manifest, textsOf, titleOf } from '../manifest';
import { placeOf, type RenderedStudio, wordsOf } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Annotations of nginx: without the second the first admits every origin. */
const SWITCH = /\/enable-cors$/;
const NAMED = /\/cors-allow-origin$/;

/** Pages of everybody must not become clients. */
export const origins: Rule = {
  name: 'origins',
  asks: 'The collectors answer pages of the origins that are rendered, and of no others; nothing at the edge admits pages of every origin',
  reason: 'any page that somebody opens could send requests in their name, or spans with a key that it found',
  source: 'https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests) {
      const before = studio.asRendered(manifest);
      if (before === manifest) continue;
      if (manifest.kind === 'ConfigMap' && manifest.metadata.name === intakeName) {
        yield* ofCollectors(manifest, before);
      } else if (manifest.kind !== 'ConfigMap' && manifest.kind !== 'Secret') {
        yield* ofEdge(manifest, before, studio);
      }
    }
  },
};

function* ofCollectors(after: Manifest, before: Manifest | undefined): Generator<Violation> {
  const known = before ? originsOf(before) : [];
  const more = originsOf(after).filter((origin) => !known.includes(origin));
  if (more.length > 0) yield { object: titleOf(after), text: `admits pages of ${more.join(', ')}` };
}

/** The origins in the configuration of the collectors. What is no YAML starts none of them. */
function originsOf({ data }: Manifest): readonly string[] {
  return Object.values(fieldsOf(data)).flatMap((text) => {
    try {
      return originsBelow(load(String(text)));
    } catch (error) {
      if (error instanceof YAMLException) return [];
      throw error;
    }
  });
}

function originsBelow(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value as Fields).flatMap(([key, each]) =>
    key === 'allowed_origins' ? textsOf(each) : originsBelow(each),
  );
}

function* ofEdge(after: Manifest, before: Manifest | undefined, studio: RenderedStudio): Generator<Violation> {
  const object = titleOf(after);
  const known = before ? wildcardsOf(before, studio.rendered) : [];
  for (const place of wildcardsOf(after, studio).filter((each) => !known.includes(each))) {
    yield { object, text: `${place} admits pages of every origin` };
  }
  const annotations = Object.entries(fieldsOf(after.metadata.annotations));
  const open = annotations.find(([key, value]) => SWITCH.test(key) && value === 'true');
  if (open && !annotations.some(([key]) => NAMED.test(key))) {
    yield { object, text: `the annotation ${open[0]} admits pages of every origin, because none is named` };
  }
}

/** The places at which every origin is admitted. */
function wildcardsOf(manifest: Manifest, studio: RenderedStudio): readonly string[] {
  return studio
    .leavesOf(manifest)
    .filter((leaf) => /origin/i.test(placeOf(leaf)) && wordsOf(String(leaf.value)).includes('*'))
    .map(placeOf);
}
