import { COMMAND } from '../../config/how-to-run';
import { type CompletedCommand, type CompletedOption, programOptions, type Values } from './program';

/** The completion for fish, with the text of each command and option. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const atStart = '__fish_use_subcommand';
  const lines = [
    `complete -c ${COMMAND} -f`,
    ...programOptions.map((option) => optionLine(atStart, option)),
    ...commands.map(({ name, text }) => line(atStart, `-a ${name} -d ${quoted(text)}`)),
    line(atStart, "-a help -d 'display help for command'"),
    line('__fish_seen_subcommand_from help', `-a ${quoted(names.join(' '))}`),
    ...commands.flatMap(({ name, options, argument }) => {
      const within = `__fish_seen_subcommand_from ${name}`;
      const offered = argument && argumentsOf(argument);
      return [...options.map((option) => optionLine(within, option)), ...(offered ? [line(within, offered)] : [])];
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function line(condition: string, what: string): string {
  return `complete -c ${COMMAND} -n ${quoted(condition)} ${what}`;
}

function optionLine(condition: string, { names, text, values }: CompletedOption): string {
  const named = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = values ? ` -r ${argumentsOf(values)}` : '';
  return line(condition, `${named.join(' ')}${value} -d ${quoted(text)}`);
}

function argumentsOf(values: Values): string {
  if (values === 'files') return '-F';
  if (values === 'folders') return "-f -a '(__fish_complete_directories)'";
  return values.length > 0 ? `-f -a ${quoted(values.join(' '))}` : '-f';
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
