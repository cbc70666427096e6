import { writeFileSync } from 'node:fs';
import { exampleEnvFile, variablesPage } from '../config/documentation';
import { releasesPage } from '../config/releases-page';
import { releaseLines } from '../releases';

// These come from the table of variables and from releases/; a test fails when they are not what those say.
writeFileSync('docs/variables.md', variablesPage());
writeFileSync('.env.example', exampleEnvFile());
writeFileSync('docs/releases.md', releasesPage(releaseLines));
