import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Manifest } from '../studio';
import type { Resource } from './resources';

/** A change of an object, as a watch tells it. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Manifest;
  readonly resource: Resource;
}

/** The objects of the cluster, and every change that there was of them. */
export class Store {
  readonly changes: Change[] = [];
  private readonly objects = new Map<string, { readonly resource: Resource; readonly object: Manifest }>();
  private readonly emitter = new EventEmitter().setMaxListeners(0);

  /** The number that the next change gets as its resource version. */
  get version(): number {
    return this.changes.length;
  }

  get(resource: Resource, namespace: string | undefined, name: string): Manifest | undefined {
    const found = this.objects.get(key(resource, namespace, name));
    return found && structuredClone(found.object);
  }

  /** Objects of a kind, by name. @param namespace of all namespaces, when it is left out */
  list(plural: string, namespace?: string): Manifest[] {
    return [...this.objects.values()]
      .filter(({ resource, object }) => resource.plural === plural && inNamespace(object, namespace))
      .map(({ object }) => structuredClone(object))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Stores an object that is new or changed; the server's own fields are filled in. */
  put(resource: Resource, object: Manifest): Manifest {
    const id = key(resource, object.metadata.namespace, object.metadata.name);
    const before = this.objects.get(id)?.object;
    const metadata = {
      uid: randomUUID(),
      creationTimestamp: new Date().toISOString(),
      generation: 1,
      ...before?.metadata,
      ...object.metadata,
      resourceVersion: String(this.changes.length + 1),
    };
    const specChanged = before && JSON.stringify(before.spec) !== JSON.stringify(object.spec);
    if (specChanged) metadata.generation = before.metadata.generation + 1;
    const stored = { apiVersion: apiVersion(resource), kind: resource.kind, ...object, metadata };
    this.objects.set(id, { resource, object: stored });
    this.tell({ type: before ? 'MODIFIED' : 'ADDED', object: stored, resource });
    return structuredClone(stored);
  }

  remove(resource: Resource, namespace: string | undefined, name: string): void {
    const id = key(resource, namespace, name);
    const found = this.objects.get(id);
    if (!found) return;
    this.objects.delete(id);
    this.tell({ type: 'DELETED', object: found.object, resource });
  }

  /** Calls back with every change from now on. @returns what ends that */
  watch(onChange: (change: Change) => void): () => void {
    this.emitter.on('change', onChange);
    return () => this.emitter.off('change', onChange);
  }

  private tell(change: Change): void {
    this.changes.push(structuredClone(change));
    this.emitter.emit('change', change);
  }
}

export function apiVersion({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

function key({ group, plural }: Resource, namespace: string | undefined, name: string): string {
  return [group, plural, namespace ?? '', name].join('/');
}

function inNamespace(object: Manifest, namespace: string | undefined): boolean {
  return namespace === undefined || object.metadata.namespace === namespace;
}
