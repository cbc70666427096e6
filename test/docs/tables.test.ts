import { readFileSync } from 'node:fs';
import { pages } from '../support/documents';

/** A row of a Markdown table, and the number of columns that its table has. */
interface Row {
  readonly line: number;
  readonly cells: number;
  readonly columns: number;
}

/** Every table row of a text. Code blocks have none. A backslash before `|` keeps it inside a cell. */
function rowsOf(text: string): readonly Row[] {
  const rows: Row[] = [];
  let columns: number | undefined;
  let isCode = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*```/.test(line)) isCode = !isCode;
    if (isCode || !/^\s*\|/.test(line)) {
      columns = undefined;
      continue;
    }
    const cells = line
      .trim()
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/).length;
    columns ??= cells;
    rows.push({ line: index + 1, cells, columns });
  }
  return rows;
}

const malformed = (text: string) => rowsOf(text).filter(({ cells, columns }) => cells !== columns);

test('a row with an extra cell or a missing one is found', () => {
  expect(malformed('| a | b |\n| --- | --- |\n| `x \\| y` | 2 |\n| 1 | 2 | 3 |\n\n| c |\n| --- |\n| 1 |')).toEqual([
    { line: 4, cells: 3, columns: 2 },
  ]);
  expect(malformed('| a | b |\n| --- | --- |\n| 1 |')).toEqual([{ line: 3, cells: 1, columns: 2 }]);
  expect(malformed('```\n| a |\n| 1 | 2 |\n```')).toEqual([]);
});

test.each([...pages.map(({ path }) => path), 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'])(
  '%s: each row of a table has as many cells as the header',
  (path) => {
    expect(malformed(readFileSync(path, 'utf8'))).toEqual([]);
  },
);
