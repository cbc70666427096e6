import type { Size } from '../../releases';
import type { Values } from '../values';
import type { Variable } from '../variables';

const sizes: readonly Size[] = ['small', 'medium', 'large'];

/** Whether a value fits the memory of its container, and what to do when it does not. */
export function memoryProblem(values: Values, variable: Variable, value: string): string | undefined {
  const { percentOfMemory: share } = variable;
  if (!share || Number(value) <= values.shareOfMemory(share)) return undefined;
  const most = `${values.shareOfMemory(share)}, ${share.percent} % of the memory limit of ${share.component}`;
  const enough = sizes.find((size) => values.shareOfMemory(share, size) >= Number(value));
  const larger = enough ? `, or set JUNJO_K8S_SIZE=${enough}` : '';
  return `is more than ${most} at the size ${values.size()}. Lower it${larger}`;
}

/** Compares what the file says of memory with the studio's size. */
export function checkSize(values: Values, table: readonly Variable[]): void {
  for (const { name, bySize, percentOfMemory } of table) {
    const value = values.written(name);
    const usual = bySize?.[values.size()];
    if (value === undefined || usual === undefined || percentOfMemory || !values.isSound(name)) continue;
    if (Number(value) > Number(usual)) {
      values.warning(
        name,
        `is more than upstream sets for the size ${values.size()} (${usual}): queries may take more memory than there is, and end in OOMKilled`,
      );
    }
  }
  const limit = values.written('JUNJO_BACKEND_MEM_LIMIT');
  const meant = sizes.find((size) => limit && isMebibytes(limit, values.memoryOf(size).backend.limitMi));
  if (meant && meant !== values.size() && !values.written('JUNJO_K8S_SIZE')) {
    values.warning(
      'JUNJO_BACKEND_MEM_LIMIT',
      `is the limit of a machine for which JUNJO_K8S_SIZE=${meant} is made; without that line the studio is ${values.size()}. Set JUNJO_K8S_SIZE=${meant}`,
    );
  }
}

/** Compose counts `450m`, `450mb` and `450MiB` alike: https://docs.docker.com/reference/compose-file/extension/#specifying-byte-values */
function isMebibytes(limit: string, mebibytes: number): boolean {
  return new RegExp(`^${mebibytes}(m|mb|mib)$`, 'i').test(limit);
}
