import type { Finding } from '../../config/problems';
import type { Manifest } from '../../render/manifest';
import type { Kubectl } from '../kubectl';
import type { StudioManifests } from '../studio-manifests';
import { ClusterView } from '../view';

/** What one check reports: `ok`, `warning` for what might not work, now or later, `error` for what keeps the studio from running. */
export type Result = Omit<Finding, 'subject'>;

/** What the API server answers to a dry run of an object. */
export interface DryRun {
  readonly manifest: Manifest;
  /** The message of the API server, or of a webhook that it called. @default it accepts the object */
  readonly refused?: string;
  /** Warnings of the API server. */
  readonly warnings: readonly string[];
}

/** What only preflight reads from a cluster. */
export interface PreflightFacts {
  /** For example `v1.31.2+k3s1`. */
  readonly version: string;
  /** Every kind that the cluster has, as `Kind.group`, `Kind.` for the core. */
  readonly kinds: ReadonlySet<string>;
  /** What the user lacks permission to do, for example `create deployments.apps`. */
  readonly denied: readonly string[];
  readonly dryRuns: readonly DryRun[];
  /** The addresses of the studio's hosts, as this machine resolves them. */
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

// Texts and fixes are sentences: they start with an upper-case letter and have no full stop at the end.

export const ok = (text: string): Result => ({ severity: 'ok', text });
export const warning = (text: string, fix?: string): Result => ({ severity: 'warning', text, fix });
export const error = (text: string, fix: string): Result => ({ severity: 'error', text, fix });

/** A check for which the user lacks permission. @param right for example `list nodes` @param unchecked what stays unknown */
export function unread(right: string, unchecked: string): Result {
  return warning(
    `You lack permission to ${right}, so preflight cannot check ${unchecked}`,
    'Ask a cluster administrator for read access, or ask them to run preflight',
  );
}

/** `to fast`, or `to one of fast, slow`: the end of a sentence that begins with the name of a setting. */
export function toOneOf(names: readonly string[]): string {
  return names.length === 1 ? `to ${names[0]}` : `to one of ${names.join(', ')}`;
}
