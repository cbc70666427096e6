import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isOfSystem } from '../config/files';
import { howToRun } from '../config/how-to-run';
import { counted, firstOf } from '../config/many';
import type { Problem } from '../config/problems';
import { inputName, namesStdinTwice, readInput, STDIN, STDIN_TWICE } from '../render/input';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { renderSelected, type StudioOptions, shown, studioOptions } from './manifests';
import { versionRanges } from './validate/kubernetes-versions';
import {
  type ManifestFile,
  type Validation,
  type ValidationOptions,
  validateManifests,
  validateObjects,
} from './validate/manifests';
import { packedSchemas } from './validate/packed-schemas';
import { Schemas, unpack } from './validate/schemas';

interface ValidateOptions extends StudioOptions, JsonOptions {
  /** Files, and folders whose YAML and JSON files are read at any depth. @default what the env files render */
  readonly paths?: readonly string[];
  /** Versions of Kubernetes; `1.31.4` is read as `1.31`. @default all versions with schemas */
  readonly kubernetes?: readonly string[];
  /** Kinds that are an error. @default none */
  readonly refuse?: readonly string[];
}

export const validate: Command<ValidateOptions> = {
  name: 'validate',
  summary:
    'Check env files and what they render, or manifests, against the schemas of Kubernetes, without writing files',
  argument: {
    name: '[paths...]',
    text: 'manifests, folders of them, or - for standard input (default: the env files are rendered)',
  },
  options: [
    ...studioOptions,
    {
      flags: '--kubernetes <version>',
      text: 'check for this version, for example 1.31; may be repeated (default: all versions with schemas)',
      repeatable: true,
    },
    {
      flags: '--refuse <kind>',
      text: 'report objects of this kind as an error, for example Secret; may be repeated',
      repeatable: true,
    },
    jsonOption,
  ],
  examples: [
    ['validate', 'checks .env and what it renders'],
    ['validate --studios studios --json', 'checks each studios/NAME.env, and prints JSON'],
    ['validate dist --kubernetes 1.31', 'checks all manifests in dist/ for one version of Kubernetes'],
    ['validate -', 'checks the manifests on standard input'],
    ['validate dist --refuse Secret', 'checks that dist/ contains no Secret before you commit it'],
  ],
  run: async (options, io) =>
    options.paths?.length ? validatePaths(options.paths, options, io) : validateStudios(options, io),
};

function validatePaths(paths: readonly string[], options: ValidateOptions, io: Io): ExitCode {
  const isBoth = options.envFile || options.studios;
  if (isBoth || namesStdinTwice(paths)) {
    io.err(`${isBoth ? 'Name either manifests or env files. They cannot be combined' : STDIN_TWICE}.`);
    return 2;
  }
  // The script of a repository names dist, and its workflow names it again.
  const read = [...new Set(paths)].map((path) => filesOf(path));
  const unreadable = read.flatMap(({ problems }) => problems);
  const files = read.flatMap((each) => each.files);
  const { problems, objects, versions } = validated(
    (schemas, validation) => validateManifests(files, schemas, validation),
    options,
  );
  const all = [...unreadable, ...problems];
  const text =
    all.length === 0 ? `${counted(objects, 'object')} ${objects === 1 ? 'is' : 'are'} valid on ${versions}` : undefined;
  return tell({ problems: all, text, result: { objects } }, options, io);
}

function validateStudios(options: ValidateOptions, io: Io): ExitCode {
  const rendering = renderSelected(options, io);
  const names = rendering.studios.map(({ config }) => config.name);
  const { problems, objects, versions } = validated(
    (schemas, validation) => validateObjects(rendering.manifests, schemas, validation),
    options,
  );
  const all = [...rendering.problems, ...problems];
  const isValid = names.length > 0 && problems.length === 0;
  const text = isValid ? `${firstOf(names)}: ${counted(objects, 'object')}, valid on ${versions}` : undefined;
  return tell({ problems: shown(all, options, io), text, result: { studios: names, objects } }, options, io);
}

/** Checks manifests for the versions of Kubernetes that the options name. */
function validated(
  validate: (schemas: Schemas, options: ValidationOptions) => Validation,
  { kubernetes = [], refuse }: ValidateOptions,
): Validation & { readonly versions: string } {
  const schemas = new Schemas(unpack(packedSchemas));
  const asked = kubernetes.map((version) => version.replace(/^v?(\d+\.\d+)(\..*)?$/, '$1'));
  const versions = schemas.versions.filter((version) => asked.length === 0 || asked.includes(version));
  const known = versionRanges(schemas.versions, schemas.versions);
  const unknown = asked.filter((version) => !versions.includes(version));
  const problems = unknown.map((version): Problem => {
    return {
      severity: 'error',
      file: `Kubernetes ${version}`,
      text: `is not supported. Use one of ${known}`,
    };
  });
  const validation = validate(schemas, { versions, refuse });
  return {
    objects: validation.objects,
    problems: [...problems, ...validation.problems],
    versions: `Kubernetes ${versionRanges(versions, schemas.versions)}`,
  };
}

const MISSING = 'cannot be read (ENOENT). Check its name';

interface Readable {
  readonly files: readonly ManifestFile[];
  readonly problems: readonly Problem[];
}

/** The file that a path names, or the manifests in the folder. */
function filesOf(path: string): Readable {
  const failed = (text: string): Readable => ({ files: [], problems: [{ severity: 'error', file: path, text }] });
  try {
    const paths = path !== STDIN && statSync(path).isDirectory() ? manifestsIn(path) : [path];
    if (paths.length === 0) return failed(`contains no manifest. To render manifests, run: ${howToRun('synth')}`);
    const read = paths.map((each) => ({ path: inputName(each), text: readInput(each) }));
    return {
      files: read.flatMap(({ path, text }) => (typeof text === 'string' ? [{ path, text }] : [])),
      problems: read.flatMap(({ path, text }): readonly Problem[] =>
        typeof text === 'string' ? [] : [{ severity: 'error', file: path, text: text?.problem ?? MISSING }],
      ),
    };
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    return failed(`cannot be read (${error.code}). Check its name`);
  }
}

/** The files that `kubectl apply --recursive` reads in a folder. */
function manifestsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => !statSync(path, { throwIfNoEntry: false })?.isDirectory())
    .sort();
}
