import { fieldsOf, isSame, type Manifest, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** What of a source a person may choose: how often it is read, and what proves that it is the right one. */
const FREE_OF_SOURCE = [
  'interval',
  'timeout',
  'suspend',
  'verify',
  'proxySecretRef',
  'secretRef',
  'certSecretRef',
  'provider',
  'serviceAccountName',
];

/** What of a Kustomization a person may choose: when it is applied, as whom, and what it waits for. */
const FREE_OF_KUSTOMIZATION = [
  ...['interval', 'retryInterval', 'timeout', 'suspend', 'serviceAccountName', 'dependsOn'],
  ...['healthChecks', 'healthCheckExprs', 'decryption', 'buildMetadata'],
];

/** Flux applies what these say with the rights of its controller: of everything, unless a service account is named. */
export const fluxKustomizations: Rule = {
  name: 'flux-kustomizations',
  asks: 'A Flux source reads the rendered repository. A Kustomization applies its folder unchanged, forces and prunes no more, and orphans its objects on deletion',
  reason: 'otherwise Flux could apply objects that no rule has checked, or delete the data',
  source: 'https://fluxcd.io/flux/components/kustomize/kustomizations/',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests) {
      const free = freeOf(manifest);
      const before = free && studio.asRendered(manifest);
      if (free && before) yield* differences(manifest, before, free);
    }
  },
};

function freeOf({ apiVersion }: Manifest): readonly string[] | undefined {
  if (apiVersion.startsWith('source.toolkit.fluxcd.io/')) return FREE_OF_SOURCE;
  return apiVersion.startsWith('kustomize.toolkit.fluxcd.io/') ? FREE_OF_KUSTOMIZATION : undefined;
}

function* differences(after: Manifest, before: Manifest, free: readonly string[]): Generator<Violation> {
  const [spec, rendered] = [fieldsOf(after.spec), fieldsOf(before.spec)];
  const fields = [...new Set([...Object.keys(spec), ...Object.keys(rendered)])].filter((each) => !free.includes(each));
  for (const field of fields.filter((each) => !isSame(spec[each], rendered[each]))) {
    yield { object: titleOf(after), text: `its ${field} was changed` };
  }
}
