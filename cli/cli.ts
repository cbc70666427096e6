import { CommanderError, Option as Flag, Command as Parser } from 'commander';
import { isOfSystem, reasonOf, UnwritableFile } from '../config/files';
import { COMMAND, howToRun } from '../config/how-to-run';
import { unexpected } from '../config/problems';
import { inOneLine } from '../config/text';
import { version } from '../package.json';
import { releaseLines } from '../releases';
import { type Command, type ExitCode, type Io, type Option, usageFailure } from './command';
import { printing } from './output';
import { openTerminal } from './terminal';

/** Loads a command with all that it needs. Only the one that runs is loaded. */
type Load = () => Command<never>;

const commands: ReadonlyMap<string, Load> = new Map<string, Load>([
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
]);

// Node.js looks for --env-file among the arguments of the program, too: https://github.com/nodejs/node/issues/54232
const EXIT_CODES = `
Exit codes: 0 done, 1 problems that are printed, 2 wrong usage, 3 the time of status --watch is over,
4 diff found differences, or apply waits for the first user.
(9 is of Node.js itself: the file after --env-file is not there.)`;

/** Begins a command whose options were read. */
type Start = (command: Command<never>, options: never, io: Io) => Promise<ExitCode>;

/** Runs what a command line says. @param start begins the command; tests of documents begin none */
export async function run(
  args: readonly string[],
  given: Io,
  start: Start = (command, options, io) => command.run(options, io),
): Promise<ExitCode> {
  const io = printing(given);
  let exit: ExitCode = 0;
  const program = new Parser(COMMAND)
    .description('Junjo AI Studio on Kubernetes: from the .env of docker compose to manifests.')
    .version(
      `junjo-k8s ${version}, for the release lines ${releaseLines.map(({ name }) => name).join(', ')} of Junjo AI Studio`,
    )
    .addHelpText('after', EXIT_CODES);
  const [first = ''] = args;
  const named = commands.get(first);
  for (const load of named ? [named] : commands.values()) {
    program.addCommand(
      parserOf(load(), async (command, options) => {
        exit = await start(command, options, io);
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
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    const isForProgram = args.includes('--json');
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      if (isForProgram) io.out(JSON.stringify(usageFailure(error.message.replace(/^error: /, ''))));
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

/** How a command is called, for its help. */
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
    // What a shell reads itself, such as a pipe, is not quoted.
    const [, own = '', shell = ''] = /^(.*?)( [|>] .*)?$/.exec(line) ?? [];
    const command = howToRun(...own.split(' '));
    // npm prints the name of the script first, unless it is silent.
    const piped = shell ? command.replace(/^npm run /, 'npm run --silent ') : command;
    return `  ${piped}${shell}\n      ${meaning}`;
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

function flagOf({ flags, text, default: value, repeatable }: Option): Flag {
  const flag = new Flag(flags, text).default(value);
  return repeatable ? flag.argParser((next: string, before: readonly string[] = []) => [...before, next]) : flag;
}

/** Runs what the command line of the process says. */
export async function main(): Promise<void> {
  const line = (text: string) => (text.endsWith('\n') ? text : `${text}\n`);
  const err = (text: string) => process.stderr.write(line(text));
  const failed = (text: string) => {
    err(inOneLine(text));
    process.exitCode = 1;
  };
  // Node.js would show the line of the code in which it happened, and that of a bundle is all of it.
  process.on('uncaughtException', (error) => {
    // A command that has stopped a studio listens itself, and starts it again first.
    if (process.listenerCount('uncaughtException') > 1) return;
    failed(unexpected(error));
    process.exit();
  });
  let isWritable = true;
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].on('error', (error: NodeJS.ErrnoException) => {
      // Whoever reads a pipe may stop reading.
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
      // Some terminals of CI say 0.
      return process.stdout.columns || undefined;
    },
    color: process.stderr.isTTY === true && !process.env.NO_COLOR,
    progress: process.stderr.isTTY ? (text) => process.stderr.write(`\r\u001b[K${text}`) : undefined,
    // Node.js opens stdin when it is first looked at, which takes time that only questions need.
    get terminal() {
      return process.stdin.isTTY && process.stderr.isTTY ? openTerminal : undefined;
    },
  });
  if (isWritable) process.exitCode = exit;
}

if (require.main === module) void main();
