import { closest, distance } from 'fastest-levenshtein';

/** The known name that a misspelt or shortened one probably means, or nothing if none is similar. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name === '' || known.length === 0) return undefined;
  const similar = closest(name, known);
  // Two letters of seven, and at least two. Beyond that, suggestions mislead: resizePolicy for restartPolicy.
  if (distance(name, similar) <= Math.max(2, (name.length * 2) / 7)) return similar;
  return known.find((other) => other.startsWith(name));
}

/**
 * The known variable that a name probably means: with another case or other separators, without a word in the middle, or with
 * wrong letters. The name may also belong to another program.
 */
export function nearestVariable(name: string, known: readonly string[]): string | undefined {
  const letters = lettersOf(name);
  const words = wordsOf(name);
  return (
    known.find((other) => lettersOf(other) === letters) ??
    mostSimilar(letters, known) ??
    known.find((other) => lacksInnerWord(words, wordsOf(other)))
  );
}

/** The known variable that a name of several words becomes with the prefix of the studio's variables. */
export function withoutPrefix(name: string, known: readonly string[]): string | undefined {
  if (!name.includes('_')) return undefined;
  return ['JUNJO_', 'JUNJO_K8S_']
    .map((prefix) => `${prefix}${name.toUpperCase()}`)
    .find((each) => known.includes(each));
}

function lettersOf(name: string): string {
  return wordsOf(name).join('');
}

function wordsOf(name: string): readonly string[] {
  return name.toUpperCase().match(/[A-Z0-9]+/g) ?? [];
}

/** The known variable with the fewest wrong letters. */
function mostSimilar(letters: string, known: readonly string[]): string | undefined {
  const [first] = known
    .map((other) => ({ other, wrong: wrongLetters(letters, lettersOf(other)) }))
    .filter(({ wrong }) => Number.isFinite(wrong))
    .sort((a, b) => a.wrong - b.wrong);
  return first?.other;
}

/**
 * How many letters are wrong, missing, extra or swapped: one for every six at most. In a short name another letter makes
 * another name, such as GO_PROXY of NO_PROXY: only a slip counts.
 */
function wrongLetters(letters: string, other: string): number {
  const most = Math.max(1, Math.floor(other.length / 6));
  if (Math.abs(letters.length - other.length) > most) return Number.POSITIVE_INFINITY;
  const wrong = distance(letters, other) - exchanges(letters, other);
  if (wrong > most) return Number.POSITIVE_INFINITY;
  if (isSlip(letters, other)) return wrong - 0.5;
  return other.length < 10 ? Number.POSITIVE_INFINITY : wrong;
}

/** Whether the letters are only in another order, or one after the first is missing or extra. */
function isSlip(letters: string, other: string): boolean {
  if (letters.length !== other.length) return letters[0] === other[0] && distance(letters, other) === 1;
  return [...letters].sort().join('') === [...other].sort().join('');
}

/** How many neighbours are exchanged, each pair of which an edit distance counts as two letters. */
function exchanges(letters: string, other: string): number {
  const pairs = Array.from(letters.slice(1), (letter, at) => letters.charAt(at) + letter);
  return pairs.filter(([one = '', two = ''], at) => one !== two && other.slice(at, at + 2) === two + one).length;
}

/** Whether words are those of a name without one in its middle: OPENAI_KEY for OPENAI_API_KEY. */
function lacksInnerWord(words: readonly string[], others: readonly string[]): boolean {
  const inner = others.slice(1, -1).map((_, index) => index + 1);
  return inner.some((without) => others.filter((_, index) => index !== without).join('_') === words.join('_'));
}
