import type { k8s } from 'cdk8s-plus-27';
import type { NodeMount } from '../../config/source-mounts';
import type { HotReload, OwnFolder } from '../../releases';
import type { ComponentProps } from './component';
import { quantity, resources } from './resources';
import { containerSecurityContext } from './security';
import type { VolumesAndMounts } from './volumes';

/** The sources from which a component reloads. */
export interface SourcesProps {
  readonly mounts: readonly NodeMount[];
  readonly facts: HotReload;
}

/** What the pod of a component has beyond others when it reloads from sources. */
export interface MountedSources extends VolumesAndMounts {
  readonly initContainers: k8s.Container[];
  /** Replaces the arguments of the image. @default the arguments of the image */
  readonly args?: string[];
}

/**
 * Attempts of a probe, for an hour. Other containers have fewer. Nothing answers while the sources do not
 * compile, and a restart does not fix them.
 */
export const PATIENCE = { startupProbe: { failureThreshold: 720 }, livenessProbe: { failureThreshold: 180 } };

/** Seconds of a rollout that outlast the startup probe. */
export const PATIENT_DEADLINE_SECONDS = 4200;

/** Folders of the node, and the folders in them that stay the container's own; nothing for a component without sources. */
export function mountedSources(props: ComponentProps): MountedSources {
  if (!props.sources) return { volumes: [], mounts: [], initContainers: [] };
  const { mounts, facts } = props.sources;
  return {
    volumes: [
      ...mounts.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
      ...facts.ownFolders.map((folder) => ({
        name: nameOf(folder),
        emptyDir: { sizeLimit: quantity(`${folder.sizeLimitMi}Mi`) },
      })),
    ],
    mounts: [
      ...mounts.map(({ name, mountPath, writable }) => ({ name, mountPath, ...(!writable && { readOnly: true }) })),
      ...facts.ownFolders.map((folder) => ({ name: nameOf(folder), mountPath: folder.path })),
    ],
    initContainers: facts.ownFolders.filter(({ fromImage }) => fromImage).map((folder) => copyOf(folder, props)),
    ...(facts.args && { args: [...facts.args] }),
  };
}

/** Fills a folder with what the image has there: unlike a new volume of Docker, an emptyDir begins empty. */
function copyOf(folder: OwnFolder, { image, imagePullPolicy, imageTarget }: ComponentProps): k8s.Container {
  return {
    name: `copy-${nameOf(folder)}`,
    image,
    imagePullPolicy,
    // Not `-a`: without capabilities, root may not give files away. `-f`: a node that restarts runs it once more.
    command: ['cp', '-RPf', `${folder.path}/.`, '/copy'],
    // The scheduler counts the largest container of the pod, which is another one.
    resources: resources(10, { requestMi: 16, limitMi: 128 }),
    securityContext: containerSecurityContext(imageTarget),
    volumeMounts: [{ name: nameOf(folder), mountPath: '/copy' }],
  };
}

function nameOf({ path }: OwnFolder): string {
  return path.slice(1).replaceAll(/[^a-z0-9]+/g, '-');
}
