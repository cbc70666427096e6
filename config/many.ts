import type { Problem } from './problems';

/** How many names of a long list a person reads. */
const FEW = 3;

/** `1 object`, `2 objects`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`, `a, b, c and 197 more`. */
export function firstOf(names: readonly string[]): string {
  const more = names.length - FEW;
  const parts = more > 0 ? [...names.slice(0, FEW), `${more} more`] : names;
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** Problems of several studios for a person: warnings and notes that studios share become one. Errors stay apart. */
export function grouped(problems: readonly Problem[]): readonly Problem[] {
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const { severity, variable, object, text } = problem;
    const key = JSON.stringify(severity === 'error' ? problem : [severity, variable, object, text]);
    groups.set(key, [...(groups.get(key) ?? []), problem]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const files = new Set(group.map(({ file }) => file));
    if (!first || files.size === 1) return group;
    const places = group.map(({ file, line }) => (line === undefined ? file : `${file}:${line}`));
    const { line: _, ...rest } = first;
    return [{ ...rest, file: counted(files.size, 'studio'), text: `${first.text} (${firstOf(places)})` }];
  });
}
