import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exampleNames, renderExample } from './example-studios';

for (const name of exampleNames()) {
  const root = join('examples', name, 'dist');
  rmSync(root, { recursive: true, force: true });
  const { files, kept } = renderExample(name);
  for (const { path, text } of files) write(join(root, path), text);
  for (const { path, text } of kept) write(join('examples', name, path), text);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
