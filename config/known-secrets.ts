import type { Lookup } from './env-file';
import type { Entry } from './env-files';
import { isPlaceholder } from './placeholders';
import type { Variable } from './variables';

/** A line of an env file. */
export type SettingPlace = Pick<Entry, 'name' | 'file' | 'line'>;

/** Shorter values may stand in a manifest by chance: they count only in what a person wrote. */
const LONG = 12;

/** Shorter ones are words like `yes` or numbers of ports. */
const SHORT = 4;

/** The table has no longer word. */
const LONGEST_WORD = 30;

/** A part of base64 or hex that is shorter may stand in a longer text by chance. */
const LEAST_ENCODED = 8;

/** V8 compiles no regular expression of some ten thousand characters. */
const LONGEST_PATTERN = 4096;

/** Encodings in encodings: JSON in JSON in a URL, and then some. */
const MOST_FORMS = 12;

interface Secret {
  readonly name: string;
  readonly text: string;
  readonly words: RegExp;
  readonly encoded: readonly string[];
  /** All of it in base64, which as a word is no chance even where it is short. */
  readonly wholeInBase64: RegExp;
  readonly hex: string;
  /** It is made of words and small numbers that manifests have anyway. */
  readonly ordinary: boolean;
  /** It cannot stand in a manifest by chance. */
  readonly unmistakable: boolean;
}

/**
 * The secret values of a configuration. A program can ask whether a text contains one of them, but cannot read the values: private
 * fields appear in no JSON, log or snapshot.
 */
export class KnownSecrets {
  readonly #secrets: readonly Secret[];
  readonly #settings: readonly Entry[];

  /**
   * @param written every line of the env files, those too that a later one overrides
   * @param table the variables of all releases
   * @param environment where `${NAME}` is looked up
   */
  constructor(written: readonly Entry[], table: readonly Variable[], environment: Lookup) {
    const isSecret = new Map(table.map(({ name, secret = false }) => [name, secret]));
    const fromEnvironment = [...isSecret]
      .filter(([, secret]) => secret)
      .map(([name]) => ({ name, value: environment(name) ?? '' }));
    // Made only when a secret has a word that can be one of them, because the table has thousands.
    let ordinary: ReadonlySet<string> | undefined;
    const isOrdinary = (word: string) => {
      if (word.length > LONGEST_WORD) return false;
      ordinary ??= new Set(table.flatMap(wordsOfRow));
      return ordinary.has(word);
    };
    this.#settings = written.filter(({ name }) => isSecret.get(name) === false);
    this.#secrets = [...written.filter(({ name }) => isSecret.get(name)), ...fromEnvironment].flatMap(
      ({ name, value }) => [...new Set(secretsIn(value))].flatMap((text) => secretOf(name, text, isOrdinary)),
    );
  }

  /**
   * Names of the secrets that a text contains, in plain text, base64, hex, JSON or a URL.
   * @param byHand a person wrote the text, and no chart
   */
  heldBy(text: string, byHand: boolean): readonly string[] {
    if (this.#secrets.length === 0) return [];
    const forms = formsOf(text);
    const held = this.#secrets.filter((secret) => {
      const counts = secret.unmistakable || byHand || (!text.includes('\n') && this.#placesOf(secret).length > 0);
      return counts && holds(forms, secret);
    });
    return [...new Set(held.map(({ name }) => name))];
  }

  /** The settings whose values contain the secret of this name. */
  settingsWith(name: string): readonly SettingPlace[] {
    return this.#secrets.filter((secret) => secret.name === name).flatMap((secret) => this.#placesOf(secret));
  }

  /** A text for messages, without secrets. */
  masked(text: string): string {
    return this.#secrets
      .filter(({ ordinary }) => !ordinary)
      .reduce((before, { text: secret, words, encoded, hex, unmistakable }) => {
        const forms = unmistakable ? [secret, encodeURIComponent(secret), hex, ...encoded, ...partsOf(secret)] : [];
        const first = secret.length > LONGEST_PATTERN ? before : before.replace(words, '…');
        return forms.reduce((shorter, form) => {
          if (form.length > LONGEST_PATTERN) return shorter.replaceAll(form, '…');
          // A message may repeat a host in lower case, as browsers write it.
          return shorter.replace(new RegExp(escaped(form), 'gi'), '…');
        }, first);
      }, text);
  }

  #placesOf(secret: Secret): readonly SettingPlace[] {
    return this.#settings
      .filter(({ value }) => holds(formsOf(value), secret))
      .map(({ name, file, line }) => ({ name, file, line }));
  }
}

/** The words by which the table describes a variable: they stand in manifests whatever the secrets are. */
function wordsOfRow({ name, meaning, type, default: fixed = '' }: Variable): readonly string[] {
  return wordsOf([name, meaning, type.description, fixed].join(' '));
}

function wordsOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** What is secret of a value: all of it, and in an address the password. An address without one is no secret. */
function secretsIn(value: string): readonly string[] {
  const text = value.trim();
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return [text];
  const { username, password } = new URL(text);
  const secret = password || username;
  return secret === '' ? [] : [text, secret, percentDecoded(secret)];
}

function secretOf(name: string, text: string, isWord: (word: string) => boolean): readonly Secret[] {
  const isOrdinary = wordsOf(text).every((word) => /^[0-9]{1,5}$/.test(word) || isWord(word));
  if (text.length < SHORT || isPlaceholder(text) || (isOrdinary && text.length < LONG)) return [];
  const bytes = Buffer.from(text);
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  const offsets = [0, 1, 2];
  const encoded = offsets.map((offset) => base64Within(bytes, offset));
  // Base64 of base64, as in the file of a Secret whose value is a Secret's.
  const twice = encoded.flatMap((part) => offsets.map((offset) => base64Within(Buffer.from(part), offset)));
  return [
    {
      name,
      text,
      words: new RegExp(`(?<![A-Za-z0-9])${escaped(text)}(?![A-Za-z0-9])`, 'g'),
      encoded: [...encoded, ...twice].filter((part) => part.length >= LEAST_ENCODED),
      wholeInBase64: new RegExp(`(?<![A-Za-z0-9+/])${escaped(base64)}(?![A-Za-z0-9+/])`),
      hex: bytes.toString('hex'),
      ordinary: isOrdinary,
      unmistakable: text.length >= LONG && !isOrdinary,
    },
  ];
}

/** What messages about a list or a pair may repeat of a secret. The host of an address is no part of its password. */
function partsOf(secret: string): readonly string[] {
  return secret.includes('://') ? [] : secret.split(/[=,;:@#?&\s]+/).filter((part) => part.length >= LONG);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** What base64 has of some bytes wherever so many others stand before them: the characters that hold bits of nothing else. */
function base64Within(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const first = Math.ceil((offset * 8) / 6);
  return encoded.slice(first, Math.floor(((offset + bytes.length) * 8) / 6));
}

interface Forms {
  readonly texts: readonly string[];
  /** In the alphabet of plain base64, without line breaks. */
  readonly base64: readonly string[];
}

/** A text, and what it says to a reader of JSON or of URLs. */
function formsOf(text: string): Forms {
  const texts = new Set([text]);
  for (const form of texts) {
    if (texts.size >= MOST_FORMS) break;
    if (form.includes('\\')) texts.add(unescaped(form));
    if (form.includes('%')) texts.add(percentDecoded(form));
  }
  const all = [...texts];
  return {
    texts: all,
    base64: all.map((form) =>
      form
        .replace(/\\[nr]|\s/g, '')
        .replace(/-/g, '+')
        .replace(/_/g, '/'),
    ),
  };
}

function unescaped(text: string): string {
  const characters = text.replace(/\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])/g, (sequence) => JSON.parse(`"${sequence}"`));
  return percentDecoded(characters.replace(/\\x([0-9a-fA-F]{2})/g, '%$1'));
}

function percentDecoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}

function holds({ texts, base64 }: Forms, { text, words, encoded, wholeInBase64, hex, unmistakable }: Secret): boolean {
  const asItIs = (form: string) => (unmistakable ? form.includes(text) : form.search(words) >= 0);
  const inUrl = text.includes(' ') ? text.replaceAll(' ', '+') : undefined;
  return (
    texts.some((form) => asItIs(form) || (inUrl !== undefined && form.includes(inUrl))) ||
    texts.some((form) => wholeInBase64.test(form)) ||
    encoded.some((part) => base64.some((form) => form.includes(part))) ||
    (hex.length >= LEAST_ENCODED && texts.some((form) => form.toLowerCase().includes(hex)))
  );
}
