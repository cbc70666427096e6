import { type Pace, usualPace } from '../cluster/copy/pace';
import { StudioManifests } from '../cluster/studio-manifests';
import { gitOpsOf } from '../render/files';
import { Application } from './apply/application';
import { partsOf } from './apply/parts';
import { type ChangeOptions, changeOptions, withCluster, withoutStackTrace } from './cluster-options';
import type { Command, ExitCode, Io } from './command';
import { readFolder } from './manifests';

const OUTPUT = 'dist';

/** Which folder, which cluster, and whether anything happens. */
export interface ApplyOptions extends ChangeOptions {
  readonly dryRun?: boolean;
}

/** Options that would contradict the files, which decide what is applied and where. */
const NOT_OF_FILES = /--(env-file|manifests|namespace)\b/;

export const apply: Command<ApplyOptions> = {
  name: 'apply',
  summary: 'Apply a rendered studio in the right order, and open its edge only when it has a user',
  argument: { name: '[folder]', text: `folder that synth rendered (default: ${OUTPUT})` },
  options: [
    ...changeOptions.filter(({ flags }) => !NOT_OF_FILES.test(flags)),
    { flags: '--dry-run', text: 'print the commands without running them' },
  ],
  examples: [
    ['apply', 'applies dist/ in the right order, and asks first'],
    ['apply --dry-run', 'prints the commands'],
    ['apply dist/team --context staging --yes', 'applies one of several studios, without asking'],
  ],
  run: (options, io) => applyStudio(options, io),
};

/** Applies. @param pace of tests */
export function applyStudio(options: ApplyOptions, io: Io, pace: Pace = usualPace): Promise<ExitCode> {
  const { folder = OUTPUT, context, kubeconfig, yes, argocdPaused: argoCdPaused, fluxSuspended, dryRun } = options;
  return withoutStackTrace(io, async () => {
    const placed = readFolder(folder).filter(({ file }) => gitOpsOf(file) === undefined);
    const studio = new StudioManifests(placed.map(({ manifest }) => manifest));
    const props = { folder, parts: partsOf(folder, placed), studio, yes, argoCdPaused, fluxSuspended, dryRun };
    return withCluster({ context, kubeconfig, namespace: studio.namespace }, io, pace, (connection, signal) =>
      new Application(props, connection, pace, signal).run(),
    );
  });
}
