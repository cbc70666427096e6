import { losingSteps, moveOf, type ReleaseLine, releaseLines, schemaOf, spansMove, stepName } from '../../releases';
import { lineCalled } from '../support/volume';

const [base] = releaseLines;

/** A made-up line with some of the facts about stores. */
const line = (name: string, stores: Partial<ReleaseLine['stores']>): ReleaseLine => ({
  ...base,
  name,
  stores: { ...base.stores, since: `${name}.0`, ...stores },
});

const users = { usersSchema: { userVersion: 1 } };
const columns = (count: number) => ({ spans: 'Parquet', columns: { count, last: `column ${count}` } }) as const;
const first = line('1.0', { ...users, spans: 'DuckDB' });
const second = line('2.0', { ...users, ...columns(2), readsFurtherColumns: true });
const third = line('2.1', { ...users, ...columns(2), since: '2.0.0' });
const fourth = line('3.0', { ...users, ...columns(3), telemetryContract: 1 });
const fifth = line('3.1', { ...users, ...columns(3), telemetryContract: 2 });
const sixth = line('4.0', { usersSchema: { userVersion: 2 }, ...columns(3), telemetryContract: 2 });
const lines = [first, second, third, fourth, fifth, sixth];

test.each([
  ['itself', second, second, 'harmless'],
  ['the same columns', second, third, 'harmless'],
  ['more columns', third, fourth, 'unreadable'],
  ['fewer columns, none of which it lacks', fourth, second, 'flush first'],
  [
    'more columns than it has, by name',
    third,
    line('3.2', { ...users, ...columns(3), readsFurtherColumns: true }),
    'unreadable',
  ],
  ['fewer columns by position', fourth, third, 'unreadable'],
  ['another store', first, fourth, 'hidden'],
  ['another store, and back', fourth, first, 'hidden'],
  ['another contract', fourth, fifth, 'misunderstood'],
  ['another contract, and back', fifth, fourth, 'misunderstood'],
  ['another database', fifth, sixth, 'refused'],
  ['another database, and back', sixth, fifth, 'refused'],
  ['another database of another kind', line('5.0', { usersSchema: { alembic: '1' } }), first, 'refused'],
] as const)('data moves to %s', (_, from, to, effect) => {
  expect(moveOf(from, to)).toBe(effect);
});

test('what becomes of spans is known also where the database is refused', () => {
  expect(spansMove(fifth, sixth)).toBe('harmless');
  expect(spansMove(fourth, sixth)).toBe('misunderstood');
  expect(spansMove(first, sixth)).toBe('hidden');
});

test('steps that lose something are named, oldest first, without those that no setting helps', () => {
  expect(losingSteps(third, lines)).toEqual(['1.0-to-2.1', '3.0-to-2.1', '3.1-to-2.1']);
  expect(losingSteps(sixth, lines)).toEqual([]);
  expect(stepName(first, second)).toBe('1.0-to-2.0');
});

test('lines with the same stores are one schema', () => {
  expect(lines.map(schemaOf)).toEqual([
    'DuckDB 1.0.0',
    'Parquet 2.0.0',
    'Parquet 2.0.0',
    'Parquet 3.0.0',
    'Parquet 3.1.0',
    'Parquet 4.0.0',
  ]);
});

test('marks of older manifests name the schemas that they did', () => {
  expect(['0.70', '0.80', '0.81.0', '0.81', '0.82'].map((name) => schemaOf(lineCalled(name)))).toEqual([
    'DuckDB 0.70.3',
    'Parquet 0.80.0',
    'Parquet 0.80.0',
    'Parquet 0.80.0',
    'Parquet 0.82.0',
  ]);
});

test('files tell lines apart that read them in another way, unless only their workflows differ', () => {
  const shapes = (each: ReleaseLine) => JSON.stringify([each.stores.spanPaths, each.stores.columns]);
  for (const from of releaseLines) {
    for (const to of releaseLines) {
      const same = ['harmless', 'misunderstood'].includes(spansMove(from, to));
      expect([stepName(from, to), shapes(from) === shapes(to)]).toEqual([stepName(from, to), same]);
    }
  }
});
