import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { baseOf, exampleNames, renderExample } from './example-studios';

for (const name of exampleNames()) {
  const root = join('examples', name, 'dist');
  // First, because it throws when the example has a problem.
  const { files, kept } = renderExample(name);
  rmSync(root, { recursive: true, force: true });
  const base = baseOf(name);
  const shared = base ? textsOf(base.name) : new Map<string, string>();
  for (const { path, text } of files) if (shared.get(path) !== text) write(join(root, path), text);
  for (const { path, text } of kept) write(join('examples', name, path), text);
  if (base) {
    const rendered = files.map(({ path }) => path);
    const without = [...shared.keys()].filter((path) => !rendered.includes(path)).sort();
    write(join('examples', name, 'base'), [base.name, ...without.map((path) => `without ${path}`), ''].join('\n'));
  }
}

/** What another example renders to, by path. */
function textsOf(name: string): ReadonlyMap<string, string> {
  return new Map(renderExample(name).files.map(({ path, text }) => [path, text]));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
