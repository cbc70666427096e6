import { existsSync } from 'node:fs';
import type { Connection } from '../cluster/connection';
import { type Pace, usualPace } from '../cluster/copy/pace';
import { Interruption, SIGNALS } from '../cluster/interruption';
import { Kubectl, KubectlError } from '../cluster/kubectl';
import { Refusal } from '../cluster/refusal';
import { formatProblem } from '../config/problems';
import type { ExitCode, Io, JsonOptions, Option } from './command';
import { type ManifestOptions, manifestsOption, oneStudio, studioOptions } from './manifests';

/** Options of each command that reads from a cluster. */
export interface LookOptions extends ManifestOptions {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
}

/** Options of each command that changes a cluster. */
export interface ChangeOptions extends LookOptions {
  readonly yes?: boolean;
  readonly argocdPaused?: boolean;
  readonly fluxSuspended?: boolean;
}

export const lookOptions: readonly Option[] = [
  { flags: '--context <name>', text: 'context of the kubeconfig (default: the current context)' },
  { flags: '--kubeconfig <file>', text: 'kubeconfig file (default: the one that kubectl uses)' },
  { flags: '-n, --namespace <name>', text: 'namespace of the studio (default: the namespace of the manifests)' },
  ...studioOptions.filter(({ flags }) => flags.includes('--env-file')),
];

export const changeOptions: readonly Option[] = [
  ...lookOptions,
  manifestsOption,
  { flags: '--argocd-paused', text: 'skip the check that Argo CD is paused' },
  { flags: '--flux-suspended', text: 'skip the check that Flux is suspended' },
  { flags: '-y, --yes', text: 'do not ask for confirmation' },
];

/** Runs a command that only reads from a cluster. With --json, an interruption is an object, too. */
export async function connectedTo(
  options: LookOptions & JsonOptions,
  io: Io,
  work: (connection: Connection) => Promise<ExitCode>,
): Promise<ExitCode> {
  const onSignal = (signal: NodeJS.Signals) => {
    io.out(JSON.stringify({ error: { message: `Interrupted (${signal})`, failure: 'interrupted' } }));
    process.exit(1);
  };
  if (options.json) for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await withoutStackTrace(io, async () => work(await connect(options, io, usualPace)), options);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** Runs a command that changes a cluster. The command handles interruptions itself. */
export async function withCluster(
  options: ChangeOptions,
  io: Io,
  pace: Pace,
  work: (connection: Connection, signal: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  const own = unfailing(io);
  const interruption = new Interruption(() => own.err('Already interrupted. Cleaning up, please wait.'));
  const { signal } = interruption;
  try {
    return await withoutStackTrace(own, async () => work(await connect(options, own, pace), signal));
  } catch (error) {
    if (!signal.aborted) throw error;
    own.err(interruption.reason);
    return 1;
  } finally {
    interruption.release();
  }
}

/** The same, but errors of printing are ignored: a full disk or a closed terminal must not keep a studio stopped. */
function unfailing(io: Io): Io {
  const attempt =
    (print: (text: string) => void) =>
    (text: string): void => {
      try {
        print(text);
      } catch {
        // There is nowhere to report it.
      }
    };
  const { out, err, progress } = io;
  // Of its own properties alone: `terminal` opens stdin when it is read.
  return Object.create(io, {
    out: { value: attempt(out) },
    err: { value: attempt(err) },
    progress: { value: progress && attempt(progress) },
  });
}

/** Prints a refusal, or an error of kubectl, as a message without a stack trace; with --json as an object. */
export async function withoutStackTrace(
  io: Io,
  work: () => Promise<ExitCode>,
  { json }: JsonOptions = {},
): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof KubectlError)) throw error;
    if (json) io.out(JSON.stringify(failureOf(error)));
    else io.err(error.message);
    return 1;
  }
}

/** What `--json` prints instead of a result. */
export function failureOf(error: Refusal | KubectlError): object {
  const failure = error instanceof KubectlError ? error.failure : 'refused';
  return { error: { message: error.message, failure } };
}

/** Finds the target of a command, without a request to the cluster. With --namespace alone, it needs no manifests. */
async function connect(options: LookOptions, io: Io, { requestSeconds }: Pace): Promise<Connection> {
  const { context, kubeconfig, folder, manifests: named, envFile } = options;
  // kubectl would report that there is no current context.
  if (kubeconfig !== undefined && !existsSync(kubeconfig)) {
    throw new Refusal(`--kubeconfig ${kubeconfig}: does not exist. Check its name`);
  }
  const needed =
    options.namespace === undefined || folder !== undefined || named !== undefined || envFile !== undefined;
  const manifests = needed ? rendered(options, io) : undefined;
  const own = new Kubectl({
    context,
    kubeconfig,
    namespace: options.namespace ?? manifests?.namespace,
    requestTimeout: requestSeconds,
    environment: io.environment,
  });
  const target = await own.target();
  // By name from here on, because the current context can change meanwhile.
  const kubectl = new Kubectl({ ...own.options, context: target.context });
  return { kubectl, target, console: io, manifests };
}

function rendered(options: LookOptions, io: Io): Connection['manifests'] {
  const { studio, problems } = oneStudio(options, io);
  if (studio) return studio;
  const errors = problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  throw new Refusal(...errors, 'Or name the namespace: --namespace');
}
