import { selectorLabels } from '../../charts/metadata';
import { apiResources } from '../../cluster/api-resources';
import type { Kubectl } from '../../cluster/kubectl';
import { readObjects } from '../../cluster/read';
import { groupOf, type Manifest } from '../../render/manifest';
import { isRemovable, type ObjectReference, referenceTo, removalCommands } from '../synth/left-behind';

/** Kinds that a studio may have had, by API group. Data, Secrets, and what controllers create are not among them. */
const KINDS: readonly (readonly [group: RegExp, kinds: RegExp])[] = [
  [/^$/, /^(ConfigMap|Service)$/],
  [/^apps$/, /^(Deployment|StatefulSet)$/],
  [/^policy$/, /^PodDisruptionBudget$/],
  [/^networking\.k8s\.io$/, /^(Ingress|NetworkPolicy)$/],
  [/^cert-manager\.io$/, /^(Certificate|Issuer)$/],
  [/^gateway\.networking\.k8s\.io$/, /^(Gateway|(GRPC|HTTP|TCP|TLS)Route)$/],
  [/^gateway\.envoyproxy\.io$/, /Policy$/],
  [/^traefik\.io$/, /^Middleware$/],
  [/^configuration\.konghq\.com$/, /^KongPlugin$/],
  [/^monitoring\.coreos\.com$/, /^(PodMonitor|PrometheusRule)$/],
];

/** Objects of a studio that are no longer rendered and that `kubectl apply` leaves in the cluster. */
export interface LeftBehind {
  readonly references: readonly ObjectReference[];
  /** Resources that the user cannot read: their objects are missing here. */
  readonly unread: readonly string[];
}

/** Finds them by the labels of a studio. */
export async function findLeftBehind(
  kubectl: Kubectl,
  namespace: string,
  rendered: readonly Manifest[],
): Promise<LeftBehind> {
  const served = (await apiResources(kubectl)).filter(
    ({ group, kind, namespaced }) =>
      namespaced && KINDS.some(([groups, kinds]) => groups.test(group) && kinds.test(kind)),
  );
  const { 'app.kubernetes.io/name': name } = selectorLabels('');
  const scope = [
    '--namespace',
    namespace,
    `--selector=app.kubernetes.io/name=${name},app.kubernetes.io/managed-by=cdk8s`,
  ];
  const unread: string[] = [];
  const live = await readObjects(
    kubectl,
    served.map((resource) => resource.name),
    scope,
    unread,
  );
  const known = new Set(rendered.map(keyOf));
  const references = live
    .filter(({ metadata }) => !metadata.ownerReferences && !metadata.deletionTimestamp)
    .filter((object) => !known.has(keyOf(object)))
    .map(referenceTo)
    .filter(isRemovable);
  return { references, unread };
}

/** Arguments of the calls of kubectl that delete them. */
export function removalArgs(references: readonly ObjectReference[]): readonly (readonly string[])[] {
  return removalCommands(references).map((command) => command.split(' ').slice(1));
}

function keyOf(manifest: Manifest): string {
  return `${groupOf(manifest)}/${manifest.kind}/${manifest.metadata.name}`;
}
