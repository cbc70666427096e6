/** Words of instructions and of samples: what an example file says in place of a secret. */
const SAMPLE_WORDS = wordsOf(
  'your yours mine own change changed changeit changeme replace replaced insert enter fill edit set put paste update override',
  'generate generated use provide choose pick type write need needs needed require required requires goes',
  'secret secrets secretkey key keys apikey token tokens password passwd pass passphrase passcode credential credentials auth api',
  'example examples sample samples placeholder dummy fake mock demo test testing tests tester todo tbd fixme tba xxx foo bar baz',
  'foobar none null nil undefined empty missing unset blank default defaults something anything whatever value values string text',
  'random randomly openssl rand base64 hex urandom uuid entropy bits bytes characters character chars char letters digits length',
  'insecure secure unsafe safe strong weak super supersecret ultra temporary temp tmp local localhost development dev prod',
  'production staging private public hidden real actual valid invalid session sessions cookie cookies signing sign signed encrypt',
  'encryption crypto internal grpc jwt hmac admin root user users guest login welcome letmein qwerty monkey dragon master',
  'openai anthropic claude gemini google qdrant junjo studio project company organization account service server client app',
  'authentication redacted documentation purposes unused lazy staple deadbeef cafebabe',
  'application backend frontend ingestion proxy url uri endpoint host hostname address gateway please thanks lorem ipsum dolor sit amet consectetur adipiscing elit notasecret nothing',
);

/** Words that accompany those, and mean nothing alone. */
const FILLERS = wordsOf(
  'a an and are as at be before by can do does for from has have here i if in is it its least',
  'less like long longer longest made',
  'make must my never new no not now of ok on only or our out output should so some sure than that the their',
  'them then there',
  'these they this those to too very was we will with without would you commit committed deploy deploying deployment run running',
  'environment env file line least minimum min max one two three thirty four sixty more most really totally always once again',
  'correct horse battery quick brown fox jumps over dog value injected external deploying goes byte encoded import print',
  'good best nice better bad actually copy copied add added got get give given keep kept known see read store stored vault',
);

/** The same in German, French, Spanish, Portuguese, Italian, Dutch, Russian, Japanese and Chinese. */
const OTHER_SAMPLE_WORDS = wordsOf(
  'geheim geheimer geheimes geheimnis schluessel schlüssel passwort kennwort zufaelliges zufälliges aendern ändern ersetzen',
  'einfuegen einfügen eintragen beispiel platzhalter motdepasse secrete secrète changez changer remplacez remplacer remplir',
  'aleatoire aléatoire exemple votre clave secreta contraseña contrasena cambiar cambia cambiame cámbiame reemplazar reemplace',
  'aleatoria ejemplo chave segredo senha substitua substituir mudar aleatória exemplo chiave segreta segreto cambiare',
  'sostituire sostituisci inserisci inserire casuale esempio wachtwoord geheime sleutel willekeurig wijzig vervang voorbeeld',
  'секретный секрет пароль ключ замените измените случайный пример 秘密鍵 秘密 入力 変更 密钥 密碼 密码 填写 更改 替换',
);
const OTHER_FILLERS = wordsOf(
  'bitte hier dein deine deinen ihr ihren sie diesen wert durch ein eine einen mit mindestens zeichen der die das',
  'nicht und avec une valeur cle clé ici moins caracteres caractères par cette les moi esta este aqui aquí con menos',
  'caracteres produccion producción por uma sua esse esta com pelo qui tua una stringa lunga con almeno caratteri',
  'questa hier vul een van tekens dit het этот на ваш свой здесь してください ここに を 文字以上の ランダムな 文字列 请在此处 您的',
);

/** Digits and signs that people write for letters. */
const LETTERS_OF: ReadonlyMap<string, string> = new Map([
  ...Object.entries({ 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't', '@': 'a', $: 's' }),
]);

/** Sequences that people type without thinking. */
const ROWS = [
  ...['0123456789abcdef', '1234567890', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'],
  // The columns of a keyboard, down, and down and up in turn.
  ...['1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p', 'zaq12wsxcde34rfvbgt56yhnmju78ik9ol0p', 'qazwsxedcrfvtgbyhnujmikolp'],
];
const RUNS: readonly string[] = [...ROWS, ...ROWS.map((row) => [...row].reverse().join(''))];

/** Prefixes of the keys of model providers. They say nothing about the rest of a key. */
const KEY_PREFIX =
  /^(sk-ant-(?:[a-z]+[0-9]{2}-)?|sk-(?:proj|svcacct|admin|or-v1|or)-|sk[-_](?:live_|test_)?|AIza(?:Sy)?|AQ\.)/;

/** `<…>`, `{{…}}`, `${…}`, `$(…)`, `[…]`, `%…%` and `__…__` around words. */
const IN_MARKS =
  /^(?:<[\w\s.:|/-]*>|\$?\{+[\w\s.:|/-]*\}+|\$\([\w\s.:|/-]*\)|\[[\w\s.:|/-]*\]|%[\w\s.:|/-]*%|__[\w\s.:|/-]*__)$/;

/** References to a secret elsewhere, encrypted texts, and commands that would create one. No container resolves them. */
const TO_RESOLVE =
  /^(?:(?!https?:|socks)[a-z][a-z0-9+.-]*:\/\/|ref\+|vault:|arn:|ENC\[|encrypted:|(?:\$\(|`)[a-z]+ |\$\([a-z]+\)$|`[a-z]+`$|[a-z][a-z0-9]* -{1,2}[a-z])/;

/** A key of which only the ends are shown, as the pages of providers do. */
const SHORTENED = /^[\w-]{0,16}(?:\.{3}|…|\*{3,})[\w-]{0,8}$/;

/** An address is a placeholder only if it says so. The host of an example does not make it one. */
const ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+:[0-9]{1,5}\/?$/i;
const SAMPLE_ADDRESS = /(?:^|[^a-z])(?:your|change[_-]?me|replace|placeholder)(?![a-z]*\.example)|[<{]/i;

/** This many random letters and digits make a secret, whatever words are around them: 57 bits in base 36. */
const ENOUGH = 11;

/** Random text of 32 characters has fewer different ones less than once in 10^15 times, even if they are hex digits. */
const LEAST_DIFFERENT = 6;

/** No example has a longer text, and no provider a longer key. */
const LONGEST = 4096;

/** Whether a secret still has the text of an example file: marks around a name, dots, or mostly words of instructions. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim();
  if (text.length > LONGEST) return false;
  if (TO_RESOLVE.test(text) || SHORTENED.test(text)) return true;
  if (ADDRESS.test(text)) return SAMPLE_ADDRESS.test(text);
  if (IN_MARKS.test(text) || /^[.…*_-]+$/.test(text)) return true;
  const rest = text.replace(KEY_PREFIX, '');
  if (rest !== text && /^[.…*xX_-]*$/.test(rest)) return true;
  const words = new Set([...covered(rest, [...SAMPLE_WORDS, ...OTHER_SAMPLE_WORDS]), ...coveredInDigits(rest)]);
  if (words.size === 0) return false;
  const said = new Set([...words, ...covered(rest, FILLERS), ...covered(rest, OTHER_FILLERS, Infinity)]);
  return isMostly(rest, said, shortNumbers(rest, said), repeated(rest), typedInARow(rest));
}

/** Why a secret that is not an example's text is easy to guess, in words that follow its name; nothing if it is not. */
export function whyGuessable(value: string): string | undefined {
  if (value.length > LONGEST) return undefined;
  if (ADDRESS.test(value.trim())) return undefined;
  const text = value.trim().replace(KEY_PREFIX, '');
  if (new Set(text.replace(/=+$/, '')).size === 1) return 'is one character repeated';
  const short = text.length <= ENOUGH ? 'is short enough to guess' : undefined;
  return whyBytesGuessable(text) ?? whyTextGuessable(text) ?? short;
}

function whyTextGuessable(text: string): string | undefined {
  const different = new Set(text).size;
  if (text.length >= 16 && different < LEAST_DIFFERENT) return `has only ${different} different characters`;
  const [again, row] = [repeated(text), typedInARow(text)];
  if (!isMostly(text, again, row)) return undefined;
  return again.size >= row.size ? 'repeats itself' : 'is a common sequence of characters';
}

/** The same of what base64 or hex digits stand for. */
function whyBytesGuessable(text: string): string | undefined {
  const bytes = bytesOf(text);
  if (!bytes) return undefined;
  const what = `decodes to ${bytes.length} bytes that`;
  const different = new Set(bytes).size;
  if (different === 1) return `decodes to ${bytes.length} identical bytes`;
  if (different < LEAST_DIFFERENT) return `${what} have only ${different} different values`;
  const counted = counting(bytes);
  if (counted.size === bytes.length) return `${what} count up or down`;
  // UTF-16 has a NUL beside each character of ASCII.
  const written = bytes.toString('latin1').replaceAll('\0', '');
  if (!/^[\x20-\x7e]+$/.test(written)) {
    const guessable = new Set([...repeated(bytes.toString('latin1')), ...counted]);
    return guessable.size > bytes.length / 2 ? `${what} repeat or count up` : undefined;
  }
  if (isPlaceholder(written)) return 'decodes to the text of an example';
  return whyGuessable(written) ? `${what} are easy to guess` : undefined;
}

/** Where four bytes stand that are equally far from each other: equal, or counting. */
function counting(bytes: Buffer): ReadonlySet<number> {
  const step = (at: number) => ((bytes[at + 1] ?? 0) - (bytes[at] ?? 0)) & 255;
  return placesOfFours(bytes.length, (at) => step(at) === step(at + 1) && step(at) === step(at + 2));
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

/**
 * Where words stand in a text, also where nothing parts them.
 * @param alone words that are shorter than so many letters count only by themselves
 */
function covered(text: string, words: readonly string[], alone = 3): ReadonlySet<number> {
  // Of the same length as the text, which lower-casing some letters outside ASCII is not.
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return new Set(
    words.flatMap((word) => {
      const places = placesOf(lower, word).filter((at) => isWritten(text.slice(at, at + word.length)));
      const whole = word.length < alone ? places.filter((at) => isAlone(text, at, word.length)) : places;
      return whole.flatMap((at) => Array.from(word, (_, index) => at + index));
    }),
  );
}

/** Where longer words stand that have digits and signs for letters: `s3cr3t`. */
function coveredInDigits(text: string): ReadonlySet<number> {
  const letters = Array.from(text, (character) => LETTERS_OF.get(character) ?? character).join('');
  const words = SAMPLE_WORDS.filter(({ length }) => length >= 5);
  return letters === text || letters.length !== text.length ? new Set() : covered(letters, words);
}

/** Whether people write a word so: `secret`, `Secret` or `SECRET`. Random text mixes letters. */
function isWritten(word: string): boolean {
  return /^[^a-z]*$|^.[^A-Z]*$/s.test(word);
}

function isAlone(text: string, at: number, length: number): boolean {
  const [before = '', after = ''] = [text[at - 1], text[at + length]];
  return !/[A-Za-z0-9]/.test(before + after);
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
  return placesOfFours(text.length, (at) => {
    const four = text.slice(at, at + 4).toLowerCase();
    return seen.size === seen.add(four).size;
  });
}

/**
 * Where four characters stand that follow each other in the alphabet, among the digits, or on a keyboard: also where each is there
 * twice, or where two such rows take turns, as in `aabbccdd` and `a1b2c3d4`.
 */
function typedInARow(text: string): ReadonlySet<number> {
  const lower = text.toLowerCase();
  const inTurn = (at: number) => [0, 2, 4, 6].map((by) => lower[at + by] ?? ' ').join('');
  const isRun = (four: string) => RUNS.some((run) => run.includes(four));
  const turns = placesOfFours(text.length, (at) => isRun(inTurn(at)) && isRun(inTurn(at + 1)), 8);
  return new Set([...placesOfFours(text.length, (at) => isRun(lower.slice(at, at + 4))), ...turns]);
}

/** The places in all windows of so many that are found. */
function placesOfFours(length: number, isFound: (at: number) => boolean, size = 4): ReadonlySet<number> {
  const places = new Set<number>();
  for (let at = 0; at + size <= length; at += 1) {
    if (isFound(at)) for (let index = at; index < at + size; index += 1) places.add(index);
  }
  return places;
}

function wordsOf(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}
