import { type Selection, selectionFrom } from '../main';
import type { Io, Option } from './command';

/** Of each command that reads env files. */
export interface StudioOptions {
  readonly envFile?: readonly string[];
  readonly studios?: string;
}

export const studioOptions: readonly Option[] = [
  {
    flags: '-e, --env-file <file>',
    text: 'env file of the studio; of several, later ones win. Or JUNJO_ENV_FILES, comma-separated (default: .env)',
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
