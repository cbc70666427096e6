import { readFileSync, writeFileSync } from 'node:fs';
import { withOutput } from './troubleshooting';

const PAGE = 'docs/troubleshooting.md';

writeFileSync(PAGE, withOutput(readFileSync(PAGE, 'utf8')));
