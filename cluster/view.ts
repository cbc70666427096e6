import { howToRun } from '../config/how-to-run';
import { type Manifest, Manifests } from '../render/manifest';
import { Kubectl } from './kubectl';

/** What a cluster shows of one namespace, and of the cluster around it, at one moment. */
export class ClusterView extends Manifests {
  /** Prints commands with the context and the namespace of the studio. */
  readonly commands: Kubectl;

  constructor(
    objects: readonly Manifest[],
    readonly namespace: string,
    /** Resources that could not be read, usually for lack of permission. No object of these is known, whether or not one exists. */
    readonly unread: readonly string[] = [],
    /** The kubectl that read the objects, whose flags are in the commands that a person is told. */
    kubectl: Kubectl = new Kubectl(),
  ) {
    super(objects);
    this.commands = kubectl.in(namespace);
  }

  /** A command about the namespace of the studio, for a person to paste: with the context that the user named. */
  command(...args: readonly string[]): string {
    return this.commands.commandLine(args);
  }

  /** The same about the whole cluster, or another namespace. */
  clusterCommand(...args: readonly string[]): string {
    return this.commands.in(undefined).commandLine(args);
  }

  /** A command of this project about the same studio. */
  ownCommand(...args: readonly string[]): string {
    return howToRun(...args, ...this.commands.globalFlags());
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
