import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { committedExample, exampleNames, renderExample } from '../commands/example-studios';

test.each(exampleNames())('examples/%s is what its env file renders to (npm run examples writes it)', (name) => {
  const { files, kept } = renderExample(name);
  expect(new Map(files.map(({ path, text }) => [path, text]))).toEqual(committedExample(name));
  expect(files.length).toBeGreaterThan(5);
  for (const { path, text } of kept) expect(readFileSync(join('examples', name, path), 'utf8')).toBe(text);
});
