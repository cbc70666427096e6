import { counted, firstOf } from '../../config/many';
import { shellWord } from '../../config/text';
import type { RenderedStudio } from '../../main';

/** Studios up to this number have a line each. */
const MANY = 5;

/** Objects up to this number have a line each. */
const LONG = 20;

/** Whether the studios are too many for a line each. */
export function areMany(studios: readonly RenderedStudio[]): boolean {
  return studios.length > MANY;
}

/** Which studios were rendered: a line for each, or for those of the same release. */
export function studioLines(studios: readonly RenderedStudio[]): readonly string[] {
  if (!areMany(studios)) {
    return studios.map(({ config }) => `${releaseOf({ config })} for the namespace ${config.namespace}`);
  }
  const byRelease = new Map<string, string[]>();
  for (const { folder = '', config } of studios) {
    const release = releaseOf({ config });
    byRelease.set(release, [...(byRelease.get(release) ?? []), folder]);
  }
  return [...byRelease].map(([release, names]) => `${release}: ${counted(names.length, 'studio')} (${firstOf(names)})`);
}

function releaseOf({ config: { tag, environment } }: Pick<RenderedStudio, 'config'>): string {
  return `Junjo AI Studio ${tag} (${environment})`;
}

/**
 * One command for all studios below an output folder. Folders without a foundation, such as that of Argo CD, are not studios.
 * @param paths files and folders below that of a studio
 */
export function forEachStudio(output: string, command: string, paths: readonly string[]): string {
  const files = paths.map((path) => `-f "\${folder%foundation}${path}"`).join(' ');
  return `for folder in ${shellWord(output)}/*/foundation; do ${command} ${files}; done`;
}

/** The first of many lines, and how many more there are. */
export function shortened(lines: readonly string[]): readonly string[] {
  const more = lines.length - LONG;
  return more > 0 ? [...lines.slice(0, LONG), `  and ${more} more`] : lines;
}
