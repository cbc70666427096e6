import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { UnwritableFile } from '../../config/files';
import { filesOf, makeFolder, NewFiles, readText, writeFiles } from '../../render/files';
import { controls, harmless } from '../support/controls';
import { Folder } from '../support/folder';

const LIKE_OTHER_TYPES = [
  'yes',
  'off',
  'n',
  'true',
  'null',
  '~',
  '',
  '.inf',
  '=',
  '<<',
  '2024-01-01',
  '1:30',
  '8080:80',
];
const LIKE_NUMBERS = ['0775', '08', '0o17', '0x1f', '0b11', '1_000', '1e3', '.5', '+1', '-0', '12345678901234567890'];
const LIKE_SYNTAX = [
  '- a',
  'a: b',
  'a #b',
  '#',
  '@x',
  '%x',
  '!x',
  '&x',
  '*x',
  '[x]',
  '{x}',
  '?',
  '---',
  '...',
  "it's",
  '"q"',
];
const WITH_SPACES = [
  ' a',
  'a ',
  'a\tb',
  'a\nb',
  'a\nb\n',
  '\n a\n',
  'a\n\n\n',
  'a\r\nb',
  `${'long '.repeat(100)}`,
  '\u2028',
  '\ufeffx',
  'é😀',
  controls,
  '\u202ex',
  `a\n${controls}\n`,
];

test.each(['1.1', '1.2'] as const)('every text is the same text for a reader of YAML %s', (version) => {
  const texts = [...LIKE_OTHER_TYPES, ...LIKE_NUMBERS, ...LIKE_SYNTAX, ...WITH_SPACES];
  const data = Object.fromEntries(
    texts.flatMap((text, index) => [
      [`key-${index}`, text],
      [text.trim(), 'as a key'],
    ]),
  );
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'texts' }, data, list: texts };
  const [file] = filesOf([{ file: '20-settings.k8s.yaml', manifest }]);
  expect(parse(file?.text ?? '', { version })).toEqual(manifest);
  expect(file?.text).toMatch(harmless);
});

test('an object that stands in two places is written out in both', () => {
  const labels = { app: 'studio' };
  const manifest = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', labels }, spec: { selector: labels } };
  const [file] = filesOf([{ file: '40-backend.k8s.yaml', manifest }]);
  expect(file?.text).not.toMatch(/[&*]/);
  expect(parse(file?.text ?? '')).toEqual(manifest);
});

describe('on a disk', () => {
  let folder: Folder;
  const at = (path: string) => join(folder.path, path);
  const file = { path: 'foundation/a.k8s.yaml', text: 'new\n', mode: 0o600 };
  const write = (files = [file]) => writeFiles(files, at('dist'));
  const place = at.bind(undefined, 'dist/foundation/a.k8s.yaml');
  const names = (path: string) => readdirSync(at(path), { recursive: true, encoding: 'utf8' }).sort();

  beforeEach(() => {
    folder = new Folder();
    folder.write('elsewhere', 'mine\n');
  });

  afterEach(() => folder.remove());

  describe('a file takes the place of another', () => {
    test.each<[string, () => void]>([
      ['nothing', () => undefined],
      ['a file that others may read', () => writeFileSync(place(), 'old', { mode: 0o644 })],
      ['a file that nobody may write', () => writeFileSync(place(), 'old', { mode: 0o400 })],
      ['a link to a file', () => symlinkSync(at('elsewhere'), place())],
      ['a link that leads nowhere', () => symlinkSync(at('nowhere'), place())],
      ['a link to a folder', () => symlinkSync(folder.path, place())],
      ['a second name of a file', () => linkSync(at('elsewhere'), place())],
      ['a pipe', () => execFileSync('mkfifo', [place()])],
    ])('%s', (_, put) => {
      mkdirSync(at('dist/foundation'), { recursive: true });
      put();
      write();
      const { mode, nlink } = lstatSync(place());
      expect([lstatSync(place()).isFile(), (mode & 0o777).toString(8), nlink]).toEqual([true, '600', 1]);
      expect(readFileSync(place(), 'utf8')).toBe('new\n');
      expect(readFileSync(at('elsewhere'), 'utf8')).toBe('mine\n');
      expect([names('.'), names('dist')]).toEqual([
        expect.not.arrayContaining(['nowhere']),
        ['foundation', 'foundation/a.k8s.yaml'],
      ]);
    });
  });

  describe('nothing is written, and nothing left over, where', () => {
    const first = { path: '20-first.k8s.yaml', text: 'first\n', mode: 0o644 };

    test.each<[string, string, RegExp, () => void]>([
      ['the folder is a link', 'dist', /dist: is a link, not a folder$/, () => symlinkSync(folder.path, at('dist'))],
      ['the folder is a file', 'dist', /dist: is a file, not a folder$/, () => folder.write('dist', '')],
      [
        'a folder in it is a link',
        'dist',
        /dist\/foundation: is a link, not a folder$/,
        () => {
          mkdirSync(at('dist'));
          symlinkSync(folder.path, at('dist/foundation'));
        },
      ],
      ['a folder is in the place', 'dist', /a\.k8s\.yaml: is a folder$/, () => mkdirSync(place(), { recursive: true })],
      ['the name is too long', 'dist', /: ENAMETOOLONG: /, () => undefined],
    ])('%s', (what, _, message, put) => {
      put();
      const before = names('.');
      const second = what.includes('too long') ? { ...file, path: `foundation/${'a'.repeat(300)}` } : file;
      const attempt = () => write([first, second]);
      expect(attempt).toThrow(UnwritableFile);
      expect(attempt).toThrow(message);
      expect(names('.')).toEqual(before);
    });
  });

  test('files that are discarded leave what was there', () => {
    write();
    const files = new NewFiles();
    files.add(
      [
        { ...file, text: 'newer\n' },
        { ...file, path: 'argocd/b.k8s.yaml' },
      ],
      at('dist'),
    );
    files.discard();
    expect(names('dist')).toEqual(['foundation', 'foundation/a.k8s.yaml']);
    expect(readFileSync(place(), 'utf8')).toBe('new\n');
  });

  test('a folder is made where one can be, and nowhere else', () => {
    expect(makeFolder(at('a/b/c'))).toBe(at('a'));
    expect(makeFolder(at('a/b'))).toBeUndefined();
    symlinkSync('nowhere', at('dangling'));
    expect(() => makeFolder(at('dangling/x'))).toThrow('EEXIST');
    expect(() => makeFolder(at('elsewhere/x'))).toThrow(/ENOTDIR|EEXIST/);
  });

  test.each<[string, string, string, (path: string) => void]>([
    ['a folder', 'read', 'is a folder. Name a regular file', (path) => mkdirSync(path)],
    [
      'a pipe',
      'read',
      'is a device, a pipe or a socket. Name a regular file',
      (path) => execFileSync('mkfifo', [path]),
    ],
    [
      'a link to a device',
      'read',
      'is a device, a pipe or a socket. Name a regular file',
      (path) => symlinkSync('/dev/zero', path),
    ],
    [
      'a link to itself',
      'read',
      'cannot be read (ELOOP: too many symbolic links encountered)',
      (path) => symlinkSync('read', path),
    ],
    [
      'a huge file',
      'read',
      'is larger than 8 MiB. Name a smaller file',
      (path) => writeFileSync(path, Buffer.alloc(8 * 1024 * 1024 + 1)),
    ],
  ])('%s is not read, and the reason is told', (_, name, problem, make) => {
    make(at(name));
    expect(readText(at(name))).toEqual({ problem });
  });

  test('a file is read, and one that is not there is nothing', () => {
    writeFileSync(at('large'), Buffer.alloc(8 * 1024 * 1024, 'é'));
    chmodSync(at('large'), 0o400);
    expect(readText(at('large'))).toHaveLength(4 * 1024 * 1024);
    expect([readText(at('none')), readText(at('large/none'))]).toEqual([undefined, undefined]);
  });
});
