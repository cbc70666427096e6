const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Whether a text can name most objects: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export function isDnsSubdomain(text: string): boolean {
  return DNS_SUBDOMAIN.test(text) && text.length <= 253;
}

/** Whether a value is a map: an object of JSON, or a mapping of YAML. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a text is standard base64, padding included. */
export function isBase64(text: string): boolean {
  return BASE64.test(text);
}

/** An address without what may be a password. */
export function withoutUserInfo(address: string): string {
  return address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/i, '$1…@');
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}

/**
 * Characters that a terminal may interpret as a command, or as a change of the writing direction: C0 and C1 controls, DEL, the separators of
 * lines and paragraphs, and the bidirectional controls of https://www.unicode.org/reports/tr9/. Line break and tab are not among
 * them.
 */
const CONTROLS =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text for a terminal. Controls become `\u001b`, which inside a text of JSON, or one of YAML in double quotes, means the same. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A text from outside, such as a name or a message, as a part of one line for a terminal. */
export function inOneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** A word as a shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${String(word).replaceAll("'", `'\\''`)}'`;
}
