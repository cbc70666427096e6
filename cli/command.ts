import type { Console } from '../cluster/console';
import { formatProblem, hasError, type Problem } from '../config/problems';
import { inOneLine } from '../config/text';

/** How a command ends: 0 done, 1 problems, 2 wrong usage, which stderr explains, 3 the time of `--timeout` is over, 4 differences, or no first user yet. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

/** The process that a command runs in. Tests pass their own. */
export interface Io extends Console {
  readonly environment: NodeJS.ProcessEnv;
  /** Whether stderr shows colors. */
  readonly color: boolean;
  /** Characters in a line of stdout. @default 100, where stdout is not a terminal */
  readonly columns?: number;
  /** Prints a line to stderr whose start has a color, by its number in the escape sequence. @default stderr shows no colors */
  readonly painted?: (start: string, color: number, rest: string) => void;
}

/** An option of a command, as commander writes it: `['--output <folder>', 'folder to render into']`. */
export interface Option {
  readonly flags: string;
  /** What it does. The help adds `default`. */
  readonly text: string;
  readonly default?: string;
  /** Values that a shell offers. The command itself checks the value. @default paths for a file or a folder, otherwise none */
  readonly choices?: readonly string[];
  /** May be given several times, and is a list. */
  readonly repeatable?: boolean;
  /** The empty text is a value. @default wrong usage */
  readonly mayBeEmpty?: boolean;
}

/** A command of `junjo-k8s`. Each has one file in this folder, one line in cli.ts, and one script in package.json. */
export interface Command<Options> {
  readonly name: string;
  /** One sentence without a full stop, for the list of commands. */
  readonly summary: string;
  /** For example `[file]` or `[files...]`. Its value, or the list of them, becomes the option of that name. */
  readonly argument?: { readonly name: string; readonly text: string; readonly choices?: readonly string[] };
  readonly options: readonly Option[];
  /** Command lines without `junjo-k8s`, and what each does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  readonly run: (options: Options, io: Io) => Promise<ExitCode>;
}

/** What a command found and made, for people and for programs. */
export interface Outcome {
  readonly problems: readonly Problem[];
  /** What a person reads on stdout. @default nothing */
  readonly text?: string;
  /** What `--json` prints beside the problems. @default nothing */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** Options of each command that prints its outcome with `tell`. */
export interface JsonOptions {
  readonly json?: boolean;
}

export const jsonOption: Option = { flags: '--json', text: 'print problems and results as one JSON object' };

/** Prints an outcome. An error among its problems makes the command end with 1. */
export function tell({ problems, text, result }: Outcome, { json }: JsonOptions, io: Io): ExitCode {
  if (json) io.out(JSON.stringify({ problems, ...result }, undefined, 2));
  else {
    for (const problem of problems) tellProblem(problem, io);
    if (text) io.out(text);
  }
  return hasError(problems) ? 1 : 0;
}

const COLORS = { error: 31, warning: 33, note: 36 };

/** Prints a problem. Its place, up to the colon, has the color of its severity. */
function tellProblem(problem: Problem, { err, painted }: Io): void {
  const place = formatProblem({ ...problem, text: '' });
  if (painted) painted(place, COLORS[problem.severity], inOneLine(problem.text));
  else err(formatProblem(problem));
}
