import { defaultTag, type ReleaseLine, releaseLines } from '../releases';
import { type Variable, variables, variablesOf } from './variables';

const common = new Set<string>(variables.map(({ name }) => name));

/** The page with every variable: `docs/variables.md`. */
export function variablesPage(lines: readonly ReleaseLine[] = releaseLines): string {
  const rows = mergedRows(lines);
  const groups = [...new Set(rows.map(({ variable }) => variable.group))];
  const sections = groups.map((group) => {
    const inGroup = rows.filter(({ variable }) => variable.group === group);
    return [
      `## ${group}`,
      '',
      '| variable | value | default | read by | release lines | meaning |',
      '| --- | --- | --- | --- | --- | --- |',
      ...inGroup.map(row),
    ].join('\n');
  });
  return [
    '# Variables',
    '',
    '<!-- Written by `npm run docs` from config/variables.ts and releases/; edit those. -->',
    '',
    'One env file describes a studio: the variables that Junjo AI Studio reads under docker compose, and the',
    '`JUNJO_K8S_` settings that only Kubernetes needs and compose ignores. An empty value counts as not set. Variables',
    'that are not listed and do not begin with `JUNJO_` are not passed to any container.',
    '',
    '**Secret** values go to the Secret, never to a ConfigMap, and are never printed.',
    '',
    ...sections.flatMap((section) => [section, '']),
  ].join('\n');
}

/** The env file of a studio on localhost, with every setting of a release and its meaning: `.env.example`. */
export function exampleEnvFile(lines: readonly ReleaseLine[] = releaseLines, tag = defaultTag): string {
  const line = lines.find(({ tags }) => tags.includes(tag)) ?? releaseLines[0];
  const settable = variablesOf(line).filter(isSettable);
  const groups = [...new Set(settable.map(({ group }) => group))];
  const blocks = groups.map((group) => {
    const inGroup = settable.filter((variable) => variable.group === group).map(exampleLines);
    return [`# === ${group} ===`, '', inGroup.join('\n\n')].join('\n');
  });
  return [
    '# Junjo AI Studio on localhost. `npm run init` copies this file to .env with fresh secrets.',
    '# docker compose and Kubernetes read the same file; compose ignores the JUNJO_K8S_ settings.',
    '',
    blocks.join('\n\n'),
    '',
  ].join('\n');
}

interface Row {
  readonly variable: Variable;
  readonly lineNames: string;
  /** The containers that read it, with the lines where that is not so in all of them. */
  readonly readers: string;
}

/** The variables of all lines, each once. */
function mergedRows(lines: readonly ReleaseLine[]): readonly Row[] {
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
    lineNames: common.has(variable.name) ? 'all' : names.join(', '),
    readers: [...readBy]
      .map(([component, where]) => (where.length === names.length ? component : `${component} (${where.join(', ')})`))
      .join(', '),
  }));
}

function row({ variable, lineNames, readers: containers }: Row): string {
  const value = `${variable.secret ? '**secret**, ' : ''}${variable.type.description}`;
  const readers = containers || (variable.insteadOfCompose || variable.refused ? '' : 'manifests');
  const cells = [`\`${variable.name}\``, value, defaultOf(variable), readers, lineNames, meaningOf(variable)];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultOf(variable: Variable): string {
  if (variable.required === 'always')
    return variable.onlyWith ? `required with \`${variable.onlyWith}=true\`` : 'required';
  if (variable.required === 'production') return 'required in production';
  if (variable.default !== undefined) return `\`${variable.default}\``;
  return variable.defaultText ?? '';
}

function meaningOf({ meaning, refused, setByManifests, insteadOfCompose }: Variable): string {
  if (refused) return `${meaning}. An error: it ${refused.charAt(0)}${refused.slice(1)}.`;
  if (setByManifests)
    return `${meaning}. The manifests set it to ${setByManifests}; a value in the file has no effect.`;
  if (insteadOfCompose) return `${meaning}. Here, ${insteadOfCompose}.`;
  return `${meaning}.`;
}

function isSettable({ refused, setByManifests, insteadOfCompose }: Variable): boolean {
  return !refused && !setByManifests && !insteadOfCompose;
}

function exampleLines(variable: Variable): string {
  const { name, meaning, type, local, example } = variable;
  const byDefault = variable.default ?? variable.defaultText;
  const required = variable.required === 'production' ? ' Required in production.' : '';
  const comment = `${meaning}.${required}${byDefault ? ` Default: ${byDefault}.` : ''} (${type.description})`;
  const setting = local !== undefined ? `${name}=${local}` : `# ${name}=${example ?? variable.default ?? ''}`;
  return [...wrapped(comment.replaceAll('`', '')), setting].join('\n');
}

function wrapped(comment: string): string[] {
  const lines = [''];
  for (const word of comment.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last.length + word.length > 110) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.map((line) => `# ${line}`);
}
