import { CommanderError, Option as Flag, Command as Parser } from 'commander';
import { version } from '../package.json';
import { releaseLines } from '../releases';
import type { Command, ExitCode, Io, Option } from './command';
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
  ['status', () => (require('./status') as typeof import('./status')).status],
  ['diagram', () => (require('./diagram') as typeof import('./diagram')).diagram],
  ['backup', () => (require('./backup') as typeof import('./backup')).backup],
  ['restore', () => (require('./restore') as typeof import('./restore')).restore],
  ['explain', () => (require('./explain') as typeof import('./explain')).explain],
]);

// Node.js looks for --env-file among the arguments of the program, too: https://github.com/nodejs/node/issues/54232
const EXIT_CODES = `
Exit codes: 0 done, 1 problems that are printed, 2 wrong usage.
(9 is of Node.js itself: the file after --env-file is not there.)`;

/** Begins a command whose options were read. */
type Start = (command: Command<never>, options: never, io: Io) => Promise<ExitCode>;

/** Runs what a command line says. @param start begins the command; tests of documents begin none */
export async function run(
  args: readonly string[],
  io: Io,
  start: Start = (command, options) => command.run(options, io),
): Promise<ExitCode> {
  let exit: ExitCode = 0;
  const program = new Parser('junjo-k8s')
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
    parser.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err, getErrHasColors: () => io.color });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!isOfFileSystem(error)) throw error;
    io.err(`${error.path}: ${error.message.split(',')[0]}. Nothing else was written`);
    return 1;
  }
}

function parserOf(
  command: Command<never>,
  onParsed: (command: Command<never>, options: never) => Promise<void>,
): Parser {
  const { name, summary, argument, options, examples } = command;
  const parser = new Parser(name).description(`${summary}.`).summary(summary);
  const lines = examples.map(([line, meaning]) => `  junjo-k8s ${line}\n      ${meaning}`);
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

/** What the system refuses: no permission, no space, a folder where a file should be. */
function isOfFileSystem(error: unknown): error is NodeJS.ErrnoException & { readonly path: string } {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}

/** Runs what the command line of the process says. */
export async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever reads a pipe may stop reading.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const line = (text: string) => (text.endsWith('\n') ? text : `${text}\n`);
  process.exitCode = await run(process.argv.slice(2), {
    environment: process.env,
    out: (text) => process.stdout.write(line(text)),
    err: (text) => process.stderr.write(line(text)),
    color: process.stderr.isTTY === true && !process.env.NO_COLOR,
    progress: process.stderr.isTTY ? (text) => process.stderr.write(`\r\u001b[K${text}`) : undefined,
    // Node.js opens stdin when it is first looked at, which takes time that only questions need.
    get terminal() {
      return process.stdin.isTTY && process.stderr.isTTY ? openTerminal : undefined;
    },
  });
}

if (require.main === module) void main();
