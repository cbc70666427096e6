import { howToRun } from '../config/how-to-run';
import { type Manifest, Manifests } from '../render/manifest';
import { Kubectl } from './kubectl';

/** The objects of one namespace, and those of the cluster around it, at one moment. */
export class ClusterView extends Manifests {
  /** Prints commands with the context and the namespace of the studio. */
  readonly commands: Kubectl;

  constructor(
    objects: readonly Manifest[],
    readonly namespace: string,
    /** Resources that could not be read, usually for lack of permission. Their objects are unknown, whether or not they exist. */
    readonly unread: readonly string[] = [],
    /** The kubectl that read the objects. Its flags are in the printed commands. */
    kubectl: Kubectl = new Kubectl(),
  ) {
    super(objects);
    this.commands = kubectl.in(namespace);
  }

  /** A command for the namespace of the studio, to paste, with the context that the user named. */
  command(...args: readonly string[]): string {
    return this.commands.commandLine(args);
  }

  /** The same for the whole cluster, or another namespace. */
  clusterCommand(...args: readonly string[]): string {
    return this.commands.in(undefined).commandLine(args);
  }

  /** A command of this project for the same studio. */
  ownCommand(...args: readonly string[]): string {
    return howToRun(...args, ...this.commands.globalFlags());
  }

  /** The objects of a kind in the studio's own namespace. */
  own(kind: string): readonly Manifest[] {
    return this.ofKind(kind).filter(({ metadata }) => metadata.namespace === this.namespace);
  }

  /** Whether a resource, for example `ingresses.networking.k8s.io`, could be read. If so, an unknown object does not exist. */
  canRead(resource: string): boolean {
    return !this.unread.includes(resource);
  }
}
