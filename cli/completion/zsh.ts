import { COMMAND } from '../../config/how-to-run';
import { type CompletedCommand, type CompletedOption, programOptions, type Values } from './program';

/** The completion for zsh, with the text of each command and option. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, text }) => quoted(`${name}:${text.replaceAll(':', '\\:')}`));
  const cases = commands.map(({ name, options, argument }) => {
    const specs = [...options.flatMap(optionSpecs), ...(argument ? [quoted(`*: :${actionOf(argument)}`)] : [])];
    return `    ${name})\n      _arguments -s \\\n        ${specs.join(' \\\n        ')} ;;`;
  });
  return [
    `#compdef ${COMMAND}`,
    '',
    '_junjo_k8s() {',
    '  local -a commands',
    '  commands=(',
    ...described.map((each) => `    ${each}`),
    "    'help:display help for command'",
    '  )',
    '  if (( CURRENT == 2 )); then',
    '    if [[ $words[2] == -* ]]; then',
    `      _arguments ${programOptions.flatMap(optionSpecs).join(' ')}`,
    '    else',
    '      _describe command commands',
    '    fi',
    '    return',
    '  fi',
    '  local command=$words[2]',
    '  shift words',
    '  (( CURRENT-- ))',
    '  case $command in',
    ...cases,
    '    help) _describe command commands ;;',
    '  esac',
    '}',
    '',
    '(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }',
    `compdef _junjo_k8s ${COMMAND}`,
    '',
  ].join('\n');
}

/** An option for _arguments: `*` lets it stand several times, and `=` lets its value follow in the same word. */
function optionSpecs({ names, text, values }: CompletedOption): readonly string[] {
  const value = values ? `:value:${actionOf(values)}` : '';
  const sign = (name: string) => (values && name.startsWith('--') ? '=' : '');
  return names.map((name) => quoted(`*${name}${sign(name)}[${text.replace(/[\][:\\]/g, '\\$&')}]${value}`));
}

function actionOf(values: Values): string {
  if (values === 'files') return '_files';
  if (values === 'folders') return '_files -/';
  return values.length > 0 ? `(${values.join(' ')})` : ' ';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
