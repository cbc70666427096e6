import { closest, distance } from 'fastest-levenshtein';

/** The known name that a misspelt or shortened one probably means, or nothing where none is similar. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name === '' || known.length === 0) return undefined;
  const similar = closest(name, known);
  // Two letters of seven, and at least two. Beyond that, suggestions mislead: resizePolicy for restartPolicy.
  if (distance(name, similar) <= Math.max(2, (name.length * 2) / 7)) return similar;
  return known.find((other) => other.startsWith(name));
}
