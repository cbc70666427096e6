import { type Publication, publication } from '../../config/how-to-run';
import { name, version } from '../../package.json';
import type { Parts } from './page';

/** How to install the library: the generated part of docs/library.md, which depends on what is published. */
export function libraryPage({ onNpm }: Publication = publication): Parts {
  return { install: onNpm ? install(name) : [pack, install(`./${name}-${version}.tgz`)].join('\n\n') };
}

const pack = [
  'The package is not on npm yet. Make a tarball in the clone:',
  '',
  '```bash',
  'npm pack',
  '```',
  '',
  `Copy \`${name}-${version}.tgz\` into the folder of your app.`,
].join('\n');

/** Installs the package and what it shares with the app. */
function install(what: string): string {
  const commands = ['npm init -y', `npm install ${what} cdk8s cdk8s-plus-27 constructs tsx`];
  return [
    'In the folder of your app, run these commands. Leave out the first if it has a `package.json`:',
    '',
    '```bash',
    ...commands,
    '```',
  ].join('\n');
}
