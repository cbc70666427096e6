import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseOf, committedExample, exampleNames, ownFiles, renderExample } from '../tools/example-studios';

test.each(exampleNames())('examples/%s is what its env file renders to (npm run examples writes it)', (name) => {
  const { files, kept } = renderExample(name);
  expect(new Map(files.map(({ path, text }) => [path, text]))).toEqual(committedExample(name));
  expect(files.length).toBeGreaterThan(5);
  for (const { path, text } of kept) expect(readFileSync(join('examples', name, path), 'utf8')).toBe(text);
});

const based = exampleNames().flatMap((name) => {
  const base = baseOf(name);
  return base ? [[name, base] as const] : [];
});

test.each(based)('examples/%s repeats no file of its base', (name, base) => {
  const shared = ownFiles(base.name);
  expect(shared.size).toBeGreaterThan(5);
  const own = [...ownFiles(name)];
  expect(own.filter(([path, text]) => shared.get(path) === text).map(([path]) => path)).toEqual([]);
  // What the base has beyond it is named, and is there to be named.
  expect(base.without.filter((path) => !shared.has(path) || ownFiles(name).has(path))).toEqual([]);
});

test('a base is complete', () => {
  expect(based.map(([, { name }]) => name).filter((name) => baseOf(name))).toEqual([]);
  const complete = exampleNames().filter((name) => !baseOf(name));
  expect(complete).toEqual([
    'gitops-external',
    'local',
    'production-gateway',
    'production-traefik',
    'release-0.70',
    'release-0.82',
    'release-0.86',
    'three-studios',
  ]);
});
