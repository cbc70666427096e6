import { fieldsOf, titleOf } from '../manifest';
import { pathOf, type RenderedStudio } from './rendered-studio';
import type { Rule } from './rule';

/** Shorter values may stand in a manifest by chance. */
const LEAST_LENGTH = 12;

/** What Git ignores. */
const SECRET_FILE = /(^|\/)[^/]*secrets\.k8s\.yaml$/;

/** What is secret stands in the Secret, whose file Git ignores, and in no other object. */
export const secretsNowhereElse: Rule = {
  name: 'secrets-nowhere-else',
  asks: 'A secret stands in the Secret and nowhere else, and the Secret in a file that Git ignores',
  reason: 'every other file is committed, shown by Argo CD, and readable for whoever may read ConfigMaps and pods',
  source: 'https://kubernetes.io/docs/concepts/security/secrets-good-practices/',
  *violations(studio: RenderedStudio) {
    const { manifests, placed } = studio;
    for (const { file, manifest } of placed) {
      if ((manifest.kind === 'Secret') !== SECRET_FILE.test(file)) {
        const text = `is in ${file}; a Secret, and nothing else, is in a file whose name ends in secrets.k8s.yaml`;
        yield { object: titleOf(manifest), text };
      }
    }
    const secrets = manifests
      .filter(({ kind }) => kind === 'Secret')
      .flatMap(({ data }) => Object.entries(fieldsOf(data)))
      .map(([key, encoded]) => ({
        key,
        encoded: String(encoded),
        plain: Buffer.from(String(encoded), 'base64').toString(),
      }))
      .filter(({ plain }) => plain.length >= LEAST_LENGTH);
    for (const manifest of manifests.filter(({ kind }) => kind !== 'Secret')) {
      for (const leaf of studio.leavesOf(manifest)) {
        const { value } = leaf;
        for (const { key, plain, encoded } of secrets) {
          const found = typeof value === 'string' && (value.includes(plain) || value.includes(encoded));
          if (found) yield { object: titleOf(manifest), text: `${pathOf(leaf)} holds the value of the secret ${key}` };
        }
      }
    }
  },
};
