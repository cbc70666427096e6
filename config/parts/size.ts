import { type ReleaseLine, type Size, shareOfMemory } from '../../releases';
import type { Problem } from '../problems';
import type { Values } from '../values';
import type { Variable } from '../variables';

const sizes: readonly Size[] = ['small', 'medium', 'large'];

/** Whether a number fits the memory of its container, and what to do when it does not. */
function memoryProblem(
  size: Size,
  line: ReleaseLine,
  share: NonNullable<Variable['percentOfMemory']>,
  text: string,
): string | undefined {
  if (Number(text) <= shareOfMemory(line, size, share)) return undefined;
  const most = `${shareOfMemory(line, size, share)} (${share.percent} % of the memory limit of ${share.component})`;
  const enough = sizes.find((other) => shareOfMemory(line, other, share) >= Number(text));
  const larger = enough ? `, or set JUNJO_K8S_SIZE=${enough}` : '';
  return `is more than ${most} at the size ${size}. Lower it${larger}`;
}

/** Compares the memory settings in the file with the size of the studio. */
export function checkSize(values: Values, line: ReleaseLine, table: readonly Variable[]): readonly Problem[] {
  const problems: Problem[] = [];
  const size = values.inEffect('JUNJO_K8S_SIZE');
  for (const { name, bySize, percentOfMemory: share, readers } of table) {
    const inFile = values.inFile(name);
    if (inFile.kind !== 'sound' || readers?.length === 0) continue;
    const problem = share && memoryProblem(size, line, share, inFile.text);
    if (problem) problems.push(values.error(name, problem));
    const usual = bySize?.[size];
    if (share === undefined && usual !== undefined && Number(inFile.text) > Number(usual)) {
      const text = `is more than upstream's value for the size ${size} (${usual}), so queries may run out of memory (OOMKilled). Lower it`;
      problems.push(values.warning(name, text));
    }
  }
  const limit = values.inEffect('JUNJO_BACKEND_MEM_LIMIT');
  const meant = sizes.find((other) => limit && isMebibytes(limit, line.memory[other].backend.limitMi));
  if (meant && meant !== size && !values.isSet('JUNJO_K8S_SIZE')) {
    const text = `is the memory limit of the size ${meant}, but JUNJO_K8S_SIZE is not set and defaults to ${size}. Set JUNJO_K8S_SIZE=${meant}`;
    problems.push(values.warning('JUNJO_BACKEND_MEM_LIMIT', text));
  }
  return problems;
}

/** Compose counts `450m`, `450mb` and `450MiB` alike: https://docs.docker.com/reference/compose-file/extension/#specifying-byte-values */
function isMebibytes(limit: string, mebibytes: number): boolean {
  return new RegExp(`^${mebibytes}(m|mb|mib)$`, 'i').test(limit);
}
