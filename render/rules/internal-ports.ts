import { intakeName, internalServiceNames, qdrantName } from '../../config/names';
import { type Fields, fieldsOf, listOf, type Manifest, podsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Services that no edge points to. */
const INTERNAL: ReadonlySet<unknown> = new Set([...Object.values(internalServiceNames), intakeName, qdrantName]);

/** Ports for other pods stay closed to the world. */
export const internalPorts: Rule = {
  name: 'internal-ports',
  asks: 'A Service keeps its pods and ports. No Ingress or route points to an internal Service, or to another Service of the studio than rendered',
  reason:
    'the internal ports require no sign-in: they return API keys and spans, and so does the API without its guard',
  source: 'https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports',
  *violations(studio: RenderedStudio) {
    for (const service of studio.ofKind('Service')) yield* ofService(service, studio);
    for (const manifest of studio.manifests) {
      if (manifest.kind === 'Service' || podsOf(manifest).length > 0) continue;
      yield* ofEdge(manifest, studio);
    }
  },
};

function* ofEdge(manifest: Manifest, studio: RenderedStudio): Generator<Violation> {
  const object = titleOf(manifest);
  const before = studio.asRendered(manifest);
  const known = new Set(backendsBelow(before));
  for (const name of new Set(backendsBelow(manifest))) {
    if (INTERNAL.has(name)) yield { object, text: `points to the internal Service ${name}` };
    // Another Ingress may have other annotations, such as source ranges.
    else if (before && !known.has(name) && studio.rendered.named('Service', name)) {
      yield { object, text: `now points to the Service ${name}` };
    }
  }
  if (!before || before === manifest || manifest.kind === 'Secret') return;
  for (const [key, value] of Object.entries(fieldsOf(manifest.metadata.annotations))) {
    const name = wordsOf(value).find((word) => INTERNAL.has(word));
    if (name && fieldsOf(before.metadata.annotations)[key] !== value) {
      yield { object, text: `the annotation ${key} names the internal Service ${name}` };
    }
  }
}

function wordsOf(text: unknown): readonly string[] {
  return String(text).split(/[^a-z0-9-]+/);
}

function* ofService(service: Manifest, studio: RenderedStudio): Generator<Violation> {
  const object = titleOf(service);
  const selector = fieldsOf(service.spec?.selector);
  const before = studio.asRendered(service);
  if (before && textOf(selector) !== textOf(fieldsOf(before.spec?.selector))) {
    yield { object, text: 'now selects other pods' };
  }
  const found = studio.rendered.selected(selector).map(({ title }) => title);
  // A Service that an App added may lead where others of the same pods do.
  const rendered = before
    ? [before]
    : studio.rendered
        .ofKind('Service')
        .filter(({ spec }) => studio.rendered.selected(spec?.selector).some(({ title }) => found.includes(title)));
  if (!before && found.length === 0) return;
  const known = rendered.flatMap((each) => targetsOf(each, studio.rendered));
  for (const target of targetsOf(service, studio).filter((each) => !known.includes(each))) {
    yield { object, text: `now points to port ${target}` };
  }
}

/** Numbers of ports; a name is that of a container's port. */
function targetsOf({ spec }: Manifest, studio: RenderedStudio): readonly unknown[] {
  const open = studio
    .selected(spec?.selector)
    .flatMap(({ containers }) => containers.flatMap(({ fields }) => listOf(fields.ports)));
  return listOf(spec?.ports).flatMap(({ port, targetPort = port }) => {
    const named = open.filter(({ name }) => name === targetPort).map(({ containerPort }) => containerPort);
    return named.length > 0 ? named : [targetPort];
  });
}

function textOf(selector: Fields): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join();
}

/** Whatever has the name of a Service and a port is a way there: backends of Ingresses, routes and of custom resources. */
export function backendsBelow(value: unknown): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  const { name, port } = value as Fields;
  const own = port !== undefined && typeof name === 'string' ? [name] : [];
  return [...own, ...Object.values(value).flatMap(backendsBelow)];
}
