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
import { howToRun, page } from './config/how-to-run';
import { type LoadOptions, loadStudio } from './config/load-studio';
import { grouped } from './config/many';
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
 * The cdk8s app that cdk8s.yaml names. Read this file from top to bottom: env files, configuration, charts, patches and rules,
 * files. If there is an error, nothing is written. The commands in cli/ render with the same functions.
 */
function main(environment: NodeJS.ProcessEnv): void {
  process.on('uncaughtException', (error) => {
    console.error(inOneLine(unexpected(error)));
    process.exit(1);
  });
  const rendering = render(selectionFrom(environment), environment);
  const { problems } = rendering;
  for (const problem of rendering.studios.length > 1 ? grouped(problems) : problems)
    console.error(formatProblem(problem));
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

/** Which studios to render. */
export interface Selection {
  /** Env files of the studio; later ones win, and `-` is standard input. With `studios`, they hold what all studios share. Empty: `.env`, or nothing shared. */
  readonly envFiles: readonly string[];
  /** A folder in which each `*.env` is a studio. @default one studio */
  readonly studios?: string;
}

/** Reads the selection from `JUNJO_ENV_FILES`, which is comma-separated, and `JUNJO_STUDIOS`. */
export function selectionFrom({ JUNJO_ENV_FILES = '', JUNJO_STUDIOS }: NodeJS.ProcessEnv): Selection {
  const paths = JUNJO_ENV_FILES.split(',').map((path) => path.trim());
  return { envFiles: paths.filter((path) => path !== ''), studios: JUNJO_STUDIOS || undefined };
}

/** Called for each studio that is checked, and again for each that is rendered. */
export type OnProgress = (step: 'checked' | 'rendered', done: number, all: number) => void;

/** Reads the env files of what is selected, and renders them. A file that cannot be read is among the problems. */
export function render(selection: Selection, environment: NodeJS.ProcessEnv, onProgress?: OnProgress): Rendering {
  const { value: sources, problems } = readSources(selection);
  if (problems.length > 0) return nothing(problems);
  return renderSources(sources, { environment: lookupIn(environment), readFile: readText }, onProgress);
}

/** One studio as text. */
export interface StudioSource {
  /** Its folder in the output, and its name unless its files set another. @default the output folder itself */
  readonly folder?: string;
  /** Its env files; later ones win. */
  readonly files: readonly EnvFileText[];
}

/** What a run renders. */
export interface Rendering {
  /** Errors, warnings and notes of all studios. */
  readonly problems: readonly Problem[];
  /** Empty when a problem is an error. */
  readonly studios: readonly RenderedStudio[];
  /** The objects of all studios, and the objects of Argo CD or Flux that apply them. Their files are below the output folder. */
  readonly manifests: readonly PlacedManifest[];
  /** Files outside the output folder that keep random results for the next rendering: ciphertexts. */
  readonly kept: readonly { readonly path: string; readonly text: string }[];
}

/** One studio of a rendering. */
export interface RenderedStudio extends Pick<StudioSource, 'folder'> {
  readonly config: StudioConfig;
  /** Its objects; their files are below its own folder. */
  readonly manifests: readonly PlacedManifest[];
}

/** Renders all studios, or none of them when a problem is an error. */
export function renderSources(
  sources: readonly StudioSource[],
  options: Omit<LoadOptions, 'name'>,
  onProgress: OnProgress = () => undefined,
): Rendering {
  const loaded = sources.map((source, index) => {
    onProgress('checked', index, sources.length);
    return load(source, options);
  });
  const studios = loaded.flatMap(({ folder, config, place }) => (config ? [{ folder, config, place }] : []));
  const set = studios.flatMap(({ folder, ...studio }) => (folder === undefined ? [] : [{ name: folder, ...studio }]));
  const found = distinctProblems([...loaded.flatMap(({ problems }) => problems), ...checkStudios(set)]);
  if (hasError(found)) return nothing(found);

  const rendered = studios.map(({ folder, config }, index) => {
    onProgress('rendered', index, studios.length);
    return { folder, config, ...renderStudio(config, folder !== undefined) };
  });
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
 * From configuration to objects. Each studio has its own App: the time of one App for all grows with the square of the studios.
 * @param inSet whether Argo CD or Flux applies it together with others
 */
export function renderStudio(config: StudioConfig, inSet = false) {
  const studio = new Studio(new App(), 'studio', { config, inSet });
  return { ...patchAndCheck(manifestsBelow(studio), config), argoCd: studio.argoCd, flux: studio.flux };
}

/** The objects of Argo CD or Flux that apply several studios from Git. */
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

/** How a problem about the size of an object names it, and where its cause is. */
interface SizeWords {
  readonly place: Pick<Problem, 'file' | 'line' | 'variable'>;
  readonly nameOf: (manifest: Manifest) => string;
  /** How to make them smaller. */
  readonly fix: string;
}

/** Words for the objects of Argo CD, which grow with the number of studios. */
export function ofSet(place: SizeWords['place']): SizeWords {
  return {
    place: { ...place, variable: 'JUNJO_K8S_GIT_REPO' },
    nameOf: ({ kind }) => `${kind} of all studios`,
    fix: `Divide the studios among several clusters, each with its own folder of studios and its own repository or path (${page('docs/scale.md')})`,
  };
}

/** Words for the objects of one studio, which grow with lists such as the source ranges. */
function ofStudio({ file }: SizeWords['place']): SizeWords {
  return { place: { file }, nameOf: titleOf, fix: 'Shorten the lists in the settings, such as address ranges' };
}

/** The problem of the largest object, if it is too large for etcd or for a plain `kubectl apply`. */
export function sizeProblems(placed: readonly PlacedManifest[], { place, nameOf, fix }: SizeWords): readonly Problem[] {
  const [largest] = placed.map(({ manifest }) => manifest).sort((a, b) => annotationBytes(b) - annotationBytes(a));
  if (!largest || !needsServerSide(largest)) return [];
  const larger = `the ${nameOf(largest)} is larger than the`;
  return [
    isTooLarge(largest)
      ? { severity: 'error', ...place, text: `${larger} 1.5 MiB that etcd accepts. ${fix}` }
      : {
          severity: 'note',
          ...place,
          text: `${larger} 256 KiB that kubectl apply stores in an annotation. Apply it with kubectl apply --server-side`,
        },
  ];
}

/** The labels and annotations that all studios share. */
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

/** Writes the output folder and the files outside it that later renderings need. Either all of them are written, or none. */
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

/** The files outside the output folder that have changed. */
export function changedFiles(kept: Rendering['kept']): readonly RenderedFile[] {
  return kept.filter(({ path, text }) => readText(path) !== text).map((file) => ({ ...file, mode: 0o644 }));
}

/** Reads the selected env files: one studio, or each studio of a folder. If a file cannot be read, there are none. */
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
    if (names.length === 0) return failed('contains no studio. Create a file NAME.env in it for each studio');
    const paths = names.sort().map((name) => join(folder, name));
    return readEnvFiles(paths);
  } catch {
    return failed('is not a folder that can be read. Name the folder that contains an env file for each studio');
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
  if (path !== '.env') return 'Check its name';
  const options = otherEnvFiles();
  if (options.length > 0) return `Name the env file with ${options.join(', or with ')}`;
  return `To create one with fresh secrets, run: ${howToRun('init')}`;
}

/** The options that name the env files of this folder, if it has the layout of docs/gitops.md. */
export function otherEnvFiles(): readonly string[] {
  const found = (path: string) => statSync(path, { throwIfNoEntry: false });
  return [
    ...(found('studio.env') ? ['--env-file studio.env (or JUNJO_ENV_FILES=studio.env)'] : []),
    ...(found('studios')?.isDirectory() ? ['--studios studios (or JUNJO_STUDIOS=studios)'] : []),
  ];
}

// Only as the app of cdk8s.yaml. The bundle of the package contains this module, too, and has another program.
if (require.main?.filename === join(__dirname, 'main.ts')) main(process.env);
