import { fieldsOf, isSame, listOf, type Manifest, titleOf } from '../manifest';
import type { RenderedStudio } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** Lists of what is allowed: each entry allows more. */
const ALLOWS = ['sourceRepos', 'destinations', 'clusterResourceWhitelist', 'namespaceResourceWhitelist'];

/** What describes a project, or forbids something. */
const FREE = [
  'description',
  'syncWindows',
  'signatureKeys',
  'orphanedResources',
  'clusterResourceBlacklist',
  'namespaceResourceBlacklist',
  'permitOnlyProjectScopedClusters',
];

/** Where an Application makes other objects of the files, or labels the namespace. */
const CHANGES = ['kustomize', 'helm', 'plugin', 'jsonnet', 'chart', 'managedNamespaceMetadata'];

/** Anyone who can push to the repository can do what the project allows. */
export const argoCdProject: Rule = {
  name: 'argo-cd-project',
  asks: 'An AppProject allows no more than rendered. An Application keeps its project, repository, path and destination, and applies the files unchanged',
  reason: 'anyone who can push to the repository could otherwise have Argo CD apply anything anywhere',
  source: 'https://argo-cd.readthedocs.io/en/stable/user-guide/projects/',
  *violations(studio: RenderedStudio) {
    for (const manifest of studio.manifests.filter(({ apiVersion }) => apiVersion.startsWith('argoproj.io/'))) {
      const before = studio.asRendered(manifest);
      if (before && manifest.kind === 'AppProject') yield* ofProject(manifest, before);
      if (before && manifest.kind === 'Application') yield* ofApplication(manifest, before);
    }
  },
};

function* ofProject(after: Manifest, before: Manifest): Generator<Violation> {
  const object = titleOf(after);
  const [spec, rendered] = [fieldsOf(after.spec), fieldsOf(before.spec)];
  for (const field of ALLOWS) {
    const entries: unknown[] = Array.isArray(spec[field]) ? spec[field] : [];
    const known: unknown[] = Array.isArray(rendered[field]) ? rendered[field] : [];
    const more = entries.filter((entry) => !known.some((each) => isSame(each, entry)));
    if (more.length > 0) yield { object, text: `${field} also allows ${JSON.stringify(more)}` };
  }
  // Without the list, every kind is allowed: IsGroupKindNamePermitted in pkg/apis/application/v1alpha1 of argoproj/argo-cd.
  if (rendered.namespaceResourceWhitelist && !spec.namespaceResourceWhitelist) {
    yield { object, text: 'namespaceResourceWhitelist is missing, which allows every kind' };
  }
  const others = Object.keys(spec).filter((field) => !ALLOWS.includes(field) && !FREE.includes(field));
  for (const field of others.filter((each) => !isSame(spec[each], rendered[each]))) {
    yield { object, text: `${field} was changed` };
  }
}

function* ofApplication(after: Manifest, before: Manifest): Generator<Violation> {
  const object = titleOf(after);
  const [spec, rendered] = [fieldsOf(after.spec), fieldsOf(before.spec)];
  for (const field of ['project', 'destination'].filter((each) => !isSame(spec[each], rendered[each]))) {
    yield { object, text: `its ${field} was changed` };
  }
  const changes = namedBelow(spec, CHANGES);
  for (const [field] of changes.filter((each) => !namedBelow(rendered, CHANGES).some((other) => isSame(each, other)))) {
    yield { object, text: `${field} changes the objects after the rules have checked them` };
  }
  for (const field of ['path', 'directory'].filter(
    (each) => !isSame(namedBelow(spec, [each]), namedBelow(rendered, [each])),
  )) {
    yield { object, text: `the ${field} of its source was changed` };
  }
  // Others, such as the replicas of a Deployment, are differences that a cluster makes.
  const ignored = listOf(spec.ignoreDifferences).filter(({ kind }) => ['*', 'NetworkPolicy'].includes(kind));
  if (ignored.length > 0)
    yield { object, text: 'ignores differences of network policies, so Argo CD does not restore them' };
  const known = repositoriesOf(rendered);
  if (repositoriesOf(spec).some((repository) => !known.includes(repository))) {
    yield { object, text: 'its repository was changed' };
  }
}

/** Of all its sources, in whichever field they are. */
function repositoriesOf(value: unknown): readonly unknown[] {
  return namedBelow(value, ['repoURL']).map(([, repository]) => repository);
}

/** The fields of these names, wherever they are. */
function namedBelow(value: unknown, names: readonly string[]): readonly (readonly [field: string, value: unknown])[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([field, each]) => [
    ...(names.includes(field) ? [[field, each] as const] : []),
    ...namedBelow(each, names),
  ]);
}
