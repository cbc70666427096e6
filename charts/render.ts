import { App } from 'cdk8s';
import { Construct } from 'constructs';
import { checkStudioName, checkStudios, type NamedStudio } from '../config/checks/studios';
import type { EnvFileText } from '../config/env-files';
import { type LoadOptions, loadStudio } from '../config/load-studio';
import { formatProblem, type Problem } from '../config/problems';
import type { GitSource, StudioConfig } from '../config/studio-config';
import { ArgoCdSetChart, type ArgoCdStudio } from './argo-cd';
import { type RenderedFile, renderCharts } from './rendered-file';
import { Studio } from './studio';

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

type Options = Omit<LoadOptions, 'name'>;

/** Renders one studio into the output folder itself. */
export function renderStudio(files: readonly EnvFileText[], options: Options): Rendering {
  const { config, problems } = loadStudio(files, options);
  return config
    ? { problems, studios: [config], files: new Studio(config).files(), kept: keptOf([config]) }
    : { problems, studios: [], files: [], kept: [] };
}

/** Renders several studios, each into a folder of its name, or none of them. */
export function renderStudios(sources: readonly StudioSource[], options: Options): Rendering {
  const named: NamedStudio[] = [];
  const problems: Problem[] = [];
  for (const { name, files } of sources) {
    const loaded = loadStudio(files, { ...options, name });
    problems.push(...checkStudioName(name, files[files.length - 1]?.path ?? name), ...loaded.problems);
    if (loaded.config) named.push({ name, config: loaded.config, place: loaded.place });
  }
  problems.push(...checkStudios(named));
  return rendering(distinct(problems), named);
}

/** Each problem once: one of a file that all share comes with every studio. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
}

function rendering(problems: readonly Problem[], named: readonly NamedStudio[]): Rendering {
  if (problems.some(({ severity }) => severity === 'error')) return { problems, studios: [], files: [], kept: [] };

  const configs = named.map(({ config }) => config);
  const argoCd: ArgoCdStudio[] = [];
  const files = named.flatMap(({ name, config }) => {
    // An App for each: one for all would take time that grows with the square of the studios.
    const studio = new Studio(config, { inSet: true });
    argoCd.push({ ...studio.argoCd, name });
    return studio.files().map((file) => ({ ...file, path: `${name}/${file.path}` }));
  });
  const git = configs[0]?.git;
  return {
    problems,
    studios: configs,
    files: [...(git ? applicationSet(argoCd, git) : []), ...files],
    kept: keptOf(configs),
  };
}

function applicationSet(studios: readonly ArgoCdStudio[], git: GitSource): readonly RenderedFile[] {
  const app = new App();
  new ArgoCdSetChart(new Construct(app, 'argocd'), '00-application-set', { studios, git });
  return renderCharts(app);
}

function keptOf(configs: readonly StudioConfig[]): Rendering['kept'] {
  return configs.flatMap(({ secrets: { source } }) => (source.kind === 'sealed' ? [source.kept] : []));
}
