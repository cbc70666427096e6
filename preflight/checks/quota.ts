import { quantityBytes } from '../../config/quantity';
import { type Fields, fieldsOf, listOf, podsOf } from '../../rules/rendered-studio';
import { type Check, fail, ok } from '../check';
import { mebibytes, requested } from '../requests';

/** Quotas and limit ranges of the namespace. */
export const quota: Check = {
  name: 'quota',
  *results({ manifests }, cluster) {
    const pods = manifests.flatMap((manifest) => [...podsOf(manifest)]).filter(({ ends }) => !ends);
    const memory = pods.reduce(
      (sum, { spec, owner }) => sum + requested(spec, 'memory') * (owner.spec?.replicas ?? 1),
      0,
    );
    const before = cluster.own('Pod').reduce((sum, { spec }) => sum + requested(spec, 'memory'), 0);
    for (const { metadata, status } of cluster.own('ResourceQuota')) {
      const amount = (of: unknown) => quantityBytes(String(fieldsOf(of)['requests.memory'] ?? fieldsOf(of).memory));
      const [hard, used] = [amount(status?.hard), amount(status?.used) ?? 0];
      if (hard === undefined) continue;
      // What runs of this studio is counted already.
      const left = hard - used + before;
      yield left >= memory
        ? ok(`the quota ${metadata.name} leaves ${mebibytes(left)} of memory`)
        : fail(
            `the quota ${metadata.name} leaves ${mebibytes(left)} of memory, and the studio asks for ${mebibytes(memory)}`,
            `raise it: kubectl -n ${cluster.namespace} edit resourcequota ${metadata.name}`,
          );
    }
    for (const { metadata, spec } of cluster.own('LimitRange')) {
      const containers = pods.flatMap((pod) => pod.containers);
      const broken = listOf(spec?.limits)
        .filter(({ type }) => type === 'Container')
        .flatMap(({ max, min }) =>
          containers.filter(({ fields }) => outside(fields, max, min)).map(({ title }) => title),
        );
      const fix = `change it: kubectl -n ${cluster.namespace} edit limitrange ${metadata.name}`;
      yield broken.length === 0
        ? ok(`the limit range ${metadata.name} allows every container`)
        : fail(`the limit range ${metadata.name} refuses ${broken.join(', ')}`, fix);
    }
  },
};

function outside({ resources }: Fields, max: unknown, min: unknown): boolean {
  const bytes = (of: unknown) => quantityBytes(String(fieldsOf(of).memory));
  const { requests, limits } = fieldsOf(resources);
  return (bytes(limits) ?? 0) > (bytes(max) ?? Infinity) || (bytes(requests) ?? Infinity) < (bytes(min) ?? 0);
}
