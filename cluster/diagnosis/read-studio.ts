import { listOf } from '../../render/manifest';
import type { Kubectl } from '../kubectl';
import { type EndedContainer, lastLines, snapshotOf, volumeUse } from '../snapshot';
import { type ClusterObject, ClusterState, type VolumeUse } from './index';

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
    Promise.all(pods.flatMap(crashed).map((each) => wordsOf(kubectl, namespace, each))),
    Promise.all(nodes.map((node) => volumeUse(kubectl, namespace, node))),
  ]);
  const volumes = new Map<string, VolumeUse>(uses.flatMap((use) => [...use]));
  return { state: new ClusterState(objects, { namespace, now, logs: new Map(logs), volumes, unread }), unread };
}

async function wordsOf(kubectl: Kubectl, namespace: string, ended: EndedContainer) {
  return [`${ended.pod}/${ended.container}`, await lastLines(kubectl, namespace, ended)] as const;
}

/** The containers of a pod that ended by themselves, and are started again or are not. */
function crashed({ metadata, status }: ClusterObject): readonly EndedContainer[] {
  return [...listOf(status?.initContainerStatuses), ...listOf(status?.containerStatuses)]
    .filter(({ state, lastState, ready }) => !ready && (state?.terminated ?? lastState?.terminated))
    .map(({ name, state }) => ({ pod: metadata.name, container: name, runsAgain: state?.running !== undefined }));
}
