import { type Pace, usualPace } from '../cluster/copy/pace';
import { SetAside } from '../cluster/copy/set-aside';
import { type ChangeOptions, changeOptions, withCluster } from './cluster-options';
import type { Command, ExitCode, Io } from './command';

export interface SetAsideOptions extends ChangeOptions {
  readonly back?: string;
  readonly list?: boolean;
}

export const setAside: Command<SetAsideOptions> = {
  name: 'set-aside',
  summary: 'Move the data of a studio into a folder on its volume, for a release that cannot start on it',
  options: [
    ...changeOptions,
    { flags: '--back <folder>', text: 'bring this folder back, and set the current data aside first' },
    { flags: '--list', text: 'list the folders that were set aside, without stopping the studio' },
  ],
  examples: [
    ['set-aside', 'set the data aside, and start the new release on an empty volume'],
    ['set-aside --list', 'list what this command or restore --replace set aside'],
    [
      'set-aside --back .junjo-before-20260102T030405678Z',
      'bring the old data back, with the release that can read it',
    ],
  ],
  run: (options, io) => moveAside(options, io),
};

/** Sets aside, brings back, or lists. @param pace for tests */
export async function moveAside(options: SetAsideOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  const { back, list, yes, fluxSuspended, argocdPaused: argoCdPaused } = options;
  if (list && back !== undefined) {
    io.err('set-aside: --list cannot be combined with --back');
    return 2;
  }
  return withCluster(options, io, pace, async (connection, signal) => {
    const props = { back, yes, argoCdPaused, fluxSuspended };
    const command = new SetAside(props, connection, pace, signal);
    return (await (list ? command.list() : command.run())) ? 0 : 1;
  });
}
