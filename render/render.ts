import { App } from 'cdk8s';
import { Construct } from 'constructs';
import { ArgoCdSetChart, type ArgoCdStudio } from '../charts/argo-cd';
import { addExtra } from '../charts/metadata';
import { Studio } from '../charts/studio';
import type { EnvFileText } from '../config/env-files';
import { type LoadOptions, loadStudio } from '../config/load-studio';
import { checkStudioName, checkStudios, type NamedStudio } from '../config/parts/studios';
import { formatProblem, type Problem } from '../config/problems';
import type { Extra, GitSource, StudioConfig } from '../config/studio-config';
import { judged } from './enforce';
import { filesOf, manifestsBelow, type RenderedFile } from './rendered-file';

/** One studio among several: its name, and its env files, later ones winning. */
export interface StudioSource {
  /** Name of its folder in the output, and of the studio unless its files give another. */
  readonly name: string;
  readonly files: readonly EnvFileText[];
}

/** What a run renders, or what keeps it from rendering. */
export interface Rendering {
  /** Errors, warnings and notes of all studios. */
  readonly problems: readonly Problem[];
  /** Empty when a problem is an error. */
  readonly studios: readonly StudioConfig[];
  /** Files of the output folder. */
  readonly files: readonly RenderedFile[];
  /** Files outside it that keep what a render made at random: ciphertexts. */
  readonly kept: readonly { readonly path: string; readonly text: string }[];
}

/** One studio as files, with what its patches and the rules say of it. */
export interface RenderedStudioFiles {
  readonly files: readonly RenderedFile[];
  readonly problems: readonly Problem[];
  /** What Argo CD must be allowed to apply. */
  readonly argoCd: ArgoCdStudio;
}

type Options = Omit<LoadOptions, 'name'>;

/** Renders one studio into the output folder itself. */
export function renderStudio(files: readonly EnvFileText[], options: Options): Rendering {
  const { config, problems } = loadStudio(files, options);
  if (!config) return nothing(problems);
  const rendered = renderConfig(config);
  const all = [...problems, ...rendered.problems];
  return hasError(all)
    ? nothing(all)
    : { problems: all, studios: [config], files: rendered.files, kept: keptOf([config]) };
}

/** Renders several studios, each into a folder of its name, or none of them. */
export function renderStudios(sources: readonly StudioSource[], options: Options): Rendering {
  const named: NamedStudio[] = [];
  const problems: Problem[] = [];
  for (const { name, files } of sources) {
    const nameProblems = checkStudioName(name, files[files.length - 1]?.path ?? name);
    // Under a name that cannot be, nothing else would make sense; the rest of the file is judged all the same.
    const loaded = loadStudio(files, nameProblems.length > 0 ? options : { ...options, name });
    problems.push(...nameProblems, ...loaded.problems);
    if (loaded.config && nameProblems.length === 0) named.push({ name, config: loaded.config, place: loaded.place });
  }
  problems.push(...checkStudios(named));
  if (hasError(problems)) return nothing(distinct(problems));

  const rendered = named.map(({ name, config }) => ({ name, ...renderConfig(config, { inSet: true }) }));
  const all = distinct([...problems, ...rendered.flatMap((studio) => studio.problems)]);
  if (hasError(all)) return nothing(all);
  const configs = named.map(({ config }) => config);
  const git = configs[0]?.git;
  const argoCd = rendered.map((studio) => ({ ...studio.argoCd, name: studio.name }));
  return {
    problems: all,
    studios: configs,
    files: [
      ...(git ? applicationSet(argoCd, git, inCommon(configs.map(({ extra }) => extra))) : []),
      ...rendered.flatMap(({ name, files }) => files.map((file) => ({ ...file, path: `${name}/${file.path}` }))),
    ],
    kept: keptOf(configs),
  };
}

/** Renders a studio in an App of its own: one for all would take time that grows with the square of the studios. */
export function renderConfig(config: StudioConfig, { inSet = false } = {}): RenderedStudioFiles {
  const studio = new Studio(new App(), 'studio', { config, inSet });
  const { placed, problems } = judged(manifestsBelow(studio), config);
  return { files: filesOf(placed), problems, argoCd: studio.argoCd };
}

function nothing(problems: readonly Problem[]): Rendering {
  return { problems, studios: [], files: [], kept: [] };
}

function hasError(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

/** Each problem once: one of a file that all share comes with every studio. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
}

function applicationSet(studios: readonly ArgoCdStudio[], git: GitSource, extra: Extra): readonly RenderedFile[] {
  const app = new App();
  new ArgoCdSetChart(new Construct(app, 'argocd'), '00-application-set', { studios, git });
  addExtra(app, extra);
  return filesOf(manifestsBelow(app));
}

/** The labels and annotations that all studios have alike. */
function inCommon([first, ...others]: readonly Extra[]): Extra {
  const shared = (kind: keyof Extra) =>
    Object.fromEntries(
      Object.entries(first?.[kind] ?? {}).filter(([key, value]) => others.every((other) => other[kind][key] === value)),
    );
  return { labels: shared('labels'), annotations: shared('annotations') };
}

function keptOf(configs: readonly StudioConfig[]): Rendering['kept'] {
  return configs.flatMap(({ secrets: { source } }) => (source.kind === 'sealed' ? [source.kept] : []));
}
