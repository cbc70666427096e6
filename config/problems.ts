import { inOneLine } from './text';

/**
 * `error` stops the command or is broken, `warning` works but can cause harm, `note` is good to know, `wait` is in progress, `ok`
 * is fine.
 */
export type Severity = 'error' | 'warning' | 'note' | 'wait' | 'ok';

/** A fact about a studio, for a person to read. It never contains the value of a secret. */
export interface Finding {
  readonly severity: Severity;
  /** What it is about, for example `backend`, or `claim junjo-ai-studio-data`. */
  readonly subject: string;
  /** What was found, without a full stop. */
  readonly text: string;
  /** The command or the setting that fixes it. @default there is nothing to fix */
  readonly fix?: string;
}

/** A finding about a line that a person wrote, in an env file or a manifest. Its place is its subject. */
export interface Problem extends Pick<Finding, 'text'> {
  readonly severity: 'error' | 'warning' | 'note';
  /** The file as the person named it. */
  readonly file: string;
  /** 1-based; absent when the line is what is missing. */
  readonly line?: number;
  readonly variable?: string;
  /** Kind and name of an object of a manifest. */
  readonly object?: string;
}

/** A value built from what a person wrote, and its problems. */
export interface Built<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** Whether anything is an error, which makes a command fail. */
export function hasError(findings: readonly Pick<Finding, 'severity'>[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

/** Removes duplicates: several studios that share a file report the same problem. */
export function distinctProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
}

/** `.env:14 NAME: what is wrong. How to fix it`, always one line, with a prefix for warnings and notes. */
export function formatProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const subject = problem.variable || problem.object;
  const line = `${place}${subject ? ` ${subject}` : ''}: ${problem.text}`;
  return inOneLine(problem.severity === 'error' ? line : `${problem.severity}: ${line}`);
}

/** One line about a bug of this program. Its stack of bundled code would not help a person. */
export function unexpected(error: unknown): string {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `This is a bug in junjo-ai-studio-cdk8s: please report it. ${reason}`;
}
