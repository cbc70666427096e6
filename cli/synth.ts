import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { isOfArtifacts } from '../config/git-source';
import { howToRun } from '../config/how-to-run';
import { counted, firstOf } from '../config/many';
import { hasError, type Problem } from '../config/problems';
import type { StudioConfig } from '../config/studio-config';
import { inOneLine, shellWord } from '../config/text';
import { changedFiles, otherEnvFiles, type RenderedStudio, type Rendering, readSources, type Selection } from '../main';
import { uiOf } from '../releases';
import {
  filesOf,
  gitOpsOf,
  makeFolder,
  NewFiles,
  type RenderedFile,
  SECRET_MODE,
  unwritable,
  writeFiles,
} from '../render/files';
import { needsServerSide } from '../render/object-size';
import { nextSteps } from './apply/next-steps';
import { fileFlag } from './apply/parts';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { filesWithSecrets, gitAdvice } from './ignored-by-git';
import { initEnv } from './init/env-file';
import { renderSelected, type StudioOptions, selected, shown, studioOptions } from './manifests';
import {
  appliesStudios,
  goesFirst,
  isIntake,
  isOfGitOps,
  LEFT_BEHIND,
  leftBehind,
  type ObjectReference,
  removalCommands,
  removalScript,
} from './synth/left-behind';
import { areMany, forEachStudio, shortened, studioLines } from './synth/lists';
import { readOutput, type WrittenFile } from './synth/output-folder';
import { refusedChanges } from './synth/refused-changes';

const OUTPUT = 'dist';

interface SynthOptions extends StudioOptions, JsonOptions {
  readonly output: string;
}

export const synth: Command<SynthOptions> = {
  name: 'synth',
  summary: 'Render env files into a folder of manifests. If an error occurs, the folder does not change',
  options: [
    ...studioOptions,
    { flags: '--output <folder>', text: 'folder for the manifests, which is replaced', default: OUTPUT },
    jsonOption,
  ],
  examples: [
    ['synth', 'renders .env into dist/. If there is no .env, creates one for localhost first'],
    ['synth --env-file studio.env --env-file secrets.env', 'renders one studio from two files'],
    ['synth -e -', 'renders one studio from the env file on standard input'],
    ['synth --studios studios --output manifests', 'renders each studios/NAME.env into manifests/NAME/'],
  ],
  run: synthesize,
};

async function synthesize(options: SynthOptions, io: Io): Promise<ExitCode> {
  const { output } = options;
  const selection = selected(options, io);
  const { value: before, problems: inTheWay } = readOutput(output);
  const isMissing = selection.envFiles.length === 0 && !selection.studios && !existsSync('.env');
  const startsNew = isMissing && otherEnvFiles().length === 0;
  const refusedStart = startsNew ? [...inTheWay, ...otherStudios([OUTPUT, output])] : [];
  if (refusedStart.length > 0) return failed(refusedStart, options, io);
  const isNew = startsNew && initEnv('.env');
  const rendering = renderSelected(options, io);
  const problems = [...rendering.problems, ...inTheWay];
  if (hasError(problems)) return failed(problems, options, io);
  const files = filesOf(rendering.manifests);
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  // Only these can contain objects that are no longer rendered, or are rendered in another way.
  const changed = before.filter(({ path, text }) => texts.get(path) !== text);
  const refused = refusedChanges(output, changed, rendering.manifests);
  if (refused.length > 0) return failed([...problems, ...refused], options, io);
  const fromGit = rendering.studios.some(({ config }) => config.git);
  const noLonger = leftBehind(changed, rendering.manifests);
  const namespaces = rendering.studios.map(({ config }) => config.namespace);
  // Argo CD and Flux prune only what they applied: no Secret, and nothing of a studio that they no longer apply.
  const tool = rendering.studios[0]?.config.git?.gitops;
  const knows = before.some(({ path }) => gitOpsOf(path) === tool) && !noLonger.some(appliesStudios);
  const pruner = knows ? tool : undefined;
  const isPruned = ({ namespace, resource }: ObjectReference) =>
    namespaces.includes(namespace) && !resource.startsWith('secret/');
  const pruned = pruner ? noLonger.filter(isPruned) : [];
  // A person removes the Application before the objects of its studio: docs/gitops.md, Remove a studio.
  const gone = noLonger.filter((each) => (pruner === 'argocd' ? isOfGitOps(each) : !pruned.includes(each)));
  const { studios, kept } = rendering;
  const beside = new NewFiles();
  try {
    beside.add(changedFiles(kept), '.');
    // A committed output contains only what its env files render.
    writeOutput(output, before, fromGit ? files : [...files, ...leftBehindScript(gone)]);
    beside.commit();
  } finally {
    beside.discard();
  }
  const wrote = isNew ? 'Wrote .env: a studio on localhost, with fresh secrets.\n\n' : '';
  const exposed = gitAdvice(secretPaths(selection, files, output));
  const text = [wrote + summary(rendering, files, { gone, pruned }, selection, options), ...exposed].join('\n');
  const result: Result = {
    studios: studios.map(({ config: { name, namespace, tag, environment } }) => ({
      name,
      namespace,
      tag,
      environment,
    })),
    output,
    files: files.map(({ path }) => path),
    leftBehind: gone.map(named),
    prunedByArgoCd: pruner === 'argocd' ? pruned.map(named) : [],
    prunedByFlux: pruner === 'flux' ? pruned.map(named) : [],
  };
  return tell({ problems: shown(problems, options, io), text, result }, options, io);
}

/** What `--json` prints beside the problems. */
type Result = {
  readonly studios: readonly Pick<StudioConfig, 'name' | 'namespace' | 'tag' | 'environment'>[];
  readonly output: string;
  readonly files: readonly string[];
  readonly leftBehind: readonly string[];
  readonly prunedByArgoCd: readonly string[];
  readonly prunedByFlux: readonly string[];
};

/** Nothing was rendered, so nothing was compared with the output folder. */
function failed(problems: readonly Problem[], options: SynthOptions, io: Io): ExitCode {
  const nothing = { studios: [], files: [], leftBehind: [], prunedByArgoCd: [], prunedByFlux: [] };
  const result: Result = { ...nothing, output: options.output };
  return tell({ problems: shown(problems, options, io), result }, options, io);
}

/** Files with secrets: env files of the selection, and what was rendered from them. */
function secretPaths(selection: Selection, files: readonly RenderedFile[], output: string): readonly string[] {
  const envFiles = readSources(selection).value.flatMap((source) => source.files);
  const rendered = files.filter(({ mode }) => mode === SECRET_MODE).map(({ path }) => join(output, path));
  return [...filesWithSecrets(envFiles), ...rendered];
}

/** A new env file would have new secrets, and would replace a rendered studio that has others. */
function otherStudios(folders: readonly string[]): readonly Problem[] {
  const folder = folders.find((each) => readOutput(each).value.length > 0);
  if (folder === undefined) return [];
  const advice = `Name its env file with --env-file, or create a new one with ${howToRun('init')}`;
  return [
    { severity: 'error', file: '.env', text: `does not exist, but ${folder} contains a rendered studio. ${advice}` },
  ];
}

function leftBehindScript(gone: readonly ObjectReference[]): readonly RenderedFile[] {
  return gone.length > 0 ? [{ path: LEFT_BEHIND, text: removalScript(gone), mode: 0o644 }] : [];
}

/** Writes the files, unless nothing in the output folder would change. */
function writeOutput(output: string, before: readonly WrittenFile[], files: readonly RenderedFile[]): void {
  const written = new Map(before.map((file) => [file.path, file]));
  const isWritten = ({ path, text, mode }: RenderedFile) => {
    const file = written.get(path);
    return file?.text === text && file.mode === mode;
  };
  if (before.length !== files.length || !files.every(isWritten)) replace(output, files);
}

/** Replaces an output folder as a whole: an interrupted run leaves either the old folder or the new one. */
function replace(output: string, files: readonly RenderedFile[]): void {
  makeFolder(dirname(resolve(output)));
  // Beside the output, so that the swap is two renames on one file system.
  const fresh = freshFolder(output);
  const retired = `${fresh}-old`;
  // With a listener, a signal waits until the swap is over.
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const stop = () => process.exit(1);
  for (const signal of signals) process.once(signal, stop);
  try {
    writeFiles(files, fresh);
    chmodSync(fresh, 0o755);
    if (existsSync(output)) renameSync(output, retired);
    renameSync(fresh, output);
  } catch (error) {
    if (existsSync(retired)) renameSync(retired, output);
    throw unwritable(output, error);
  } finally {
    for (const signal of signals) process.off(signal, stop);
    for (const folder of [fresh, retired]) rmSync(folder, { recursive: true, force: true });
  }
}

function freshFolder(output: string): string {
  try {
    return mkdtempSync(join(dirname(resolve(output)), '.dist-'));
  } catch (error) {
    throw unwritable(output, error);
  }
}

/** Objects that are no longer rendered. */
interface NoLonger {
  /** Those that a person must remove. */
  readonly gone: readonly ObjectReference[];
  /** Those that Argo CD or Flux removes. */
  readonly pruned: readonly ObjectReference[];
}

function named({ namespace, resource }: ObjectReference): string {
  return `${namespace} ${resource}`;
}

function prunedLines(pruned: readonly ObjectReference[], studios: Rendering['studios']): readonly string[] {
  if (pruned.length === 0) return [];
  const tool = isWithFlux(studios) ? 'Flux' : 'Argo CD';
  return [
    ...(pruned.some(isIntake) ? INTAKE_GOES : []),
    `When it syncs, ${tool} removes ${counted(pruned.length, 'object')}:`,
    ...shortened(pruned.map((reference) => `  ${named(reference)}`)),
  ];
}

/** What happens to spans in the queues of collectors that are removed. */
const INTAKE_GOES = [
  'The intake is removed. Its claims stay, and so do the spans in its queues. They are sent only if you enable the intake again.',
  'Wait until the queues are empty: otelcol_exporter_queue_size is 0 on port 8888 of both collectors. Ingestion must be ready for this.',
];

/** What to do about objects that are no longer rendered. */
function removalLines(
  gone: readonly ObjectReference[],
  studios: Rendering['studios'],
  output: string,
): readonly string[] {
  if (gone.length === 0) return [];
  const when = goesFirst(gone) ? 'Before you apply' : 'After you apply';
  const rendered = studios.map(({ config }) => config.namespace);
  const ofStudios = gone.filter((reference) => !isOfGitOps(reference));
  const others = [...new Set(ofStudios.map(({ namespace }) => namespace))].filter((name) => !rendered.includes(name));
  const fromGit = studios.some(({ config }) => config.git);
  const how = fromGit
    ? removalCommands(gone).map((command) => `  ${command}`)
    : [`  sh ${shellWord(`${output}/${LEFT_BEHIND}`)}`];
  return [
    ...(gone.some(isIntake) ? INTAKE_GOES : []),
    `${when}, remove ${counted(gone.length, 'object')} that kubectl apply leaves in the cluster:`,
    ...how,
    // The commands name them already.
    ...(fromGit ? [] : ['That removes:', ...shortened(gone.map((reference) => `  ${named(reference)}`))]),
    ...(others.length > 0
      ? [`Warning: this deletes the studio in ${firstOf(others)}. Skip it if you still need that studio.`]
      : []),
  ];
}

function summary(
  { studios, manifests }: Rendering,
  files: readonly RenderedFile[],
  { gone, pruned }: NoLonger,
  selection: Selection,
  { output }: SynthOptions,
): string {
  const rendered = studioLines(studios);
  const folders = selection.studios ? studios.map(({ folder }) => folder) : undefined;
  const [only] = studios;
  const placeOf = ({ folder = '' }: RenderedStudio) => posix.join(output, folder);
  return [
    ...(folders
      ? [`Rendered ${counted(studios.length, 'studio')} into ${output}/:`, ...rendered.map((line) => `  ${line}`)]
      : [`Rendered ${rendered}:`]),
    ...(folders ? [] : files.map(({ path }) => `  ${output}/${path}`)),
    '',
    'Next:',
    ...nextSteps(studios, placeOf, applyLines(studios, output)),
    ...removalLines(gone, studios, output),
    ...fromGitLines(studios, manifests, output),
    ...prunedLines(pruned, studios),
    ...(!folders && only ? openLines(only.config, howToRun('forward')) : []),
  ]
    .map(inOneLine)
    .join('\n');
}

/** The commands that apply each studio, its foundation first. */
function applyLines(studios: Rendering['studios'], output: string): readonly string[] {
  if (areMany(studios)) {
    const command = applyCommand(studios.flatMap(({ manifests }) => manifests));
    return [`  ${forEachStudio(output, command, ['foundation', ''])}`];
  }
  return studios.map(({ folder = '', manifests }) => {
    const place = posix.join(output, folder);
    return `  ${applyCommand(manifests)} -f ${shellWord(fileFlag(`${place}/foundation`))} -f ${shellWord(fileFlag(`${place}/`))}`;
  });
}

/**
 * How Argo CD or Flux takes over. Neither of them applies the files with a Secret, because the .gitignore of this project, and
 * the one that init writes, exclude these files.
 */
function fromGitLines(
  studios: Rendering['studios'],
  rendered: Rendering['manifests'],
  output: string,
): readonly string[] {
  if (!studios.some(({ config }) => config.git)) return [];
  const applied = applyCommand(rendered.filter(({ file }) => gitOpsOf(file)));
  const apply = `${applied} -f ${shellWord(`${output}/${isWithFlux(studios) ? 'flux' : 'argocd'}`)}`;
  const byHand = secretLines(studios, output);
  const isArtifact = studios.some(({ config: { git } }) => git && isOfArtifacts(git));
  const publish = isArtifact ? `push ${output}/ as an artifact` : `commit ${output}/`;
  if (byHand.length === 0) return [`Or ${publish}, and run this once: ${apply}`];
  return [
    `Or ${publish} without the Secret: .gitignore excludes *secrets.k8s.yaml. The pods need the Secret, so apply it now and after each change:`,
    ...byHand,
    'JUNJO_K8S_SECRETS=sealed or external makes this step unnecessary. Then run this once:',
    `  ${apply}`,
  ];
}

/** The commands that apply the namespace and the Secret of each studio. */
function secretLines(studios: Rendering['studios'], output: string): readonly string[] {
  const secrets = studios.flatMap(({ folder = '', manifests }) => {
    const files = (kind: string) => manifests.filter(({ manifest }) => manifest.kind === kind).map(({ file }) => file);
    const paths = [...new Set([...files('Namespace'), ...files('Secret')])];
    return files('Secret').length > 0 ? [{ folder, paths }] : [];
  });
  const [first] = secrets;
  const areAlike = secrets.length === studios.length && new Set(secrets.map(({ paths }) => paths.join())).size === 1;
  if (first && areAlike && areMany(studios)) return [`  ${forEachStudio(output, 'kubectl apply', first.paths)}`];
  return secrets.map(({ folder, paths }) => {
    const files = paths.map((path) => `-f ${shellWord(posix.join(output, folder, path))}`);
    return `  kubectl apply ${files.join(' ')}`;
  });
}

/** The command that can apply objects of their size. */
function applyCommand(manifests: Rendering['manifests']): string {
  return `kubectl apply${manifests.some(({ manifest }) => needsServerSide(manifest)) ? ' --server-side' : ''}`;
}

function isWithFlux(studios: Rendering['studios']): boolean {
  return studios.some(({ config }) => config.git?.gitops === 'flux');
}

function openLines({ environment, line, imageTarget }: StudioConfig, forward: string): readonly string[] {
  const [uiPort] = uiOf(line, imageTarget).published;
  return environment === 'development'
    ? [`Then open http://localhost:${uiPort}. If nothing answers there, run: ${forward}`]
    : [];
}
