/** Words of instructions and of samples: what an example file says in place of a secret. */
const SAMPLE_WORDS = wordsOf(`
  your yours mine own change changed changeit changeme replace replaced insert enter fill edit set put paste update override
  generate generated use provide choose pick type write need needs needed require required requires goes
  secret secrets secretkey key keys apikey token tokens password passwd pass passphrase passcode credential credentials auth api
  example examples sample samples placeholder dummy fake mock demo test testing tests tester todo tbd fixme tba xxx foo bar baz
  foobar none null nil undefined empty missing unset blank default defaults something anything whatever value values string text
  random randomly openssl rand base64 hex urandom uuid entropy bits bytes characters character chars char letters digits length
  insecure secure unsafe safe strong weak super supersecret ultra temporary temp tmp local localhost development dev prod
  production staging private public hidden real actual valid invalid session sessions cookie cookies signing sign signed encrypt
  encryption crypto internal grpc jwt hmac admin root user users guest login welcome letmein qwerty monkey dragon master
  openai anthropic claude gemini google qdrant junjo studio project company organization account service server client app
  application backend frontend ingestion proxy url uri endpoint host hostname address gateway please thanks lorem ipsum dolor sit amet consectetur adipiscing elit notasecret nothing`);

/** Words that go with those, and say nothing by themselves. */
const FILLERS = wordsOf(`
  a an and are as at be before by can do does for from has have here i if in is it its least less like long longer longest made
  make must my never new no not now of ok on only or our out output should so some sure than that the their them then there
  these they this those to too very was we will with without would you commit committed deploy deploying deployment run running
  environment env file line least minimum min max one two three thirty four sixty more most really totally always once again
  good best nice better bad actually copy copied add added got get give given keep kept known see read store stored vault`);

/** Runs in which people type without thinking. */
const ROWS = ['0123456789', '1234567890', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const RUNS: readonly string[] = [...ROWS, ...ROWS.map((row) => [...row].reverse().join(''))];

/** What providers of models begin their keys with: it says nothing of the rest. */
const KEY_PREFIX =
  /^(sk-ant-(?:[a-z]+[0-9]{2}-)?|sk-(?:proj|svcacct|admin|or-v1|or)-|sk[-_](?:live_|test_)?|AIza(?:Sy)?|AQ\.)/;

/** `<…>`, `{{…}}`, `${…}`, `$(…)`, `[…]`, `%…%` and `__…__` around words. */
const IN_MARKS =
  /^(?:<[\w\s.:|/-]*>|\$?\{+[\w\s.:|/-]*\}+|\$\([\w\s.:|/-]*\)|\[[\w\s.:|/-]*\]|%[\w\s.:|/-]*%|__[\w\s.:|/-]*__)$/;

/** An address is a placeholder when it says so; that it has an example's host says nothing. */
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+:[0-9]{1,5}\/?$/i;
const SAMPLE_ADDRESS = /(?:^|[^a-z])(?:your|change[_-]?me|replace|placeholder)(?![a-z]*\.example)|[<{]/i;

/** So many letters and digits that nobody guesses make a secret, whatever words stand around them: 57 bits in base 36. */
const ENOUGH = 11;

/** Random text of 32 characters has fewer different ones less than once in 10^15 times, even if they are hex digits. */
const LEAST_DIFFERENT = 6;

/** No example has a longer text, and no provider a longer key. */
const LONGEST = 4096;

/** Whether a secret still holds the text of an example file: marks around a name, dots, or words of instructions and little else. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim();
  if (text.length > LONGEST) return false;
  if (ADDRESS.test(text)) return SAMPLE_ADDRESS.test(text);
  if (IN_MARKS.test(text) || /^[.…*_-]+$/.test(text)) return true;
  const rest = text.replace(KEY_PREFIX, '');
  if (rest !== text && /^[.…*xX_-]*$/.test(rest)) return true;
  const words = covered(rest, SAMPLE_WORDS);
  if (words.size === 0) return false;
  const said = new Set([...words, ...covered(rest, FILLERS)]);
  return isMostly(rest, said, shortNumbers(rest, said), repeated(rest), typedInARow(rest));
}

/** Why somebody could guess a secret that is not an example's text, in words that follow its name; nothing where nobody can. */
export function whyGuessable(value: string): string | undefined {
  if (value.length > LONGEST) return undefined;
  const text = value.trim().replace(KEY_PREFIX, '');
  if (new Set(text.replace(/=+$/, '')).size === 1) return 'is one character repeated';
  return whyBytesGuessable(text) ?? whyTextGuessable(text);
}

function whyTextGuessable(text: string): string | undefined {
  const different = new Set(text).size;
  if (text.length >= 16 && different < LEAST_DIFFERENT) return `has only ${different} different characters`;
  const [again, row] = [repeated(text), typedInARow(text)];
  if (!isMostly(text, again, row)) return undefined;
  return again.size >= row.size ? 'repeats itself' : 'is a sequence that everybody types';
}

/** The same of what base64 or hex digits stand for. */
function whyBytesGuessable(text: string): string | undefined {
  const bytes = bytesOf(text);
  if (!bytes) return undefined;
  const what = `decodes to ${bytes.length} bytes that`;
  const different = new Set(bytes).size;
  if (different === 1) return `decodes to ${bytes.length} equal bytes`;
  if (different < LEAST_DIFFERENT) return `${what} have only ${different} different values`;
  const steps = new Set(bytes.subarray(1).map((byte, index) => byte - (bytes[index] ?? 0)));
  if (steps.size === 1) return `${what} count up or down`;
  if (!bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) {
    return isMostlyRepeated(bytes.toString('latin1')) ? `${what} repeat themselves` : undefined;
  }
  const written = bytes.toString('latin1');
  if (isPlaceholder(written)) return "decodes to an example's text";
  return whyTextGuessable(written) ? `${what} anybody could guess` : undefined;
}

function bytesOf(text: string): Buffer | undefined {
  if (text.length >= 32 && /^(?:[0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  return /^[A-Za-z0-9+/_-]{22,}={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** Whether little is left of a text without the characters at some places, which anybody could guess. */
function isMostly(text: string, ...guessable: readonly ReadonlySet<number>[]): boolean {
  const meaningful = [...text].flatMap((character, index) => (/[\p{L}\p{N}]/u.test(character) ? [index] : []));
  const left = meaningful.filter((index) => !guessable.some((places) => places.has(index)));
  return left.length <= ENOUGH && left.length <= meaningful.length * 0.4;
}

function isMostlyRepeated(text: string): boolean {
  return repeated(text).size > text.length / 2;
}

/** Where words stand in a text, also where nothing parts them; words of one or two letters only by themselves. */
function covered(text: string, words: readonly string[]): ReadonlySet<number> {
  // Of the same length as the text, which lower-casing some letters outside ASCII is not.
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return new Set(
    words.flatMap((word) => {
      const places = placesOf(lower, word);
      const whole = word.length < 3 ? places.filter((at) => isAlone(text, at, word.length)) : places;
      return whole.flatMap((at) => Array.from(word, (_, index) => at + index));
    }),
  );
}

function isAlone(text: string, at: number, length: number): boolean {
  const [before = '', after = ''] = [text[at - 1], text[at + length]];
  const startsWord = !/[A-Za-z]/.test(before) || /^[a-z][A-Z]/.test(before + text[at]);
  return startsWord && (!/[A-Za-z]/.test(after) || /[A-Z]/.test(after));
}

function placesOf(text: string, part: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) places.push(at);
  return places;
}

/** Numbers such as those of years, lengths and versions, beside words or by themselves. */
function shortNumbers(text: string, words: ReadonlySet<number>): ReadonlySet<number> {
  const isBeside = (at: number) => words.has(at) || !/[A-Za-z]/.test(text[at] ?? '');
  const numbers = [...text.matchAll(/(?<![0-9])(?:[0-9]{1,3}|(?:19|20)[0-9]{2})(?![0-9])/g)].filter(
    ({ 0: number, index }) => isBeside(index - 1) && isBeside(index + number.length),
  );
  return new Set(numbers.flatMap(({ 0: number, index }) => Array.from(number, (_, offset) => index + offset)));
}

/** Where four characters stand that the text had before. */
function repeated(text: string): ReadonlySet<number> {
  const seen = new Set<string>();
  const places = new Set<number>();
  for (let at = 0; at + 4 <= text.length; at += 1) {
    const four = text.slice(at, at + 4).toLowerCase();
    if (seen.has(four)) for (let index = at; index < at + 4; index += 1) places.add(index);
    seen.add(four);
  }
  return places;
}

/** Where four characters stand that follow each other in the alphabet, among the digits, or on a keyboard. */
function typedInARow(text: string): ReadonlySet<number> {
  const places = new Set<number>();
  for (let at = 0; at + 4 <= text.length; at += 1) {
    const four = text.slice(at, at + 4).toLowerCase();
    if (RUNS.some((run) => run.includes(four))) for (let index = at; index < at + 4; index += 1) places.add(index);
  }
  return places;
}

function wordsOf(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
