import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { YAMLException } from 'js-yaml';
import { Refusal } from '../cluster/refusal';
import { StudioManifests } from '../cluster/studio-manifests';
import { howToRun } from '../config/how-to-run';
import { workloadNames } from '../config/names';
import type { Problem } from '../config/problems';
import { render, type Selection, selectionFrom } from '../main';
import { gitOpsOf, ManifestError, readManifests } from '../render/files';
import type { PlacedManifest } from '../render/manifest';
import type { Io, Option } from './command';

/** Of each command that reads env files. */
export interface StudioOptions {
  readonly envFile?: readonly string[];
  readonly studios?: string;
}

export const studioOptions: readonly Option[] = [
  {
    flags: '-e, --env-file <file>',
    text: 'env file of the studio, or -e - for stdin; of several, later ones win. Or JUNJO_ENV_FILES, comma-separated (default: .env)',
    repeatable: true,
  },
  {
    flags: '--studios <folder>',
    text: 'folder in which each *.env is a studio; env files are then what all share. Or JUNJO_STUDIOS',
  },
];

/** The studios that options name, or else the environment. */
export function selected({ envFile, studios }: StudioOptions, { environment }: Io): Selection {
  const fromEnvironment = selectionFrom(environment);
  return { envFiles: envFile ?? fromEnvironment.envFiles, studios: studios ?? fromEnvironment.studios };
}

/** Of each command that is about the manifests of one studio: those of an output folder, or else what the env files render. */
export interface ManifestOptions extends StudioOptions {
  /** Output folder, as the argument of a command. @default that of `manifests` */
  readonly folder?: string;
  /** Output folder, as an option. @default the env files are rendered */
  readonly manifests?: string;
}

/** For commands that have another argument. */
export const manifestsOption: Option = {
  flags: '--manifests <folder>',
  text: 'folder that synth rendered, in place of env files: it needs no secrets',
};

/** For commands that have no other. */
export const folderArgument = {
  name: '[folder]',
  text: 'folder that synth rendered (default: what the env files render)',
};

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
    if (options.envFile || options.studios) throw new Refusal('Name a folder of manifests, or env files, but not both');
    return { studio: studioOf(readFolder(folder)), problems: [] };
  }
  const { problems, studios } = render(selected(options, io), io.environment);
  const [studio, ...others] = studios;
  if (others.length > 0)
    throw new Refusal('There are several studios here: name the env files of one, or its folder in the output');
  return { studio: studio && studioOf(studio.manifests), problems };
}

/**
 * Reads the manifests of one studio in an output folder.
 * @throws Refusal when there is no studio in it, when there are several, or when a file cannot be read
 */
export function readFolder(folder: string): readonly PlacedManifest[] {
  const none = new Refusal(`${folder}: holds no rendered studio. Render one: ${howToRun('synth')}`);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw none;
  const studios = readdirSync(folder).filter(
    (name) => existsSync(join(folder, name, 'foundation')) || existsSync(join(folder, name, '40-backend.k8s.yaml')),
  );
  if (studios.length > 0) {
    const folders = studios.map((name) => join(folder, name));
    throw new Refusal(`${folder}: holds several studios. Name one: ${folders.join(', ')}`);
  }
  const placed = placedIn(folder);
  const isBackend = ({ manifest: { kind, metadata } }: PlacedManifest) =>
    kind === 'Deployment' && metadata.name === workloadNames.backend;
  if (!placed.some(isBackend)) throw none;
  return placed;
}

/** The message of the YAML reader shows lines of the file, which may contain a secret. Only its reason is printed. */
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

/** What Argo CD or Flux applies to itself is not part of the studio. */
function studioOf(placed: readonly PlacedManifest[]): StudioManifests {
  const ofStudio = placed.filter(({ file }) => gitOpsOf(file) === undefined);
  return new StudioManifests(ofStudio.map(({ manifest }) => manifest));
}
