import { listed } from '../../../config/text';
import { type Fields, fieldsOf, listOf, type Manifest, type Pod } from '../../../render/manifest';
import { advice } from '../../diagnosis/cause';
import { type Check, error, ok, type PreflightView, warning } from '../check';

/** What OpenShift writes on a namespace: users and groups of its pods, as `1000750000/10000`, the first and how many. */
const USERS = 'openshift.io/sa.scc.uid-range';
const GROUPS = 'openshift.io/sa.scc.supplemental-groups';

/** OpenShift has a ClusterRole for each of its own constraints, which lets others use it. */
const ROLE = 'system:openshift:scc:';

/**
 * Constraints of every OpenShift that allow any user but root and any fsGroup, for those who may not read them:
 * https://github.com/openshift/cluster-kube-apiserver-operator/tree/master/bindata/bootkube/scc-manifests
 */
const BUILT_IN: readonly Manifest[] = ['nonroot-v2', 'nonroot', 'anyuid'].map((name) => ({
  apiVersion: 'security.openshift.io/v1',
  kind: 'SecurityContextConstraints',
  metadata: { name },
  ...{ runAsUser: { type: 'MustRunAsNonRoot' }, fsGroup: { type: 'RunAsAny' } },
}));

const READ = [
  'securitycontextconstraints.security.openshift.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
];

/** On OpenShift, whether a constraint allows the users of the pods. A dry run of a Deployment does not show this. */
export const securityContextConstraints: Check = {
  name: 'security-context-constraints',
  *results(studio, cluster) {
    if (!cluster.facts.kinds.has('SecurityContextConstraints.security.openshift.io')) return;
    const pods = studio.pods.map(idsOf);
    const annotations = fieldsOf(cluster.named('Namespace', cluster.namespace)?.metadata.annotations);
    const range = annotations[USERS];
    const inRanges = ({ users, groups }: Ids) =>
      users.every((id) => isIn(annotations[USERS], id)) && groups.every((id) => isIn(annotations[GROUPS] ?? range, id));
    const outside = pods.filter((pod) => !inRanges(pod));
    if (range !== undefined && outside.length === 0) {
      yield ok(`The users of the pods are in the range ${range} of the namespace`);
      return;
    }
    const refused = outside.filter((pod) => !constraintFor(pod, cluster));
    const [first] = refused;
    if (!first) {
      yield ok(`The constraint ${constraintFor(outside[0], cluster)?.metadata.name} allows the users of the pods`);
      return;
    }
    const users = [...new Set(refused.flatMap((pod) => pod.users))].map(String);
    const constraint = users.includes('0') ? 'anyuid' : 'nonroot-v2';
    const accounts = [...new Set(refused.map(({ account }) => `--serviceaccount=${cluster.namespace}:${account}`))];
    const bind = ['create', 'rolebinding', `junjo-ai-studio-${constraint}`, `--clusterrole=${ROLE}${constraint}`];
    const fix = advice(
      range === undefined
        ? `Apply dist/foundation. Before you apply the rest, ask an administrator to allow the constraint ${constraint}`
        : `Ask an administrator to allow the constraint ${constraint} for the service account of the pods`,
      ...(range === undefined ? [cluster.clusterCommand('apply', '-f', 'dist/foundation')] : []),
      cluster.command(...bind, ...accounts),
    );
    const whose = range === undefined ? 'that OpenShift gives a new namespace' : `${range} of the namespace`;
    const text = `The pods run as user ${listed(users)}, outside the range ${whose}. No known constraint allows this`;
    yield range !== undefined && knowsAll(cluster, refused) ? error(text, fix) : warning(text, fix);
  },
};

/** The users and groups of the containers of a pod. */
interface Ids {
  readonly account: string;
  readonly users: readonly number[];
  readonly groups: readonly number[];
}

function idsOf({ spec, containers }: Pod): Ids {
  const { runAsUser, fsGroup } = fieldsOf(spec.securityContext);
  const users = containers.map(({ fields }) => fieldsOf(fields.securityContext).runAsUser ?? runAsUser);
  const numbers = (ids: readonly unknown[]) => ids.filter((id): id is number => typeof id === 'number');
  return { account: spec.serviceAccountName ?? 'default', users: numbers(users), groups: numbers([fsGroup]) };
}

/** Whether an id is in one of the ranges of an annotation: `first/count` or `first-last`, with commas between them. */
function isIn(ranges: unknown, id: number): boolean {
  return String(ranges ?? '')
    .split(',')
    .some((range) => {
      const [, first, sign, second] = /^(\d+)([/-])(\d+)$/.exec(range.trim()) ?? [];
      const last = sign === '/' ? Number(first) + Number(second) - 1 : Number(second);
      return first !== undefined && id >= Number(first) && id <= last;
    });
}

/** A constraint that the service account of a pod may use, and that allows its users and groups. */
function constraintFor(pod: Ids | undefined, cluster: PreflightView): Manifest | undefined {
  const found = cluster.ofKind('SecurityContextConstraints');
  const constraints: readonly Manifest[] = found.length > 0 ? found : BUILT_IN;
  return pod && constraints.find((constraint) => allows(constraint, pod) && mayUse(pod, constraint, cluster));
}

function allows(constraint: Fields, { users, groups }: Ids): boolean {
  const { runAsUser, fsGroup } = constraint;
  const usersFit =
    runAsUser?.type === 'RunAsAny' ||
    (runAsUser?.type === 'MustRunAsNonRoot' && !users.includes(0)) ||
    (runAsUser?.type === 'MustRunAsRange' &&
      users.every((id) => id >= runAsUser.uidRangeMin && id <= runAsUser.uidRangeMax));
  const groupsFit =
    fsGroup?.type === 'RunAsAny' ||
    groups.every((id) => listOf(fsGroup?.ranges).some(({ min, max }) => id >= min && id <= max));
  return usersFit && groupsFit;
}

function mayUse({ account }: Ids, constraint: Fields, cluster: PreflightView): boolean {
  const { namespace } = cluster;
  const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return (
    (constraint.users ?? []).includes(`system:serviceaccount:${namespace}:${account}`) ||
    (constraint.groups ?? []).some((group: string) => groups.includes(group)) ||
    bindingsOf(cluster).some(
      ({ roleRef, subjects }: Fields) =>
        roleRef?.name === `${ROLE}${constraint.metadata.name}` &&
        listOf(subjects).some(
          ({ kind, name, namespace: of = namespace }) =>
            (kind === 'ServiceAccount' && name === account && of === namespace) ||
            (kind === 'Group' && groups.includes(name)),
        ),
    )
  );
}

function bindingsOf(cluster: PreflightView): readonly Manifest[] {
  return [...cluster.own('RoleBinding'), ...cluster.ofKind('ClusterRoleBinding')];
}

/** Whether every permission is known: all was read, and no custom role is bound to the service accounts. */
function knowsAll(cluster: PreflightView, pods: readonly Ids[]): boolean {
  const accounts = pods.map(({ account }) => account);
  const others = cluster
    .own('RoleBinding')
    .filter(({ roleRef }: Fields) => !String(roleRef?.name).startsWith('system:'))
    .filter(({ subjects }: Fields) => listOf(subjects).some(({ name }) => accounts.includes(name)));
  return READ.every((resource) => cluster.canRead(resource)) && others.length === 0;
}
