import { CommanderError, Option as Flag, InvalidArgumentError, Command as Parser } from 'commander';
import { isOfSystem, reasonOf, UnwritableFile } from '../config/files';
import { COMMAND, howToRun } from '../config/how-to-run';
import { unexpected } from '../config/problems';
import { inOneLine } from '../config/text';
import type { Command, ExitCode, Io, Option } from './command';
import { printing } from './output';
import { openTerminal } from './terminal';
import { versionText } from './version';

/** Loads a command and its modules. Only the command that runs is loaded. */
type Load = () => Command<never>;

export const commands: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['init', () => (require('./init') as typeof import('./init')).init],
  ['synth', () => (require('./synth') as typeof import('./synth')).synth],
  ['validate', () => (require('./validate') as typeof import('./validate')).validate],
  ['stream', () => (require('./stream') as typeof import('./stream')).stream],
  ['forward', () => (require('./forward') as typeof import('./forward')).forward],
  ['preflight', () => (require('./preflight') as typeof import('./preflight')).preflight],
  ['diff', () => (require('./diff') as typeof import('./diff')).diff],
  ['apply', () => (require('./apply') as typeof import('./apply')).apply],
  ['status', () => (require('./status') as typeof import('./status')).status],
  ['diagram', () => (require('./diagram') as typeof import('./diagram')).diagram],
  ['backup', () => (require('./backup') as typeof import('./backup')).backup],
  ['restore', () => (require('./restore') as typeof import('./restore')).restore],
  ['set-aside', () => (require('./set-aside') as typeof import('./set-aside')).setAside],
  ['explain', () => (require('./explain') as typeof import('./explain')).explain],
  ['completion', () => (require('./completion') as typeof import('./completion')).completionOf(allCommands)],
  ['version', () => (require('./version') as typeof import('./version')).version],
]);

function allCommands(): readonly Command<never>[] {
  return [...commands.values()].map((load) => load());
}

// Node.js also takes --env-file from the arguments of the program, and stops without that file. The scripts of package.json
// prevent that with --, the package cannot: https://github.com/nodejs/node/issues/54232
const EXIT_CODES = [
  '',
  'Exit codes:',
  '  0  done',
  '  1  problems were found',
  '  2  wrong usage',
  '  3  status --watch timed out',
  '  4  diff found differences, or apply waits for the first user',
  '  9  Node.js did not find the file of --env-file',
].join('\n');

/** Starts a command with its options. */
type Start = (command: Command<never>, options: never, io: Io) => Promise<ExitCode>;

/** Runs a command line. @param start starts the command; tests that only parse a command line start nothing */
export async function run(
  args: readonly string[],
  given: Io,
  start: Start = (command, options, io) => command.run(options, io),
): Promise<ExitCode> {
  const io = printing(given);
  const isForProgram = args.includes('--json');
  // What a command says about wrong usage, for --json.
  const said: string[] = [];
  // `terminal` opens stdin when it is read, so the properties are inherited and not copied.
  const ofCommand: Io = Object.create(io, {
    err: { value: (text: string) => io.err(said[said.push(text) - 1] ?? '') },
  });
  let exit = 0 as ExitCode;
  const program = new Parser(COMMAND)
    .description('Junjo AI Studio on Kubernetes: from the .env of docker compose to manifests.')
    .version(versionText, '-v, --version', 'print the version')
    .addHelpText('after', EXIT_CODES);
  const [first = ''] = args;
  const named = commands.get(first);
  for (const load of named ? [named] : commands.values()) {
    program.addCommand(
      parserOf(load(), async (command, options) => {
        exit = await start(command, options, ofCommand);
      }),
    );
  }
  for (const parser of [program, ...program.commands]) {
    parser
      .configureHelp({ commandUsage: usageOf })
      .exitOverride()
      .configureOutput({
        writeOut: io.out,
        writeErr: io.err,
        outputError: (text, write) => write(args.reduce((said, arg) => said.replaceAll(arg, inOneLine(arg)), text)),
        getErrHasColors: () => io.color,
      });
  }
  try {
    await program.parseAsync(first === '-V' ? ['--version'] : args, { from: 'user' });
    if (exit === 2 && isForProgram) io.out(usageFailure(said.join('\n')));
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (isForProgram) io.out(usageFailure(error.message.replace(/^error: /, '')));
      return 2;
    }
    if (!isOfSystem(error) && !(error instanceof UnwritableFile)) throw error;
    const { message } =
      error instanceof UnwritableFile ? error : new UnwritableFile(error.path ?? 'a file', reasonOf(error));
    const text = `${message}. Nothing else was written`;
    if (isForProgram) io.out(JSON.stringify({ error: { message: text, failure: 'unwritable file' } }));
    else io.err(inOneLine(text));
    return 1;
  }
}

/** What `--json` prints instead of a result when a command was called in a wrong way. */
function usageFailure(message: string): string {
  return JSON.stringify({ error: { message, failure: 'usage' } });
}

/** The usage line in the help of a command. */
function usageOf(command: Parser): string {
  const name = command.parent ? [command.name()] : [];
  const option = '--help';
  return howToRun(...name, option).replace(option, command.usage());
}

function parserOf(
  command: Command<never>,
  onParsed: (command: Command<never>, options: never) => Promise<void>,
): Parser {
  const { name, summary, argument, options, examples } = command;
  const parser = new Parser(name).description(`${summary}.`).summary(summary);
  const lines = examples.map(([line, meaning]) => {
    // The part for the shell, such as a pipe, is not quoted. Whatever reads it must not get the lines that npm prints.
    const [, own = '', shell = ''] = /^(.*?)( (?:[|>]|>>) .*)?$/.exec(line) ?? [];
    const called = howToRun(...own.split(' '));
    return `  ${shell ? called.replace(/^npm run /, 'npm run --silent ') : called}${shell}\n      ${meaning}`;
  });
  parser.addHelpText('after', `\nExamples:\n${lines.join('\n')}\n${EXIT_CODES}`);
  for (const option of options) parser.addOption(flagOf(option));
  if (argument) parser.argument(argument.name, argument.text);
  return parser.action(async () => {
    const [name] = parser.registeredArguments;
    const values = { ...parser.opts(), ...(name && { [name.name()]: parser.processedArgs[0] }) };
    await onParsed(command, values as never);
  });
}

function flagOf({ flags, text, default: value, repeatable, mayBeEmpty }: Option): Flag {
  return new Flag(flags, text).default(value).argParser<unknown>((next, before) => {
    // A script passes an unset variable as "". The default, such as the current context, would be the wrong choice.
    if (next === '' && !mayBeEmpty) throw new InvalidArgumentError('The value is empty. Set it, or remove the option');
    return repeatable ? [...(Array.isArray(before) ? before : []), next] : next;
  });
}

/** Runs the command line of the process. */
export async function main(): Promise<void> {
  const line = (text: string) => (text.endsWith('\n') ? text : `${text}\n`);
  const err = (text: string) => process.stderr.write(line(text));
  const failed = (text: string) => {
    err(inOneLine(text));
    process.exitCode = 1;
  };
  // Node.js would print the line of code that failed. In a bundle, one line holds all of the code.
  process.on('uncaughtException', (error) => {
    // A command that has stopped a studio has its own listener, which starts the studio again first.
    if (process.listenerCount('uncaughtException') > 1) return;
    failed(unexpected(error));
    process.exit();
  });
  let isWritable = true;
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].on('error', (error: NodeJS.ErrnoException) => {
      // The reader of a pipe may stop reading.
      if (error.code === 'EPIPE') return;
      if (isWritable) failed(`${name}: ${reasonOf(error)}`);
      isWritable = false;
    });
  }
  const exit = await run(process.argv.slice(2), {
    environment: process.env,
    out: (text) => process.stdout.write(line(text)),
    err,
    get columns() {
      // Some terminals of CI systems report 0.
      return process.stdout.columns || undefined;
    },
    color: process.stderr.isTTY === true && !process.env.NO_COLOR,
    progress: process.stderr.isTTY ? (text) => process.stderr.write(`\r\u001b[K${text}`) : undefined,
    // Node.js opens stdin at its first use, which takes time. Only questions need it.
    get terminal() {
      return process.stdin.isTTY && process.stderr.isTTY ? openTerminal : undefined;
    },
  });
  if (isWritable) process.exitCode = exit;
}

if (require.main === module) void main();
