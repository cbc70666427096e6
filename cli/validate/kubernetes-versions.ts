import { listed } from '../../config/text';

/** `1.27`, `1.27 to 1.29`, `1.27 and 1.30 to 1.36`: some of all versions, in their order. */
export function versionRanges(some: readonly string[], all: readonly string[]): string {
  const runs: string[][] = [];
  for (const [index, version] of all.entries()) {
    if (!some.includes(version)) continue;
    const before = all[index - 1];
    const run = runs.at(-1);
    if (run && before !== undefined && some.includes(before)) run.push(version);
    else runs.push([version]);
  }
  return listed(runs.map((run) => (run.length === 1 ? run.join() : `${run[0]} to ${run.at(-1)}`)));
}
