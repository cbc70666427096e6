import { mkdirSync, writeFileSync } from 'node:fs';
import { exampleEnvFile } from '../cli/init/env-file';
import { releaseLines } from '../releases';
import { derivedSettings } from './derived-settings';
import { edgePage } from './pages/edge-page';
import { libraryPage } from './pages/library-page';
import { monitoringPage } from './pages/monitoring-page';
import { fill } from './pages/page';
import { patchesPage } from './pages/patches-page';
import { readme } from './pages/readme';
import { releasesPage } from './pages/releases-page';
import { scalePage } from './pages/scale-page';
import { variablesPage } from './pages/variables-page';
import { whichReleasePage } from './pages/which-release-page';
import { pictures } from './pictures';

// The generated parts of these pages come from tables of the code; a test fails when they are out of date.
fill('README.md', readme());
fill('docs/library.md', libraryPage());
fill('docs/variables.md', variablesPage());
writeFileSync('.env.example', exampleEnvFile());
fill('docs/releases.md', releasesPage(releaseLines));
fill('docs/which-release.md', whichReleasePage(releaseLines));
fill('docs/edge.md', edgePage());
fill('docs/patches.md', patchesPage());
fill('docs/scale.md', scalePage());
fill('docs/monitoring.md', monitoringPage());

writeFileSync('cli/explain/settings.json', `${JSON.stringify(derivedSettings(), undefined, 2)}\n`);

void pictures().then((drawn) => {
  mkdirSync('docs/pictures', { recursive: true });
  for (const [path, svg] of drawn) writeFileSync(path, svg);
});
