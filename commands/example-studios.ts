import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RenderedFile, Studio } from '../charts/studio';
import { loadStudio } from '../config/load-studio';
import { formatProblem } from '../config/problems';

/** Every folder of examples/ that holds a studio. */
export function exampleNames(folder = 'examples'): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/**
 * Renders one example. Its env file takes its secrets from the environment; here they are derived from their names, so
 * that every machine renders the same bytes. Files that hold a secret are left out.
 * @throws when the example has a problem of any kind, notes excepted: an example must be exemplary.
 */
export function renderExample(name: string, folder = 'examples'): readonly RenderedFile[] {
  const path = `${folder}/${name}/studio.env`;
  const environment = (variable: string) =>
    /SECRET|KEY|TOKEN/.test(variable) ? exampleSecret(name, variable) : undefined;
  const { config, problems } = loadStudio([{ path, text: readFileSync(path, 'utf8') }], { environment });
  if (!config || problems.some(({ severity }) => severity !== 'note')) {
    throw new Error(problems.map(formatProblem).join('\n'));
  }
  return new Studio(config).files().filter(({ mode }) => mode !== 0o600);
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
