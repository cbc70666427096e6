import { type Manifest, Manifests } from '../render/manifest';

/** What a cluster shows of one namespace, and of the cluster around it, at one moment. */
export class ClusterView extends Manifests {
  constructor(
    objects: readonly Manifest[],
    readonly namespace: string,
    /** Resources that could not be read, usually for lack of permission. No object of these is known, whether or not one exists. */
    readonly unread: readonly string[] = [],
  ) {
    super(objects);
  }

  /** The objects of a kind in the studio's own namespace. */
  own(kind: string): readonly Manifest[] {
    return this.ofKind(kind).filter(({ metadata }) => metadata.namespace === this.namespace);
  }

  /** Whether a resource, for example `ingresses.networking.k8s.io`, could be read, so that what is not known is not there. */
  canRead(resource: string): boolean {
    return !this.unread.includes(resource);
  }
}
