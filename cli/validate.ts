import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isOfSystem } from '../config/files';
import { howToRun } from '../config/how-to-run';
import type { Problem } from '../config/problems';
import { render } from '../main';
import { inputName, namesStdinTwice, readInput, STDIN, STDIN_TWICE } from '../render/input';
import { type Command, type ExitCode, type Io, type JsonOptions, jsonOption, tell } from './command';
import { type StudioOptions, selected, studioOptions } from './manifests';
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
  /** Files, and folders of which the YAML and JSON is taken with all that lies deeper. @default what the env files render */
  readonly paths?: readonly string[];
  /** Versions of Kubernetes to be valid on; `1.31.4` is `1.31`. @default every version that is known */
  readonly kubernetes?: readonly string[];
  /** Kinds that must not be there. @default none */
  readonly refuse?: readonly string[];
}

export const validate: Command<ValidateOptions> = {
  name: 'validate',
  summary:
    'Check manifests against the schemas of Kubernetes, or the env files and what they render, and write nothing',
  argument: {
    name: '[paths...]',
    text: 'manifests, folders of them, or - for stdin (default: what the env files render)',
  },
  options: [
    ...studioOptions,
    {
      flags: '--kubernetes <version>',
      text: 'version to be valid on, for example 1.31; may be repeated (default: all that are known)',
      repeatable: true,
    },
    {
      flags: '--refuse <kind>',
      text: 'kind that must not be there, for example Secret; may be repeated',
      repeatable: true,
    },
    jsonOption,
  ],
  examples: [
    ['validate', 'checks .env and what it renders'],
    ['validate --studios studios --json', 'checks every studios/*.env, for a program to read'],
    ['validate dist --kubernetes 1.31', 'checks every manifest of dist/ for one version of Kubernetes'],
    ['validate -', 'checks the manifests on standard input'],
    ['validate dist --refuse Secret', 'checks that dist/ may be committed'],
  ],
  run: async (options, io) =>
    options.paths?.length ? validatePaths(options.paths, options, io) : validateStudios(options, io),
};

function validatePaths(paths: readonly string[], options: ValidateOptions, io: Io): ExitCode {
  if (options.envFile || options.studios) {
    io.err('Name manifests, or env files, but not both.');
    return 2;
  }
  if (namesStdinTwice(paths)) {
    io.err(`${STDIN_TWICE}.`);
    return 2;
  }
  const read = paths.map((path) => filesOf(path));
  const unreadable = read.flatMap(({ problems }) => problems);
  const files = read.flatMap((each) => each.files);
  const { problems, objects, versions } = validated(
    (schemas, validation) => validateManifests(files, schemas, validation),
    options,
  );
  const all = [...unreadable, ...problems];
  const text = all.length === 0 ? `${objects} objects are valid on ${versions}` : undefined;
  return tell({ problems: all, text, result: { objects } }, options, io);
}

function validateStudios(options: ValidateOptions, io: Io): ExitCode {
  const rendering = render(selected(options, io), io.environment);
  const names = rendering.studios.map(({ config }) => config.name);
  const { problems, objects, versions } = validated(
    (schemas, validation) => validateObjects(rendering.manifests, schemas, validation),
    options,
  );
  const all = [...rendering.problems, ...problems];
  const well = names.length > 0 && problems.length === 0;
  const text = well ? `All is well with ${names.join(', ')}: ${objects} objects, valid on ${versions}` : undefined;
  return tell({ problems: all, text, result: { studios: names, objects } }, options, io);
}

/** What is wrong with manifests, on the versions of Kubernetes that are asked for. */
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
      text: `no schemas are known. Known are those of ${known}`,
    };
  });
  const validation = validate(schemas, { versions, refuse });
  return {
    objects: validation.objects,
    problems: [...problems, ...validation.problems],
    versions: `Kubernetes ${versionRanges(versions, schemas.versions)}`,
  };
}

const MISSING = 'cannot be read (ENOENT). Is its name right?';

interface Readable {
  readonly files: readonly ManifestFile[];
  readonly problems: readonly Problem[];
}

/** The file, or the manifests of the folder, that a path names. */
function filesOf(path: string): Readable {
  const failed = (text: string): Readable => ({ files: [], problems: [{ severity: 'error', file: path, text }] });
  try {
    const paths = path !== STDIN && statSync(path).isDirectory() ? manifestsIn(path) : [path];
    if (paths.length === 0) return failed(`holds no manifest. Is it rendered? ${howToRun('synth')}`);
    const read = paths.map((each) => ({ path: inputName(each), text: readInput(each) }));
    return {
      files: read.flatMap(({ path, text }) => (typeof text === 'string' ? [{ path, text }] : [])),
      problems: read.flatMap(({ path, text }): readonly Problem[] =>
        typeof text === 'string' ? [] : [{ severity: 'error', file: path, text: text?.problem ?? MISSING }],
      ),
    };
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    return failed(`cannot be read (${error.code}). Is its name right?`);
  }
}

/** What `kubectl apply` reads of a folder and of those in it. */
function manifestsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => !statSync(path, { throwIfNoEntry: false })?.isDirectory())
    .sort();
}
