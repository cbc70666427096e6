import { parse } from 'yaml';
import { filesOf } from '../../render/files';

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
});

test('an object that stands in two places is written out in both', () => {
  const labels = { app: 'studio' };
  const manifest = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', labels }, spec: { selector: labels } };
  const [file] = filesOf([{ file: '40-backend.k8s.yaml', manifest }]);
  expect(file?.text).not.toMatch(/[&*]/);
  expect(parse(file?.text ?? '')).toEqual(manifest);
});
