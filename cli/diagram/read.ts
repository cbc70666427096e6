import {
  claimsOf,
  commonFolder,
  fieldsOf,
  listOf,
  type Manifest,
  mountedClaims,
  nodePathsOf,
  type Pod,
  podsOf,
} from '../../render/manifest';
import { isVeleroSchedule } from '../../render/rules/rendered-studio';
import type { Diagram, DiagramEdge, DiagramNode } from './diagram';
import { type Entrance, entrancesOf } from './entrances';
import { type End, isLimit, waysBetween } from './policies';

/** Reads the picture of a studio from the objects that `dist/` holds, and from nothing else. */
export function diagramOf(manifests: readonly Manifest[]): Diagram {
  const pods = manifests.flatMap(podsOf).filter(({ ends }) => !ends);
  const entrances = entrancesOf(manifests, pods);
  const { ways, notes } = waysBetween(manifests, pods);
  const sources = commonFolder(pods.flatMap(nodePathsOf));
  const backups = backupsOf(manifests, pods);
  const readers = keysOf(pods);
  const nodes = [
    ...entrances.flatMap(outsideOf),
    ...pods.map(workloadNode),
    ...pods.flatMap((pod) => claimGroups(pod).map((names) => claimNode(names, manifests))),
    ...(sources ? [sourcesNode(sources)] : []),
    ...backups.map(({ node }) => node),
    ...[...readers].map(([name, keys]) => secretNode(name, keys)),
    ...ways.filter(({ from, to }) => !isPod(from) || !isPod(to)).map(outsideWay),
  ];
  const edges = [
    ...entrances.flatMap(entranceEdges),
    ...ways.map(({ from, to, ports }): DiagramEdge => {
      return { from: idOf(from), to: idOf(to), kind: 'flow', lines: [ports.map((port) => `:${port}`).join(' ')] };
    }),
    ...pods.flatMap((pod) =>
      claimGroups(pod).map(([name]): DiagramEdge => {
        return { from: pod.owner.metadata.name, to: `claim ${name}`, kind: 'data', lines: [] };
      }),
    ),
    ...pods.flatMap((pod) =>
      nodePathsOf(pod).map((path): DiagramEdge => {
        return { from: pod.owner.metadata.name, to: SOURCES, kind: 'data', lines: [path.slice(sources?.length)] };
      }),
    ),
    ...backups.map(({ edge }) => edge),
    ...pods.flatMap((pod) =>
      [...secretKeys(pod)].map(([name, keys]): DiagramEdge => {
        const isPart = keys.length < (readers.get(name)?.length ?? 0);
        return { from: `secret ${name}`, to: pod.owner.metadata.name, kind: 'secret', lines: isPart ? keys : [] };
      }),
    ),
  ];
  return { title: titleOf(manifests), nodes: distinct(nodes, ({ id }) => id), edges: merged(edges), notes };
}

function isPod(end: End): end is Pod {
  return typeof end !== 'string';
}

function idOf(end: End): string {
  return isPod(end) ? end.owner.metadata.name : end;
}

function titleOf(manifests: readonly Manifest[]): string {
  const namespace = manifests.find(({ kind }) => kind === 'Namespace')?.metadata.name;
  const version = manifests.map(({ metadata }) => fieldsOf(metadata.labels)['app.kubernetes.io/version']).find(Boolean);
  return `Junjo AI Studio ${version ?? ''}, namespace ${namespace ?? manifests[0]?.metadata.namespace}`;
}

function workloadNode({ owner, containers, labels }: Pod): DiagramNode {
  const running = containers.filter(({ init }) => !init);
  const replicas = owner.spec?.replicas > 1 ? ` × ${owner.spec.replicas}` : '';
  return {
    id: owner.metadata.name,
    kind: 'workload',
    inside: true,
    lines: [
      `${labels['app.kubernetes.io/component'] ?? owner.metadata.name}${replicas}`,
      ...running.map(({ fields }) => {
        const ports = listOf(fields.ports).map(({ containerPort }) => `:${containerPort}`);
        return [running.length > 1 ? fields.name : '', ...ports].filter(Boolean).join(' ');
      }),
    ],
  };
}

/** The claims that share a box: each pod of a StatefulSet has one of them. */
function claimGroups(pod: Pod): readonly (readonly string[])[] {
  const named = claimsOf(pod);
  const given = mountedClaims(pod).slice(named.length);
  return [...named.map((name) => [name]), ...(given.length > 0 ? [given] : [])];
}

function claimNode(names: readonly string[], manifests: readonly Manifest[]): DiagramNode {
  const [name] = names;
  const spec = fieldsOf(
    manifests.find(({ kind, metadata }) => kind === 'PersistentVolumeClaim' && metadata.name === name)?.spec,
  );
  const volume = fieldsOf(
    manifests.find(({ kind, metadata }) => kind === 'PersistentVolume' && metadata.name === spec.volumeName)?.spec,
  );
  const [term] = listOf(volume.nodeAffinity?.required?.nodeSelectorTerms);
  const node = listOf(term?.matchExpressions)[0]?.values?.[0];
  const path = volume.local?.path ?? volume.hostPath?.path;
  const where = path
    ? `${path}${node ? ` on ${node}` : ''}`
    : spec.storageClassName && `class ${spec.storageClassName}`;
  const size = fieldsOf(spec.resources).requests?.storage;
  const whole = [size, where ?? 'default class', ...(names.length > 1 ? ['each'] : [])].join(', ');
  const lines = [...names.map((each) => `claim ${each}`), spec.accessModes ? whole : 'managed outside these manifests'];
  return { id: `claim ${name}`, kind: 'data', inside: true, lines };
}

/** The box of the sources. */
const SOURCES = 'sources';

function sourcesNode(folder: string): DiagramNode {
  return { id: SOURCES, kind: 'data', inside: false, lines: ['sources', `${folder} on each node`] };
}

interface Backup {
  readonly node: DiagramNode;
  readonly edge: DiagramEdge;
}

/** What copies the claims away on a schedule: VolSync claim by claim, Velero the whole namespace. */
function backupsOf(manifests: readonly Manifest[], pods: readonly Pod[]): readonly Backup[] {
  const claims = [...new Set(pods.flatMap(claimGroups).map(([name]) => name))];
  return manifests.flatMap(({ apiVersion, kind, metadata, spec }): readonly Backup[] => {
    const to = (id: string, lines: readonly string[], from: unknown, schedule: unknown): Backup => ({
      node: { id, kind: 'data', inside: false, lines },
      edge: { from: `claim ${from}`, to: id, kind: 'flow', lines: [String(schedule)] },
    });
    if (kind === 'ReplicationSource') {
      const { repository, retain } = fieldsOf(spec?.restic);
      const lines = ['VolSync backup', `Secret ${repository}`, `kept for ${retain?.daily} days`];
      return [to(`backup ${metadata.name}`, lines, spec?.sourcePVC, spec?.trigger?.schedule)];
    }
    if (!isVeleroSchedule({ apiVersion, kind, metadata })) return [];
    const lines = [`Velero backup, namespace ${metadata.namespace}`, `kept for ${spec?.template?.ttl}`];
    return claims.map((name) => to('backup', lines, name, spec?.schedule));
  });
}

function secretNode(name: string, keys: readonly string[]): DiagramNode {
  return {
    id: `secret ${name}`,
    kind: 'secret',
    inside: true,
    lines: [...(name.length > 24 ? ['Secret', name] : [`Secret ${name}`]), ...keys],
  };
}

/** The keys of each Secret that some pod reads. */
function keysOf(pods: readonly Pod[]): ReadonlyMap<string, readonly string[]> {
  const all = pods.flatMap((pod) => [...secretKeys(pod)]);
  const ofName = (name: string) => all.filter(([each]) => each === name).flatMap(([, keys]) => keys);
  return new Map(all.map(([name]) => [name, [...new Set(ofName(name))]]));
}

/** The Secrets that a pod reads, and their keys. */
function secretKeys({ containers, spec }: Pod): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const add = (name: string, keys: readonly string[]) => found.set(name, [...(found.get(name) ?? []), ...keys]);
  for (const { fields } of containers) {
    for (const { valueFrom } of listOf(fields.env)) {
      const { name, key } = fieldsOf(valueFrom?.secretKeyRef);
      if (name && !found.get(name)?.includes(key)) add(name, [key]);
    }
  }
  for (const { secret } of listOf(spec.volumes)) {
    if (secret)
      add(
        secret.secretName,
        listOf(secret.items).map(({ key }) => key),
      );
  }
  return found;
}

function outsideOf({ caller, gate }: Entrance): readonly DiagramNode[] {
  const person: DiagramNode = { id: caller, kind: 'outside', inside: false, lines: [caller] };
  return [person, { id: gate.id, kind: 'edge', inside: false, lines: gate.lines }];
}

function entranceEdges({ caller, gate, outer, inner, target }: Entrance): readonly DiagramEdge[] {
  return [
    { from: caller, to: gate.id, kind: outer.clear ? 'open' : 'flow', lines: outer.lines },
    { from: gate.id, to: target.owner.metadata.name, kind: 'flow', lines: inner },
  ];
}

function outsideWay({ from, to }: { readonly from: End; readonly to: End }): DiagramNode {
  const name = isPod(from) ? idOf(to) : idOf(from);
  return { id: name, kind: 'outside', inside: false, lines: [name] };
}

/** Merges arrows of one kind between the same two boxes, with all their lines. */
function merged(edges: readonly DiagramEdge[]): readonly DiagramEdge[] {
  const arrows = new Map<string, DiagramEdge>();
  for (const edge of edges) {
    const key = [edge.from, edge.to, edge.kind].join('\n');
    const lines = [...(arrows.get(key)?.lines ?? []), ...edge.lines];
    // Limits stand last, and once.
    const sorted = [...lines.filter((line) => !isLimit(line)), ...lines.filter(isLimit)];
    arrows.set(key, { ...edge, lines: [...new Set(sorted)] });
  }
  return [...arrows.values()];
}

function distinct<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
