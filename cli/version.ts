import { COMMAND } from '../config/how-to-run';
import { listed } from '../config/text';
import { version as packageVersion } from '../package.json';
import { releaseLines } from '../releases';
import type { Command } from './command';

/** The version of this program, and the releases of Junjo AI Studio that it can render. */
export const versionText = `${COMMAND} ${packageVersion}, for Junjo AI Studio ${listed(releaseLines.map(({ name }) => name))}`;

export const version: Command<object> = {
  name: 'version',
  summary: 'Print the version, and the release lines of Junjo AI Studio that this version renders',
  options: [],
  examples: [['version', 'the same as --version']],
  run: async (_, io) => {
    io.out(versionText);
    return 0;
  },
};
