import { type Fields, fieldsOf, type Manifest, textsOf, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Annotations that keep a load balancer off the internet, by whatever name a cloud gives them. */
const PRIVATE = /internal|private|public/i;

/** The last words of annotations and labels by which programs publish a Service past the edge: Tailscale, Cilium, Linkerd. */
const PUBLISHES = /\/(expose|exported|funnel|global|global-service)$/;

/** Services inside the cluster stay inside. */
export const internalServices: Rule = {
  name: 'internal-services',
  asks: 'A Service keeps its type or is ClusterIP. It has no external addresses, no program publishes it without the edge, and an internal load balancer stays internal',
  reason:
    'a load balancer or node port bypasses HTTPS, the source ranges of the edge, and every network policy that allows nodes',
  source: 'https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types',
  *violations(studio: RenderedStudio) {
    for (const service of studio.ofKind('Service')) yield* ofService(service, studio);
    for (const manifest of studio.manifests) yield* annotations(manifest, studio);
  },
};

function* ofService(service: Manifest, studio: RenderedStudio): Generator<Violation> {
  const before = studio.asRendered(service);
  // One that an App added for pods of its own is no business of the studio.
  if (!before && studio.rendered.selected(service.spec?.selector).length === 0) return;
  const object = titleOf(service);
  const [spec, rendered] = [fieldsOf(service.spec), fieldsOf(before?.spec)];
  const { type = 'ClusterIP' } = spec;
  if (type !== 'ClusterIP' && type !== rendered.type) {
    yield {
      object,
      text: `its type is ${type}, but must be ${[...new Set([rendered.type, 'ClusterIP'])].filter(Boolean).join(' or ')}`,
    };
  }
  const known = textsOf(rendered.externalIPs);
  const more = textsOf(spec.externalIPs).filter((address) => !known.includes(address));
  if (more.length > 0) yield { object, text: `has the external addresses ${more.join(', ')}` };
  const keysOf = ({ annotations, labels }: Fields) => Object.entries({ ...fieldsOf(annotations), ...fieldsOf(labels) });
  const was = keysOf(fieldsOf(before?.metadata));
  for (const [key, value] of keysOf(service.metadata)) {
    if (PUBLISHES.test(key) && value !== 'false' && !was.some(([each]) => each === key))
      yield { object, text: `${key} publishes it without the edge` };
  }
}

function* annotations(manifest: Manifest, studio: RenderedStudio): Generator<Violation> {
  const before = studio.asRendered(manifest);
  if (!before || before === manifest) return;
  const after = annotationsOf(manifest);
  for (const [key, value] of Object.entries(annotationsOf(before))) {
    if (PRIVATE.test(`${key}=${value}`) && after[key] !== value) {
      yield { object: titleOf(manifest), text: `the annotation ${key} was changed` };
    }
  }
}

/** Of Services, Ingresses and Gateways: what a cloud's controller reads. */
function annotationsOf({ kind, metadata, spec }: Manifest): Fields {
  if (!['Service', 'Ingress', 'Gateway'].includes(kind)) return {};
  return { ...fieldsOf(fieldsOf(fieldsOf(spec).infrastructure).annotations), ...fieldsOf(metadata.annotations) };
}
