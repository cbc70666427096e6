/** `error` stops the synth, `warning` is a value that was changed or will hurt, `note` is what a reader should know. */
export type Severity = 'error' | 'warning' | 'note';

/** One line for the person who wrote the env file, or a manifest. It never holds the value of a secret. */
export interface Problem {
  readonly severity: Severity;
  /** The file as the person named it. */
  readonly file: string;
  /** 1-based; absent when the line is what is missing. */
  readonly line?: number;
  readonly variable?: string;
  /** Kind and name of an object of a manifest. */
  readonly object?: string;
  /** What is wrong, and how to mend it. */
  readonly text: string;
}

/** Something that was made of what a person wrote, and what is to say of it. */
export interface Built<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** `.env:14 NAME: what is wrong. How to mend it`; warnings and notes say so in front. */
export function formatProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const subject = problem.variable || problem.object;
  const line = `${place}${subject ? ` ${subject}` : ''}: ${problem.text}`;
  return problem.severity === 'error' ? line : `${problem.severity}: ${line}`;
}
