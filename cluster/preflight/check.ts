import type { Finding } from '../../config/problems';
import type { Manifest } from '../../render/manifest';
import type { Kubectl } from '../kubectl';
import type { StudioManifests } from '../studio-manifests';
import { ClusterView } from '../view';

/** What one check says: `ok`, `warning` for what may not work or will hurt later, `error` for what keeps the studio from running. */
export type Result = Omit<Finding, 'subject'>;

/** What the API server says of an object without storing it. */
export interface DryRun {
  readonly manifest: Manifest;
  /** The words of the API server, or of a webhook that it asked. @default it accepts the object */
  readonly refused?: string;
  /** Warnings of the API server. */
  readonly warnings: readonly string[];
}

/** What only preflight asks a cluster. */
export interface PreflightFacts {
  /** For example `v1.31.2+k3s1`. */
  readonly version: string;
  /** Every kind that the cluster knows, as `Kind.group`, `Kind.` for the core. */
  readonly kinds: ReadonlySet<string>;
  /** What the user may not do, for example `create deployments.apps`. */
  readonly denied: readonly string[];
  readonly dryRuns: readonly DryRun[];
  /** Where the hosts of the studio lead, as this machine resolves them. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
}

/**
 * A cluster before anything is applied: nodes, classes, issuers, pods and Services of all namespaces, and the objects of the
 * studio's own.
 */
export class PreflightView extends ClusterView {
  constructor(
    objects: readonly Manifest[],
    namespace: string,
    unread: readonly string[],
    readonly facts: PreflightFacts,
    kubectl?: Kubectl,
  ) {
    super(objects, namespace, unread, kubectl);
  }
}

/** One check of a studio against a cluster. */
export interface Check {
  readonly name: string;
  readonly results: (studio: StudioManifests, cluster: PreflightView) => Iterable<Result>;
}

export const ok = (text: string): Result => ({ severity: 'ok', text });
export const warning = (text: string, fix?: string): Result => ({ severity: 'warning', text, fix });
export const error = (text: string, fix: string): Result => ({ severity: 'error', text, fix });
