import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { renderSources } from '../main';
import { withFiles } from './fuzz/advice';
import { type Invariant, invariants, type Outcome, type Run, secretsOf } from './fuzz/invariants';
import { type Case, cases, PATCHES, sourcesOf } from './fuzz/studios';

/** A case that breaks an invariant. */
export interface Failure {
  /** Number of the run, from 0. */
  readonly run: number;
  /** Name of the invariant, or `crash`. */
  readonly invariant: string;
  readonly text: string;
  /** The case without the statements that do not matter. */
  readonly example: Case;
}

const certificate = readFileSync('examples/gitops-sealed/sealing-cert.pem', 'utf8');
/** A day on which the certificate is valid. */
const now = new Date('2026-06-01');

/** Renders a case in this process. */
export const runCase: Run = (example, kept = []) => {
  const texts = new Map(kept.map(({ path, text }) => [path, text]));
  const files = new Map([['sealing-cert.pem', certificate], [PATCHES, example.patches], ...texts]);
  try {
    return { rendering: renderSources(sourcesOf(example), { readFile: (path) => files.get(path), now: () => now }) };
  } catch (thrown) {
    return { thrown };
  }
};

/** What a case breaks: the names of the invariants, with what they say. */
export function brokenBy(example: Case, run: Run = runCase, only: Readonly<Record<string, Invariant>> = invariants) {
  const known = new Map<string, Outcome>();
  // Several pieces of advice lead to the same file. A case with files of an earlier rendering must be rendered again.
  const once: Run = (other, kept) => {
    const key = JSON.stringify(other);
    const outcome = (kept ? undefined : known.get(key)) ?? run(other, kept);
    known.set(key, outcome);
    return outcome;
  };
  const outcome = once(example);
  if ('thrown' in outcome) return [{ invariant: 'crash', text: stackOf(outcome.thrown) }];
  return Object.entries(only).flatMap(([invariant, check]) =>
    check(example, outcome.rendering, once).map((text) => ({ invariant, text })),
  );
}

/** Runs from `first` on, and the first failure of each kind. A run is the same for the same seed, whatever runs before it. */
export function* fuzz({ seed, runs, first = 0 }: { seed: number; runs: number; first?: number }): Generator<Failure> {
  const seen = new Set<string>();
  for (const [index, example] of fc.sample(cases, { seed, numRuns: first + runs }).entries()) {
    if (index < first) continue;
    for (const { invariant, text } of brokenBy(example)) {
      const kind = kindOf(invariant, text);
      if (seen.has(kind)) continue;
      seen.add(kind);
      yield { run: index, invariant, text, example: minimised(example, invariant, kind) };
    }
  }
}

/** Failures of one kind differ in values and names alone. */
export function kindOf(invariant: string, text: string): string {
  const message = text
    .replace(/^(warning: |note: )?\S+( JUNJO_\S+)?: /, '$1')
    .replace(/"[^"]*"|[0-9]+|https?:\S+/g, '_');
  return `${invariant}: ${message.slice(0, 60)}`;
}

/** Removes studios, patches and statements while the case still fails in the same way. */
function minimised(example: Case, invariant: string, kind: string): Case {
  const only = invariants[invariant] ? { [invariant]: invariants[invariant] } : {};
  const fails = (smaller: Case) =>
    brokenBy(smaller, runCase, only).some((found) => kindOf(found.invariant, found.text) === kind);
  for (const smaller of smallerThan(example)) if (fails(smaller)) return minimised(smaller, invariant, kind);
  return example;
}

function* smallerThan(example: Case): Generator<Case> {
  for (const studio of example.studios) {
    if (example.studios.length > 1) yield { ...example, studios: example.studios.filter((each) => each !== studio) };
  }
  if (example.shared) yield { ...example, shared: undefined };
  const paths = [...(example.shared ? [example.shared] : []), ...example.studios.map(({ file }) => file)];
  for (const { path, statements } of paths) {
    for (const left of statements.keys()) {
      yield withFiles(example, (file) =>
        file.path === path ? { path, statements: statements.toSpliced(left, 1) } : file,
      );
    }
  }
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? '').split('\n').slice(0, 3).join(' ') : String(thrown);
}

/** A failure in one line, its secrets replaced. */
export function formatFailure({ run, invariant, text, example }: Failure, seed: number): string {
  const files = sourcesOf(example).flatMap(({ files }) => files.map((file) => `${file.path}: ${file.text.trimEnd()}`));
  const whole = `${invariant} --seed ${seed} --run ${run} | ${text} | ${[...new Set(files)].join(' | ')} ${example.patches ?? ''}`;
  const hidden = secretsOf(example).reduce((line, { value }) => line.replaceAll(value, '<secret>'), whole);
  return hidden.replaceAll('\n', '⏎');
}

function main(): void {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { runs: text, seed: text, run: text } });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const runs = values.run === undefined ? Number(values.runs ?? 1000) : 1;
  let failures = 0;
  for (const failure of fuzz({ seed, runs, first: Number(values.run ?? 0) })) {
    console.log(formatFailure(failure, seed));
    failures++;
  }
  console.log(`${runs} runs with seed ${seed}: ${failures} kinds of failures`);
  process.exitCode = failures > 0 ? 1 : 0;
}

if (require.main === module) main();
