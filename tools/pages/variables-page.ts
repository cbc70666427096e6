import { type Variable, variables, variablesOf } from '../../config/variables';
import { type ReleaseLine, releaseLines } from '../../releases';
import { type Parts, table } from './page';

const common = new Set<string>(variables.map(({ name }) => name));

/** Every variable: the generated part of `docs/variables.md`. */
export function variablesPage(lines: readonly ReleaseLine[] = releaseLines): Parts {
  const rows = mergedRows(lines);
  const groups = [...new Set(rows.map(({ variable }) => variable.group))];
  const sections = groups.map((group) => {
    const inGroup = rows.filter(({ variable }) => variable.group === group);
    const head = ['variable', 'value', 'default', 'read by', 'release lines', 'meaning'];
    return `## ${group}\n\n${table(head, inGroup.map(cellsOf))}`;
  });
  return { variables: sections.join('\n\n') };
}

interface Row {
  readonly variable: Variable;
  readonly lineNames: string;
  /** The containers that read it, with the lines where that is not so in all of them. */
  readonly readers: string;
}

/** The variables of all lines, each once. */
function mergedRows(lines: readonly ReleaseLine[]): readonly Row[] {
  const all = lines.map(({ name }) => name);
  const have = new Map<string, { variable: Variable; lines: string[]; readBy: Map<string, string[]> }>();
  for (const line of lines) {
    for (const variable of variablesOf(line)) {
      const row = have.get(variable.name) ?? { variable, lines: [], readBy: new Map<string, string[]>() };
      row.lines.push(line.name);
      for (const component of variable.readers ?? []) {
        row.readBy.set(component, [...(row.readBy.get(component) ?? []), line.name]);
      }
      have.set(variable.name, row);
    }
  }
  return [...have.values()].map(({ variable, lines: names, readBy }) => ({
    variable,
    lineNames: common.has(variable.name) ? 'all' : inRuns(names, all),
    readers: [...readBy]
      .map(([component, where]) => (where.length === names.length ? component : `${component} (${inRuns(where, all)})`))
      .join(', '),
  }));
}

/** Names of lines, of which three and more that follow one another are written as `0.80 to 0.86`. */
function inRuns(names: readonly string[], all: readonly string[]): string {
  const runs: string[][] = [];
  for (const name of names) {
    const last = runs.at(-1);
    if (last && last.at(-1) === all[all.indexOf(name) - 1]) last.push(name);
    else runs.push([name]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]} to ${run.at(-1)}` : run.join(', '))).join(', ');
}

function cellsOf({ variable, lineNames, readers: containers }: Row): readonly string[] {
  const value = `${variable.secret ? '**secret**, ' : ''}${variable.type.description}`;
  const readers = containers || (variable.insteadOfCompose || variable.refused ? '' : 'manifests');
  return [`\`${variable.name}\``, value, defaultOf(variable), readers, lineNames, meaningOf(variable)];
}

function defaultOf(variable: Variable): string {
  if (variable.required === 'always')
    return variable.onlyWith ? `required with \`${variable.onlyWith}=true\`` : 'required';
  if (variable.required === 'production') return 'required in production';
  if (variable.default !== undefined) return `\`${variable.default}\``;
  return variable.defaultText ?? '';
}

function meaningOf({ meaning, refused, setByManifests, insteadOfCompose }: Variable): string {
  if (refused) return `${meaning}. Setting it is an error: it ${refused}.`;
  if (setByManifests)
    return `${meaning}. The manifests set it to ${setByManifests}; a value in the file has no effect.`;
  if (insteadOfCompose) return `${meaning}. On Kubernetes, ${insteadOfCompose}.`;
  return `${meaning}.`;
}
