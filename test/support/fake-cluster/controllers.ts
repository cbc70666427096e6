import { randomBytes } from 'node:crypto';
import type { Manifest } from '../studio';
import { builtIn, type Resource } from './resources';
import type { Store } from './store';

/** How long the cluster takes for what a real one takes seconds for, in ms. */
export interface Pace {
  /** From a pod's creation until it is ready. @default 20 */
  readonly podStartMs?: number;
  /** From a pod's deletion until it is gone. @default 20 */
  readonly podStopMs?: number;
}

/** Whether a pod may start, and what its status tells meanwhile. */
export type PodVerdict = 'ready' | 'pending' | { readonly status: Manifest };

const pods = resource('Pod');
const deployments = resource('Deployment');
const claims = resource('PersistentVolumeClaim');

/** Does what the controllers and the kubelet do: pods for Deployments, bound claims, ready pods, pods that end. */
export class Controllers {
  /** Decides of each pod what becomes of it; tests replace it. */
  judge: (pod: Manifest) => PodVerdict = () => 'ready';
  /** Which deleted pods stay, as on a node that does not answer; tests replace it. */
  stays: (pod: Manifest) => boolean = () => false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly stopWatching: () => void;

  constructor(
    private readonly store: Store,
    private readonly pace: Pace,
    private readonly onPodGone: (pod: Manifest) => void,
  ) {
    this.stopWatching = store.watch(({ type, object, resource: { kind } }) => {
      // After the request that made the change, as controllers do.
      if (kind === 'Deployment' && type !== 'DELETED') this.later(0, () => this.reconcile(object));
      if (kind === 'Deployment' && type === 'DELETED') this.later(0, () => this.removePods(object, 0));
      if (kind === 'PersistentVolumeClaim' && type === 'ADDED') this.later(0, () => this.bind(object));
      if (kind === 'Pod' && type === 'ADDED') this.later(this.pace.podStartMs ?? 20, () => this.start(object));
      if (kind === 'Pod') this.later(0, () => this.reportOn(object));
    });
  }

  /** Marks a pod as deleted; it is gone when it had its time to stop. */
  stopPod(pod: Manifest): void {
    if (pod.metadata.deletionTimestamp) return;
    this.store.put(pods, { ...pod, metadata: { ...pod.metadata, deletionTimestamp: new Date().toISOString() } });
    this.later(this.pace.podStopMs ?? 20, () => {
      if (this.stays(pod)) return;
      this.store.remove(pods, pod.metadata.namespace, pod.metadata.name);
      this.onPodGone(pod);
    });
  }

  close(): void {
    this.stopWatching();
    for (const timer of this.timers) clearTimeout(timer);
  }

  private later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    this.timers.add(timer);
  }

  private podsOf(deployment: Manifest): Manifest[] {
    const isMine = (pod: Manifest) =>
      pod.metadata.ownerReferences?.some(({ name }: Manifest) => name === `${deployment.metadata.name}-1`);
    return this.store.list('pods', deployment.metadata.namespace).filter(isMine);
  }

  private reconcile({ metadata }: Manifest): void {
    const deployment = this.store.get(deployments, metadata.namespace, metadata.name);
    if (!deployment) return;
    const wanted = deployment.spec.replicas ?? 1;
    const running = this.podsOf(deployment).filter((pod) => !pod.metadata.deletionTimestamp);
    this.removePods(deployment, wanted);
    // Recreate: a new pod only when every old one is gone.
    if (this.podsOf(deployment).length === running.length) {
      for (let missing = wanted - running.length; missing > 0; missing -= 1) this.createPod(deployment);
    }
    this.updateStatus(deployment);
  }

  private removePods(deployment: Manifest, keep: number): void {
    const running = this.podsOf(deployment).filter((pod) => !pod.metadata.deletionTimestamp);
    for (const pod of running.slice(keep)) this.stopPod(pod);
  }

  private createPod({ metadata, spec }: Manifest): void {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${metadata.name}-1`, controller: true };
    this.store.put(pods, {
      metadata: {
        ...spec.template.metadata,
        name: `${metadata.name}-1-${randomBytes(3).toString('hex')}`,
        namespace: metadata.namespace,
        ownerReferences: [owner],
      },
      spec: spec.template.spec,
      status: { phase: 'Pending' },
    });
  }

  private start({ metadata }: Manifest): void {
    const pod = this.store.get(pods, metadata.namespace, metadata.name);
    if (!pod || pod.metadata.deletionTimestamp) return;
    const verdict = this.judge(pod);
    if (verdict === 'pending') return;
    const containerStatuses = pod.spec.containers.map(({ name, image }: Manifest) => {
      return { name, image, ready: true, restartCount: 0, state: { running: { startedAt: new Date().toISOString() } } };
    });
    const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses };
    this.store.put(pods, { ...pod, status: verdict === 'ready' ? ready : verdict.status });
  }

  /** A pod changed: the Deployment that owns it counts again. */
  private reportOn(pod: Manifest): void {
    const owner = pod.metadata.ownerReferences?.[0]?.name?.replace(/-1$/, '');
    if (owner) this.reconcile({ metadata: { namespace: pod.metadata.namespace, name: owner } });
  }

  private updateStatus(deployment: Manifest): void {
    const mine = this.podsOf(deployment);
    const ready = mine.filter(
      (pod) => pod.status?.conditions?.[0]?.status === 'True' && !pod.metadata.deletionTimestamp,
    );
    const status = {
      observedGeneration: deployment.metadata.generation,
      replicas: mine.length,
      updatedReplicas: mine.length,
      readyReplicas: ready.length,
      availableReplicas: ready.length,
    };
    const { status: before } = deployment;
    if (JSON.stringify(before) !== JSON.stringify(status)) this.store.put(deployments, { ...deployment, status });
  }

  private bind({ metadata }: Manifest): void {
    const claim = this.store.get(claims, metadata.namespace, metadata.name);
    if (claim)
      this.store.put(claims, { ...claim, status: { phase: 'Bound', capacity: claim.spec.resources?.requests } });
  }
}

function resource(kind: string): Resource {
  const found = builtIn.find((each) => each.kind === kind);
  if (!found) throw new Error(`${kind} is not built in`);
  return found;
}
