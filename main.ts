import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { App } from 'cdk8s';
import { Construct } from 'constructs';
import { ArgoCdSetChart } from './charts/argo-cd';
import { addFlux } from './charts/flux';
import { addExtra } from './charts/metadata';
import { Studio } from './charts/studio';
import { lookupIn } from './config/env-file';
import type { EnvFileText } from './config/env-files';
import { UnwritableFile } from './config/files';
import { howToRun } from './config/how-to-run';
import { type LoadOptions, loadStudio } from './config/load-studio';
import { checkStudioName, checkStudios } from './config/parts/studios';
import { type Built, distinctProblems, formatProblem, hasError, type Problem, unexpected } from './config/problems';
import type { Extra, StudioConfig } from './config/studio-config';
import { inOneLine } from './config/text';
import { filesOf, manifestsBelow, NewFiles, type RenderedFile, readText } from './render/files';
import { inputName, namesStdinTwice, readInput, STDIN, STDIN_TWICE } from './render/input';
import { type Manifest, type PlacedManifest, titleOf } from './render/manifest';
import { annotationBytes, isTooLarge, needsServerSide } from './render/object-size';
import { patchAndCheck } from './render/patch-and-check';

/**
 * The cdk8s app that cdk8s.yaml names. It is read from top to bottom: env files, configuration, charts, patches and rules,
 * files. With an error nothing is written. The commands of cli/ render with the same functions.
 */
function main(environment: NodeJS.ProcessEnv): void {
  process.on('uncaughtException', (error) => {
    console.error(inOneLine(unexpected(error)));
    process.exit(1);
  });
  const rendering = render(selectionFrom(environment), environment);
  for (const problem of rendering.problems) console.error(formatProblem(problem));
  process.exitCode = hasError(rendering.problems) ? 1 : 0;
  if (process.exitCode === 1) return;
  try {
    write(rendering, environment.CDK8S_OUTDIR || 'dist');
  } catch (error) {
    if (!(error instanceof UnwritableFile)) throw error;
    console.error(inOneLine(`${error.message}. Nothing was written`));
    process.exitCode = 1;
  }
}

/** Which studios a run is about. */
export interface Selection {
  /** Env files of the studio, later ones winning; `-` is standard input. With `studios`, what all of them share. Empty: `.env`, or nothing shared. */
  readonly envFiles: readonly string[];
  /** A folder in which each `*.env` is a studio. @default one studio */
  readonly studios?: string;
}

/** What `JUNJO_ENV_FILES`, comma-separated, and `JUNJO_STUDIOS` name. */
export function selectionFrom({ JUNJO_ENV_FILES = '', JUNJO_STUDIOS }: NodeJS.ProcessEnv): Selection {
  const paths = JUNJO_ENV_FILES.split(',').map((path) => path.trim());
  return { envFiles: paths.filter((path) => path !== ''), studios: JUNJO_STUDIOS || undefined };
}

/** Reads the env files of what is selected, and renders them. A file that cannot be read is among the problems. */
export function render(selection: Selection, environment: NodeJS.ProcessEnv): Rendering {
  const { value: sources, problems } = readSources(selection);
  if (problems.length > 0) return nothing(problems);
  return renderSources(sources, { environment: lookupIn(environment), readFile: readText });
}

/** One studio as text. */
export interface StudioSource {
  /** Name of its folder in the output, and of the studio unless its files give another. @default the output folder itself */
  readonly folder?: string;
  /** Its env files, later ones winning. */
  readonly files: readonly EnvFileText[];
}

/** What a run renders. */
export interface Rendering {
  /** Errors, warnings and notes of all studios. */
  readonly problems: readonly Problem[];
  /** Empty when a problem is an error. */
  readonly studios: readonly RenderedStudio[];
  /** The objects of all studios, and what Argo CD or Flux applies to itself; their files are below the output folder. */
  readonly manifests: readonly PlacedManifest[];
  /** Files outside the output folder that keep what a rendering made at random: ciphertexts. */
  readonly kept: readonly { readonly path: string; readonly text: string }[];
}

/** One studio of a rendering. */
export interface RenderedStudio extends Pick<StudioSource, 'folder'> {
  readonly config: StudioConfig;
  /** Its objects; their files are below its own folder. */
  readonly manifests: readonly PlacedManifest[];
}

/** Renders all studios, or none of them when a problem is an error. */
export function renderSources(sources: readonly StudioSource[], options: Omit<LoadOptions, 'name'>): Rendering {
  const loaded = sources.map((source) => load(source, options));
  const studios = loaded.flatMap(({ folder, config, place }) => (config ? [{ folder, config, place }] : []));
  const set = studios.flatMap(({ folder, ...studio }) => (folder === undefined ? [] : [{ name: folder, ...studio }]));
  const found = distinctProblems([...loaded.flatMap(({ problems }) => problems), ...checkStudios(set)]);
  if (hasError(found)) return nothing(found);

  const rendered = studios.map(({ folder, config }) => ({
    folder,
    config,
    ...renderStudio(config, folder !== undefined),
  }));
  const gitOps = set.length > 0 ? gitOpsOfSet(rendered) : [];
  const problems = distinctProblems([
    ...found,
    ...rendered.flatMap((studio) => studio.problems),
    ...studios.flatMap(({ place }, index) =>
      sizeProblems(rendered[index]?.manifests ?? [], ofStudio(place('JUNJO_ENV'))),
    ),
    ...set.slice(0, 1).flatMap(({ place }) => sizeProblems(gitOps, ofSet(place('JUNJO_K8S_GIT_REPO')))),
  ]);
  if (hasError(problems)) return nothing(problems);
  return {
    problems,
    studios: rendered,
    manifests: [...gitOps, ...rendered.flatMap(inOutput)],
    kept: studios.flatMap(({ config: { secrets } }) => (secrets.source.kind === 'sealed' ? [secrets.source.kept] : [])),
  };
}

/** From text to configuration. */
function load({ folder, files }: StudioSource, options: Omit<LoadOptions, 'name'>) {
  const nameProblems = folder === undefined ? [] : checkStudioName(folder, files[files.length - 1]?.path ?? folder);
  if (nameProblems.length === 0) return { folder, ...loadStudio(files, { ...options, name: folder }) };
  // The rest of the file is checked too, under the default name.
  const { problems, place } = loadStudio(files, options);
  return { folder, config: undefined, place, problems: [...nameProblems, ...problems] };
}

/**
 * From configuration to objects. Each studio has an App of its own: one App for all would take time that grows with the square
 * of the studios.
 * @param inSet Argo CD or Flux applies it together with others
 */
export function renderStudio(config: StudioConfig, inSet = false) {
  const studio = new Studio(new App(), 'studio', { config, inSet });
  return { ...patchAndCheck(manifestsBelow(studio), config), argoCd: studio.argoCd, flux: studio.flux };
}

/** What Argo CD or Flux applies to itself for several studios, where one of them applies these. */
function gitOpsOfSet(
  studios: readonly (RenderedStudio & ReturnType<typeof renderStudio>)[],
): readonly PlacedManifest[] {
  const git = studios[0]?.config.git;
  if (!git) return [];
  const app = new App();
  if (git.gitops === 'flux') {
    addFlux(app, { name: 'junjo-ai-studios', git, studios: studios.map(({ folder, flux }) => ({ ...flux, folder })) });
  } else {
    new ArgoCdSetChart(new Construct(app, 'argocd'), '00-application-set', {
      studios: studios.map(({ folder, argoCd }) => ({ ...argoCd, name: folder ?? argoCd.name })),
      git,
    });
  }
  addExtra(app, inCommon(studios.map(({ config }) => config.extra)));
  return manifestsBelow(app);
}

/** How the problems of objects that are too large name them, and their place. */
interface SizeWords {
  readonly place: Pick<Problem, 'file' | 'line' | 'variable'>;
  readonly nameOf: (manifest: Manifest) => string;
  /** How to make them smaller. */
  readonly fix: string;
}

/** Words for what Argo CD applies to itself, which grows with the number of studios. */
export function ofSet(place: SizeWords['place']): SizeWords {
  return {
    place: { ...place, variable: 'JUNJO_K8S_GIT_REPO' },
    nameOf: ({ kind }) => `${kind} of all studios`,
    fix: 'Divide the studios among clusters, each with a folder of studios and a repository or path of its own (docs/scale.md)',
  };
}

/** Words for the objects of one studio, which grow with lists such as the source ranges. */
function ofStudio({ file }: SizeWords['place']): SizeWords {
  return { place: { file }, nameOf: titleOf, fix: 'Shorten the lists that the settings give it' };
}

/** What is to be said of the largest of some objects, where some or all ways to apply it refuse it. */
export function sizeProblems(placed: readonly PlacedManifest[], { place, nameOf, fix }: SizeWords): readonly Problem[] {
  const [largest] = placed.map(({ manifest }) => manifest).sort((a, b) => annotationBytes(b) - annotationBytes(a));
  if (!largest || !needsServerSide(largest)) return [];
  const larger = `the ${nameOf(largest)} is larger than the`;
  return [
    isTooLarge(largest)
      ? { severity: 'error', ...place, text: `${larger} 1.5 MiB that etcd takes. ${fix}` }
      : {
          severity: 'note',
          ...place,
          text: `${larger} 256 KiB that kubectl apply can copy into an annotation. Apply it with kubectl apply --server-side`,
        },
  ];
}

/** The labels and annotations that all studios have alike. */
function inCommon([first, ...others]: readonly Extra[]): Extra {
  const shared = (kind: keyof Extra) =>
    Object.fromEntries(
      Object.entries(first?.[kind] ?? {}).filter(([key, value]) => others.every((other) => other[kind][key] === value)),
    );
  return { labels: shared('labels'), annotations: shared('annotations') };
}

function inOutput({ folder, manifests }: RenderedStudio): readonly PlacedManifest[] {
  if (folder === undefined) return manifests;
  return manifests.map(({ file, manifest }) => ({ file: `${folder}/${file}`, manifest }));
}

function nothing(problems: readonly Problem[]): Rendering {
  return { problems, studios: [], manifests: [], kept: [] };
}

/** Writes a rendering, all of it or nothing: the output folder, and the files outside it that later renderings need. */
function write({ manifests, kept }: Rendering, outdir: string): void {
  const files = new NewFiles();
  try {
    files.add(filesOf(manifests), outdir);
    files.add(changedFiles(kept), '.');
    files.commit();
  } finally {
    files.discard();
  }
}

/** The files outside the output folder that have changed: the others stay untouched. */
export function changedFiles(kept: Rendering['kept']): readonly RenderedFile[] {
  return kept.filter(({ path, text }) => readText(path) !== text).map((file) => ({ ...file, mode: 0o644 }));
}

/** Reads the env files of what is selected: several studios where a folder of them is selected, and none with a problem. */
export function readSources({ envFiles, studios }: Selection): Built<readonly StudioSource[]> {
  const own = studios ? studioFiles(studios) : { value: [], problems: [] };
  const shared = readEnvFiles(studios || envFiles.length > 0 ? envFiles : ['.env']);
  const problems = [...own.problems, ...shared.problems];
  if (problems.length > 0) return { value: [], problems };
  const sources = studios
    ? own.value.map((file) => ({ folder: basename(file.path, '.env'), files: [...shared.value, file] }))
    : [{ files: shared.value }];
  return { value: sources, problems };
}

function studioFiles(folder: string): Built<readonly EnvFileText[]> {
  const failed = (text: string): ReturnType<typeof studioFiles> => {
    return { value: [], problems: [{ severity: 'error', file: folder, text }] };
  };
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.env') && name !== '.env');
    if (names.length === 0) return failed('holds no studio. Each studio is a file NAME.env in it');
    const paths = names.sort().map((name) => join(folder, name));
    return readEnvFiles(paths);
  } catch {
    return failed('cannot be read. It is to be the folder with an env file for each studio');
  }
}

function readEnvFiles(paths: readonly string[]): Built<readonly EnvFileText[]> {
  if (namesStdinTwice(paths))
    return { value: [], problems: [{ severity: 'error', file: inputName(STDIN), text: STDIN_TWICE }] };
  const read = paths.map((path) => ({ path: inputName(path), text: readInput(path) }));
  const files = read.flatMap(({ path, text }) => (typeof text === 'string' ? [{ path, text }] : []));
  const problems = read.flatMap(({ path, text }): readonly Problem[] => {
    if (typeof text === 'string') return [];
    const problem = text?.problem ?? `does not exist or cannot be read. ${adviceOnMissing(path)}`;
    return [{ severity: 'error', file: path, text: problem }];
  });
  return { value: files, problems };
}

function adviceOnMissing(path: string): string {
  if (path !== '.env') return 'Is its name right?';
  const options = otherEnvFiles();
  if (options.length > 0) return `Name the env file that is here: ${options.join(', or ')}`;
  return `Write one with fresh secrets: ${howToRun('init')}`;
}

/** The options that name the env files of a repository for GitOps, where this folder is one. docs/gitops.md shows its layout. */
export function otherEnvFiles(): readonly string[] {
  const found = (path: string) => statSync(path, { throwIfNoEntry: false });
  return [
    ...(found('studio.env') ? ['--env-file studio.env (or JUNJO_ENV_FILES=studio.env)'] : []),
    ...(found('studios')?.isDirectory() ? ['--studios studios (or JUNJO_STUDIOS=studios)'] : []),
  ];
}

// Only as the app of cdk8s.yaml: where the command is bundled into one file, this module is in it, and is not the program.
if (require.main?.filename === join(__dirname, 'main.ts')) main(process.env);
