import { writeFileSync } from 'node:fs';
import { exampleEnvFile, variablesPage } from '../config/documentation';

// Both files come from the table of variables; a test fails when they are not what it says.
writeFileSync('docs/variables.md', variablesPage());
writeFileSync('.env.example', exampleEnvFile());
