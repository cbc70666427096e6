import { workloadNames } from '../../config/names';
import type { NodeMount } from '../../config/source-mounts';
import { type Component, components } from '../../releases';
import { type Container, type Fields, fieldsOf, isSame, listOf, type Manifest, type Pod, titleOf } from '../manifest';
import type { RenderedStudio, StudioFacts } from './rendered-studio';
import type { Rule, Violation } from './rule';

/** A separate rule, so waiving pod-security for an image that runs as root does not allow folders of nodes. */
export const hostPaths: Rule = {
  name: 'host-paths',
  asks: 'Pods mount no folder from their node, except sources from which they reload. The data volume is the folder that the settings name',
  reason:
    'an attacker in a pod that mounts a folder of its node can read the secrets of all pods there, and take over the node',
  source: 'https://kubernetes.io/docs/concepts/storage/volumes/#hostpath',
  *violations(studio: RenderedStudio) {
    for (const pod of studio.pods) {
      for (const volume of listOf(pod.spec.volumes)) {
        if (volume.hostPath && !isOfSources(pod, volume, studio.facts))
          yield {
            object: pod.title,
            text: `the volume ${volume.name} is the folder ${volume.hostPath.path} of the node`,
          };
      }
      for (const container of pod.containers) yield* ofContainer(pod, container, studio.facts);
    }
    for (const volume of studio.ofKind('PersistentVolume')) {
      const before = studio.asRendered(volume);
      if (before && folderOf(volume) !== folderOf(before)) {
        yield { object: titleOf(volume), text: 'was changed to another folder on the node' };
      }
    }
  },
};

/** Whether a volume is what the component of a pod mounts of its node: the path and the type that the settings give it. */
export function isOfSources(pod: Pod, volume: Fields, facts: StudioFacts): boolean {
  const { name, ...source } = volume;
  return sourcesOf(pod, facts).some(
    (mount) => mount.name === name && isSame(source, { hostPath: { path: mount.path, type: mount.type } }),
  );
}

/** Where sources are mounted: only in the container that reloads, at their place, and no more writable than they must be. */
function* ofContainer(pod: Pod, { fields, title }: Container, facts: StudioFacts): Generator<Violation> {
  const sources = sourcesOf(pod, facts);
  for (const { name, ...mount } of listOf(fields.volumeMounts)) {
    const source = sources.find((each) => each.name === name);
    if (!source) continue;
    const rendered = { mountPath: source.mountPath, ...(!source.writable && { readOnly: true }) };
    if (fields.name !== componentOf(pod) || !isSame(mount, rendered)) {
      yield { object: title, text: `mounts ${source.path} of the node differently than rendered` };
    }
  }
}

function sourcesOf(pod: Pod, { nodeMounts }: StudioFacts): readonly NodeMount[] {
  const component = componentOf(pod);
  return (component && nodeMounts.get(component)) ?? [];
}

/** The component whose workload a pod is of. */
function componentOf({ owner: { kind, metadata } }: Pod): Component | undefined {
  return kind === 'Deployment' ? components.find((component) => workloadNames[component] === metadata.name) : undefined;
}

/** The charts render a `local` volume; the API server takes no second source beside it. */
function folderOf({ spec }: Manifest): unknown {
  return fieldsOf(fieldsOf(spec).local).path;
}
