import { fieldsOf, isSame, listOf, type Manifest, titleOf } from '../manifest';
import type { Leaf, RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** What Git ignores. */
const SECRET_FILE = /(^|\/)[^/]*secrets\.k8s\.yaml$/;

/** Secrets are only in the Secret, whose file Git ignores, and in no other object. */
export const secretsNowhereElse: Rule = {
  name: 'secrets-nowhere-else',
  asks: 'A secret is only in the Secret, in any encoding, and the Secret is in a file that Git ignores',
  reason: 'every other file is committed, shown by Argo CD, and readable for anyone who can read ConfigMaps and pods',
  source: 'https://kubernetes.io/docs/concepts/security/secrets-good-practices/',
  *violations(studio: RenderedStudio) {
    const { manifests, placed } = studio;
    for (const { file, manifest } of placed) {
      if ((manifest.kind === 'Secret') !== SECRET_FILE.test(file)) {
        const text = `is in ${file}, but only Secrets belong in a file whose name ends in secrets.k8s.yaml, and all of them do`;
        yield { object: titleOf(manifest), text };
      }
    }
    for (const manifest of manifests.filter(({ kind }) => kind !== 'Secret')) {
      yield* ofManifest(manifest, studio);
      yield* ofTemplate(manifest, studio);
    }
  },
};

function* ofManifest(manifest: Manifest, studio: RenderedStudio): Generator<Violation> {
  const { secrets } = studio.facts;
  const before = studio.asRendered(manifest);
  const rendered = new Set(before && before !== manifest ? studio.rendered.leavesOf(before).flatMap(textsOfLeaf) : []);
  const seen = new Set<Leaf['within']>();
  for (const leaf of studio.leavesOf(manifest)) {
    const heldBy = (text: string) => secrets.heldBy(text, before !== manifest && !rendered.has(text));
    const path = (part: Omit<Leaf, 'value'>): string => {
      const key = heldBy(part.key).length > 0 ? '…' : part.key;
      return part.within ? `${path(part.within)}.${key}` : key;
    };
    const violation = (name: string, text: string) => {
      return { object: titleOf(manifest), text, settings: secrets.settingsWith(name) };
    };
    for (const name of heldBy(String(leaf.value))) {
      yield violation(name, `${path(leaf)} contains the value of the secret ${name}`);
    }
    for (let part: Leaf['within'] = leaf; part && !seen.has(part); part = part.within) {
      seen.add(part);
      for (const name of heldBy(part.key))
        yield violation(name, `the key ${path(part)} contains the value of the secret ${name}`);
    }
  }
}

/** What makes a Secret may fill its values into whatever it is told: https://external-secrets.io/latest/guides/templating/ */
function* ofTemplate(manifest: Manifest, studio: RenderedStudio): Generator<Violation> {
  if (!['ExternalSecret', 'SealedSecret'].includes(manifest.kind)) return;
  const [object, before] = [titleOf(manifest), studio.asRendered(manifest)];
  const metadataOf = ({ spec }: Manifest) => {
    return fieldsOf(fieldsOf(fieldsOf(spec).template ?? fieldsOf(fieldsOf(spec).target).template).metadata);
  };
  const filled = Object.entries(metadataOf(manifest)).filter(([field, value]) => {
    return JSON.stringify(value).includes('{{') && !isSame(value, before && metadataOf(before)[field]);
  });
  for (const [field] of filled) yield { object, text: `copies values of the Secret into its ${field}` };
  const { target } = fieldsOf(manifest.spec);
  if (fieldsOf(target).manifest)
    yield { object, text: `creates a ${fieldsOf(target.manifest).kind} instead of a Secret` };
  for (const { target: part = 'Data' } of listOf(fieldsOf(fieldsOf(target).template).templateFrom)) {
    if (part !== 'Data') yield { object, text: `copies values of the Secret into its ${String(part).toLowerCase()}` };
  }
}

/** The texts of a leaf: its value, and the keys on the way to it. */
function textsOfLeaf({ key, value, within }: Omit<Leaf, 'value'> & { readonly value?: unknown }): readonly string[] {
  return [key, ...(value === undefined ? [] : [String(value)]), ...(within ? textsOfLeaf(within) : [])];
}
