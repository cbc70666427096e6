import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatProblem, type Problem } from '../config/problems';
import { type Rendering, renderStudio, renderStudios } from '../render/render';

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
export function renderExample(name: string, folder = 'examples'): Pick<Rendering, 'files' | 'kept'> {
  const root = join(folder, name);
  const options = {
    environment: (variable: string) => (/SECRET|KEY|TOKEN/.test(variable) ? exampleSecret(name, variable) : undefined),
    readFile: (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined),
  };
  const text = (path: string) => ({ path: join(root, path), text: readFileSync(join(root, path), 'utf8') });
  const studios = join(root, 'studios');
  const { files, kept, problems } = existsSync(studios)
    ? renderStudios(
        readdirSync(studios).map((file) => ({ name: basename(file, '.env'), files: [text(join('studios', file))] })),
        options,
      )
    : renderStudio([text('studio.env')], options);
  const shown = ({ severity, variable }: Problem) =>
    severity === 'note' ||
    (severity === 'warning' && ['JUNJO_PROD_INGESTION_URL', 'JUNJO_K8S_BACKUP'].includes(variable ?? ''));
  if (files.length === 0 || !problems.every(shown)) {
    throw new Error(problems.map(formatProblem).join('\n'));
  }
  return { files: files.filter(({ mode }) => mode !== 0o600), kept };
}

/** The YAML that is committed for an example, by path. */
export function committedExample(name: string, folder = 'examples'): ReadonlyMap<string, string> {
  const root = join(folder, name, 'dist');
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length + 1), readFileSync(path, 'utf8')] as const;
    }),
  );
}

function exampleSecret(example: string, variable: string): string {
  return createHash('sha256').update(`${example} ${variable}`).digest('base64');
}
