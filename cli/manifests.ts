import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../cluster/refusal';
import { StudioManifests } from '../cluster/studio-manifests';
import type { Problem } from '../config/problems';
import { howToRun, render } from '../main';
import { isOfArgoCd, readManifests } from '../render/files';
import type { PlacedManifest } from '../render/manifest';
import type { Io, Option } from './command';
import { type StudioOptions, selected } from './studio-options';

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

/** Why a folder is no studio, in one sentence for each. */
const NO_STUDIO = 'holds no rendered studio';

/** One studio, or the problems of its env files. */
export interface OneStudio {
  /** Absent when a problem is an error. */
  readonly studio?: StudioManifests;
  /** Its objects with their files; what Argo CD applies to itself is among them. */
  readonly placed: readonly PlacedManifest[];
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
    return { ...studioOf(readFolder(folder, io)), problems: [] };
  }
  const { problems, studios } = render(selected(options, io), io.environment);
  const [studio, ...others] = studios;
  if (others.length > 0)
    throw new Refusal('There are several studios here: name the env files of one, or its folder in the output');
  return studio ? { ...studioOf(studio.manifests), problems } : { placed: [], problems };
}

/** The manifests of one studio in an output folder. */
export function readFolder(folder: string, { environment }: Pick<Io, 'environment'>): readonly PlacedManifest[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new Refusal(`${folder}: ${NO_STUDIO}. Render one: ${howToRun('synth', environment)}`);
  const studios = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'foundation')));
  if (studios.length > 0)
    throw new Refusal(
      `${folder}: holds several studios. Name one: ${studios.map((name) => join(folder, name)).join(', ')}`,
    );
  const placed = readManifests(folder);
  if (!placed.some(({ manifest }) => manifest.kind === 'Namespace' || manifest.kind === 'Deployment'))
    throw new Refusal(`${folder}: ${NO_STUDIO}. Render one: ${howToRun('synth', environment)}`);
  return placed;
}

function studioOf(placed: readonly PlacedManifest[]): Pick<Required<OneStudio>, 'studio' | 'placed'> {
  const ofCluster = placed.filter(({ file }) => !isOfArgoCd(file));
  return { placed, studio: new StudioManifests(ofCluster.map(({ manifest }) => manifest)) };
}
