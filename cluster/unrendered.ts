import { intakeName, qdrantName, workloadNames } from '../config/names';
import { componentsOf, lineOf } from '../releases';
import { claimsOf, type Fields, fieldsOf, listOf, type Manifest, type Manifests, podsOf } from '../render/manifest';
import { advice } from './diagnosis/cause';
import { tagOf } from './studio-manifests';
import type { ClusterView } from './view';

/** A workload in the namespace of a studio that the studio does not have. */
export interface Unrendered {
  readonly object: Manifest;
  /** The claim that it may write to. Two writers damage the databases. @default none */
  readonly writes?: string;
}

/**
 * Workloads that run next to a studio: leftovers of a changed setting, and any other workload that may write to its data.
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

/** The workloads of the release that the backend runs. For an unknown release, those of all releases. */
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

/** The finding for such a workload, with the command that stops or deletes it. */
export function unrenderedFinding({ object: { kind, metadata }, writes }: Unrendered, cluster: ClusterView) {
  const type = kind.toLowerCase();
  const remove = cluster.command('delete', `${type},service,networkpolicy`, metadata.name, '--ignore-not-found');
  if (metadata.name === intakeName)
    return {
      severity: 'warning',
      text: 'is no longer part of this studio. Its queues may hold spans that it cannot send',
      fix: advice(
        'Enable the intake again until its queues are empty, or delete it. Its claims keep the queues',
        remove,
      ),
    } as const;
  return writes === undefined
    ? ({
        severity: 'warning',
        text: 'is not part of this release but still runs. It is harmless',
        fix: advice('Delete it and its Service: it has no data. Argo CD and Flux delete it if they prune', remove),
      } as const)
    : ({
        severity: 'error',
        text: `is not part of this release but may write to the claim ${writes}. Two writers damage the databases`,
        fix: advice(
          'Stop it at once, then find out who runs it',
          cluster.command('scale', type, metadata.name, '--replicas=0'),
        ),
      } as const);
}
