import { fieldsOf, isSame, listOf, type Manifest, titleOf } from '../manifest';
import { pathOf, type RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Annotations by which controllers copy a Secret into other namespaces, or another one over it. */
const COPIES = /^(reflector\.v1\.k8s\.emberstack\.com|replicator\.v1\.mittwald\.de|kubed\.appscode\.com)\//;

/** https://github.com/bitnami-labs/sealed-secrets#scopes */
const SCOPES = ['sealedsecrets.bitnami.com/cluster-wide', 'sealedsecrets.bitnami.com/namespace-wide'];

/** A Secret exists where the pods look for it, and nowhere else. */
export const secretMakers: Rule = {
  name: 'secret-makers',
  asks: 'An ExternalSecret or SealedSecret creates the rendered Secret, with the same keys, in this namespace. No two objects create one Secret, and nothing copies it',
  reason:
    'anyone who reads Secrets in another namespace could read the secrets of the studio, or pods would start without their Secret',
  source: 'https://kubernetes.io/docs/concepts/security/secrets-good-practices/',
  *violations(studio: RenderedStudio) {
    const makers = new Map<unknown, string>();
    for (const manifest of studio.manifests) {
      const made = madeBy(manifest);
      if (made === undefined) continue;
      const [object, maker, before] = [titleOf(manifest), makers.get(made), studio.asRendered(manifest)];
      if (maker) yield { object, text: `creates the Secret ${made}, like ${maker}` };
      else makers.set(made, object);
      const known = new Set(before && before !== manifest ? studio.rendered.leavesOf(before).map(pathOf) : []);
      for (const leaf of studio.leavesOf(manifest).filter(({ key }) => COPIES.test(key))) {
        if (before !== manifest && !known.has(pathOf(leaf))) {
          yield { object, text: `the annotation ${leaf.key} copies the Secret` };
        }
      }
      if (before && before !== manifest) yield* changes(manifest, before);
    }
  },
};

/** The name of the Secret that an object is, or of which a controller makes one. */
function madeBy({ kind, metadata, spec }: Manifest): unknown {
  if (kind === 'ExternalSecret') return fieldsOf(fieldsOf(spec).target).name ?? metadata.name;
  if (kind === 'Certificate') return fieldsOf(spec).secretName;
  return ['Secret', 'SealedSecret'].includes(kind) ? metadata.name : undefined;
}

function* changes(after: Manifest, before: Manifest): Generator<Violation> {
  const object = titleOf(after);
  const [made, rendered] = [factsOf(after), factsOf(before)];
  for (const [what, value] of Object.entries(made)) {
    if (!isSame(value, rendered[what])) yield { object, text: `its ${what} was changed` };
  }
}

/** What of a maker decides which Secret there is, by the words for it. Where the values come from is not among it. */
function factsOf({ kind, metadata, spec }: Manifest): Readonly<Record<string, unknown>> {
  const { target, data, dataFrom, encryptedData, template } = fieldsOf(spec);
  const scope = (annotations: unknown) => SCOPES.filter((key) => fieldsOf(annotations)[key] === 'true');
  if (kind === 'ExternalSecret') {
    // The rule secrets-nowhere-else reports another kind of object.
    const { template: made, manifest: _, ...others } = fieldsOf(target);
    return {
      target: others,
      type: fieldsOf(made).type,
      dataFrom,
      keys: listOf(data).map(({ secretKey }) => secretKey),
    };
  }
  if (kind !== 'SealedSecret') return {};
  const { namespace, name, annotations } = fieldsOf(fieldsOf(template).metadata);
  return {
    type: fieldsOf(template).type,
    keys: Object.keys(fieldsOf(encryptedData)),
    'template.metadata': [namespace, name],
    scope: [scope(metadata.annotations), scope(annotations)],
  };
}
