import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exampleNames, renderExample } from './example-studios';

for (const name of exampleNames()) {
  const root = join('examples', name, 'dist');
  rmSync(root, { recursive: true, force: true });
  for (const { path, text } of renderExample(name)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
