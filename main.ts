import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EnvFileText } from './config/env-files';
import { defaultStudioName } from './config/names';
import type { Problem } from './config/problems';
import { type Rendering, renderStudio, renderStudios, type StudioSource } from './render/render';

/** Which studios a run is about. */
export interface Selection {
  /** Env files of the studio, later ones winning; with `studios`, what all of them share. Empty: `.env`, or nothing shared. */
  readonly envFiles: readonly string[];
  /** A folder in which each `*.env` is a studio. @default one studio */
  readonly studios?: string;
}

/** What `JUNJO_ENV_FILES`, comma-separated, and `JUNJO_STUDIOS` name. */
export function selectionFrom({ JUNJO_ENV_FILES = '', JUNJO_STUDIOS }: NodeJS.ProcessEnv): Selection {
  const paths = JUNJO_ENV_FILES.split(',').map((path) => path.trim());
  return { envFiles: paths.filter((path) => path !== ''), studios: JUNJO_STUDIOS || undefined };
}

/** The studios of a selection as they were read, or what keeps them from being read. */
export interface ReadStudios {
  /** Several where a folder of studios is selected, else one; none where there is a problem. */
  readonly sources: readonly StudioSource[];
  readonly problems: readonly Problem[];
}

/** Reads the env files of what is selected. */
export function studiosOf({ envFiles, studios }: Selection, environment: NodeJS.ProcessEnv): ReadStudios {
  const own = studios ? studioFiles(studios, environment) : { files: [], problems: [] };
  const shared = readEnvFiles(studios || envFiles.length > 0 ? envFiles : ['.env'], environment);
  const problems = [...own.problems, ...shared.problems];
  if (problems.length > 0) return { sources: [], problems };
  const sources = studios
    ? own.files.map((file) => ({ name: basename(file.path, '.env'), files: [...shared.files, file] }))
    : [{ name: defaultStudioName, files: shared.files }];
  return { sources, problems };
}

/** Reads and checks what is selected, and renders it. Files that cannot be read are among its problems. */
export function render(selection: Selection, environment: NodeJS.ProcessEnv): Rendering {
  const options = { environment: (name: string) => environment[name], readFile };
  const { sources, problems } = studiosOf(selection, environment);
  if (problems.length > 0) return { problems, studios: [], files: [], kept: [] };
  return selection.studios ? renderStudios(sources, options) : renderStudio(sources[0]?.files ?? [], options);
}

/** How a person calls a command in the way that this one was called: as a script of a package.json, or from anywhere. */
export function howToRun(command: string, { npm_command }: NodeJS.ProcessEnv): string {
  return npm_command === 'run-script' ? `npm run ${command}` : `npx junjo-ai-studio-cdk8s ${command}`;
}

/** Writes a rendering: the output folder, and beside it what later renders need. */
export function write({ files, kept }: Rendering, outdir: string): void {
  for (const folder of new Set(files.map(({ path }) => dirname(path)))) {
    mkdirSync(join(outdir, folder), { recursive: true });
  }
  for (const { path, text, mode } of files) writeFileSync(join(outdir, path), text, { mode });
  for (const { path, text } of kept) {
    if (readFile(path) === text) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Env files as they were read, or which of them could not be. */
interface EnvFiles {
  readonly files: readonly EnvFileText[];
  readonly problems: readonly Problem[];
}

function studioFiles(folder: string, environment: NodeJS.ProcessEnv): EnvFiles {
  const failed = (text: string): EnvFiles => ({ files: [], problems: [{ severity: 'error', file: folder, text }] });
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.env') && name !== '.env');
    if (names.length === 0) return failed('holds no studio. Each studio is a file NAME.env in it');
    const paths = names.sort().map((name) => join(folder, name));
    return readEnvFiles(paths, environment);
  } catch {
    return failed('cannot be read. It is to be the folder with an env file for each studio');
  }
}

function readEnvFiles(paths: readonly string[], environment: NodeJS.ProcessEnv): EnvFiles {
  const files = paths.map((path) => ({ path, text: readFile(path) }));
  const problems = files.flatMap(({ path, text }): readonly Problem[] => {
    if (text !== undefined) return [];
    const advice =
      path === '.env' ? `Write one with fresh secrets: ${howToRun('init', environment)}` : 'Is its name right?';
    return [{ severity: 'error', file: path, text: `does not exist or cannot be read. ${advice}` }];
  });
  return { files: files.map(({ path, text = '' }) => ({ path, text })), problems };
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
