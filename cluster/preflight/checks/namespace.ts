import { page } from '../../../config/how-to-run';
import { quantityBytes } from '../../../config/quantity';
import { listed } from '../../../config/text';
import { type Fields, fieldsOf, listOf, type Manifest, type Pod } from '../../../render/manifest';
import { advice } from '../../diagnosis/cause';
import { type Check, error, ok, type PreflightView, unread, warning } from '../check';
import { mebibytes, type Resource, requested } from '../placement';

const LEVELS = ['privileged', 'baseline', 'restricted'];
const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** The Pod Security of a namespace that already exists. */
export const podSecurity: Check = {
  name: 'pod-security',
  *results(studio, cluster) {
    const live = cluster.named('Namespace', cluster.namespace);
    const wanted = studio.named('Namespace', cluster.namespace);
    if (!live || !wanted) return;
    if (!cluster.canRead('namespaces')) {
      yield unread('get the namespace', 'its Pod Security');
      return;
    }
    if (live.metadata.deletionTimestamp) {
      yield error(
        `The namespace ${cluster.namespace} is being deleted`,
        advice(
          'Wait until it is gone. This command then returns',
          cluster.clusterCommand('wait', 'namespace', cluster.namespace, '--for=delete', '--timeout=10m'),
        ),
      );
      return;
    }
    const level = (labels: unknown) => fieldsOf(labels)[ENFORCE] ?? 'privileged';
    const [before, after] = [level(live.metadata.labels), level(wanted.metadata.labels)];
    if (before === 'baseline' && after === 'privileged')
      yield warning(
        'The namespace enforces baseline, but pods that mount their sources need privileged. Applying the studio lowers the level',
        'If other programs run in the namespace, give the studio its own: set JUNJO_K8S_NAMESPACE',
      );
    else if (LEVELS.indexOf(before) > LEVELS.indexOf(after))
      yield error(
        `The namespace enforces ${before}, but development images need ${after}`,
        'Give the studio its own namespace: set JUNJO_K8S_NAMESPACE',
      );
    else
      yield ok(
        before === after
          ? `The namespace enforces Pod Security ${after}`
          : `Applying the studio raises the Pod Security of the namespace from ${before} to ${after}`,
      );
  },
};

/** Quotas and limit ranges of the namespace. */
export const quota: Check = {
  name: 'quota',
  *results(studio, cluster) {
    const pods = studio.pods.filter(({ ends }) => !ends);
    for (const { metadata, status, spec } of cluster.own('ResourceQuota').filter(counts)) {
      const unset = unsetOf(status?.hard ?? spec?.hard, pods, cluster);
      if (unset.length > 0)
        yield error(
          `The quota ${metadata.name} requires ${listed(unset)} for every container, but the studio does not set this`,
          `Add a LimitRange with defaults to the namespace, or set the values with a patch (${page('docs/patches.md')})`,
        );
      for (const resource of ['memory', 'cpu', 'ephemeral-storage'] as const) {
        const amount = (of: unknown) => {
          const amounts = fieldsOf(of);
          return quantityBytes(String(amounts[`requests.${resource}`] ?? amounts[resource]));
        };
        const hard = amount(status?.hard ?? spec?.hard);
        if (hard === undefined) continue;
        const asked = pods.reduce(
          (sum, { spec: pod, owner }) => sum + requested(pod, resource) * (owner.spec?.replicas ?? 1),
          0,
        );
        // The quota already counts the running pods of this studio.
        const before = cluster.own('Pod').reduce((sum, { spec: pod }) => sum + requested(pod, resource), 0);
        const left = hard - (amount(status?.used) ?? 0) + before;
        const said = saying[resource];
        yield left >= asked
          ? ok(`The quota ${metadata.name} leaves ${said(left)}`)
          : error(
              `The quota ${metadata.name} leaves ${said(left)}, but the studio requests ${said(asked)}`,
              advice(
                resource === 'ephemeral-storage'
                  ? 'Raise the quota'
                  : 'Raise the quota, or choose a smaller JUNJO_K8S_SIZE',
                cluster.command('edit', 'resourcequota', metadata.name),
              ),
            );
      }
    }
    for (const { metadata, spec } of cluster.own('LimitRange')) {
      const containers = pods.flatMap((pod) => pod.containers);
      const broken = listOf(spec?.limits)
        .filter(({ type }) => type === 'Container')
        .flatMap((range) => containers.filter(({ fields }) => outside(fields, range)).map(({ title }) => title));
      const fix = advice(
        'Change the limit range, or choose another JUNJO_K8S_SIZE',
        cluster.command('edit', 'limitrange', metadata.name),
      );
      yield broken.length === 0
        ? ok(`The limit range ${metadata.name} allows every container`)
        : error(`The limit range ${metadata.name} does not allow ${listed(broken)}`, fix);
    }
  },
};

/** An amount, as a person reads it. */
const saying: Readonly<Record<Resource, (value: number) => string>> = {
  memory: (value) => `${mebibytes(value)} of memory`,
  cpu: (value) => `${Math.floor(value * 1000)}m CPU`,
  'ephemeral-storage': (value) => `${mebibytes(value)} of ephemeral storage`,
};

/** The resources of a quota that some container does not set and that no LimitRange sets for it. */
function unsetOf(hard: unknown, pods: readonly Pod[], cluster: PreflightView): readonly string[] {
  const containers = pods.flatMap((pod) => pod.containers.map(({ fields }) => fieldsOf(fields.resources)));
  const defaults = cluster
    .own('LimitRange')
    .flatMap(({ spec }) => listOf(spec?.limits))
    .filter(({ type }) => type === 'Container');
  return Object.keys(fieldsOf(hard)).filter((counted) => {
    const [, kind, resource = ''] = /^(limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(counted) ?? [];
    const isIn = (...amounts: unknown[]) => amounts.some((each) => fieldsOf(each)[resource] !== undefined);
    // A request that is not set is the limit.
    const given = ({ limits, requests }: Fields) => (kind === 'limits' ? isIn(limits) : isIn(requests, limits));
    const byDefault = (range: Fields) =>
      kind === 'limits' ? isIn(range.default) : isIn(range.defaultRequest, range.default);
    return kind !== undefined && !defaults.some(byDefault) && !containers.every(given);
  });
}

/** Whether a range refuses a container. A limit that is not set becomes the default of the range, or else its maximum. */
function outside({ resources }: Fields, { max, min, default: byDefault }: Fields): boolean {
  const { requests, limits } = fieldsOf(resources);
  return ['memory', 'ephemeral-storage'].some((resource) => {
    const bytes = (of: unknown) => quantityBytes(String(fieldsOf(of)[resource]));
    const limit = bytes(limits) ?? bytes(byDefault) ?? bytes(max) ?? Infinity;
    const request = bytes(requests);
    return (
      (bytes(limits) ?? 0) > (bytes(max) ?? Infinity) ||
      (request ?? 0) > limit ||
      (request ?? Infinity) < (bytes(min) ?? 0)
    );
  });
}

/** Whether a quota applies to long-running pods that request resources. A quota for other pods has scopes. */
function counts({ spec }: Manifest): boolean {
  const scopes: readonly string[] = spec?.scopes ?? [];
  return !spec?.scopeSelector && scopes.every((scope) => ['NotTerminating', 'NotBestEffort'].includes(scope));
}
