import { COMMAND, type Publication, publication } from '../../config/how-to-run';
import { name, version } from '../../package.json';
import type { Parts } from './page';

/** How to run the program outside of a clone: the generated part of README.md, which depends on what is published. */
export function readme({ onNpm }: Publication = publication): Parts {
  return { elsewhere: onNpm ? fromNpm : fromTarball };
}

const tarball = `./${name}-${version}.tgz`;

const fromTarball = [
  'The package is not on npm yet. To use it in another folder, make a tarball here, and copy it to that folder:',
  '```bash',
  'npm pack',
  '```',
  `There, type \`npx ${tarball}\` instead of \`npm run\`, and leave out the \`--\`:`,
  '```bash',
  `npx ${tarball} synth`,
  '```',
  `npx asks before each run. After \`npm install ${tarball}\`, type \`npx ${COMMAND}\` instead.`,
].join('\n');

const fromNpm = [
  `To use it in another folder, take the package from npm. There, type \`npx ${name}\` instead of`,
  `\`npm run\`, and leave out the \`--\`. The command of the package is \`${COMMAND}\`.`,
  '```bash',
  `npx ${name} synth`,
  '```',
].join('\n');
