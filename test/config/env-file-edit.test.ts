import { appended, assignment, withoutSetting, withSetting } from '../../config/env-file-edit';
import { readEnvFiles } from '../../config/env-files';

test.each([
  ['', 'A=1\n', 1],
  ['B=2\n', 'B=2\nA=1\n', 2],
  ['B=2', 'B=2\nA=1\n', 2],
  ['\nB=2', '\nB=2\nA=1\n', 3],
])('a line at the end of %j', (text, whole, line) => {
  expect(appended(text, 'A', '1')).toEqual({ text: whole, line });
});

test.each([
  ['takes the place of its line', 'B=2\nA=old\n# A=\n', 'B=2\nA=1\n# A=\n', 2],
  ['takes the place of a line that is commented out', 'B=2\n# A=\nC=3\n', 'B=2\nA=1\nC=3\n', 2],
  ['comes last where there is none', 'AA=2\n# AA=\n', 'AA=2\n# AA=\nA=1\n', 3],
])('a setting %s', (_, text, whole, line) => {
  expect(withSetting(text, 'A', '1')).toEqual({ text: whole, line });
});

test('a setting is commented out without its value', () => {
  expect(withoutSetting('B=2\nA=secret\nAA=3\n', 'A')).toBe('B=2\n# A=\nAA=3\n');
  expect(withoutSetting('AA=3\n', 'A')).toBe('AA=3\n');
});

test.each([
  ['', 'A='],
  ['a1-b_c./:@,+=', 'A=a1-b_c./:@,+='],
  ['two words', "A='two words'"],
  ['$HOME', "A='$HOME'"],
  ['a#b', "A='a#b'"],
  ["it's", 'A="it\'s"'],
])('the value %j is written as %s', (value, line) => {
  expect(assignment('A', value)).toBe(line);
});

test.each([
  '',
  'two words',
  "it's",
  'a"b',
  "it's a $HOME",
  '$HOME $$',
  'a\\b',
  'a\\',
  "it's\\",
  "it's \\n no line",
  "'quoted'",
  '"quoted"',
  'a # b',
  ' spaces ',
])('the value %j is read back as it is, whatever follows', (value) => {
  const text = `${assignment('A', value)}\n${assignment('B', 'next')}\n`;
  const { entries, problems } = readEnvFiles([{ path: '.env', text }], () => 'expanded', []);
  expect(problems).toEqual([]);
  expect(entries.get('A')?.value).toBe(value);
  expect(entries.get('B')?.value).toBe('next');
});
