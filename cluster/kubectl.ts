import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { inOneLine, shellWord } from '../config/text';
import type { Manifest } from '../render/manifest';
import { sleep } from './interruption';

/** How kubectl is called: the options that a user would set on its command line. */
export interface KubectlOptions {
  /** Program to run. @default kubectl */
  readonly program?: string;
  /** @default the current context of the kubeconfig */
  readonly context?: string;
  /** @default what kubectl itself reads: `KUBECONFIG`, then `~/.kube/config` */
  readonly kubeconfig?: string;
  /** @default the namespace of the context */
  readonly namespace?: string;
  /** Seconds that one request may take. @default 30 */
  readonly requestTimeout?: number;
  /** @default the environment of this process */
  readonly environment?: NodeJS.ProcessEnv;
  /** @default a request that fails is not repeated */
  readonly patience?: Patience;
}

/** For how long a request is repeated if it did not reach the cluster, or its answer was lost. */
export interface Patience {
  /** Seconds until it has failed for good. */
  readonly seconds: number;
  /** ms before the first repetition; it doubles up to ten times as long. */
  readonly retryMs: number;
  /** Called for each failure except the last. */
  readonly onTrouble?: (error: KubectlError) => void;
}

/** Where kubectl's commands go. */
export interface Target {
  readonly context: string;
  /** Address of the API server. */
  readonly server: string;
  readonly namespace: string;
}

/** Why kubectl failed, as far as commands or users react differently. */
export type KubectlFailure =
  | 'missing program'
  | 'no kubeconfig'
  | 'unreachable'
  | 'unauthorized'
  | 'forbidden'
  | 'not found'
  | 'already exists'
  | 'conflict'
  | 'unknown kind'
  | 'other';

// The messages of kubectl since 1.20 or earlier. The first that matches decides.
const RECOGNISED: readonly (readonly [KubectlFailure, RegExp])[] = [
  ['not found', /\(NotFound\)/],
  ['already exists', /\(AlreadyExists\)/],
  ['conflict', /\(Conflict\)/],
  // The words of exec, which has no status of its own.
  ['forbidden', /\(Forbidden\)|unable to upgrade connection:.*forbidden/i],
  [
    'unauthorized',
    /\(Unauthorized\)|must be logged in|getting credentials|the server has asked for the client to provide/i,
  ],
  ['unknown kind', /the server doesn't have a resource type|no matches for kind|could not find the requested resource/],
  [
    'no kubeconfig',
    /current-context|context .* does not exist|cannot locate context|context was not found|no configuration has been provided|no such file or directory/,
  ],
  [
    'unreachable',
    /connection to the server|unable to connect|dial tcp|i\/o timeout|timeout|deadline exceeded|connection re(set|fused)|\bEOF\b|request canceled|no route to host|lost connection|(ServiceUnavailable|TooManyRequests|InternalError|Timeout)\)/i,
  ],
];

const HINTS: Readonly<Partial<Record<KubectlFailure, string>>> = {
  'missing program': 'Install kubectl: https://kubernetes.io/docs/tasks/tools/',
  'no kubeconfig': 'To list the contexts that kubectl has: kubectl config get-contexts',
  unreachable: 'Check that the cluster is up, and your network or VPN to it. To test the connection: kubectl version',
  unauthorized: 'Sign in to the cluster again',
};

/** kubectl failed. The message comes from kubectl, on one line, with a hint. */
export class KubectlError extends Error {
  override readonly name = 'KubectlError';

  constructor(
    readonly failure: KubectlFailure,
    /** What kubectl printed, without the lines that it prints before a retry. */
    readonly words: string,
    /** What it printed before it failed: some of the objects, if it found only some. */
    readonly output = '',
  ) {
    const hint = HINTS[failure];
    const said = inOneLine(words.trim().replace(/\s*\n\s*/g, ' '));
    super(hint ? `${said.replace(/[^.?!]$/, '$&.')} ${hint}` : said);
  }

  /** Whether the API server was reached and refused the request, also because it could not reach a webhook. */
  get answered(): boolean {
    if (this.failure === 'unauthorized') return false;
    return this.failure === 'unknown kind' || /^Error from server|^The \S+ "[^"]*" is invalid/m.test(this.words);
  }
}

/** What kubectl is called with, and what it reads. */
export interface KubectlCall {
  /** What kubectl reads from stdin. @default nothing */
  readonly input?: string;
  /** Ends kubectl. */
  readonly signal?: AbortSignal;
}

/** What kubectl answered. */
export interface Said {
  readonly text: string;
  /** Warnings of the API server, such as those of Pod Security. */
  readonly warnings: readonly string[];
}

/** The user's own kubectl, with the user's context and credentials. */
export class Kubectl {
  constructor(readonly options: KubectlOptions = {}) {}

  /** The same in another namespace, or, for objects of many that name theirs, in none. */
  in(namespace: string | undefined): Kubectl {
    return new Kubectl({ ...this.options, namespace });
  }

  /** The same for requests that may be done twice: it repeats them while the cluster cannot be reached. */
  patient(patience: Patience): Kubectl {
    return new Kubectl({ ...this.options, patience });
  }

  /** Where its commands go, as the kubeconfig states. No request is made. */
  async target(): Promise<Target> {
    const view: ConfigView = JSON.parse(await this.text(['config', 'view', '--minify', '--output=json']));
    const [context] = view.contexts ?? [];
    const namespace = this.options.namespace ?? context?.context.namespace ?? 'default';
    return { context: context?.name ?? '', server: view.clusters?.[0]?.cluster.server ?? '', namespace };
  }

  /** What kubectl prints, as JSON. The caller knows the kind that it asked for. */
  async json<T>(args: readonly string[], call?: KubectlCall): Promise<T> {
    return JSON.parse(await this.text([...args, '--output=json'], call));
  }

  /** The objects that `kubectl get` finds. @param args resources and flags */
  async list(args: readonly string[], call?: KubectlCall): Promise<readonly Manifest[]> {
    return (await this.json<{ readonly items: readonly Manifest[] }>(['get', ...args], call)).items;
  }

  /** What kubectl prints, as JSON, and nothing where the object, or its kind, does not exist. */
  async jsonIfFound<T>(args: readonly string[], call?: KubectlCall): Promise<T | undefined> {
    try {
      return await this.json<T>(args, call);
    } catch (error) {
      if (error instanceof KubectlError && ['not found', 'unknown kind'].includes(error.failure)) return undefined;
      throw error;
    }
  }

  /** What kubectl prints. */
  async text(args: readonly string[], call?: KubectlCall): Promise<string> {
    return (await this.said(args, call)).text;
  }

  /** The same, with the warnings of the API server. */
  said(args: readonly string[], call: KubectlCall = {}): Promise<Said> {
    const isWorthIt = ({ failure }: KubectlError) => failure === 'unreachable';
    return this.repeated(() => this.attempt(args, call), isWorthIt, call.signal);
  }

  /** Repeats work that fails, as the patience allows. @param isWorthIt whether it may succeed the next time */
  async repeated<T>(
    work: () => Promise<T>,
    isWorthIt: (error: KubectlError) => boolean,
    signal?: AbortSignal,
  ): Promise<T> {
    const { seconds, retryMs, onTrouble } = this.options.patience ?? { seconds: 0, retryMs: 0 };
    const deadline = Date.now() + seconds * 1000;
    let wait = retryMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof KubectlError && isWorthIt(error)) || Date.now() + wait >= deadline) throw error;
        onTrouble?.(error);
        await sleep(wait, signal);
        wait = Math.min(wait * 2, retryMs * 10);
      }
    }
  }

  // No listener of its own is in the way of the result: an error in one would leave whoever waits waiting.
  private async attempt(args: readonly string[], { input, signal }: KubectlCall): Promise<Said> {
    const { requestTimeout = 30 } = this.options;
    signal?.throwIfAborted();
    const child = this.start([`--request-timeout=${requestTimeout}s`, ...args], { stdio: 'pipe' });
    const { stdin, stdout, stderr } = child;
    if (!stdin || !stdout || !stderr) throw new Error('kubectl was started without pipes');
    const abort = () => endKubectl(child, 'SIGTERM');
    signal?.addEventListener('abort', abort);
    try {
      // kubectl that ends before it reads everything says why itself.
      stdin.on('error', () => undefined).end(input ?? '');
      const [code, output, complaints] = await Promise.all([this.ended(child), buffer(stdout), buffer(stderr)]);
      signal?.throwIfAborted();
      if (code === 0) return { text: output.toString(), warnings: warningsIn(complaints.toString()) };
      // A plain "no" is an answer, which kubectl gives on stdout.
      throw this.failed((complaints.length > 0 ? complaints : output).toString(), output.toString());
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Waits until a kubectl has ended, and all that it printed was read. @returns its exit code, or null when it was killed */
  async ended(child: ChildProcess): Promise<number | null> {
    try {
      const [code] = await once(child, 'close');
      return code;
    } catch (error) {
      throw this.notRun(error as NodeJS.ErrnoException);
    }
  }

  /** Starts kubectl for what streams: exec, logs, watches. */
  start(args: readonly string[], options: Pick<SpawnOptions, 'stdio'>): ChildProcess {
    // A group of its own: Ctrl-C in the terminal reaches this command alone, which ends its kubectl in its own order.
    const { environment: env = process.env } = this.options;
    return spawn(this.program, [...this.globalFlags(), ...args], { ...options, env, detached: true });
  }

  /** A command line for the user to paste, with the same context and namespace. */
  commandLine(args: readonly string[]): string {
    return ['kubectl', ...this.globalFlags(), ...args].map(shellWord).join(' ');
  }

  /** A command of another program that reads the kubeconfig, for a person to paste. @param contextFlag how it calls a context */
  toolLine(words: readonly string[], contextFlag = 'context'): string {
    const flags = this.globalFlags().map((flag) => flag.replace(/^--context=/, `--${contextFlag}=`));
    return [...words, ...flags].map(shellWord).join(' ');
  }

  /** The error for a kubectl that could not be started. */
  notRun(error: NodeJS.ErrnoException): KubectlError {
    return new KubectlError('missing program', `${this.program} cannot be run (${error.code})`);
  }

  /** The error for what kubectl printed on stderr, and for what it had printed on stdout. */
  failed(complaints: string, output = ''): KubectlError {
    // Warnings, and lines such as `E0101 12:00:00.000000 1 memcache.go:265] "Unhandled Error" …` come before kubectl's last words.
    const lines = complaints.split('\n').filter((line) => line.trim() !== '' && !/^([EWI]\d{4}|Warning:) /.test(line));
    const said = lines.join('\n').trim() || complaints.trim() || 'kubectl failed without a message';
    // A refused `apply` repeats its patch, which for a Secret is all its values.
    const words = said.replace(/applying patch:\n[\s\S]*?\nfor: /g, 'applying ');
    const [failure] = RECOGNISED.find(([, pattern]) => pattern.test(words)) ?? ['other' as const];
    return new KubectlError(failure, words, output);
  }

  private get program(): string {
    return this.options.program ?? 'kubectl';
  }

  /** The flags that name the cluster, the context, and the namespace. */
  globalFlags(): readonly string[] {
    const { context, kubeconfig, namespace } = this.options;
    return [
      ...(kubeconfig ? [`--kubeconfig=${kubeconfig}`] : []),
      ...(context ? [`--context=${context}`] : []),
      ...(namespace ? [`--namespace=${namespace}`] : []),
    ];
  }
}

/** Ends a kubectl with what it started: `kubectl` may be a script that runs the real one. */
export function endKubectl(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Windows has no process groups.
    child.kill(signal);
  }
}

/** The part of `kubectl config view` that shows where commands go. */
interface ConfigView {
  readonly contexts?: readonly { readonly name: string; readonly context: { readonly namespace?: string } }[] | null;
  readonly clusters?: readonly { readonly cluster: { readonly server: string } }[] | null;
}

function warningsIn(complaints: string): readonly string[] {
  return complaints
    .split('\n')
    .filter((line) => line.startsWith('Warning: '))
    .map((line) => line.slice('Warning: '.length));
}
