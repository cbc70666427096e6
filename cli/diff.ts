import { type Difference, differenceOf } from '../cluster/difference';
import type { Target } from '../cluster/kubectl';
import { inOneLine } from '../config/text';
import { findLeftBehind, type LeftBehind } from './apply/left-behind';
import { connectedTo, type LookOptions, lookOptions, withoutStackTrace } from './cluster-options';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { folderArgument, oneStudio } from './manifests';

/** Which studio, and which cluster. */
export interface DiffOptions extends LookOptions, JsonOptions {}

export const diff: Command<DiffOptions> = {
  name: 'diff',
  summary: 'Show what an apply would change in the cluster, without changing it',
  argument: folderArgument,
  options: [...lookOptions.filter(({ flags }) => !flags.includes('--namespace')), jsonOption],
  examples: [
    ['diff', 'shows what is new, what changes, what restarts, and what is no longer rendered'],
    ['diff dist --context staging', 'compares the manifests in dist/ with another cluster'],
    ['diff dist --json', 'prints one JSON object'],
  ],
  run: (options, io) => withoutStackTrace(io, () => showDifference(options, io), options),
};

async function showDifference(options: DiffOptions, io: Io): Promise<ExitCode> {
  const { studio, problems } = oneStudio(options, io);
  if (!studio) return tell({ problems }, options, io);
  const { context, kubeconfig, json } = options;
  return connectedTo({ context, kubeconfig, json, namespace: studio.namespace }, io, async ({ kubectl, target }) => {
    const difference = await differenceOf(kubectl, studio);
    const isNew = difference.added.length === studio.manifests.length;
    const left: LeftBehind = isNew
      ? { references: [], unread: [] }
      : await findLeftBehind(kubectl.in(undefined), studio.namespace, studio.manifests);
    const unread = [...new Set([...difference.unread, ...left.unread])];
    const leftBehind = left.references.map(({ resource }) => resource);
    if (json) io.out(JSON.stringify({ ...target, ...difference, leftBehind, unread }, undefined, 2));
    else io.out(textOf(target, { ...difference, unread }, leftBehind, isNew));
    const { added, changed } = difference;
    return added.length + changed.length + leftBehind.length > 0 ? 4 : 0;
  });
}

function textOf(
  { context, server, namespace }: Target,
  { added, changed, restarts, unread }: Difference,
  leftBehind: readonly string[],
  isNew: boolean,
): string {
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? ['', title, ...lines.map((line) => `  ${line}`)] : [];
  const differs = added.length + changed.length + leftBehind.length > 0;
  return [
    `Context    ${context} (${server})`,
    `Namespace  ${namespace}`,
    ...(differs ? [] : ['', 'No differences.']),
    ...section(isNew ? 'Everything is new:' : 'New:', added),
    ...(changed.length > 0 ? ['', 'Changed:'] : []),
    ...changed.flatMap(({ object, lines }) => [`  ${object}`, ...lines.map((line) => `    ${line}`)]),
    ...section('The pods of these workloads restart:', restarts),
    ...section('No longer rendered. kubectl apply leaves these in the cluster:', leftBehind),
    ...section('You lack permission to read these, so their differences are unknown:', unread),
  ]
    .map(inOneLine)
    .join('\n');
}
