import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LoadOptions } from '../config/load-studio';
import { formatProblem, type Problem } from '../config/problems';
import { type Rendering, renderSources, type StudioSource } from '../main';
import { filesOf, type RenderedFile } from '../render/files';

/** Every folder of examples/ that holds a studio. */
export function exampleNames(folder = 'examples'): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => ['studio.env', 'studios'].some((source) => existsSync(join(folder, name, source))))
    .sort();
}

/**
 * Renders one example: its `studio.env`, or every file of its `studios/`. The env files take their secrets from the
 * environment; here they are derived from their names, so that every machine renders the same bytes. Files that hold a
 * secret are left out.
 * @throws when the example has a problem of any kind: an example must be exemplary. Notes may be, and the warning of spans in
 * the clear, which one example shows.
 */
export function renderExample(
  name: string,
  folder = 'examples',
): Pick<Rendering, 'kept'> & { readonly files: readonly RenderedFile[] } {
  const { sources, options } = exampleSources(name, folder);
  const { manifests, kept, problems } = renderSources(sources, options);
  const files = filesOf(manifests);
  const shown = ({ severity, variable }: Problem) =>
    severity === 'note' ||
    (severity === 'warning' && ['JUNJO_PROD_INGESTION_URL', 'JUNJO_K8S_BACKUP'].includes(variable ?? ''));
  if (files.length === 0 || !problems.every(shown)) {
    throw new Error(problems.map(formatProblem).join('\n'));
  }
  return { files: files.filter(({ mode }) => mode !== 0o600), kept };
}

/** What an example is rendered from. */
export interface ExampleSources {
  readonly sources: readonly StudioSource[];
  /** Each source is rendered into a folder of its name. */
  readonly several: boolean;
  readonly options: Omit<LoadOptions, 'name'>;
}

/** Reads the env files of an example. */
export function exampleSources(name: string, folder = 'examples'): ExampleSources {
  const root = join(folder, name);
  const options = {
    environment: (variable: string) => (/SECRET|KEY|TOKEN/.test(variable) ? exampleSecret(name, variable) : undefined),
    readFile: (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined),
  };
  const studios = join(root, 'studios');
  const several = existsSync(studios);
  const paths = several ? readdirSync(studios).map((file) => join(studios, file)) : [join(root, 'studio.env')];
  const sources = paths.map((path) => {
    return { ...(several && { folder: basename(path, '.env') }), files: [{ path, text: readFileSync(path, 'utf8') }] };
  });
  return { sources, several, options };
}

/** The YAML of an example by path, as it is committed: its own files, and those that it shares with its base. */
export function committedExample(name: string, folder = 'examples'): ReadonlyMap<string, string> {
  const base = baseOf(name, folder);
  const shared = base ? [...committedExample(base.name, folder)].filter(([path]) => !base.without.includes(path)) : [];
  return new Map([...shared, ...ownFiles(name, folder)]);
}

/** The files in an example's `dist/`, by path. */
export function ownFiles(name: string, folder = 'examples'): ReadonlyMap<string, string> {
  const root = join(folder, name, 'dist');
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length + 1), readFileSync(path, 'utf8')] as const;
    }),
  );
}

/** The complete example from which another one differs. */
export interface Base {
  readonly name: string;
  /** Files of it that the other one does not have. */
  readonly without: readonly string[];
}

/** What the file `base` of an example says: the name of the base, then a line `without …` for each file. @default the example is complete */
export function baseOf(example: string, folder = 'examples'): Base | undefined {
  const file = join(folder, example, 'base');
  if (!existsSync(file)) return undefined;
  const [name = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  return { name, without: lines.map((line) => line.replace('without ', '')) };
}

function exampleSecret(example: string, variable: string): string {
  return createHash('sha256').update(`${example} ${variable}`).digest('base64');
}
