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
    text: 'file to write, or a folder for a file named after namespace and time (default: this folder)',
  },
  options: [
    ...changeOptions,
    { flags: '--live', text: 'copy while the studio runs, if its data stores allow that' },
    { flags: '--keep <number>', text: 'keep only this many of the newest backups in the folder' },
    { flags: '-q, --quiet', text: 'print nothing unless something is wrong' },
  ],
  examples: [
    ['backup', 'stop the studio, copy its volume, and restart it'],
    ['backup /var/backups/junjo --keep 7 --yes --quiet', 'for cron: keep the last seven backups'],
    ['backup studio.tar.gz --live', 'copy while the studio runs (0.80 and later)'],
  ],
  run: (options, io) => backUp(options, io),
};

/** Makes a backup. @param pace for tests */
export function backUp(options: BackupOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  return withCluster(options, io, pace, async (connection, signal) => {
    const props = { ...options, keep: keepOf(options), argoCdPaused: options.argocdPaused };
    return (await new Backup(props, connection, pace, signal).run()) ? 0 : 1;
  });
}

function keepOf({ keep }: BackupOptions): number | undefined {
  if (keep === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(keep)) throw new Refusal(`--keep ${keep}: is not a whole number of at least 1`);
  return Number(keep);
}
