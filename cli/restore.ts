import { type Pace, usualPace } from '../cluster/copy/pace';
import { Restore } from '../cluster/copy/restore';
import { restorePlan } from '../cluster/copy/restore-plan';
import { Refusal } from '../cluster/refusal';
import { inOneLine } from '../config/text';
import { yamlOf } from '../render/files';
import { type ChangeOptions, changeOptions, withCluster, withoutStackTrace } from './cluster-options';
import { type Command, type ExitCode, type Io, tell } from './command';
import { oneStudio, selected } from './manifests';

export interface RestoreOptions extends ChangeOptions {
  readonly source?: string;
  readonly replace?: boolean;
  readonly into?: string;
  readonly plan?: boolean;
  readonly asOf?: string;
}

export const restore: Command<RestoreOptions> = {
  name: 'restore',
  summary: "Put a backup, or the data folder of docker compose, on a studio's volume",
  argument: { name: '[source]', text: 'file that backup wrote, or a folder: the .dbdata of compose' },
  options: [
    ...changeOptions,
    { flags: '--replace', text: 'the volume need not be empty: what is there is moved aside on it' },
    { flags: '--into <namespace>', text: 'restore beside the running studio, into a claim of its own' },
    { flags: '--plan', text: 'print the manifest that restores a scheduled backup, and ask no cluster' },
    { flags: '--as-of <time>', text: 'with --plan: the newest backup before that time (VolSync)' },
  ],
  examples: [
    ['restore junjo-20260102T030405Z.tar.gz --replace', 'back to that day'],
    ['restore /mnt/junjo-data', 'move in from docker compose, which is stopped'],
    ['restore studio.tar.gz --into look', 'to look first'],
    ['restore --plan > restore.yaml', 'what VolSync or Velero backed up'],
  ],
  run: (options, io) =>
    options.plan ? withoutStackTrace(io, async () => planRestore(options, io)) : restoreInto(options, io),
};

/** Restores. @param pace of tests */
export async function restoreInto(options: RestoreOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  const { source, argocdPaused: argoCdPaused } = options;
  if (source === undefined) {
    io.err('restore: names no backup. Name a file or a folder, or say --plan for a scheduled backup');
    return 2;
  }
  const { envFiles } = selected(options, io);
  const caller = { envFiles: envFiles.length > 0 ? envFiles : ['.env'] };
  return withCluster(options, io, pace, async (connection, signal) =>
    (await new Restore({ ...options, source, argoCdPaused, caller }, connection, pace, signal).run()) ? 0 : 1,
  );
}

/** Prints the manifest that restores a scheduled backup, and what to do around it as comments; no cluster is asked. */
function planRestore({ into, asOf, source, ...options }: RestoreOptions, io: Io): ExitCode {
  if (source !== undefined)
    throw new Refusal(`--plan restores a scheduled backup, not ${source}. Leave one of them out`);
  const { studio, problems } = oneStudio(options, io);
  if (!studio) return tell({ problems }, {}, io);
  const name = `restore-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;
  const { steps, objects } = restorePlan(studio, { name, into, asOf });
  const comment = steps.map((step) => `# ${inOneLine(step)}\n`).join('');
  return tell({ problems, text: (comment + objects.map(yamlOf).join('---\n')).trimEnd() }, {}, io);
}
