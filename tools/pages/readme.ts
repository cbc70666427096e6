import { COMMAND, type Publication, publication } from '../../config/how-to-run';
import { name, version } from '../../package.json';
import type { Parts } from './page';

/** How to run the program outside of a clone: the generated part of README.md, which depends on what is published. */
export function readme({ onNpm }: Publication = publication): Parts {
  return { elsewhere: onNpm ? fromNpm : fromTarball };
}

const tarball = `./${name}-${version}.tgz`;

const fromTarball = [
  'The package is not on npm yet. To use it in another folder, make a tarball here:',
  '```bash',
  'npm pack',
  '```',
  '',
  `Copy \`${tarball.slice(2)}\` to that folder. Where a page says \`npm run NAME --\`, run \`npx ${tarball} NAME\` there:`,
  '```bash',
  `npx ${tarball} synth`,
  '```',
].join('\n');

const fromNpm = [
  `In any other folder, the package from npm does the same. Where a page says \`npm run NAME --\`, run \`npx ${name} NAME\` there.`,
  `The command of the package is \`${COMMAND}\`.`,
  '',
  '```bash',
  `npx ${name} synth`,
  '```',
].join('\n');
