import { posix } from 'node:path';
import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { isOfArtifacts } from '../config/git-source';
import { fluxKustomizations } from '../config/names';
import type { GitSource } from '../config/studio-config';
import {
  Kustomization,
  type KustomizationSpec,
  KustomizationSpecDeletionPolicy,
  type KustomizationSpecHealthChecks,
  type KustomizationSpecSourceRef,
  KustomizationSpecSourceRefKind,
} from '../imports/kustomize.toolkit.fluxcd.io';
import { GitRepository, type GitRepositorySpecRef, OciRepository } from '../imports/source.toolkit.fluxcd.io';
import { holdsData, labels } from './metadata';

/** Where `flux install` puts Flux, and where it reads the credentials of a repository. */
const FLUX_NAMESPACE = 'flux-system';

/** How often Flux looks for a new commit: the default of `flux bootstrap git --interval`. */
const SOURCE_INTERVAL = '1m';

/** How often Flux reverts manual changes: the interval of `flux bootstrap` (pkg/manifestgen/sync/sync.go of fluxcd/flux2). */
const INTERVAL = '10m';

/** When Flux tries again after a failure, such as a kind that does not exist in the cluster yet. */
const RETRY_INTERVAL = '2m';

/**
 * Seconds beyond the longest rollout: the old pod stops first, within its grace period of at most 120 s, and Flux looks at the
 * workloads every 5 s (checkHealth of fluxcd/kustomize-controller).
 */
const BEYOND_ROLLOUT = 300;

/** Seconds after which the API server gives up a rollout that does not say when: pkg/apis/apps/v1/defaults.go of kubernetes/kubernetes. */
const DEFAULT_DEADLINE = 600;

/** A studio as Flux sees it. */
export interface FluxStudio {
  readonly name: string;
  /** Its workloads: it is ready when they are. */
  readonly workloads: readonly KustomizationSpecHealthChecks[];
  /** Seconds that the longest rollout of a workload may take: `progressDeadlineSeconds`. */
  readonly longestRollout: number;
}

/** What Flux waits for below a construct. */
export function awaitedBelow(scope: Construct): Pick<FluxStudio, 'workloads' | 'longestRollout'> {
  const workloads = scope.node
    .findAll()
    .filter((construct) => construct instanceof ApiObject)
    .filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
  const deadlines = workloads.map((each) => each.toJson().spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE);
  return {
    workloads: workloads.map(({ apiVersion, kind, name, metadata: { namespace } }) => {
      return { apiVersion, kind, name, namespace };
    }),
    longestRollout: Math.max(...deadlines),
  };
}

/**
 * Keeps what holds the data when Flux prunes, and what `backup` and `set-aside` note on the claims: Flux removes what kubectl wrote
 * unless it merges (PatchReplaceFieldsManagers in ssa/patch.go of fluxcd/pkg).
 */
export function keepFromFlux(scope: Construct): void {
  const objects = scope.node.findAll().filter((construct) => construct instanceof ApiObject);
  for (const { metadata } of objects.filter(holdsData)) {
    metadata.addAnnotation('kustomize.toolkit.fluxcd.io/prune', 'disabled');
    metadata.addAnnotation('kustomize.toolkit.fluxcd.io/ssa', 'Merge');
  }
}

/** The charts of `flux/`: the source of some studios, and what Flux does with it. */
export function addFlux(scope: Construct, props: FluxKustomizationsChartProps): void {
  const flux = new Construct(scope, 'flux');
  new FluxSourceChart(flux, '00-source', props);
  new FluxKustomizationsChart(flux, '10-kustomizations', props);
}

/** Where Flux finds the studios. */
export interface FluxSourceChartProps {
  /** Name of the source. */
  readonly name: string;
  readonly git: GitSource;
}

/** The Git or OCI repository. Only a person applies it. */
export class FluxSourceChart extends Chart {
  constructor(scope: Construct, id: string, { name, git }: FluxSourceChartProps) {
    super(scope, id);
    const { repo, revision, secret } = git;
    const metadata = { name, namespace: FLUX_NAMESPACE, labels: labels(name) };
    const common = { interval: SOURCE_INTERVAL, ...(secret && { secretRef: { name: secret } }) };
    if (isOfArtifacts(git)) {
      const ref = revision.startsWith('sha256:') ? { digest: revision } : { tag: revision };
      new OciRepository(this, 'source', { metadata, spec: { ...common, url: repo, ref } });
    } else {
      new GitRepository(this, 'source', { metadata, spec: { ...common, url: urlOf(repo), ref: refOf(revision) } });
    }
  }
}

/** The studios of a source. */
export interface FluxKustomizationsChartProps extends FluxSourceChartProps {
  readonly studios: readonly (FluxStudio & {
    /** Folder in the output. @default the output itself */
    readonly folder?: string;
  })[];
}

/** Two Kustomizations for each studio: what must outlive it comes first, and is never pruned. */
export class FluxKustomizationsChart extends Chart {
  constructor(scope: Construct, id: string, { name: source, git, studios }: FluxKustomizationsChartProps) {
    super(scope, id);
    for (const { name, folder = '', workloads, longestRollout } of studios) {
      const names = fluxKustomizations(name, folder !== '');
      const add = (
        kustomization: string,
        path: string,
        spec: Pick<KustomizationSpec, 'prune'> & Partial<KustomizationSpec>,
      ) =>
        new Kustomization(this, kustomization, {
          metadata: { name: kustomization, namespace: FLUX_NAMESPACE, labels: labels(source) },
          spec: {
            sourceRef: { kind: kindOf(git), name: source } satisfies KustomizationSpecSourceRef,
            path: pathOf(git.path, path),
            interval: INTERVAL,
            retryInterval: RETRY_INTERVAL,
            // Deleting the Kustomization leaves the studio running. Known from Flux 2.5 on (CHANGELOG.md of kustomize-controller 1.5.0).
            deletionPolicy: KustomizationSpecDeletionPolicy.ORPHAN,
            ...spec,
          },
        });
      // No health checks: a claim that waits for its first pod is not healthy before the studio is there.
      add(names.foundation, posix.join(folder, 'foundation'), { prune: false });
      add(names.studio, folder, {
        prune: true,
        dependsOn: [{ name: names.foundation }],
        // Workloads alone: an Ingress or a Certificate may wait for something outside of the cluster.
        healthChecks: [...workloads],
        timeout: `${longestRollout + BEYOND_ROLLOUT}s`,
      });
    }
  }
}

function kindOf(git: GitSource): KustomizationSpecSourceRefKind {
  return isOfArtifacts(git)
    ? KustomizationSpecSourceRefKind.OCI_REPOSITORY
    : KustomizationSpecSourceRefKind.GIT_REPOSITORY;
}

/** The address as a URL with a lower-case scheme. A GitRepository accepts nothing else, so `git@host:path` becomes an address of SSH. */
function urlOf(repo: string): string {
  const scheme = /^[a-z]+(?=:\/\/)/i.exec(repo)?.[0];
  return scheme ? scheme.toLowerCase() + repo.slice(scheme.length) : `ssh://${repo.replace(/:\/*/, '/')}`;
}

function refOf(revision: string): GitRepositorySpecRef {
  if (/^[0-9a-f]{40}$/i.test(revision)) return { commit: revision.toLowerCase() };
  return revision.startsWith('refs/') ? { name: revision } : { branch: revision };
}

/** The path of a folder, below the root of the source. */
function pathOf(output: string, folder: string): string {
  return `./${posix.relative('.', posix.join(output, folder))}`;
}
