import { createInterface } from 'node:readline/promises';
import { loadAll } from 'js-yaml';
import type { Deployment } from '../cluster/copy/objects';
import { type Pace, usualPace } from '../cluster/copy/pace';
import { Interruption } from '../cluster/interruption';
import { Kubectl, KubectlError, type Target } from '../cluster/kubectl';
import { Refusal } from '../cluster/refusal';
import { workloadNames } from '../config/names';
import { formatProblem } from '../config/problems';
import { render } from '../main';
import type { ExitCode, Io, Option } from './command';
import { type StudioOptions, selected, studioOptions } from './studio-options';

/** Of each command that looks at a cluster. */
export interface LookOptions extends StudioOptions {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
}

/** Of each command that changes something in a cluster. */
export interface ClusterOptions extends LookOptions {
  readonly yes?: boolean;
  readonly argocdPaused?: boolean;
}

export const lookOptions: readonly Option[] = [
  { flags: '--context <name>', text: "context of the kubeconfig (default: kubectl's current one)" },
  { flags: '--kubeconfig <file>', text: 'kubeconfig (default: what kubectl reads)' },
  { flags: '-n, --namespace <name>', text: 'namespace of the studio (default: that of the env file)' },
  ...studioOptions.filter(({ flags }) => flags.includes('--env-file')),
];

export const clusterOptions: readonly Option[] = [
  ...lookOptions,
  { flags: '--argocd-paused', text: 'Argo CD is paused, though this cannot be seen from here' },
  { flags: '-y, --yes', text: 'do not ask' },
];

/** The cluster and the namespace that a command is about. */
export interface Connection {
  readonly kubectl: Kubectl;
  readonly target: Target;
  /** The backend as the env file renders it. @default there was no need to read one */
  readonly rendered?: Deployment;
}

/** Finds out where a command goes; nothing is changed, and no request is made. */
async function connect(options: LookOptions, io: Io, { requestSeconds }: Pace): Promise<Connection> {
  const { context, kubeconfig } = options;
  const { namespace, rendered } = options.namespace ? { namespace: options.namespace } : studioOf(options, io);
  const own = new Kubectl({
    context,
    kubeconfig,
    namespace,
    requestTimeout: requestSeconds,
    environment: io.environment,
  });
  const target = await own.target();
  // From here on by name: somebody may switch the current context meanwhile.
  return { kubectl: new Kubectl({ ...own.options, context: target.context }), target, rendered };
}

/** Asks whether to go on. Where nobody can be asked, `--yes` is needed. */
export async function confirm(question: string, { yes }: ClusterOptions, signal: AbortSignal): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new Refusal('Nobody can be asked here: say --yes to go on without a question');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal is in raw mode, so that Ctrl-C comes as a key.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}

/** Runs what only looks at a cluster: what kubectl cannot do is told without a stack trace. */
export async function connectedTo(
  options: LookOptions,
  io: Io,
  work: (connection: Connection) => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await work(await connect(options, io, usualPace));
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof KubectlError)) throw error;
    io.err(error.message);
    return 1;
  }
}

/** Runs what changes a cluster: interruptions are left to it, and refusals are told without a stack trace. */
export async function withCluster(
  options: ClusterOptions,
  io: Io,
  pace: Pace,
  work: (connection: Connection, signal: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  const interruption = new Interruption(() => io.err('The studio is being put in order; please wait.'));
  try {
    return await work(await connect(options, io, pace), interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) io.err(`${(interruption.signal.reason as Error).message}.`);
    else if (error instanceof Refusal || error instanceof KubectlError) io.err(error.message);
    else throw error;
    return 1;
  } finally {
    interruption.release();
  }
}

/** The one studio that the env file renders. */
function studioOf(options: StudioOptions, io: Io): { readonly namespace: string; readonly rendered?: Deployment } {
  const { problems, studios, files } = render(selected(options, io), io.environment);
  const [studio, ...others] = studios;
  if (studio && others.length === 0) {
    const objects = files.flatMap(({ path, text }) => (path.endsWith('.yaml') ? (loadAll(text) as Deployment[]) : []));
    const isBackend = ({ kind, metadata }: Deployment) =>
      kind === 'Deployment' && metadata.name === workloadNames.backend;
    return { namespace: studio.namespace, rendered: objects.find(isBackend) };
  }
  if (others.length > 0)
    throw new Refusal('There are several studios here: name the one with --namespace or --env-file');
  const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  throw new Refusal(`${errors.join('\n')}\nOr name the namespace: --namespace`);
}
