import { isUtf8 } from 'node:buffer';
import type { Unreadable } from './files';

const LINE_FEED = 0x0a;
const SAVE = 'Save the file as UTF-8';

/** The marks with which some encodings begin, longest first: https://www.unicode.org/faq/utf_bom.html#bom4 */
const BYTE_ORDER_MARKS: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['UTF-32 (little-endian)', [0xff, 0xfe, 0, 0]],
  ['UTF-32 (big-endian)', [0, 0, 0xfe, 0xff]],
  ['UTF-16 (little-endian)', [0xff, 0xfe]],
  ['UTF-16 (big-endian)', [0xfe, 0xff]],
];

/** Bytes that Windows-1252 leaves without a character: https://encoding.spec.whatwg.org/index-windows-1252.txt */
const NOT_IN_WINDOWS_1252 = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/** The text of a file in UTF-8, byte order mark included; or a problem that names the other encoding, if it can be recognized. */
export function textOf(bytes: Buffer): string | Unreadable {
  const wide = wideEncodingOf(bytes);
  if (wide) return { problem: `is ${wide}, not UTF-8. ${SAVE}` };
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return { problem: 'is compressed with gzip. Decompress it first' };
  const nul = bytes.indexOf(0);
  if (nul >= 0) return { problem: `is not text: line ${lineAt(bytes, nul)} has a NUL byte. Name a text file` };
  if (isUtf8(bytes)) return bytes.toString();
  const { line, wrong, isAmongUtf8 } = firstWrongLine(bytes);
  const looks = isAmongUtf8 ? ', though other lines are UTF-8' : byteEncodingOf(wrong);
  return { problem: `is not UTF-8: line ${line} has a byte of another encoding${looks}. ${SAVE}` };
}

/** The encoding of two or four bytes for each character, by its mark or by where the NUL bytes of ASCII characters stand. */
function wideEncodingOf(bytes: Buffer): string | undefined {
  const marked = BYTE_ORDER_MARKS.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte));
  if (marked) return marked[0];
  if (!bytes.includes(0)) return undefined;
  const nuls = [0, 0, 0, 0];
  for (const [at, byte] of bytes.entries()) if (byte === 0) nuls[at % 4] = (nuls[at % 4] ?? 0) + 1;
  // An env file is mostly ASCII in every language.
  const [first, second, third, fourth] = nuls.map((count) => count > bytes.length / 8);
  if (second && third && fourth && !first) return 'UTF-32 (little-endian)';
  if (first && second && third && !fourth) return 'UTF-32 (big-endian)';
  if (second && fourth && !first && !third) return 'UTF-16 (little-endian)';
  if (first && third && !second && !fourth) return 'UTF-16 (big-endian)';
  return undefined;
}

/** What looks like Windows-1252, of which ISO-8859-1 is a part; other encodings of one byte look the same. */
function byteEncodingOf(line: Buffer): string {
  // Languages of that encoding write most of a word in ASCII; Cyrillic, Greek and Chinese in their own encodings do not.
  if (/[\x80-\xff]{3}/.test(line.toString('latin1'))) return '';
  const high = [...line].filter((byte) => byte >= 0x80);
  if (high.some((byte) => NOT_IN_WINDOWS_1252.includes(byte))) return '';
  return high.some((byte) => byte < 0xa0) ? ', probably Windows-1252' : ', probably Windows-1252 or ISO-8859-1';
}

/** The first line that is not UTF-8, and whether another line has characters of UTF-8 outside ASCII. */
function firstWrongLine(bytes: Buffer): {
  readonly line: number;
  readonly wrong: Buffer;
  readonly isAmongUtf8: boolean;
} {
  const lines: Buffer[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, start);
    lines.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length + 1 : end + 1;
  }
  // No part of a longer character is a line feed, so that each line can be judged by itself.
  const index = lines.findIndex((line) => !isUtf8(line));
  const isAmongUtf8 = lines.some((line) => isUtf8(line) && line.some((byte) => byte >= 0x80));
  return { line: index + 1, wrong: lines[index] ?? Buffer.alloc(0), isAmongUtf8 };
}

function lineAt(bytes: Buffer, position: number): number {
  return bytes.subarray(0, position).filter((byte) => byte === LINE_FEED).length + 1;
}
