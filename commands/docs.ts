import { mkdirSync, writeFileSync } from 'node:fs';
import { exampleEnvFile, variablesPage } from '../config/documentation';
import { edgePage } from '../config/edge-page';
import { releasesPage } from '../config/releases-page';
import { releaseLines } from '../releases';
import { patchesPage } from '../rules/patches-page';
import { derivedSettings } from './derived-settings';
import { pictures } from './pictures';

// These come from the tables of variables and controllers, releases/ and rules/; a test fails when they are not what those say.
writeFileSync('docs/variables.md', variablesPage());
writeFileSync('.env.example', exampleEnvFile());
writeFileSync('docs/releases.md', releasesPage(releaseLines));
writeFileSync('docs/edge.md', edgePage());
writeFileSync('docs/patches.md', patchesPage());

writeFileSync('explain/settings.json', `${JSON.stringify(derivedSettings(), undefined, 2)}\n`);

void pictures().then((drawn) => {
  mkdirSync('docs/pictures', { recursive: true });
  for (const [path, svg] of drawn) writeFileSync(path, svg);
});
