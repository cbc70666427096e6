import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { YAMLException } from 'js-yaml';
import { Refusal } from '../cluster/refusal';
import { StudioManifests } from '../cluster/studio-manifests';
import { howToRun } from '../config/how-to-run';
import { firstOf, grouped } from '../config/many';
import { workloadNames } from '../config/names';
import type { Problem } from '../config/problems';
import { type Rendering, render, type Selection, selectionFrom } from '../main';
import { gitOpsOf, ManifestError, readManifests } from '../render/files';
import type { PlacedManifest } from '../render/manifest';
import type { Io, JsonOptions, Option } from './command';

/** Options of each command that reads env files. */
export interface StudioOptions {
  readonly envFile?: readonly string[];
  readonly studios?: string;
}

export const studioOptions: readonly Option[] = [
  {
    flags: '-e, --env-file <file>',
    text: 'env file of the studio, or - for standard input; may be repeated, later files win. Or set JUNJO_ENV_FILES, comma-separated (default: .env)',
    repeatable: true,
  },
  {
    flags: '--studios <folder>',
    text: 'folder with a file NAME.env for each studio; --env-file then names a file that all of them share. Or set JUNJO_STUDIOS',
  },
];

/** The studios that the options name, or otherwise the environment. */
export function selected({ envFile, studios }: StudioOptions, { environment }: Io): Selection {
  const fromEnvironment = selectionFrom(environment);
  return { envFiles: envFile ?? fromEnvironment.envFiles, studios: studios ?? fromEnvironment.studios };
}

/** Options of each command about one studio. Its manifests are in an output folder, or the env files render them. */
export interface ManifestOptions extends StudioOptions {
  /** Output folder, as the argument of a command. @default the argument of `manifests` */
  readonly folder?: string;
  /** Output folder, as an option. @default the env files are rendered */
  readonly manifests?: string;
}

/** For commands whose argument is something else. */
export const manifestsOption: Option = {
  flags: '--manifests <folder>',
  text: 'folder that synth rendered, instead of env files; needs no secrets',
};

/** For commands without another argument. */
export const folderArgument = {
  name: '[folder]',
  text: 'folder that synth rendered (default: the env files are rendered)',
};

/** Renders the studios that the options name, and shows the progress of several. */
export function renderSelected(options: StudioOptions, io: Io): Rendering {
  const { progress } = io;
  let isShown = false;
  const rendering = render(selected(options, io), io.environment, (step, done, all) => {
    isShown = all > 1;
    if (isShown) progress?.(`${step} ${done} of ${all} studios`);
  });
  if (isShown) progress?.('');
  return rendering;
}

/** Problems as an outcome holds them: all for a program, and grouped for a person who renders several studios. */
export function shown(problems: readonly Problem[], options: StudioOptions & JsonOptions, io: Io): readonly Problem[] {
  return options.json || !selected(options, io).studios ? problems : grouped(problems);
}

/** One studio, or the problems of its env files. */
export interface OneStudio {
  /** Absent when a problem is an error. */
  readonly studio?: StudioManifests;
  readonly problems: readonly Problem[];
}

/**
 * Reads or renders the one studio that the options name.
 * @throws Refusal when they name none, or several
 */
export function oneStudio(options: ManifestOptions, io: Io): OneStudio {
  const folder = options.folder ?? options.manifests;
  if (folder !== undefined) {
    if (options.envFile || options.studios)
      throw new Refusal('Name either a folder of manifests or env files. They cannot be combined');
    return { studio: studioOf(readFolder(folder)), problems: [] };
  }
  const { problems, studios } = renderSelected(options, io);
  const [studio, ...others] = studios;
  if (others.length > 0) {
    const names = firstOf(studios.map(({ config }) => config.name));
    throw new Refusal(
      `There are several studios here: ${names}`,
      'Name the folder of one in the output of synth, or its namespace if the command has --namespace',
    );
  }
  return { studio: studio && studioOf(studio.manifests), problems };
}

/**
 * Reads the manifests of one studio in an output folder.
 * @throws Refusal when there is no studio in it, when there are several, or when a file cannot be read
 */
export function readFolder(folder: string): readonly PlacedManifest[] {
  const none = new Refusal(`${folder}: contains no rendered studio. To render one, run: ${howToRun('synth')}`);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw none;
  const studios = readdirSync(folder).filter(
    (name) => existsSync(join(folder, name, 'foundation')) || existsSync(join(folder, name, '40-backend.k8s.yaml')),
  );
  if (studios.length > 0) {
    const folders = studios.map((name) => join(folder, name));
    throw new Refusal(`${folder}: contains several studios. Name one of ${firstOf(folders)}`);
  }
  const placed = placedIn(folder);
  const isBackend = ({ manifest: { kind, metadata } }: PlacedManifest) =>
    kind === 'Deployment' && metadata.name === workloadNames.backend;
  if (!placed.some(isBackend)) throw none;
  return placed;
}

/** The message of the YAML reader quotes the file, which may contain a secret. So only its reason is printed. */
function placedIn(folder: string): readonly PlacedManifest[] {
  try {
    return readManifests(folder);
  } catch (error) {
    if (error instanceof ManifestError) throw new Refusal(error.message);
    if (error instanceof Error && 'syscall' in error) throw new Refusal(`${folder}: cannot be read: ${error.message}`);
    if (!(error instanceof YAMLException)) throw error;
    throw new Refusal(`${error.mark?.name ?? folder}:${(error.mark?.line ?? 0) + 1}: is not YAML: ${error.reason}`);
  }
}

/** The objects that make Argo CD or Flux apply the studio are not part of it. */
function studioOf(placed: readonly PlacedManifest[]): StudioManifests {
  const ofStudio = placed.filter(({ file }) => gitOpsOf(file) === undefined);
  return new StudioManifests(ofStudio.map(({ manifest }) => manifest));
}
