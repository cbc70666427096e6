import type { StudioConfig } from '../../config/studio-config';
import type { Manifest } from '../../render/manifest';
import type { ClusterObject } from '../diagnosis';

/** Something that a studio needs of a cluster, and whether it is there. */
export interface Result {
  /** `fail`: the studio would not run; `warn`: it may not, or will hurt later. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** What was found, without a full stop. */
  readonly text: string;
  /** The command or setting that mends it. */
  readonly fix?: string;
}

/** What the API server says of an object without storing it. */
export interface DryRun {
  readonly manifest: Manifest;
  /** The words of the API server, or of whatever it asked. @default it takes the object */
  readonly refused?: string;
  /** Warnings of the API server. */
  readonly warnings: readonly string[];
}

/** What a cluster says of itself before anything is applied. */
export interface ClusterFacts {
  /** For example `v1.31.2+k3s1`. */
  readonly version: string;
  /** Every kind that it knows, as `Kind.group`, `Kind.` for the core. */
  readonly kinds: ReadonlySet<string>;
  /** Nodes, classes, issuers, pods and Services of all namespaces, and what lies in the studio's own. */
  readonly objects: readonly ClusterObject[];
  /** What the user may not read, as resources. */
  readonly unread: readonly string[];
  /** What the user may not do, for example `create deployments.apps`. */
  readonly denied: readonly string[];
  readonly dryRuns: readonly DryRun[];
  /** Where the hosts of the studio lead, as this machine resolves them. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
}

/** A studio that is to be applied. */
export interface RenderedSource {
  readonly config: StudioConfig;
  readonly manifests: readonly Manifest[];
}

/** One thing that is looked at; its name is also that of its file. */
export interface Check {
  readonly name: string;
  readonly results: (studio: RenderedSource, cluster: Facts) => Iterable<Result>;
}

/** The facts of a cluster, for checks to ask. */
export class Facts {
  constructor(
    readonly facts: ClusterFacts,
    readonly namespace: string,
  ) {}

  ofKind(kind: string): readonly ClusterObject[] {
    return this.facts.objects.filter((object) => object.kind === kind);
  }

  named(kind: string, name: unknown, namespace?: string): ClusterObject | undefined {
    return this.ofKind(kind).find(
      ({ metadata }) => metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
    );
  }

  /** The objects of a kind in the studio's own namespace. */
  own(kind: string): readonly ClusterObject[] {
    return this.ofKind(kind).filter(({ metadata }) => metadata.namespace === this.namespace);
  }

  /** Whether the user may read a resource, so that what is not there is not there. */
  canRead(resource: string): boolean {
    return !this.facts.unread.includes(resource);
  }
}

export const ok = (text: string): Result => ({ level: 'ok', text });
export const warn = (text: string, fix?: string): Result => ({ level: 'warn', text, fix });
export const fail = (text: string, fix: string): Result => ({ level: 'fail', text, fix });
