import { intakeName, qdrantName, workloadNames } from '../config/names';
import { componentsOf, lineOf } from '../releases';
import { claimsOf, type Fields, fieldsOf, listOf, type Manifest, type Manifests, podsOf } from '../render/manifest';
import { advice } from './diagnosis/cause';
import { tagOf } from './studio-manifests';
import type { ClusterView } from './view';

/** A workload in the namespace of a studio that the studio does not have. */
export interface Unrendered {
  readonly object: Manifest;
  /** The claim with the data that it may write: two writers damage the databases. @default it cannot */
  readonly writes?: string;
}

/**
 * Workloads that run beside a studio: what a change of its settings left behind, and whatever else may write its data.
 * @param rendered the studio as it is rendered. @default the release of the live backend says what it has
 */
export function unrenderedWorkloads(live: Manifests, rendered?: Manifests): readonly Unrendered[] {
  const backend = (rendered ?? live).named('Deployment', workloadNames.backend);
  const workloads = (objects: Manifests) => [...objects.ofKind('Deployment'), ...objects.ofKind('StatefulSet')];
  const expected = rendered ? workloads(rendered).map(({ metadata }) => metadata.name) : namesOf(backend);
  const data = backend ? podsOf(backend).flatMap(claimsOf) : [];
  return workloads(live)
    .filter(({ metadata, spec }) => !expected.includes(metadata.name) && spec?.replicas !== 0)
    .flatMap((object) => {
      const writes = podsOf(object)
        .flatMap(writableClaims)
        .find((claim) => data.includes(claim));
      return writes !== undefined || isOfStudio(object) ? [{ object, writes }] : [];
    });
}

/** The workloads of the release that the backend runs; of one that is not known, all that any has. */
function namesOf(backend: Manifest | undefined): readonly string[] {
  const line = lineOf(tagOf(backend));
  return [
    qdrantName,
    intakeName,
    ...(line ? componentsOf(line).map((each) => workloadNames[each]) : Object.values(workloadNames)),
  ];
}

function isOfStudio({ metadata }: Manifest): boolean {
  return fieldsOf(metadata.labels)['app.kubernetes.io/part-of'] === 'junjo-ai-studio';
}

/** The claims that a pod may write. */
export function writableClaims({ spec, containers }: ReturnType<typeof podsOf>[number]): readonly string[] {
  const mounts = containers.flatMap(({ fields }) => listOf(fields.volumeMounts)).filter(({ readOnly }) => !readOnly);
  return listOf(spec.volumes)
    .filter(({ name, persistentVolumeClaim: claim }: Fields) => {
      return claim && !claim.readOnly && mounts.some((mount) => mount.name === name);
    })
    .map(({ persistentVolumeClaim }) => persistentVolumeClaim.claimName);
}

/** What is wrong with such a workload, and the command that ends it. */
export function unrenderedFinding({ object: { kind, metadata }, writes }: Unrendered, cluster: ClusterView) {
  const type = kind.toLowerCase();
  const remove = cluster.command('delete', `${type},service,networkpolicy`, metadata.name, '--ignore-not-found');
  if (metadata.name === intakeName)
    return {
      severity: 'warning',
      text: 'is no part of this studio any more, and its queues may hold spans that it cannot send',
      fix: advice(
        'Switch the intake on again until its queues are empty, or delete it. Its claims keep what is in the queues',
        remove,
      ),
    } as const;
  return writes === undefined
    ? ({
        severity: 'warning',
        text: 'is no part of this release and still runs; it is harmless',
        fix: advice(
          'Remove it, and what belongs to it: it has no data. Argo CD and Flux do so by themselves where they prune',
          remove,
        ),
      } as const)
    : ({
        severity: 'error',
        text: `is no part of this release and may write the claim ${writes}: two writers damage the databases`,
        fix: advice(
          'Stop it before anything else, then find out whose it is',
          cluster.command('scale', type, metadata.name, '--replicas=0'),
        ),
      } as const);
}
