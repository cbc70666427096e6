import { losingSteps, moveOf, type ReleaseLine, releaseLines, schemaOf, schemasFor, stepName } from '../../releases';

const [base] = releaseLines;

/** A made-up line that keeps spans in one of two ways, in columns of some tag. */
const line = (
  name: string,
  spans: ReleaseLine['stores']['spans'],
  columnsSince: string,
  tags: ReleaseLine['tags'] = [`${name}.0`, `${name}.1`],
): ReleaseLine => ({ ...base, name, tags, stores: { ...base.stores, spans, columnsSince } });

const first = line('1.0', 'DuckDB', '1.0.0');
const second = line('2.0', 'Parquet', '2.0.0');
const third = line('2.1', 'Parquet', '2.0.0', ['2.1.4', '2.1.5']);
const fourth = line('3.0', 'Parquet', '3.0.0');
const lines = [first, second, third, fourth];

test.each([
  ['the same columns', second, third, 'harmless'],
  ['other columns', third, fourth, 'unreadable'],
  ['older columns', fourth, second, 'unreadable'],
  ['another store', first, fourth, 'hidden'],
  ['another store, and back', fourth, first, 'hidden'],
  ['another store with columns of the same tag', first, line('1.1', 'Parquet', '1.0.0'), 'hidden'],
] as const)('spans move to %s', (_, from, to, move) => {
  expect(moveOf(from.stores, to.stores)).toBe(move);
});

test('steps that lose something are named, oldest first', () => {
  expect(losingSteps(third, lines)).toEqual(['1.0-to-2.1', '3.0-to-2.1']);
  expect(losingSteps(first, lines)).toEqual(['2.0-to-1.0', '2.1-to-1.0', '3.0-to-1.0']);
  expect(losingSteps(first, [first])).toEqual([]);
  expect(stepName(first, second)).toBe('1.0-to-2.0');
});

test('lines with the same stores are one schema, which its newest tag reads', () => {
  expect(lines.map(({ stores }) => schemaOf(stores))).toEqual([
    'DuckDB 1.0.0',
    'Parquet 2.0.0',
    'Parquet 2.0.0',
    'Parquet 3.0.0',
  ]);
  expect(schemasFor(third, lines)).toEqual([
    { schema: 'DuckDB 1.0.0', lines: ['1.0'], release: '1.0.1', stores: first.stores, move: 'hidden' },
    { schema: 'Parquet 2.0.0', lines: ['2.0', '2.1'], release: '2.1.5', stores: third.stores, move: 'harmless' },
    { schema: 'Parquet 3.0.0', lines: ['3.0'], release: '3.0.1', stores: fourth.stores, move: 'unreadable' },
  ]);
});

test('what upstream released is three schemas', () => {
  const [newest = base] = releaseLines.toReversed();
  expect(
    schemasFor(newest, releaseLines).map(({ schema, lines: own, release, move }) => [schema, own, release, move]),
  ).toEqual([
    // Not 0.70.4, which loses spans.
    ['DuckDB 0.70.3', ['0.70'], '0.70.3', 'hidden'],
    ['Parquet 0.80.0', ['0.80', '0.81.0', '0.81'], '0.81.5', 'unreadable'],
    ['Parquet 0.82.0', ['0.82'], '0.82.1', 'harmless'],
  ]);
});
