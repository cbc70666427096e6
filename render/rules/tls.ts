import { fieldsOf, listOf, type Manifest, textsOf, titleOf } from '../manifest';
import { placeOf, type RenderedStudio, wordsOf } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Annotations by which controllers encrypt, or redirect to the encrypted address. */
const ENCRYPTS = /ssl|tls|https|redirect|entrypoints|listen-ports/i;

/** What leads from the edge to Services, and what controllers read beside it. */
const EDGE = /^(Ingress|[A-Z]+Route|Middleware|KongPlugin)$/i;

/** Words of settings that redirect to HTTPS and keep browsers there: annotations, filters of routes, and objects of controllers. */
const KEEPS_HTTPS = /redirect|hsts|stsSeconds|strict.transport|max-age/i;

/** Passwords and API keys pass through the edge. */
export const tls: Rule = {
  name: 'tls',
  asks: 'An Ingress keeps TLS and its TLS annotations for every host. A Gateway gets no other listener without TLS. The redirect and HSTS stay, and requests are not mirrored',
  reason: 'otherwise passwords, sessions and API keys are readable on the network',
  source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#tls',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests) {
      const before = studio.asRendered(manifest);
      if (!before || before === manifest) continue;
      if (EDGE.test(manifest.kind)) yield* ofEdge(manifest, before, studio);
      if (manifest.kind === 'Ingress') yield* ofIngress(manifest, before);
      if (manifest.kind === 'Gateway') yield* ofGateway(manifest, before);
    }
  },
};

function* ofIngress(after: Manifest, before: Manifest): Generator<Violation> {
  const object = titleOf(after);
  const hosts = hostsOf(after);
  for (const host of hostsOf(before).filter((each) => !hosts.includes(each))) {
    yield { object, text: `no longer has TLS for ${host}` };
  }
  const [annotations, rendered] = [after, before].map(({ metadata }) => fieldsOf(metadata.annotations));
  for (const [key, value] of Object.entries(rendered ?? {})) {
    if (ENCRYPTS.test(key) && annotations?.[key] !== value && value !== 'false') {
      yield { object, text: `the annotation ${key} was changed` };
    }
  }
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (/redirect/i.test(key) && value === 'false' && rendered?.[key] !== value) {
      yield { object, text: `the annotation ${key} no longer redirects to HTTPS` };
    }
  }
}

function* ofEdge(after: Manifest, before: Manifest, studio: RenderedStudio): Generator<Violation> {
  const object = titleOf(after);
  const [found, rendered] = [textsByPlace(after, studio), textsByPlace(before, studio.rendered)];
  for (const [place, texts] of rendered) {
    // What ofIngress compares.
    if (/^metadata\.(name$|annotations\.)/.test(place) && (ENCRYPTS.test(place) || place === 'metadata.name')) continue;
    const wanted = texts.filter((text) => KEEPS_HTTPS.test(place) || KEEPS_HTTPS.test(text));
    const lost = wanted.find((text) => !(found.get(place) ?? []).some((each) => isNoLess(each, text)));
    if (lost) yield { object, text: `${place} no longer keeps browsers on HTTPS: ${lost} is missing` };
  }
  for (const [place, texts] of found) {
    const more = texts.filter((text) => !rendered.get(place)?.includes(text));
    if (more.length === 0) continue;
    if (more.includes('max-age=0')) yield { object, text: `${place} disables HSTS` };
    if (/\/mirror-target$|requestMirror/.test(place))
      yield { object, text: `${place} sends copies of requests elsewhere` };
  }
}

/** Words by the place where they stand; the numbers of lists are no part of a place. */
function textsByPlace(manifest: Manifest, studio: RenderedStudio): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  for (const leaf of studio.leavesOf(manifest)) {
    places.set(placeOf(leaf), [...(places.get(placeOf(leaf)) ?? []), ...wordsOf(String(leaf.value))]);
  }
  return places;
}

/** The same word, or with a larger number, such as that of seconds. */
function isNoLess(found: string, rendered: string): boolean {
  const numberOf = (text: string) => Number(/[0-9]+$/.exec(text)?.[0] ?? 0);
  const [one, other] = [found, rendered].map((text) => text.replace(/[0-9]+$/, ''));
  return one === other && numberOf(found) >= numberOf(rendered);
}

function hostsOf({ spec }: Manifest): readonly string[] {
  return listOf(fieldsOf(spec).tls).flatMap(({ hosts }) => textsOf(hosts));
}

function* ofGateway(after: Manifest, before: Manifest): Generator<Violation> {
  const open = ({ spec }: Manifest) =>
    listOf(fieldsOf(spec).listeners)
      .filter(({ protocol }) => !['HTTPS', 'TLS'].includes(protocol))
      .map(({ name, protocol, port }) => `${name} (${protocol} ${port})`);
  for (const listener of open(after).filter((each) => !open(before).includes(each))) {
    yield { object: titleOf(after), text: `its listener ${listener} has no TLS` };
  }
}
