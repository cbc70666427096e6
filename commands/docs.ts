import { writeFileSync } from 'node:fs';
import { exampleEnvFile, variablesPage } from '../config/documentation';
import { edgePage } from '../config/edge-page';
import { releasesPage } from '../config/releases-page';
import { releaseLines } from '../releases';

// These come from the tables of variables and controllers and from releases/; a test fails when they are not what those say.
writeFileSync('docs/variables.md', variablesPage());
writeFileSync('.env.example', exampleEnvFile());
writeFileSync('docs/releases.md', releasesPage(releaseLines));
writeFileSync('docs/edge.md', edgePage());
