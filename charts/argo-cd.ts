import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import type { GitSource } from '../config/studio-config';
import {
  Application,
  ApplicationSet,
  type ApplicationSpec,
  AppProject,
  type AppProjectSpecClusterResourceWhitelist,
  type AppProjectSpecNamespaceResourceWhitelist,
} from '../imports/argoproj.io';
import { labels } from './metadata';

/** Where Argo CD runs, and looks for Applications. */
const ARGO_CD_NAMESPACE = 'argocd';

/** The cluster in which Argo CD runs. */
const THIS_CLUSTER = 'https://kubernetes.default.svc';

/** A group and kind of objects. */
export type ResourceKind = AppProjectSpecNamespaceResourceWhitelist;

const CLUSTER_KINDS = ['Namespace', 'PersistentVolume'];

/** Prefix of the names of a set's Applications: all Applications of an Argo CD share one namespace. */
const APPLICATION_PREFIX = 'junjo-ai-studio-';

const SOLVER_POD = [
  { group: '', kind: 'Pod' },
  { group: '', kind: 'Service' },
];

/**
 * What controllers make of a kind of ours. Argo CD leaves what the project does not allow out of the tree, and with it the
 * logs of pods (controller/appcontroller.go of argoproj/argo-cd). Secrets stay out: what a SealedSecret becomes is not shown.
 * So do the backups of a Schedule: they have no owner, and Argo CD prunes what is allowed and has no owner
 * (GetManagedLiveObjs, controller/cache/cache.go).
 */
const CHILDREN: Readonly<Record<string, readonly ResourceKind[]>> = {
  Deployment: [
    { group: 'apps', kind: 'ReplicaSet' },
    { group: '', kind: 'Pod' },
  ],
  StatefulSet: [
    { group: 'apps', kind: 'ControllerRevision' },
    { group: '', kind: 'Pod' },
  ],
  Service: [{ group: 'discovery.k8s.io', kind: 'EndpointSlice' }],
  ReplicationSource: [
    { group: 'batch', kind: 'Job' },
    { group: '', kind: 'Pod' },
    { group: '', kind: 'PersistentVolumeClaim' },
    { group: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot' },
  ],
  Certificate: [
    { group: 'cert-manager.io', kind: 'CertificateRequest' },
    { group: 'acme.cert-manager.io', kind: 'Order' },
    { group: 'acme.cert-manager.io', kind: 'Challenge' },
    ...SOLVER_POD,
  ],
};

/** A studio as Argo CD sees it. */
export interface ArgoCdStudio {
  readonly name: string;
  readonly namespace: string;
  /** Other namespaces in which it has objects, such as the namespace of Velero. */
  readonly otherNamespaces: readonly string[];
  /** Its namespaced kinds and what becomes of them, Secrets excepted: they are never in Git. */
  readonly kinds: readonly ResourceKind[];
  /** Its objects that belong to the cluster, by name. */
  readonly clusterObjects: readonly AppProjectSpecClusterResourceWhitelist[];
}

/** What Argo CD must be allowed to apply and to show of some constructs. */
export function allowedBelow(
  scope: Construct,
  ownNamespace: string,
): Pick<ArgoCdStudio, 'kinds' | 'clusterObjects' | 'otherNamespaces'> {
  const objects = scope.node
    .findAll()
    .filter((construct) => construct instanceof ApiObject)
    .map(({ apiGroup, kind, metadata, name }) => {
      return { group: apiGroup === 'core' ? '' : apiGroup, kind, name, namespace: metadata.namespace };
    });
  const inNamespace = objects.filter(({ kind }) => !CLUSTER_KINDS.includes(kind) && kind !== 'Secret');
  return {
    kinds: inNamespace.flatMap(({ group, kind }) => [{ group, kind }, ...(CHILDREN[kind] ?? [])]),
    clusterObjects: objects
      .filter(({ kind }) => CLUSTER_KINDS.includes(kind))
      .map(({ group, kind, name }) => ({ group, kind, name })),
    otherNamespaces: [...new Set(inNamespace.map(({ namespace }) => namespace))].filter(
      (namespace): namespace is string => namespace !== undefined && namespace !== ownNamespace,
    ),
  };
}

/**
 * Lets Argo CD apply custom resources before their CRD is known to the dry run; on the objects, because older releases
 * of Argo CD do not support the option of the Application.
 */
export function tolerateMissingCrds(scope: Construct): void {
  for (const construct of scope.node.findAll()) {
    if (construct instanceof ApiObject && isCustom(construct.apiGroup)) {
      construct.metadata.addAnnotation('argocd.argoproj.io/sync-options', 'SkipDryRunOnMissingResource=true');
    }
  }
}

function isCustom(group: string): boolean {
  return group.includes('.') && (!group.endsWith('.k8s.io') || group === 'gateway.networking.k8s.io');
}

/** One studio, and the repository that it comes from. */
export interface ArgoCdChartProps {
  readonly studio: ArgoCdStudio;
  readonly git: GitSource;
}

/** The project and the Application of one studio. Only a person applies them. */
export class ArgoCdChart extends Chart {
  constructor(scope: Construct, id: string, { studio, git }: ArgoCdChartProps) {
    super(scope, id);
    addProject(this, studio.name, git, [studio]);
    new Application(this, 'application', {
      metadata: {
        name: studio.name,
        namespace: ARGO_CD_NAMESPACE,
        labels: labels(studio.name),
        annotations: applicationAnnotations,
        // No finalizer: deleting the Application leaves the studio running.
      },
      spec: applicationSpec(studio.name, git, git.path, studio.namespace, [studio]),
    });
  }
}

/** All studios of one repository. */
export interface ArgoCdSetChartProps {
  readonly studios: readonly ArgoCdStudio[];
  readonly git: GitSource;
}

/** One project and one ApplicationSet for all studios of a repository. */
export class ArgoCdSetChart extends Chart {
  constructor(scope: Construct, id: string, { studios, git }: ArgoCdSetChartProps) {
    super(scope, id);
    const name = 'junjo-ai-studios';
    addProject(this, name, git, studios);
    new ApplicationSet(this, 'application-set', {
      metadata: { name, namespace: ARGO_CD_NAMESPACE, labels: labels(name) },
      spec: {
        goTemplate: true,
        goTemplateOptions: ['missingkey=error'],
        // A list, not a look into the repository: an empty folder or a wrong revision cannot empty it.
        generators: [
          { list: { elements: studios.map((studio) => ({ name: studio.name, namespace: studio.namespace })) } },
        ],
        // Without it every Application would get the finalizer that takes its objects along.
        syncPolicy: { preserveResourcesOnDeletion: true },
        template: {
          metadata: {
            name: `${APPLICATION_PREFIX}{{.name}}`,
            labels: labels(name),
            annotations: applicationAnnotations,
          },
          spec: applicationSpec(name, git, `${git.path}/{{.name}}`, '{{.namespace}}', studios),
        },
      },
    });
  }
}

// Server-side apply does not imply it, and the older diff ignores defaults of CRDs: every such field would show as drift.
const applicationAnnotations = { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' };

function addProject(scope: Construct, name: string, git: GitSource, studios: readonly ArgoCdStudio[]): void {
  new AppProject(scope, 'project', {
    metadata: { name, namespace: ARGO_CD_NAMESPACE, labels: labels(name) },
    spec: {
      description: 'Junjo AI Studio',
      sourceRepos: [git.repo],
      destinations: [
        ...new Set(studios.flatMap(({ namespace, otherNamespaces }) => [namespace, ...otherNamespaces])),
      ].map((namespace) => ({ server: THIS_CLUSTER, namespace })),
      // By name: a kind alone would allow every namespace of the cluster.
      clusterResourceWhitelist: studios.flatMap(({ clusterObjects }) => clusterObjects),
      // An absent list would allow every kind.
      namespaceResourceWhitelist: [...distinct(studios.flatMap(({ kinds }) => kinds))],
    },
  });
}

function applicationSpec(
  project: string,
  git: GitSource,
  path: string,
  namespace: string,
  studios: readonly ArgoCdStudio[],
): ApplicationSpec {
  const hasVolume = studios.some(({ clusterObjects }) =>
    clusterObjects.some(({ kind }) => kind === 'PersistentVolume'),
  );
  return {
    project,
    source: {
      repoUrl: git.repo,
      targetRevision: git.revision,
      path,
      directory: {
        recurse: true,
        // Argo CD's * matches slashes too: the digits keep every other folder out.
        include: '{[0-9][0-9]-*.k8s.yaml,foundation/[0-9][0-9]-*.k8s.yaml}',
        exclude: 'argocd/*',
      },
    },
    destination: { server: THIS_CLUSTER, namespace },
    syncPolicy: {
      automated: { prune: true, selfHeal: true },
      syncOptions: ['ServerSideApply=true', 'SkipDryRunOnMissingResource=true', 'FailOnSharedResource=true'],
      retry: { limit: 5, backoff: { duration: '5s', factor: 2, maxDuration: '3m' } },
    },
    // The volume controller writes them when it binds the claim.
    ...(hasVolume && {
      ignoreDifferences: [
        {
          group: '',
          kind: 'PersistentVolume',
          jsonPointers: ['/spec/claimRef/uid', '/spec/claimRef/resourceVersion'],
        },
      ],
    }),
  };
}

function distinct(kinds: readonly ResourceKind[]): readonly ResourceKind[] {
  const byName = new Map(kinds.map((kind) => [`${kind.group}/${kind.kind}`, kind]));
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}
