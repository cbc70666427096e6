import { closest, distance } from 'fastest-levenshtein';

/** The known name that a misspelt or shortened one probably means, or nothing where none is similar. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name === '' || known.length === 0) return undefined;
  const longer = known.find((other) => other.startsWith(name));
  if (longer) return longer;
  const candidate = closest(name, known);
  // Two letters, or a third of a long name: a suggestion that differs in more misleads more often than it helps.
  return distance(name, candidate) <= Math.max(2, name.length / 3) ? candidate : undefined;
}
