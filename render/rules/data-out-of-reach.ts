import { type Fields, fieldsOf, listOf, type Manifest, titleOf } from '../manifest';
import { hookOf } from './hooks';
import { holdsData, isVeleroSchedule, type Leaf, type RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ */
const KEEPS = ['Delete', 'Prune'];

/** With them Argo CD replaces what it cannot apply, and deletes it for that. */
const REPLACES = ['Replace=true', 'Force=true'];

/** Labels and annotations that make other programs delete or replace an object. */
const DELETES: readonly (readonly [key: string, value: RegExp, what: string])[] = [
  // AnyInMetadata of fluxcd/pkg reads labels and annotations, and no letter's case.
  ['kustomize.toolkit.fluxcd.io/force', /^enabled$/i, 'makes Flux delete what it cannot change'],
  // https://carvel.dev/kapp/docs/latest/apply/#kappk14sioupdate-strategy
  ['kapp.k14s.io/update-strategy', /replace/, 'makes kapp delete what it cannot change'],
  // https://kyverno.io/docs/policy-types/cleanup-policy/#cleanup-label
  ['cleanup.kyverno.io/ttl', /./, 'makes Kyverno delete it'],
  // https://codeberg.org/hjacobs/kube-janitor
  ['janitor/ttl', /./, 'makes kube-janitor delete it'],
  ['janitor/expires', /./, 'makes kube-janitor delete it'],
];

/** https://fluxcd.io/flux/components/kustomize/kustomizations/#prune; Flux reads no letter's case. */
const FLUX_KEEPS = { key: 'kustomize.toolkit.fluxcd.io/prune', value: 'disabled' };

/** `kubectl delete -f dist/`, a prune of Argo CD or Flux and a deleted Application never reach the data. */
export const dataOutOfReach: Rule = {
  name: 'data-out-of-reach',
  asks: 'Namespace, claim and volume are in `foundation/`. No tool prunes, deletes or replaces them, the volume is retained, and backups outlive their Schedule',
  reason: 'deleting the claim or the namespace deletes every span, user and key',
  source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/',
  *violations(studio: RenderedStudio) {
    const { placed, pods } = studio;
    for (const { file, manifest } of placed) {
      const object = titleOf(manifest);
      const isData = holdsData(manifest);
      if (file.startsWith('foundation/') !== isData) {
        yield {
          object,
          text: isData ? 'is not in foundation/' : 'is in foundation/, which is only for objects that hold the data',
        };
      }
      if (isVeleroSchedule(manifest) && fieldsOf(manifest.spec).useOwnerReferencesInBackup) {
        yield { object, text: 'useOwnerReferencesInBackup deletes its backups when it is deleted' };
      }
      if (manifest.apiVersion.startsWith('argoproj.io/')) yield* ofApplication(object, studio.leavesOf(manifest));
      if (!isData) continue;
      yield* ofMetadata(manifest);
      if (studio.facts.gitOps === 'flux') yield* ofFlux(manifest);
      const { persistentVolumeReclaimPolicy: policy = 'Retain' } = fieldsOf(manifest.spec);
      if (policy !== 'Retain') yield { object, text: `its reclaim policy is ${policy}, but must be Retain` };
    }
    for (const { owner, title: object } of pods) {
      const { whenDeleted, whenScaled } = fieldsOf(fieldsOf(owner.spec).persistentVolumeClaimRetentionPolicy);
      if (whenDeleted === 'Delete' || whenScaled === 'Delete') {
        yield { object, text: 'persistentVolumeClaimRetentionPolicy deletes its claims' };
      }
    }
  },
};

/** Labels, annotations and other metadata of an object. */
function* ofMetadata(manifest: Manifest): Generator<Violation> {
  const object = titleOf(manifest);
  const { labels, annotations, ownerReferences } = manifest.metadata as Fields;
  const all: readonly (readonly [string, unknown])[] = [annotations, labels].flatMap((each) =>
    Object.entries(fieldsOf(each)),
  );
  const options = syncOptionsOf(fieldsOf(annotations)['argocd.argoproj.io/sync-options']);
  // Older releases look for the option among all of them, newer ones take the first: GetAnnotationOptionValue of argoproj/argo-cd.
  const missing = KEEPS.filter((key) => {
    const values = options.filter((option) => option.startsWith(`${key}=`));
    return values.length === 0 || values.some((option) => option !== `${key}=false`);
  });
  if (missing.length > 0) {
    yield { object, text: `has no sync option ${missing.map((key) => `${key}=false`).join(', ')}` };
  }
  for (const option of REPLACES.filter((each) => options.includes(each))) {
    yield { object, text: `has the sync option ${option}, so Argo CD deletes and replaces it` };
  }
  const hook = hookOf(manifest);
  if (hook) yield { object, text: `is a hook (${hook}), which each sync deletes` };
  for (const [key, value, what] of DELETES) {
    if (all.some(([name, text]) => name === key && value.test(String(text)))) yield { object, text: `${key} ${what}` };
  }
  if (listOf(ownerReferences).length > 0) yield { object, text: 'is deleted with its owner (ownerReferences)' };
}

/** Where Flux applies the studio, a prune must find what keeps it from the data. */
function* ofFlux(manifest: Manifest): Generator<Violation> {
  const { key, value } = FLUX_KEEPS;
  const written = fieldsOf(manifest.metadata.annotations)[key];
  if (String(written).toLowerCase() !== value) {
    yield { object: titleOf(manifest), text: `has no annotation ${key}: ${value}, which keeps Flux from deleting it` };
  }
}

/** An Application's options, and those of a sync that it asks for, are for all of its objects: the claims, too. */
function* ofApplication(object: string, leaves: readonly Leaf[]): Generator<Violation> {
  for (const { key, value } of leaves) {
    if (REPLACES.includes(String(value))) {
      yield { object, text: `has the sync option ${value}, so Argo CD replaces the claims` };
    }
    if (key === 'force' && value === true) yield { object, text: 'has force, so Argo CD deletes the claims' };
  }
}

/** The parts of an annotation as Argo CD reads it: GetAnnotationCSVs of argoproj/gitops-engine. */
function syncOptionsOf(annotation: unknown): readonly string[] {
  return String(annotation ?? '')
    .split(',')
    .map((option) => option.trim());
}
