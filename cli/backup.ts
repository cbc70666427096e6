import { Backup } from '../cluster/copy/backup';
import { type Pace, usualPace } from '../cluster/copy/pace';
import { Refusal } from '../cluster/refusal';
import { type ChangeOptions, changeOptions, withCluster } from './cluster-options';
import type { Command, ExitCode, Io } from './command';

export interface BackupOptions extends ChangeOptions {
  readonly file?: string;
  readonly live?: boolean;
  readonly keep?: string;
  readonly quiet?: boolean;
}

export const backup: Command<BackupOptions> = {
  name: 'backup',
  summary: "Copy a studio's data from its cluster into one file on this machine",
  argument: {
    name: '[file]',
    text: 'file to write, or a folder for one that is named after namespace and time (default: this folder)',
  },
  options: [
    ...changeOptions,
    { flags: '--live', text: 'copy without stopping the studio, where its stores allow that' },
    { flags: '--keep <number>', text: 'afterwards remove all but so many of the backups in the folder' },
    { flags: '-q, --quiet', text: 'print nothing unless something is wrong' },
  ],
  examples: [
    ['backup', 'stop the studio, copy its volume, start it again'],
    ['backup /var/backups/junjo --keep 7 --yes --quiet', 'for cron: the last seven'],
    ['backup studio.tar.gz --live', 'while it runs: from 0.80 on'],
  ],
  run: (options, io) => backUp(options, io),
};

/** Makes a backup. @param pace of tests */
export function backUp(options: BackupOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  return withCluster(options, io, pace, async (connection, signal) => {
    const props = { ...options, keep: keepOf(options), argoCdPaused: options.argocdPaused };
    return (await new Backup(props, connection, pace, signal).run()) ? 0 : 1;
  });
}

function keepOf({ keep }: BackupOptions): number | undefined {
  if (keep === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(keep)) throw new Refusal(`--keep ${keep}: is not a number of at least 1`);
  return Number(keep);
}
