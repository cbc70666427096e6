import type { Command, Option } from '../command';

/** What a shell offers after an option, or as an argument: these words, paths of the file system, or nothing. */
export type Values = readonly string[] | 'files' | 'folders';

/** An option as a shell completes it. */
export interface CompletedOption {
  /** `-e` and `--env-file`, or one of them. */
  readonly names: readonly string[];
  readonly text: string;
  /** @default the option takes no value */
  readonly values?: Values;
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  readonly name: string;
  readonly text: string;
  readonly options: readonly CompletedOption[];
  /** @default the command takes no argument */
  readonly argument?: Values;
}

const HELP: CompletedOption = { names: ['-h', '--help'], text: 'display help for command' };

/** Options of the program itself. */
export const programOptions: readonly CompletedOption[] = [
  { names: ['-v', '--version'], text: 'print the version' },
  HELP,
];

/** What a shell needs to know about a command. */
export function completed({ name, summary, options, argument }: Command<never>): CompletedCommand {
  return {
    name,
    text: summary,
    options: [...options.map(completedOption), HELP],
    argument: argument && (argument.choices ?? pathsOf(argument.name)),
  };
}

function completedOption({ flags, text, choices }: Option): CompletedOption {
  const [, value] = /([<[].*)$/.exec(flags) ?? [];
  return {
    names: flags.match(/(?<=^|[ ,])--?[a-z][a-z-]*/g) ?? [],
    text,
    values: value ? (choices ?? pathsOf(value)) : undefined,
  };
}

/** `<file>`, `[paths...]`, and `[source]` are files; `<folder>` is a folder. */
function pathsOf(value: string): Values {
  if (/folder/.test(value)) return 'folders';
  return /file|path|source/.test(value) ? 'files' : [];
}
