import type { Problem } from '../config/problems';
import { nearest } from '../config/spelling';
import { inOneLine, listed } from '../config/text';
import { readSources, render, type Selection } from '../main';
import type { PlacedManifest } from '../render/manifest';
import { withoutStackTrace } from './cluster-options';
import { type Command, type Io, type JsonOptions, jsonOption, type Outcome, tell } from './command';
import { explainFiles, explainObjects, type FileExplanation, namesOf, type ObjectExplanation } from './explain/object';
import { settingsOfAll } from './explain/settings';
import { explainVariable, placesInFiles, type SetVariable, type VariableExplanation } from './explain/variable';
import { manifestsOption, readFolder, type StudioOptions, selected, studioOptions } from './manifests';

interface ExplainOptions extends StudioOptions, JsonOptions {
  readonly name: string;
  readonly manifests?: string;
}

export const explain: Command<ExplainOptions> = {
  name: 'explain',
  summary: 'Tell what a variable, an object or a file of dist/ is for, and what changes it',
  argument: { name: '<name>', text: 'a variable, an object as kind/name or by its name, or a file of dist/' },
  options: [...studioOptions, manifestsOption, jsonOption],
  examples: [
    ['explain JUNJO_K8S_SIZE', 'what it means, who reads it, where it ends up, and which line of which file sets it'],
    ['explain deployment/junjo-ai-studio-backend', 'what made it, what it is for, and which settings change it'],
    ['explain dist/40-backend.k8s.yaml', 'the same of a file'],
    ['explain ingress/junjo-ai-studio --manifests dist', 'in a clone that has no secrets'],
  ],
  run: (options, io) =>
    withoutStackTrace(io, async () => tell(explained(options, selected(options, io), io), options, io), options),
};

function explained({ name, manifests }: ExplainOptions, selection: Selection, io: Io): Outcome {
  // Nothing else is written like this: the names of objects and files have neither capitals alone nor underscores.
  return /^[A-Z0-9]+$|^\w*_\w*$/.test(name)
    ? explainedVariable(name, selection, io)
    : explainedManifests(name, manifests === undefined ? undefined : readFolder(manifests), selection, io);
}

function explainedVariable(name: string, selection: Selection, { environment }: Io): Outcome {
  const { value: sources, problems } = readSources(selection);
  // Without an env file, a variable still means something.
  const studios = sources.length > 0 ? sources : [{ folder: undefined, files: [] }];
  const lookup = (key: string) => environment[key];
  const explanations = studios.map((studio) => explainVariable(name, studio, { environment: lookup }));
  const known = explanations.filter((each) => 'meaning' in each);
  if (known.length === 0) {
    return { problems: [unknown(name, explanations.map((each) => 'unknown' in each && each.nearest)[0] || undefined)] };
  }
  const notes = problems.map((problem): Problem => ({ ...problem, severity: 'note' }));
  const texts = known.map((each, index) => {
    const studio = selection.studios ? `${inOneLine(`In ${studios[index]?.folder}`)}:\n` : '';
    return `${studio}${textOfVariable(each, sources.length > 0)}`;
  });
  return { problems: notes, text: texts.join('\n\n'), result: { variables: known } };
}

/** @param written the manifests of an output folder. @default what the env files render */
function explainedManifests(
  name: string,
  written: readonly PlacedManifest[] | undefined,
  selection: Selection,
  { environment }: Io,
): Outcome {
  const { manifests, problems } = written ? { manifests: written, problems: [] } : render(selection, environment);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { problems: errors };
  const isPath = name.includes('.yaml') || name.startsWith('dist');
  const found = isPath ? explainFiles(name, manifests) : explainObjects(name, manifests);
  if (found.length === 0) return { problems: [unknown(name, nearest(name, namesOf(manifests)))] };
  const { value: sources } = readSources(selection);
  // Of several studios, each has lines of its own.
  const [only] = selection.studios ? [] : sources;
  const places = only ? placesInFiles(only, (key) => environment[key]) : new Map<string, string>();
  return {
    problems: [],
    text: found.map((each) => textOfRendered(each, places)).join('\n\n'),
    result: { [isPath ? 'files' : 'objects']: found, settingsOfAll: settingsOfAll() },
  };
}

function unknown(name: string, near: string | undefined): Problem {
  const advice = near ? `Did you mean ${near}?` : 'docs/variables.md has all variables, and dist/ all objects';
  return { severity: 'error', file: name, text: `is neither a variable nor anything in this studio. ${advice}` };
}

function textOfVariable(variable: VariableExplanation, hasFiles: boolean): string {
  const { name, meaning, secret, onlyWith, readBy, set, endsUp } = variable;
  const when = variable.required && { always: 'always', production: 'in production' }[variable.required];
  const byDefault = variable.default?.replaceAll('`', '');
  return block(`${name}: ${meaning.replaceAll('`', '')}.`, [
    ['value', [`${secret ? 'secret, ' : ''}${variable.type.replaceAll('`', '')}`]],
    ['required', [when ? `${when}${onlyWith ? `, with ${onlyWith}=true` : ''}` : 'no']],
    ['default', [byDefault ? `${byDefault} (release line ${variable.releaseLine})` : 'none']],
    ['set', [hasFiles ? textOfSet(set, secret) : 'there is no env file']],
    ['read by', [readBy.length > 0 ? listed(readBy) : 'no container']],
    ['ends up', endsUp],
    ['changes', Object.entries(variable.changes).map(([file, rows]) => `${file}: ${rows.join(', ')}`)],
  ]);
}

function textOfSet(set: SetVariable | undefined, secret: boolean): string {
  if (!set) return 'by no line';
  const place = `${set.file}:${set.line}`;
  if (set.problem) return `${place}, but it ${set.problem}`;
  return secret ? `${place} (a secret is not shown)` : `${place}, to ${set.value}`;
}

function textOfRendered(found: ObjectExplanation | FileExplanation, places: ReadonlyMap<string, string>): string {
  const { purpose, file, madeBy, settings } = found;
  const withPlace = (name: string) => (places.has(name) ? `${name} (${places.get(name)})` : name);
  const title = 'object' in found ? found.object : file;
  return block(`${title}: ${purpose}.`, [
    ...('object' in found ? [['file', [file]] as const] : [['holds', found.objects] as const]),
    ['made by', [madeBy]],
    ['changed by', settings.length > 0 ? wrapped(settings.map(withPlace)) : ['no setting of its own']],
    ['and, as all', [settingsOfAll().map(withPlace).join(', ')]],
  ]);
}

/** Names with commas between them, in lines of at most 90 characters. */
function wrapped(names: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const name of names) {
    const longer = `${lines.at(-1)}, ${name}`;
    if (lines.length > 0 && longer.length <= 90) lines[lines.length - 1] = longer;
    else lines.push(name);
  }
  return lines;
}

/** A heading, and below it the lines of each field behind its name. */
function block(heading: string, fields: readonly (readonly [name: string, lines: readonly string[]])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  const rows = fields.flatMap(([name, lines]) =>
    lines.map((line, index) => `  ${(index === 0 ? name : '').padEnd(width)}  ${line}`),
  );
  return [heading, ...rows].map(inOneLine).join('\n');
}
