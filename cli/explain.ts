import { page } from '../config/how-to-run';
import { firstOf } from '../config/many';
import type { Problem } from '../config/problems';
import { inOneLine, listed } from '../config/text';
import { readSources, render, type Selection, type StudioSource } from '../main';
import type { PlacedManifest } from '../render/manifest';
import { withoutStackTrace } from './cluster-options';
import { type Command, type Io, type JsonOptions, jsonOption, type Outcome, tell } from './command';
import {
  explainFiles,
  explainObjects,
  type FileExplanation,
  type ObjectExplanation,
  similarNames,
  type Unrendered,
  unrendered,
} from './explain/object';
import { settingsOfAll } from './explain/settings';
import { explainVariable, placesInFiles, type SetVariable, type VariableExplanation } from './explain/variable';
import { manifestsOption, readFolder, type StudioOptions, selected, studioOptions } from './manifests';

/** Studios with different explanations up to this number are shown. */
const MOST = 5;

interface ExplainOptions extends StudioOptions, JsonOptions {
  readonly name: string;
  readonly manifests?: string;
}

export const explain: Command<ExplainOptions> = {
  name: 'explain',
  summary: 'Explain a variable, an object, or a file in dist/: its purpose, and what changes it',
  argument: { name: '<name>', text: 'variable, object (kind/name or name), or file in dist/' },
  options: [...studioOptions, manifestsOption, jsonOption],
  examples: [
    ['explain JUNJO_K8S_SIZE', 'shows its meaning, its readers, and the line that sets it'],
    ['explain deployment/junjo-ai-studio-backend', 'shows its purpose, its source, and the settings that change it'],
    ['explain dist/40-backend.k8s.yaml', 'shows the same for a file'],
    ['explain ingress/junjo-ai-studio --manifests dist', 'needs no env file, and so no secrets'],
  ],
  run: (options, io) =>
    withoutStackTrace(io, async () => tell(explained(options, selected(options, io), io), options, io), options),
};

function explained({ name, manifests }: ExplainOptions, selection: Selection, io: Io): Outcome {
  // Names of objects and files have no underscores, and are never in capitals only.
  return /^[A-Z0-9]+$|^\w*_\w*$/.test(name)
    ? explainedVariable(name, selection, io)
    : explainedManifests(name, manifests === undefined ? undefined : readFolder(manifests), selection, io);
}

function explainedVariable(name: string, selection: Selection, { environment }: Io): Outcome {
  const { value: sources, problems } = readSources(selection);
  // A variable has a meaning without an env file, too.
  const studios = sources.length > 0 ? sources : [{ folder: undefined, files: [] }];
  const lookup = (key: string) => environment[key];
  const explanations = studios.map((studio) => explainVariable(name, studio, { environment: lookup }));
  const known = explanations.filter((each) => 'meaning' in each);
  if (known.length === 0) {
    const [near] = explanations.flatMap((each) => ('unknown' in each && each.nearest ? [each.nearest] : []));
    return { problems: [unknown(name, near ? [near] : [], page('docs/variables.md'))] };
  }
  const notes = problems.map((problem): Problem => ({ ...problem, severity: 'note' }));
  const texts = known.map((each) => textOfVariable(each, sources.length > 0));
  const text = selection.studios
    ? textOfStudios(texts.map((text, index) => ({ text, ...studioOf(studios[index]) })))
    : texts.join('\n\n');
  return { problems: notes, text, result: { variables: known } };
}

function studioOf(source: StudioSource | undefined): Pick<TextOfStudio, 'studio' | 'file'> {
  return { studio: source?.folder ?? '', file: source?.files.at(-1)?.path ?? '' };
}

/** The explanation of a variable in one of several studios. */
interface TextOfStudio {
  readonly studio: string;
  /** Its own env file. */
  readonly file: string;
  readonly text: string;
}

/** The texts of several studios. Those that differ only by the name of the own env file are one. */
function textOfStudios(texts: readonly TextOfStudio[]): string {
  const alike = new Map<string, TextOfStudio[]>();
  for (const each of texts) {
    const key = each.text.replaceAll(each.file, '');
    alike.set(key, [...(alike.get(key) ?? []), each]);
  }
  const blocks = [...alike.values()].map((group) => {
    return `${inOneLine(`In ${firstOf(group.map(({ studio }) => studio))}`)}:\n${group[0]?.text}`;
  });
  const more = blocks.length - MOST;
  return [
    ...blocks.slice(0, MOST),
    ...(more > 0 ? [`${more} more are different. --json shows all of them.`] : []),
  ].join('\n\n');
}

/** @param written the manifests in an output folder. @default the env files are rendered */
function explainedManifests(
  name: string,
  written: readonly PlacedManifest[] | undefined,
  selection: Selection,
  { environment }: Io,
): Outcome {
  const rendering = written ? { manifests: written, problems: [], studios: [] } : render(selection, environment);
  const { manifests, problems } = rendering;
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { problems: errors };
  const objects = explainObjects(name, manifests);
  const isPath = objects.length === 0;
  const found = isPath ? explainFiles(name, manifests) : objects;
  if (found.length === 0) {
    const releases = [...new Set(rendering.studios.map(({ config }) => config.tag))];
    const missing = unrendered(name, manifests);
    const problem = missing
      ? notRendered(name, missing, releases)
      : unknown(name, similarNames(name, manifests), 'the output folder');
    return { problems: [problem] };
  }
  const { value: sources } = readSources(selection);
  // Several studios set a variable in different lines.
  const [only] = selection.studios ? [] : sources;
  const places = only ? placesInFiles(only, (key) => environment[key]) : new Map<string, string>();
  return {
    problems: [],
    text: inOneBlock<ObjectExplanation | FileExplanation>(found)
      .map((each) => textOfRendered(each, places))
      .join('\n\n'),
    result: { [isPath ? 'files' : 'objects']: found, settingsOfAll: settingsOfAll() },
  };
}

/** @param all where all names are listed */
function unknown(name: string, near: readonly string[], all: string): Problem {
  const advice = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `All names are in ${all}`;
  return { severity: 'error', file: name, text: `is an unknown name. ${advice}` };
}

function notRendered(name: string, { purpose, file, settings }: Unrendered, releases: readonly string[]): Problem {
  const of = releases.length > 0 ? ` for release ${firstOf(releases)}` : '';
  const text = [
    `is not rendered${of} with these settings`,
    `Its file would be ${file}.k8s.yaml. Its purpose: ${purpose}`,
    ...(settings.length > 0 ? [`It depends on ${firstOf(decisiveFirst(settings, file))}`] : []),
  ];
  return { severity: 'error', file: name, text: text.join('. ') };
}

/** Settings that decide whether a file is rendered come first: the release, and the settings `JUNJO_K8S_…` with the subject of the file in their name. */
function decisiveFirst(settings: readonly string[], file: string): readonly string[] {
  const isDecisive = (name: string) =>
    name === 'JUNJO_K8S_RELEASE' || new RegExp(`^JUNJO_K8S_(.*_)?${file.split('-').at(-1)}S?$`, 'i').test(name);
  return [...settings.filter(isDecisive), ...settings.filter((name) => !isDecisive(name))];
}

/** Explanations that several studios share, once, with the first of their files. */
function inOneBlock<Found extends ObjectExplanation | FileExplanation>(found: readonly Found[]): readonly Found[] {
  const groups = new Map<string, Found[]>();
  for (const each of found) {
    const key = JSON.stringify({ ...each, file: '' });
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, file: firstOf([first, ...others].map(({ file }) => file)) }] : [],
  );
}

function textOfVariable(variable: VariableExplanation, hasFiles: boolean): string {
  const { name, meaning, secret, onlyWith, readBy, set, endsUp } = variable;
  const when = variable.required && { always: 'always', production: 'in production' }[variable.required];
  const byDefault = (variable.default ?? 'none').replaceAll('`', '');
  const from = hasFiles ? (variable.releaseFrom ?? 'the default, because JUNJO_K8S_RELEASE is not set') : 'the default';
  return block(`${name}: ${meaning.replaceAll('`', '')}.`, [
    ['release', [`${variable.releaseLine} (${from})`]],
    ['value', [`${secret ? 'secret, ' : ''}${variable.type.replaceAll('`', '')}`]],
    ['required', [when ? `${when}${onlyWith ? `, with ${onlyWith}=true` : ''}` : 'no']],
    ['default', [byDefault]],
    ['set', [hasFiles ? textOfSet(set, secret) : 'there is no env file']],
    ['read by', [readBy.length > 0 ? listed(readBy) : 'no container']],
    ['goes to', endsUp],
    ['changes', Object.entries(variable.changes).map(([file, rows]) => `${file}: ${rows.join(', ')}`)],
  ]);
}

function textOfSet(set: SetVariable | undefined, secret: boolean): string {
  if (!set) return 'not set';
  const place = `${set.file}:${set.line}`;
  if (set.problem) return `${place}, but it ${set.problem}`;
  return secret ? `${place} (secret values are not shown)` : `${place}, to ${set.value}`;
}

function textOfRendered(found: ObjectExplanation | FileExplanation, places: ReadonlyMap<string, string>): string {
  const { purpose, file, madeBy, settings } = found;
  const withPlace = (name: string) => (places.has(name) ? `${name} (${places.get(name)})` : name);
  const title = 'object' in found ? found.object : file;
  return block(`${title}: ${purpose}.`, [
    ...('object' in found ? [['file', [file]] as const] : [['holds', found.objects] as const]),
    ['made by', [madeBy]],
    ['changed by', settings.length > 0 ? wrapped(settings.map(withPlace)) : ['no specific setting']],
    ['like all', [settingsOfAll().map(withPlace).join(', ')]],
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
