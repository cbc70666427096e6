import { ApiObject, type ApiObjectMetadata } from 'cdk8s';
import type { Construct } from 'constructs';
import type { Extra } from '../config/studio-config';

/** What every object of a studio carries. */
export interface StudioIdentity {
  /** Name of the studio, in the label `app.kubernetes.io/instance`. */
  readonly studio: string;
  readonly namespace: string;
}

/** What `addExtra` adds to every object, for the templates of pods. */
export interface ExtraProps {
  readonly extra: Extra;
}

/** What a selector of one workload matches. Never `instance`: Argo CD's tracking writes that label. */
export function selectorLabels(component: string): Record<string, string> {
  return { 'app.kubernetes.io/name': 'junjo-ai-studio', 'app.kubernetes.io/component': component };
}

/** The `app.kubernetes.io/` set. */
export function labels(studio: string, component?: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'junjo-ai-studio',
    'app.kubernetes.io/instance': studio,
    ...(component && { 'app.kubernetes.io/component': component }),
    'app.kubernetes.io/part-of': 'junjo-ai-studio',
    'app.kubernetes.io/managed-by': 'cdk8s',
  };
}

/**
 * Labels of what outlives the studio: namespace, claims, volume and backups. No other object has one of them, so `kubectl apply
 * --prune -l …` and Argo CD's tracking by label, which delete what has the labels of a studio, do not find it.
 */
export const dataLabels: Readonly<Record<string, string>> = { 'app.kubernetes.io/name': 'junjo-ai-studio-data' };

/** Whether an object outlives the studio. */
export function holdsData({ metadata }: ApiObject): boolean {
  return Object.entries(dataLabels).every(([key, value]) => metadata.getLabel(key) === value);
}

/** Metadata of a namespaced object. */
export function objectMeta(identity: StudioIdentity, name: string, component?: string) {
  return { name, namespace: identity.namespace, labels: labels(identity.studio, component) };
}

/** The same with annotations, where there are any: an empty object is dropped by the API server, and would show a change. */
export function annotated<Meta extends object>(meta: Meta, annotations: Readonly<Record<string, string>>) {
  return Object.keys(annotations).length > 0 ? { ...meta, annotations: { ...annotations } } : meta;
}

/** The same as metadata for objects that controllers create from objects of the studio, or nothing. */
export function extraMeta({
  labels,
  annotations,
}: Extra): Pick<ApiObjectMetadata, 'labels' | 'annotations'> | undefined {
  const meta = {
    ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
    ...(Object.keys(annotations).length > 0 && { annotations: { ...annotations } }),
  };
  return Object.keys(meta).length > 0 ? meta : undefined;
}

/**
 * Adds the operator's labels and annotations to every object below a construct. Those of the studio stay, and what holds the data
 * gets no label that others have.
 */
export function addExtra(scope: Construct, { labels, annotations }: Extra): void {
  for (const object of scope.node.findAll().filter((construct) => construct instanceof ApiObject)) {
    const { metadata } = object;
    const own: ApiObjectMetadata = metadata.toJson() ?? {};
    // None of the studio's own labels may be named: config/labels-and-taints.ts.
    for (const [key, value] of Object.entries(holdsData(object) ? {} : labels)) metadata.addLabel(key, value);
    for (const [key, value] of Object.entries(annotations)) {
      if (!own.annotations?.[key]) metadata.addAnnotation(key, value);
    }
  }
}

/**
 * Keeps what holds the data when Argo CD prunes and when its Application is deleted.
 * `Prune=false` alone does not survive the latter: argoproj/argo-cd#9853.
 */
export const keepOnDelete = { 'argocd.argoproj.io/sync-options': 'Delete=false,Prune=false' };

/** Metadata of a claim with data. */
export function claimMeta({ namespace }: Pick<StudioIdentity, 'namespace'>, name: string) {
  return { name, namespace, labels: { ...dataLabels }, annotations: keepOnDelete };
}
