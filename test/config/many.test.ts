import { counted, firstOf, grouped } from '../../config/many';
import { formatProblem, type Problem } from '../../config/problems';

test('a noun is in the plural, but not of one', () => {
  expect([0, 1, 2].map((count) => counted(count, 'object'))).toEqual(['0 objects', '1 object', '2 objects']);
});

test('of many names the first are written out', () => {
  expect(['a', 'ab', 'abc', 'abcd', 'abcdefg'].map((names) => firstOf([...names]))).toEqual([
    'a',
    'a and b',
    'a, b and c',
    'a, b, c and 1 more',
    'a, b, c and 4 more',
  ]);
});

describe('problems of several studios', () => {
  const note = (name: string, text = 'is old') =>
    ({ severity: 'note', file: `${name}.env`, line: 3, variable: 'PORT', text }) satisfies Problem;
  const lines = (problems: readonly Problem[]) => grouped(problems).map(formatProblem);

  test('are one where studios share it, with the first places', () => {
    expect(lines([...'abcde'].map((name) => note(name)))).toEqual([
      'note: 5 studios PORT: is old (a.env:3, b.env:3, c.env:3 and 2 more)',
    ]);
    expect(
      lines([
        { severity: 'warning', file: 'a.env', text: 'x' },
        { severity: 'warning', file: 'b.env', text: 'x' },
      ]),
    ).toEqual(['warning: 2 studios: x (a.env and b.env)']);
  });

  test('count studios, and not lines', () => {
    const twice = [note('a'), { ...note('a'), line: 7 }];
    expect(lines(twice)).toEqual(twice.map(formatProblem));
    expect(lines([...twice, note('b')])).toEqual(['note: 2 studios PORT: is old (a.env:3, a.env:7 and b.env:3)']);
  });

  test('stay apart where they differ, or are errors', () => {
    const errors = ['a', 'b'].map((name) => ({ ...note(name), severity: 'error' as const }));
    const different = [note('a'), note('b', 'is new'), { ...note('c'), variable: 'HOST' }, ...errors];
    expect(lines(different)).toEqual(different.map(formatProblem));
  });
});
