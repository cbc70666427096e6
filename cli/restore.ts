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
  summary: 'Restore a backup, or the data folder of docker compose, to the volume of a studio',
  argument: { name: '[source]', text: 'file that backup wrote, or the .dbdata folder of compose' },
  options: [
    ...changeOptions,
    {
      flags: '--replace',
      text: 'first move the current data into a folder on the volume (default: the volume must be empty)',
    },
    { flags: '--into <namespace>', text: 'restore into a new claim in this namespace, next to the running studio' },
    { flags: '--plan', text: 'print the manifest that restores a scheduled backup, without using a cluster' },
    { flags: '--as-of <time>', text: 'with --plan: use the newest backup before this time (VolSync only)' },
  ],
  examples: [
    ['restore junjo-20260102T030405Z.tar.gz --replace', 'go back to that backup'],
    ['restore /mnt/junjo-data', 'move from docker compose, after you stopped it'],
    ['restore studio.tar.gz --into look', 'look into a backup first'],
    ['restore --plan > restore.yaml', 'restore what VolSync or Velero backed up'],
  ],
  run: async (options, io) => {
    const problem = contradictionIn(options);
    if (problem) {
      io.err(`restore: ${problem}`);
      return 2;
    }
    return options.plan ? withoutStackTrace(io, async () => planRestore(options, io)) : restoreInto(options, io);
  },
};

/** Why options cannot be used together. A plan is made from the manifests alone. */
function contradictionIn(options: RestoreOptions): string | undefined {
  if (!options.plan) return options.asOf === undefined ? undefined : '--as-of needs --plan';
  if (options.namespace !== undefined)
    return '--plan uses the namespace of the manifests. Remove --namespace, or name another namespace with --into';
  const unused = (['context', 'kubeconfig', 'replace'] as const).find((name) => options[name] !== undefined);
  return unused && `--plan does not use a cluster. Remove --${unused}`;
}

/** Restores. @param pace for tests */
export async function restoreInto(options: RestoreOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  const { source, argocdPaused: argoCdPaused } = options;
  if (source === undefined) {
    io.err('restore: no backup named. Name a file or a folder, or use --plan for a scheduled backup');
    return 2;
  }
  const { envFiles } = selected(options, io);
  const caller = { envFiles: envFiles.length > 0 ? envFiles : ['.env'] };
  return withCluster(options, io, pace, async (connection, signal) =>
    (await new Restore({ ...options, source, argoCdPaused, caller }, connection, pace, signal).run()) ? 0 : 1,
  );
}

/** Prints the manifest that restores a scheduled backup, with the other steps as comments. It uses no cluster. */
function planRestore({ into, asOf, source, ...options }: RestoreOptions, io: Io): ExitCode {
  if (source !== undefined)
    throw new Refusal(`--plan restores a scheduled backup and cannot be combined with ${source}. Remove one of them`);
  const { studio, problems } = oneStudio(options, io);
  if (!studio) return tell({ problems }, {}, io);
  const name = `restore-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`;
  const { steps, objects } = restorePlan(studio, { name, into, asOf });
  const comment = steps.map((step) => `# ${inOneLine(step)}\n`).join('');
  return tell({ problems, text: (comment + objects.map(yamlOf).join('---\n')).trimEnd() }, {}, io);
}
