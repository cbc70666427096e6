import { mkdirSync, writeFileSync } from 'node:fs';
import { exampleEnvFile } from '../cli/init/example-env-file';
import { releaseLines } from '../releases';
import { derivedSettings } from './derived-settings';
import { edgePage } from './pages/edge-page';
import { patchesPage } from './pages/patches-page';
import { releasesPage } from './pages/releases-page';
import { variablesPage } from './pages/variables-page';
import { pictures } from './pictures';

// These come from the tables of variables and controllers, releases/ and rules/; a test fails when they are not what those say.
writeFileSync('docs/variables.md', variablesPage());
writeFileSync('.env.example', exampleEnvFile());
writeFileSync('docs/releases.md', releasesPage(releaseLines));
writeFileSync('docs/edge.md', edgePage());
writeFileSync('docs/patches.md', patchesPage());

writeFileSync('cli/explain/settings.json', `${JSON.stringify(derivedSettings(), undefined, 2)}\n`);

void pictures().then((drawn) => {
  mkdirSync('docs/pictures', { recursive: true });
  for (const [path, svg] of drawn) writeFileSync(path, svg);
});
