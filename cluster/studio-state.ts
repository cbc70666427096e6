import { type ClusterObject, ClusterState, type VolumeUse } from '../diagnosis';
import { listOf } from '../rules/rendered-studio';
import type { Kubectl } from './kubectl';
import { lastLines, snapshotOf, volumeUse } from './snapshot';

/** A studio as a cluster shows it, and what of it could not be read. */
export interface StudioState {
  readonly state: ClusterState;
  readonly unread: readonly string[];
}

/** Reads everything that a diagnosis looks at: objects, the last words of containers that crash, how full volumes are. */
export async function readStudio(kubectl: Kubectl, namespace: string, now = new Date()): Promise<StudioState> {
  const { objects, unread } = await snapshotOf(kubectl, namespace);
  const pods = objects.filter(({ kind }) => kind === 'Pod');
  const nodes = [...new Set(pods.map(({ spec }) => spec?.nodeName).filter(Boolean))];
  const [logs, uses] = await Promise.all([
    Promise.all(pods.flatMap((pod) => crashed(pod).map((container) => wordsOf(kubectl, namespace, pod, container)))),
    Promise.all(nodes.map((node) => volumeUse(kubectl, namespace, node))),
  ]);
  const volumes = new Map<string, VolumeUse>(uses.flatMap((use) => [...use]));
  return { state: new ClusterState(objects, { namespace, now, logs: new Map(logs), volumes }), unread };
}

async function wordsOf(kubectl: Kubectl, namespace: string, { metadata }: ClusterObject, container: string) {
  return [`${metadata.name}/${container}`, await lastLines(kubectl, namespace, metadata.name, container)] as const;
}

/** The containers of a pod that ended by themselves, and are started again or are not. */
function crashed({ status }: ClusterObject): readonly string[] {
  return [...listOf(status?.initContainerStatuses), ...listOf(status?.containerStatuses)]
    .filter(({ lastState, ready }) => !ready && lastState?.terminated)
    .map(({ name }) => name);
}
