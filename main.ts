import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type RenderedFile, Studio } from './charts/studio';
import type { EnvFileText } from './config/env-files';
import { loadStudio } from './config/load-studio';
import { formatProblem } from './config/problems';
import type { StudioConfig } from './config/studio-config';

/** A rendered studio, for a command that tells a person about it. */
export interface Synthesized {
  readonly config: StudioConfig;
  /** Paths below the output folder. */
  readonly files: readonly string[];
}

/** The env files of the studio, later ones winning: `JUNJO_ENV_FILES`, comma-separated, or `.env`. */
export function envFilePaths(environment: NodeJS.ProcessEnv): readonly string[] {
  const named = (environment.JUNJO_ENV_FILES ?? '').split(',').map((path) => path.trim());
  const paths = named.filter((path) => path !== '');
  return paths.length > 0 ? paths : ['.env'];
}

/** Reads and checks the studio, and prints what it finds to stderr; nothing is returned when an error is among it. */
export function readStudio(environment: NodeJS.ProcessEnv): StudioConfig | undefined {
  const files: EnvFileText[] = [];
  let missing = false;
  for (const path of envFilePaths(environment)) {
    try {
      files.push({ path, text: readFileSync(path, 'utf8') });
    } catch (error) {
      missing = true;
      const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
      console.error(`${path}: ${reason}. Write one with fresh secrets: npm run init`);
    }
  }
  if (missing) return undefined;
  const { config, problems } = loadStudio(files, { environment: (name) => environment[name] });
  for (const problem of problems) console.error(formatProblem(problem));
  return config;
}

/** Renders the studio into a folder; nothing is written when the env file has an error. */
export function synth(environment: NodeJS.ProcessEnv, outdir: string): Synthesized | undefined {
  const config = readStudio(environment);
  if (!config) return undefined;
  const files = new Studio(config).files();
  for (const file of files) write(outdir, file);
  return { config, files: files.map(({ path }) => path) };
}

function write(outdir: string, { path, text, mode }: RenderedFile): void {
  const target = join(outdir, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text, { mode });
}

if (require.main === module && !synth(process.env, process.env.CDK8S_OUTDIR ?? 'dist')) process.exitCode = 1;
