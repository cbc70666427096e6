import { preflight as check } from '../cluster/preflight';
import { readPreflight } from '../cluster/preflight/facts';
import { hasError } from '../config/problems';
import { connectedTo, type LookOptions, lookOptions, withoutStackTrace } from './cluster-options';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { folderArgument, oneStudio } from './manifests';
import { findingLines, wrapped } from './output';

/** Which studio, and which cluster. */
export interface PreflightOptions extends LookOptions, JsonOptions {}

export const preflight: Command<PreflightOptions> = {
  name: 'preflight',
  summary: 'Check, without changing anything, that a cluster has what the studio needs',
  argument: folderArgument,
  options: [...lookOptions.filter(({ flags }) => !flags.includes('--namespace')), jsonOption],
  examples: [
    ['preflight', 'one line for each check, with a fix for each problem'],
    ['preflight dist', 'check the manifests in dist/ as they are, for example in a clone without secrets'],
    ['preflight --env-file team.env --context staging', 'check another studio and another cluster'],
  ],
  run: (options, io) => withoutStackTrace(io, () => lookFirst(options, io), options),
};

async function lookFirst(options: PreflightOptions, io: Io): Promise<ExitCode> {
  const { studio, problems } = oneStudio(options, io);
  if (!studio) return tell({ problems }, options, io);
  const { context, kubeconfig, json } = options;
  return connectedTo({ context, kubeconfig, json, namespace: studio.namespace }, io, async ({ kubectl, target }) => {
    const findings = check(studio, await readPreflight(kubectl, studio));
    const title = `Namespace ${target.namespace} of ${target.context} (${target.server})`;
    if (options.json) io.out(JSON.stringify({ ...target, findings }, undefined, 2));
    else
      io.out(
        [...wrapped('', title, io.columns), '', ...findings.flatMap((each) => findingLines(each, io.columns))].join(
          '\n',
        ),
      );
    return hasError(findings) ? 1 : 0;
  });
}
