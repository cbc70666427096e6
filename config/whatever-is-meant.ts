import { formatProblem, type Problem } from './problems';

/** Texts of variables, by their names. */
export type Texts = ReadonlyMap<string, string>;

/** At most this many studios are checked instead of one with several invalid values. */
const MOST = 36;

/**
 * Valid values for several invalid ones: every combination of their samples. If there are more than `MOST`, each sample is in at
 * least one combination.
 */
export function combinations(samples: ReadonlyMap<string, readonly string[]>): readonly Texts[] {
  return [...samples].reduce<readonly Texts[]>(
    (found, [name, texts]) => {
      if (found.length * texts.length <= MOST) {
        return found.flatMap((others) => texts.map((text) => new Map(others).set(name, text)));
      }
      // The quotient keeps a variable from changing in step with the one before it.
      return found.map((others, index) => {
        const text = texts[(index + Math.floor(index / texts.length)) % texts.length] ?? '';
        return new Map(others).set(name, text);
      });
    },
    [new Map()],
  );
}

/**
 * The problems of other variables that do not depend on invalid values: those found with every combination, whose advice names
 * none of the invalid variables.
 * @param found the problems of each combination
 */
export function whateverIsMeant(
  found: readonly (readonly Problem[])[],
  invalid: readonly string[],
): readonly Problem[] {
  const [first = new Map<string, Problem>(), ...others] = found.map(
    (problems) => new Map(problems.map((each) => [formatProblem(each), each])),
  );
  const names = invalid.map((name) => new RegExp(`\\b${name}\\b`));
  return [...first.values()].filter(
    (problem) =>
      !invalid.includes(problem.variable ?? '') &&
      others.every((problems) => problems.has(formatProblem(problem))) &&
      !names.some((name) => name.test(problem.text)),
  );
}
