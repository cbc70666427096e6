import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textOf } from '../../config/encoding';
import { formatProblem } from '../../config/problems';
import { render } from '../../main';
import { readText } from '../../render/files';
import { development, envText, problemsOf } from '../support/studio';

const file = '# Größe\nJUNJO_ENV=development\nJUNJO_K8S_SIZE=small\n';
const big = (bytes: Buffer, size: 2 | 4) => (size === 2 ? Buffer.from(bytes).swap16() : Buffer.from(bytes).swap32());
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const utf32 = (text: string) => {
  const bytes = Buffer.alloc([...text].length * 4);
  for (const [index, character] of [...text].entries()) bytes.writeUInt32LE(character.codePointAt(0) ?? 0, index * 4);
  return bytes;
};
const latin = (text: string) => Buffer.from(text, 'latin1');

describe('a file that is not UTF-8 is told, with its encoding where it can be told', () => {
  test.each<[string, Buffer, string]>([
    ['UTF-16 with a mark', utf16(`\ufeff${file}`), 'is UTF-16 (little-endian), not UTF-8. Save the file as UTF-8'],
    ['UTF-16 without one', utf16(file), 'is UTF-16 (little-endian), not UTF-8. Save the file as UTF-8'],
    ['big-endian UTF-16', big(utf16(`\ufeff${file}`), 2), 'is UTF-16 (big-endian), not UTF-8. Save the file as UTF-8'],
    ['the same without a mark', big(utf16(file), 2), 'is UTF-16 (big-endian), not UTF-8. Save the file as UTF-8'],
    ['UTF-32 with a mark', utf32(`\ufeff${file}`), 'is UTF-32 (little-endian), not UTF-8. Save the file as UTF-8'],
    ['UTF-32 without one', utf32(file), 'is UTF-32 (little-endian), not UTF-8. Save the file as UTF-8'],
    ['big-endian UTF-32', big(utf32(`\ufeff${file}`), 4), 'is UTF-32 (big-endian), not UTF-8. Save the file as UTF-8'],
    ['the same without a mark', big(utf32(file), 4), 'is UTF-32 (big-endian), not UTF-8. Save the file as UTF-8'],
    [
      'ISO-8859-1',
      latin(file),
      'is not UTF-8: line 1 has a byte of another encoding, probably Windows-1252 or ISO-8859-1. Save the file as UTF-8',
    ],
    [
      'Windows-1252',
      latin('A=1\r\nB=\x93quoted\x94\r\n'),
      'is not UTF-8: line 2 has a byte of another encoding, probably Windows-1252. Save the file as UTF-8',
    ],
    [
      'an encoding that cannot be told',
      latin('A=1\nB=2\nC=\x81\x8d'),
      'is not UTF-8: line 3 has a byte of another encoding. Save the file as UTF-8',
    ],
    [
      'UTF-8 with a line of something else',
      Buffer.concat([Buffer.from('A=é\n'), latin('B=é\n')]),
      'is not UTF-8: line 2 has a byte of another encoding, though other lines are UTF-8. Save the file as UTF-8',
    ],
    [
      'a character that is cut off',
      Buffer.from('A=é').subarray(0, 3),
      'is not UTF-8: line 1 has a byte of another encoding, probably Windows-1252 or ISO-8859-1. Save the file as UTF-8',
    ],
    ['a NUL byte', Buffer.from('A=1\nB=x\0y\n'), 'is not text: line 2 has a NUL byte. Name a text file'],
    [
      'gzip with NUL bytes',
      Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0x00]),
      'is compressed with gzip. Decompress it first',
    ],
    ['gzip', Buffer.from([0x1f, 0x8b, 0x08, 0x08, 0x99, 0x41]), 'is compressed with gzip. Decompress it first'],
  ])('%s', (_, bytes, problem) => {
    expect(textOf(bytes)).toEqual({ problem });
  });
});

test.each(['', 'A=1\n', file, `\ufeff${file}`, 'A=€ 漢字 🎉\n'])('%j in UTF-8 is read as it is', (text) => {
  expect(textOf(Buffer.from(text))).toBe(text);
});

describe('every file that is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'junjo-encoding-'));
  const write = (name: string, bytes: Buffer) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };

  test('an env file', () => {
    const path = write('.env', latin(`${envText(development())}# caf\xe9\n`));
    const { problems, studios } = render({ envFiles: [path] }, {});
    expect(problems.map(formatProblem)).toEqual([
      `${path}: is not UTF-8: line 4 has a byte of another encoding, probably Windows-1252 or ISO-8859-1. Save the file as UTF-8`,
    ]);
    expect(studios).toEqual([]);
  });

  test.each([
    ['patches', (path: string) => ({ JUNJO_K8S_PATCHES: path })],
    ['a certificate', (path: string) => ({ JUNJO_K8S_SECRETS: 'sealed', JUNJO_K8S_SEALING_CERT: path })],
  ])('%s', (_, settings) => {
    const path = write('file', utf16('patches: []\n'));
    const text = envText(development(settings(path)));
    expect(problemsOf(text, { readFile: readText }).join('\n')).toContain('is UTF-16 (little-endian), not UTF-8');
  });
});

test('a character that was lost before is told at its line', () => {
  const text = `${envText(development())}JUNJO_K8S_ANNOTATIONS=example.com/owner=Andr\ufffd\n# l\ufffdst\n`;
  expect(problemsOf(text)).toEqual([
    'warning: .env:4 JUNJO_K8S_ANNOTATIONS: contains U+FFFD, which replaces a character that could not be read. Type the character again, and save the file as UTF-8',
  ]);
});
