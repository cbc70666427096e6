import { loadAll } from 'js-yaml';
import { validateObjects } from '../../cli/validate/manifests';
import { packedSchemas } from '../../cli/validate/packed-schemas';
import { Schemas, unpack } from '../../cli/validate/schemas';
import { readEnvFile } from '../../config/env-file';
import { readEnvFiles } from '../../config/env-files';
import { formatProblem, hasError, type Problem } from '../../config/problems';
import type { Rendering } from '../../main';
import { filesOf as renderedFiles } from '../../render/files';
import { alternativesOf, type Edit, filesOf, followed, valueIn, withFiles } from './advice';
import { LONGEST_SENTENCE, longSentences } from './prose';
import { type Case, nameOf, PATCHES, sound, sourcesOf, variables } from './studios';

/** The outcome of a case: its rendering, or what was thrown. */
export type Outcome = { readonly rendering: Rendering } | { readonly thrown: unknown };

/** Renders a case. @param kept files that an earlier rendering wrote beside its output */
export type Run = (example: Case, kept?: Rendering['kept']) => Outcome;

/** A condition for every rendering. It returns one text for each violation. */
export type Invariant = (example: Case, rendering: Rendering, run: Run) => readonly string[];

/** A message of a rule names every object that breaks it; others fit on a screen. */
const LONGEST_MESSAGE = 1200;

/** Valid values that are tried instead of an invalid one. */
const SOUND_VALUES = 4;

/** Steps of following advice after which a person would have given up. */
const MOST_STEPS = 20;

const errorsOf = (problems: readonly Problem[]) => problems.filter(({ severity }) => severity === 'error');
/** A note requires no change. */
const isAdvice = ({ severity }: Problem) => severity !== 'note';
const isRule = ({ text }: Problem) => /^(breaks|waives) the rule /.test(text);
/** Errors of the files themselves: a studio without one is patched and checked further. */
const ownErrorsOf = (problems: readonly Problem[]) =>
  errorsOf(problems).filter((problem) => problem.variable && !isRule(problem));
/** Each studio by itself: an advice about what several share is good for one of them. */
const alone = (example: Case): readonly Case[] => example.studios.map((studio) => ({ ...example, studios: [studio] }));
const problemsOf = (outcome: Outcome): readonly Problem[] => ('thrown' in outcome ? [] : outcome.rendering.problems);

/** Messages are one line of short sentences, without a full stop at the end, and without a trace of a bug. */
const messagesReadable: Invariant = (_, { problems }) =>
  problems.flatMap((problem) => {
    const line = formatProblem(problem);
    const [long] = longSentences(problem.text, LONGEST_SENTENCE);
    const faults = [
      long !== undefined && `has a long sentence: ${long}`,
      /This is a bug|\[object Object\]|\[native code\]|\bundefined\b|\bNaN\b|\bat \S+ \(|\.ts:[0-9]/.test(
        problem.text,
      ) && 'has a trace of a bug',
      /\\n|\n/.test(line) && 'has a line break',
      !isRule(problem) && line.length > LONGEST_MESSAGE && `has ${line.length} characters`,
      /(^|\s)[\w-]+\.$/.test(problem.text) && 'ends with a full stop',
      problem.text.trim() === '' && 'is empty',
    ];
    return faults.filter((fault) => fault !== false).map((fault) => `${shortened(problem)} | ${fault}`);
  });

/** What breaks a rule is blamed on a line of a person's file, never on the charts. */
const chartsBreakNoRule: Invariant = (example, { problems }) => {
  const files = [PATCHES, ...filesOf(example).map(({ path }) => path)];
  return problems
    .filter((problem) => isRule(problem) && !(files.includes(problem.file) && problem.line !== undefined))
    .map(shortened);
};

/** A message with a line names the line where the variable stands; one without says that the variable is not set. */
const placesExist: Invariant = (example, { problems }) =>
  problems.flatMap((problem) => {
    const own = filesOf(example).find(({ path }) => path === problem.file);
    if (!own || !problem.variable) return [];
    const line = problem.line && own.statements.join('\n').split('\n')[problem.line - 1];
    if (line) return nameOf(line).trim() === problem.variable ? [] : [`${shortened(problem)} | stands elsewhere`];
    const isSet = own.statements.some((statement) => nameOf(statement) === problem.variable);
    const saysSo = /\bis missing\b|\bis not set\b|\bSet it\b/.test(problem.text);
    return isSet || !saysSo ? [`${shortened(problem)} | names no line`] : [];
  });

/**
 * Following an advice literally solves the problem, and causes no more errors than before. Only a corrected value, or a choice
 * between two lines, may lead to other errors, because what depends on it was not checked before.
 */
const adviceHelps: Invariant = (example, _, run) =>
  alone(example).flatMap((studio) => {
    const problems = problemsOf(run(studio));
    return stepsFrom(studio, problems.filter(isAdvice)).flatMap(({ problem, edits, next }) => {
      const told = `${shortened(problem)} | ${describe(edits)}`;
      if (JSON.stringify(next) === JSON.stringify(studio)) return [`${told} changes nothing`];
      const after = problemsOf(run(next));
      if (after.some(({ variable, text }) => variable === problem.variable && text === problem.text)) {
        return [`${told} leaves the problem`];
      }
      const [first] = edits;
      const chooses = problem.text.endsWith('Remove one of the two lines');
      const corrects =
        first?.name === problem.variable && (isUnsound(studio, problem) || edits.at(-1)?.value !== undefined);
      if (chooses || corrects || ownErrorsOf(after).length <= ownErrorsOf(problems).length) return [];
      const known = problems.map(({ text }) => text);
      const added = ownErrorsOf(after).filter(({ text }) => !known.includes(text));
      return [`${told} adds: ${added.map(shortened).join(' & ')}`];
    });
  });

/** While a value is invalid, no error depends on it: the others would be there whatever sound value it had. */
const dependentsWait: Invariant = (example, _, run) =>
  alone(example).flatMap((studio) => {
    const errors = ownErrorsOf(problemsOf(run(studio)));
    return errors
      .filter((problem) => isUnsound(studio, problem))
      .flatMap(({ file, variable = '' }) => {
        const sane = (sound.get(variable) ?? []).slice(0, SOUND_VALUES);
        const others = errors.filter((problem) => problem.variable !== variable);
        return sane.flatMap((value) => {
          const after = problemsOf(run(followed(studio, file, [{ name: variable, value }])));
          return others
            .filter(
              (problem) =>
                !after.some(({ variable: name, text }) => name === problem.variable && text === problem.text),
            )
            .map(
              (problem) => `${shortened(problem)} | depends on ${variable}, which is invalid; not there with ${value}`,
            );
        });
      });
  });

/** Following the first advice again and again ends, and never leads back to where it was. */
const adviceEnds: Invariant = (example, _, run) =>
  alone(example).flatMap((studio) => {
    const seen = new Set<string>();
    let current = studio;
    for (let step = 0; step < MOST_STEPS; step++) {
      seen.add(JSON.stringify(current));
      const [first] = stepsFrom(current, errorsOf(problemsOf(run(current))));
      if (!first) return [];
      if (seen.has(JSON.stringify(first.next))) return [`${shortened(first.problem)} | leads back to an earlier file`];
      current = first.next;
    }
    return [
      `advice does not end: ${errorsOf(problemsOf(run(current)))
        .map(shortened)
        .join(' & ')}`,
    ];
  });

/** Whether the variable of a problem holds what its type does not know. */
function isUnsound(studio: Case, problem: Problem): boolean {
  const files = sourcesOf(studio).flatMap((source) => source.files);
  const value = readEnvFiles(files, () => undefined, []).entries.get(problem.variable ?? '')?.value ?? '';
  const parsed = variables.get(problem.variable ?? '')?.type.parse(value);
  return value !== '' && parsed !== undefined && 'problem' in parsed;
}

/** Where each alternative of each advice leads. */
function stepsFrom(example: Case, problems: readonly Problem[]) {
  return problems.flatMap((problem) =>
    alternativesOf(problem, valueIn(example, problem)).map((edits) => {
      return { problem, edits, next: followed(example, problem.file, edits) };
    }),
  );
}

/** No two pieces of advice set one variable to different values. */
const adviceAgrees: Invariant = (example, { problems }) => {
  const all = problems.flatMap((problem) => {
    const alternatives = alternativesOf(problem, valueIn(example, problem));
    const whole = alternatives.flat().filter(({ value, partial }) => value !== undefined && !partial);
    const [name] = new Set(whole.map((edit) => edit.name));
    // Where there is another way, no two of them need be taken together.
    const isOnly = name && alternatives.every((edits) => edits.some((edit) => edit.name === name && edit.value));
    return isOnly ? [{ problem, key: `${problem.file} ${name}`, values: whole.map(({ value }) => value) }] : [];
  });
  return all.flatMap(({ problem, key, values }, index) =>
    all
      .slice(index + 1)
      .filter((other) => other.key === key && !other.values.some((value) => values.includes(value)))
      .map((other) => `${shortened(problem)} | contradicts: ${shortened(other.problem)}`),
  );
};

/** No secret is in a message, nor in an object other than the Secret, as it is or in base64 or as a part of a URL. */
const secretsStay: Invariant = (example, { problems, manifests }) => {
  const places = [
    ...problems.map((problem) => ({
      where: `a message about ${problem.variable ?? problem.file}`,
      text: formatProblem(problem),
    })),
    ...manifests.flatMap(({ manifest }) =>
      manifest.kind === 'Secret'
        ? []
        : [{ where: `${manifest.kind} ${manifest.metadata.name}`, text: JSON.stringify(manifest) }],
    ),
  ];
  return secretsOf(example).flatMap(({ name, value }) => {
    const forms = [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      ...(['base64', 'base64url'] as const).map((form) => Buffer.from(value).toString(form)),
    ];
    return places
      .filter(({ text }) => forms.some((form) => text.includes(form)))
      .map(({ where }) => `${name} is in ${where}`);
  });
};

/** The same files render to the same bytes, and so do they with their statements in another order. */
const rendersTheSame: Invariant = (example, rendering, run) => {
  if (rendering.manifests.length === 0) return [];
  const bytes = JSON.stringify(renderedFiles(rendering.manifests));
  const differs = (other: Case) => {
    const outcome = run(other, rendering.kept);
    return 'thrown' in outcome || JSON.stringify(renderedFiles(outcome.rendering.manifests)) !== bytes;
  };
  // The later of two statements with one name wins, and a reference finds only what stands above it.
  const isOrdered = filesOf(example).some(
    ({ statements }) =>
      new Set(statements.map(nameOf)).size < statements.length || statements.some((each) => each.includes('$')),
  );
  const turned = withFiles(example, ({ path, statements }) => ({ path, statements: statements.toReversed() }));
  return [
    ...(differs(example) ? ['rendered again, it differs'] : []),
    ...(!isOrdered && differs(turned) ? ['with its statements in another order, it differs'] : []),
  ];
};

let schemas: Schemas | undefined;

/** What is rendered is YAML, and valid on the oldest and the newest version of Kubernetes. Patches may break a schema. */
const validManifests: Invariant = (example, { manifests }) => {
  const unread = renderedFiles(manifests).flatMap(({ path, text }) => {
    try {
      return loadAll(text).length > 0 ? [] : [`${path} is empty`];
    } catch (error) {
      return [`${path} is not YAML: ${error}`];
    }
  });
  if (example.patches !== undefined) return unread;
  schemas ??= new Schemas(unpack(packedSchemas));
  const versions = [schemas.versions[0] ?? '', schemas.versions.at(-1) ?? ''];
  return [...unread, ...validateObjects(manifests, schemas, { versions }).problems.map(formatProblem)];
};

/** Without an error there is something rendered, and with one there is nothing. */
const allOrNothing: Invariant = (_, { problems, manifests }) =>
  hasError(problems) === (manifests.length === 0)
    ? []
    : [`${errorsOf(problems).length} errors, ${manifests.length} objects`];

/** Every invariant by its name. */
export const invariants: Readonly<Record<string, Invariant>> = {
  messagesReadable,
  chartsBreakNoRule,
  placesExist,
  adviceHelps,
  dependentsWait,
  adviceEnds,
  adviceAgrees,
  secretsStay,
  rendersTheSame,
  validManifests,
  allOrNothing,
};

/** The secrets of a case that are long and random enough to be told from other text. */
export function secretsOf(example: Case): readonly { readonly name: string; readonly value: string }[] {
  const entries = sourcesOf(example).flatMap(({ files }) => files.flatMap(({ text }) => readEnvFile(text).entries));
  return entries
    .filter(({ name }) => variables.get(name)?.secret)
    .flatMap(({ name, value }) =>
      [value, /:\/\/[^/]*:([^/]*)@/.exec(value)?.[1] ?? ''].map((each) => ({ name, value: each })),
    )
    .filter(({ value }) => value.length >= 20 && [/[0-9]/, /[a-z]/, /[A-Z]/].every((kind) => kind.test(value)));
}

function describe(edits: readonly Edit[]): string {
  return edits
    .map(({ name, value }) => (value === undefined ? `without ${name}` : `${name}=${value.slice(0, 60)}`))
    .join(', ');
}

function shortened(problem: Problem): string {
  const line = formatProblem(problem);
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
