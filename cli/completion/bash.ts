import { COMMAND } from '../../config/how-to-run';
import { shellWord } from '../../config/text';
import { type CompletedCommand, programOptions, type Values } from './program';

/** The completion for bash 3.2 and newer: macOS has 3.2. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const valueCases = commands.flatMap(({ name, options }) =>
    options.flatMap(({ names, values }) =>
      values ? [`    ${names.map((each) => `'${name} ${each}'`).join('|')}) ${offer(values)} return ;;`] : [],
    ),
  );
  const argumentCases = commands.map(
    ({ name, options, argument = [] }) =>
      `    ${name}) if [[ $word == -* ]]; then ${offer(options.flatMap(({ names }) => names))} else ${offer(argument)} fi ;;`,
  );
  const first = [...commands.map(({ name }) => name), 'help', ...programOptions.flatMap(({ names }) => names)];
  return [
    '_junjo_k8s_words() {',
    '  COMPREPLY=($(compgen -W "$1" -- "$word"))',
    '}',
    '',
    '# Where compopt exists, bash completes and quotes the names itself.',
    '_junjo_k8s_paths() {',
    "  local IFS=$'\\n'",
    '  compopt -o "$1" 2> /dev/null || COMPREPLY=($(compgen "$2" -- "$word"))',
    '}',
    '',
    '_junjo_k8s() {',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a script of bash
    '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}',
    '  COMPREPLY=()',
    '  # bash makes three words of --option=value.',
    '  if [ "$word" = = ]; then',
    '    word=',
    '  elif [ "$before" = = ]; then',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a script of bash
    '    before=${COMP_WORDS[COMP_CWORD - 2]}',
    '  fi',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    ${offer(first)}`,
    '    return',
    '  fi',
    '  case "$command $before" in',
    ...valueCases,
    '  esac',
    '  case "$command" in',
    ...argumentCases,
    `    help) ${offer(commands.map(({ name }) => name))} ;;`,
    '  esac',
    '}',
    '',
    `complete -F _junjo_k8s ${COMMAND}`,
    '',
  ].join('\n');
}

/** The call that offers values for the word at the cursor. */
function offer(values: Values): string {
  if (values === 'files') return '_junjo_k8s_paths default -f;';
  if (values === 'folders') return '_junjo_k8s_paths dirnames -d;';
  return values.length > 0 ? `_junjo_k8s_words ${shellWord(values.join(' '))};` : ':;';
}
