import { loadAll } from 'js-yaml';
import { preflight as checked, type RenderedSource, type Result } from '../cluster/preflight';
import { preflightFacts } from '../cluster/preflight/facts';
import { render } from '../main';
import type { Manifest } from '../render/manifest';
import { connectedTo, type LookOptions, lookOptions } from './cluster-options';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { selected } from './studio-options';

/** Which studio, and which cluster. */
export interface PreflightOptions extends LookOptions, JsonOptions {}

export const preflight: Command<PreflightOptions> = {
  name: 'preflight',
  summary: 'Ask the cluster, before anything is applied, for what the studio needs; it changes nothing',
  options: [...lookOptions, jsonOption],
  examples: [
    ['preflight', 'one line for each thing that was looked at, with the fix where it is missing'],
    ['preflight --env-file team.env --context staging', 'another studio, another cluster'],
  ],
  run: lookFirst,
};

async function lookFirst(options: PreflightOptions, io: Io): Promise<ExitCode> {
  const { studios, files, problems } = render(selected(options, io), io.environment);
  const [config, ...others] = studios;
  if (!config) return tell({ problems }, options, io);
  if (others.length > 0) {
    io.err('Looks at one studio at a time: name its env files, and no folder of studios.');
    return 2;
  }
  const manifests = files
    .filter(({ path }) => path.endsWith('.yaml') && !path.startsWith('argocd/'))
    .flatMap(({ text }) => loadAll(text) as Manifest[]);
  const studio: RenderedSource = { config, manifests };
  return connectedTo({ ...options, namespace: config.namespace }, io, async ({ kubectl, target }) => {
    const results = checked(studio, await preflightFacts(kubectl, studio));
    if (options.json) io.out(JSON.stringify({ ...target, results }, undefined, 2));
    else
      io.out(
        [`Namespace ${target.namespace} of ${target.context} (${target.server})`, '', ...results.flatMap(lines)].join(
          '\n',
        ),
      );
    return results.some(({ level }) => level === 'fail') ? 1 : 0;
  });
}

function lines({ level, text, fix }: Result): readonly string[] {
  return [`${level.padEnd(4)}  ${text}`, ...(fix ? [`      ${fix}`] : [])];
}
