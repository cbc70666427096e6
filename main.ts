import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { EnvFileText } from './config/env-files';
import { formatProblem } from './config/problems';
import { type Rendering, renderStudio, renderStudios, type StudioSource } from './render/render';

/**
 * Reads and checks what the environment names, and renders it. Prints what it finds to stderr.
 *
 * - `JUNJO_ENV_FILES`, comma-separated: the env files of the studio, later ones winning. Default: `.env`.
 * - `JUNJO_STUDIOS`: a folder in which each `*.env` is a studio; `JUNJO_ENV_FILES` are then what all of them share.
 *
 * @returns nothing when an error is among what it finds.
 */
export function render(environment: NodeJS.ProcessEnv): Rendering | undefined {
  const options = { environment: (name: string) => environment[name], readFile };
  const shared = listed(environment.JUNJO_ENV_FILES);
  const folder = environment.JUNJO_STUDIOS;
  const rendering = folder ? fromFolder(folder, shared) : fromFiles(shared.length > 0 ? shared : ['.env']);
  for (const problem of rendering?.problems ?? []) console.error(formatProblem(problem));
  return rendering && rendering.studios.length > 0 ? rendering : undefined;

  function fromFiles(paths: readonly string[]): Rendering | undefined {
    const files = readEnvFiles(paths);
    return files && renderStudio(files, options);
  }

  function fromFolder(path: string, sharedPaths: readonly string[]): Rendering | undefined {
    const own = studioFiles(path);
    const sharedFiles = readEnvFiles(sharedPaths);
    const ownFiles = own && readEnvFiles(own);
    if (!sharedFiles || !ownFiles) return undefined;
    const sources = ownFiles.map((file): StudioSource => {
      return { name: basename(file.path, '.env'), files: [...sharedFiles, file] };
    });
    return renderStudios(sources, options);
  }
}

/** Writes a rendering: the output folder, and beside it what later renders need. */
export function write({ files, kept }: Rendering, outdir: string): void {
  for (const { path, text, mode } of files) {
    const target = join(outdir, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text, { mode });
  }
  for (const { path, text } of kept) {
    if (readFile(path) === text) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

function studioFiles(folder: string): readonly string[] | undefined {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.env') && name !== '.env');
    if (names.length > 0) return names.sort().map((name) => join(folder, name));
    console.error(`${folder}: holds no studio. Each studio is a file NAME.env in it`);
  } catch {
    console.error(`${folder}: cannot be read. JUNJO_STUDIOS names the folder with an env file for each studio`);
  }
  return undefined;
}

function readEnvFiles(paths: readonly string[]): readonly EnvFileText[] | undefined {
  const files = paths.map((path) => ({ path, text: readFile(path) }));
  const missing = files.filter(({ text }) => text === undefined);
  for (const { path } of missing) {
    const advice = path === '.env' ? '. Write one with fresh secrets: npm run init' : '. Is its name right?';
    console.error(`${path}: does not exist or cannot be read${advice}`);
  }
  return missing.length === 0 ? files.map(({ path, text = '' }) => ({ path, text })) : undefined;
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function listed(paths = ''): readonly string[] {
  return paths
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}

if (require.main === module) {
  const rendering = render(process.env);
  if (rendering) write(rendering, process.env.CDK8S_OUTDIR ?? 'dist');
  else process.exitCode = 1;
}
