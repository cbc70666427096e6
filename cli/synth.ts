import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { isOfArtifacts } from '../config/git-source';
import { howToRun } from '../config/how-to-run';
import type { Problem } from '../config/problems';
import type { StudioConfig } from '../config/studio-config';
import { inOneLine, listed, shellWord } from '../config/text';
import { changedFiles, otherEnvFiles, type Rendering, readSources, render, type Selection } from '../main';
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
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { filesWithSecrets, gitAdvice } from './ignored-by-git';
import { initEnv } from './init/env-file';
import { type StudioOptions, selected, studioOptions } from './manifests';
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
import { readOutput, type WrittenFile } from './synth/output-folder';
import { refusedChanges } from './synth/refused-changes';

const OUTPUT = 'dist';

interface SynthOptions extends StudioOptions, JsonOptions {
  readonly output: string;
}

export const synth: Command<SynthOptions> = {
  name: 'synth',
  summary: 'Render studios into a folder, which is replaced only when all is well',
  options: [
    ...studioOptions,
    { flags: '--output <folder>', text: 'folder for the manifests', default: OUTPUT },
    jsonOption,
  ],
  examples: [
    ['synth', 'renders .env into dist/, and first writes a .env for localhost where there is none'],
    ['synth --env-file studio.env --env-file secrets.env', 'one studio from two files'],
    ['synth -e -', 'one studio from the env file on standard input'],
    ['synth --studios studios --output manifests', 'every studios/*.env into manifests/<its name>/'],
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
  if (refusedStart.length > 0) return tell({ problems: refusedStart }, options, io);
  const isNew = startsNew && initEnv('.env');
  const rendering = render(selection, io.environment);
  if (inTheWay.length > 0) return tell({ problems: [...rendering.problems, ...inTheWay] }, options, io);
  const files = filesOf(rendering.manifests);
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  // Only these can hold what is no longer rendered, or is rendered otherwise.
  const changed = before.filter(({ path, text }) => texts.get(path) !== text);
  const refused = refusedChanges(output, changed, rendering.manifests);
  if (refused.length > 0) return tell({ problems: [...rendering.problems, ...refused] }, options, io);
  const fromGit = rendering.studios.some(({ config }) => config.git);
  const noLonger = leftBehind(changed, rendering.manifests);
  const namespaces = rendering.studios.map(({ config }) => config.namespace);
  // Argo CD and Flux prune what they applied: no Secret, and nothing of a studio that they do not apply any more, or by another name.
  const tool = rendering.studios[0]?.config.git?.gitops;
  const knows = before.some(({ path }) => gitOpsOf(path) === tool) && !noLonger.some(appliesStudios);
  const pruner = knows ? tool : undefined;
  const isPruned = ({ namespace, resource }: ObjectReference) =>
    namespaces.includes(namespace) && !resource.startsWith('secret/');
  const pruned = pruner ? noLonger.filter(isPruned) : [];
  // Argo CD first has to forget a studio whose objects a person removes: docs/gitops.md, Remove a studio.
  const gone = noLonger.filter((each) => (pruner === 'argocd' ? isOfGitOps(each) : !pruned.includes(each)));
  // A committed output holds what its env files render and nothing else.
  const { problems, studios, kept } = rendering;
  if (studios.length > 0) {
    const beside = new NewFiles();
    try {
      beside.add(changedFiles(kept), '.');
      writeOutput(output, before, fromGit ? files : [...files, ...leftBehindScript(gone)]);
      beside.commit();
    } finally {
      beside.discard();
    }
  }
  const wrote = isNew ? 'Wrote .env: a studio on localhost, with fresh secrets.\n\n' : '';
  const exposed = studios.length > 0 ? gitAdvice(secretPaths(selection, files, output)) : [];
  const said = studios.length > 0 ? wrote + summary(rendering, files, { gone, pruned }, selection, options) : undefined;
  const text = said && [said, ...exposed].join('\n');
  const result = {
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
  return tell({ problems, text, result }, options, io);
}

/** Files with secrets: env files of the selection, and what was rendered from them. */
function secretPaths(selection: Selection, files: readonly RenderedFile[], output: string): readonly string[] {
  const envFiles = readSources(selection).value.flatMap((source) => source.files);
  const rendered = files.filter(({ mode }) => mode === SECRET_MODE).map(({ path }) => join(output, path));
  return [...filesWithSecrets(envFiles), ...rendered];
}

/** A new env file would have new secrets, and what it renders to would take the place of a studio that has others. */
function otherStudios(folders: readonly string[]): readonly Problem[] {
  const folder = folders.find((each) => readOutput(each).value.length > 0);
  if (folder === undefined) return [];
  const advice = `Name its env file with --env-file, or write a new .env: ${howToRun('init')}`;
  return [{ severity: 'error', file: '.env', text: `does not exist, and ${folder} holds a studio. ${advice}` }];
}

function leftBehindScript(gone: readonly ObjectReference[]): readonly RenderedFile[] {
  return gone.length > 0 ? [{ path: LEFT_BEHIND, text: removalScript(gone), mode: 0o644 }] : [];
}

/** Writes the files, and leaves an output folder alone in which nothing would change. */
function writeOutput(output: string, before: readonly WrittenFile[], files: readonly RenderedFile[]): void {
  const written = new Map(before.map((file) => [file.path, file]));
  const isWritten = ({ path, text, mode }: RenderedFile) => {
    const file = written.get(path);
    return file?.text === text && file.mode === mode;
  };
  if (before.length !== files.length || !files.every(isWritten)) replace(output, files);
}

/** Puts files in the place of an output folder, whole: a run that is stopped leaves the one or the other. */
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
  /** Those that somebody has to remove. */
  readonly gone: readonly ObjectReference[];
  /** Those that Argo CD or Flux removes. */
  readonly pruned: readonly ObjectReference[];
}

function named({ namespace, resource }: ObjectReference): string {
  return `${namespace} ${resource}`;
}

function prunedLines(pruned: readonly ObjectReference[], studios: Rendering['studios']): readonly string[] {
  if (pruned.length === 0) return [];
  const when = isWithFlux(studios) ? 'Flux removes' : 'Argo CD removes';
  return [
    ...(pruned.some(isIntake) ? INTAKE_GOES : []),
    `${when} what is no longer rendered (${pruned.length} objects) when it syncs:`,
    ...pruned.map((reference) => `  ${named(reference)}`),
  ];
}

/** What becomes of spans in the queues of collectors that go. */
const INTAKE_GOES = [
  'The intake goes. Its claims stay, with the spans that wait in its queues. Only an intake that is switched on again sends them.',
  'So first let the queues empty: while ingestion is ready, otelcol_exporter_queue_size goes to 0 on port 8888 of both collectors.',
];

/** What to do about objects that are no longer rendered. */
function removalLines(
  gone: readonly ObjectReference[],
  studios: Rendering['studios'],
  output: string,
): readonly string[] {
  if (gone.length === 0) return [];
  const when = goesFirst(gone) ? 'Before you apply' : 'After you applied';
  const rendered = studios.map(({ config }) => config.namespace);
  const ofStudios = gone.filter((reference) => !isOfGitOps(reference));
  const others = [...new Set(ofStudios.map(({ namespace }) => namespace))].filter((name) => !rendered.includes(name));
  const fromGit = studios.some(({ config }) => config.git);
  const how = fromGit
    ? removalCommands(gone).map((command) => `  ${command}`)
    : [`  sh ${shellWord(`${output}/${LEFT_BEHIND}`)}`];
  return [
    ...(gone.some(isIntake) ? INTAKE_GOES : []),
    `${when}, remove what is no longer rendered (${gone.length} objects; kubectl apply leaves them):`,
    ...how,
    // The commands name them already.
    ...(fromGit ? [] : ['That removes:', ...gone.map((reference) => `  ${named(reference)}`)]),
    ...(others.length > 0
      ? [`That ends the studio in ${listed(others)}. If it is another one, which is to live on, leave it alone.`]
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
  const rendered = studios.map(
    ({ config: { tag, environment, namespace } }) =>
      `Junjo AI Studio ${tag} (${environment}) for the namespace ${namespace}`,
  );
  const folders = selection.studios ? studios.map(({ folder }) => folder) : undefined;
  const [only] = studios;
  return [
    ...(folders ? ['Rendered:', ...rendered.map((line) => `  ${line}`)] : [`Rendered ${rendered}:`]),
    ...(folders ? [] : files.map(({ path }) => `  ${output}/${path}`)),
    '',
    'Next:',
    ...studios.map(({ folder = '', manifests: own }) => {
      const place = posix.join(output, folder);
      return `  ${applyCommand(own)} -f ${shellWord(`${place}/foundation`)} -f ${shellWord(`${place}/`)}`;
    }),
    ...removalLines(gone, studios, output),
    ...fromGitLines(studios, manifests, output),
    ...prunedLines(pruned, studios),
    ...(!folders && only ? openLines(only.config, howToRun('forward')) : []),
  ]
    .map(inOneLine)
    .join('\n');
}

/** How Argo CD or Flux takes over. The .gitignore of this project, and that which init writes, name the files with a Secret, and neither tool applies these. */
function fromGitLines(
  studios: Rendering['studios'],
  rendered: Rendering['manifests'],
  output: string,
): readonly string[] {
  if (!studios.some(({ config }) => config.git)) return [];
  const applied = applyCommand(rendered.filter(({ file }) => gitOpsOf(file)));
  const apply = `${applied} -f ${shellWord(`${output}/${isWithFlux(studios) ? 'flux' : 'argocd'}`)}`;
  const secrets = studios.map(({ folder, manifests }) => {
    const files = (kind: string) => manifests.filter(({ manifest }) => manifest.kind === kind).map(({ file }) => file);
    const paths = [...new Set([...files('Namespace'), ...files('Secret')])];
    return files('Secret').length > 0
      ? paths.map((path) => `-f ${shellWord(posix.join(output, folder ?? '', path))}`)
      : [];
  });
  const byHand = secrets.filter((paths) => paths.length > 0).map((paths) => `  kubectl apply ${paths.join(' ')}`);
  const isArtifact = studios.some(({ config: { git } }) => git && isOfArtifacts(git));
  const publish = isArtifact ? `push ${output}/ as an artifact` : `commit ${output}/`;
  if (byHand.length === 0) return [`Or ${publish}, and once: ${apply}`];
  return [
    `Or ${publish} without the Secret (*secrets.k8s.yaml in .gitignore). The pods wait for it: apply it now, and whenever a value changes`,
    ...byHand,
    '(JUNJO_K8S_SECRETS=sealed or external brings it from Git). Then, once:',
    `  ${apply}`,
  ];
}

/** The command that takes objects of their size. */
function applyCommand(manifests: Rendering['manifests']): string {
  return `kubectl apply${manifests.some(({ manifest }) => needsServerSide(manifest)) ? ' --server-side' : ''}`;
}

function isWithFlux(studios: Rendering['studios']): boolean {
  return studios.some(({ config }) => config.git?.gitops === 'flux');
}

function openLines({ environment, line, imageTarget }: StudioConfig, forward: string): readonly string[] {
  const [uiPort] = uiOf(line, imageTarget).published;
  return environment === 'development'
    ? [`Then open http://localhost:${uiPort}. If your cluster puts no load balancer on localhost: ${forward}`]
    : [];
}
