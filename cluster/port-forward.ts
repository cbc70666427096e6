import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { sleep } from './interruption';
import { endKubectl, type Kubectl } from './kubectl';
import { Refusal } from './refusal';

/** A Service, and those of its ports that kubectl forwards from the same ports of localhost. */
export interface ForwardTarget {
  readonly service: string;
  readonly ports: readonly number[];
}

/** How a forward runs. */
export interface ForwardOptions {
  /** A kubectl with the namespace of the Service. */
  readonly kubectl: Kubectl;
  /** Receives each complaint of kubectl once. */
  readonly onMessage: (message: string) => void;
  /** First wait before a reconnect, in ms. It doubles up to ten times as long while nothing connects. @default 500 */
  readonly retryMs?: number;
}

/** Another program uses a port of localhost. */
export class TakenPort extends Error {
  override readonly name = 'TakenPort';

  constructor(readonly port: number) {
    super(`Port ${port} on localhost is already in use`);
  }
}

// After some of these kubectl keeps running, with a forward that no longer works.
const BROKEN = /lost connection to pod|error forwarding port|error occurred forwarding/i;

/** Words of kubectl where another attempt cannot help: the Service is deleted, or a permission is missing. */
const MISSING = /\b(services|namespaces) "[^"]*" not found/;
const FORBIDDEN = /is forbidden: User/;

/** kubectl says this of each port, and continues with the others. */
const TAKEN = /unable to listen on port (\d+)/i;

/** The operating system refuses the port, and no program uses it. */
const PRIVILEGED = /permission denied|forbidden by its access permissions/i;

/** kubectl found the Service, but no pod of it that runs. */
const NO_POD = /timed out waiting for the condition/;

/** Severity, time, and process at the start of some lines, which differ in each: https://github.com/kubernetes/klog */
const LOG_HEADER = /^[IWEF][0-9]{4} [0-9:.]+ +[0-9]+ /;

/** Keeps a kubectl port-forward alive: when its pod is replaced, it connects to the next one. */
export class PortForward {
  /** Resolves when kubectl listens on all ports for the first time. */
  readonly listening: Promise<void>;
  private onListening: () => void = () => undefined;
  private readonly ending = new AbortController();
  private child?: ChildProcess;
  private connected = false;
  /** What kubectl complained about since it last connected. It may alternate between several complaints. */
  private readonly said = new Set<string>();

  constructor(
    private readonly target: ForwardTarget,
    private readonly options: ForwardOptions,
  ) {
    this.listening = new Promise((resolve) => {
      this.onListening = resolve;
    });
  }

  /**
   * Connects, and reconnects until `stop`.
   * @throws Refusal when the Service does not exist any more, or a permission is missing
   * @throws TakenPort when another program uses a port
   * @throws KubectlError when kubectl cannot be run
   */
  async run(): Promise<void> {
    const { retryMs = 500 } = this.options;
    const { signal } = this.ending;
    for (let wait = retryMs; !signal.aborted; wait = Math.min(wait * 2, retryMs * 10)) {
      this.connected = false;
      const reason = await this.forwardUntilItBreaks();
      if (reason && !signal.aborted) throw reason;
      if (this.connected) wait = retryMs;
      // Rejects when it is aborted, which is what ends the loop.
      await sleep(wait, signal).catch(() => undefined);
    }
  }

  /** Ends kubectl, the second time by force. `run` resolves afterwards. */
  stop(): void {
    const isAgain = this.ending.signal.aborted;
    this.ending.abort();
    this.end(isAgain ? 'SIGKILL' : 'SIGTERM');
  }

  private end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): void {
    if (this.child) endKubectl(this.child, signal);
    // A program that kubectl started, such as one for credentials, may keep them open.
    if (this.ending.signal.aborted) for (const stream of [this.child?.stdout, this.child?.stderr]) stream?.destroy();
  }

  /** @returns why no further attempt makes sense, if that is so */
  private forwardUntilItBreaks(): Promise<Error | undefined> {
    const { service, ports } = this.target;
    const pairs = ports.map((port) => `${port}:${port}`);
    const { kubectl } = this.options;
    const child = kubectl.start(['port-forward', `service/${service}`, ...pairs], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error('kubectl was started without pipes');
    this.child = child;
    const silent = new Set(ports);
    createInterface({ input: stdout }).on('line', (line) => {
      this.connected = true;
      this.said.clear();
      const [, port] = /^Forwarding from \S+:(\d+) -> /.exec(line) ?? [];
      silent.delete(Number(port));
      if (silent.size === 0) this.onListening();
    });
    let reason: Error | undefined;
    createInterface({ input: stderr }).on('line', (line) => {
      const message = line.replace(LOG_HEADER, '').trim();
      reason ??= this.reasonToStop(message);
      if (reason || BROKEN.test(message)) this.end();
      else this.pass(message);
    });
    return new Promise((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(kubectl.notRun(error)));
      child.once('close', () => resolve(reason));
    });
  }

  private reasonToStop(message: string): Error | undefined {
    const { kubectl } = this.options;
    const [, taken] = TAKEN.exec(message) ?? [];
    if (taken && PRIVILEGED.test(message)) {
      return new Refusal(
        `The operating system does not let you use port ${taken} of localhost: it reserves the port, or requires more rights.`,
        'To forward from a free port, which kubectl chooses, run:',
        `  ${kubectl.commandLine(['port-forward', `service/${this.target.service}`, `:${taken}`])}`,
      );
    }
    if (taken) return new TakenPort(Number(taken));
    if (FORBIDDEN.test(message)) return new Refusal(`You lack permission to forward ports: ${message}`);
    if (!MISSING.test(message)) return undefined;
    const { namespace = 'default' } = kubectl.options;
    return new Refusal(
      `The Service ${this.target.service} does not exist in the namespace ${namespace}. Was the studio deleted?`,
    );
  }

  private pass(message: string): void {
    if (message && !this.said.has(message)) {
      const text = NO_POD.test(message) ? 'no pod is running yet' : message;
      this.options.onMessage(`${this.target.service}: ${text}`);
    }
    this.said.add(message);
  }
}

/** A page that a pod serves over HTTP. */
export interface PodPage {
  readonly pod: string;
  readonly port: number;
  /** For example `/metrics`. */
  readonly path: string;
}

/** Most characters that a page may have. */
const PAGE_LIMIT = 16 * 1024 * 1024;

/**
 * Reads a page of a pod through a port-forward. It needs no shell in the pod, and no network policy or Service affects it,
 * because the kubelet of the node makes the connection.
 */
export async function readPage(kubectl: Kubectl, { pod, port, path }: PodPage, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const child = kubectl.start(['port-forward', `pod/${pod}`, `:${port}`, '--address=127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error('kubectl was started without pipes');
  const stop = () => {
    child.kill('SIGTERM');
    // A program that kubectl started, such as one for credentials, may keep them open.
    for (const stream of [stdout, stderr]) stream.destroy();
  };
  signal.addEventListener('abort', stop);
  let complaints = '';
  stderr.on('data', (data) => {
    complaints += data;
  });
  const ended = kubectl.ended(child);
  // It may fail before the code below waits for it.
  const over = ended.catch(() => undefined);
  try {
    const local = await localPort(stdout, signal);
    signal.throwIfAborted();
    if (local === undefined) {
      await ended;
      throw kubectl.failed(complaints);
    }
    return await pageAt(`http://127.0.0.1:${local}${path}`, signal);
  } catch (error) {
    signal.throwIfAborted();
    // fetch does not say why a connection broke, or why an answer is not HTTP.
    if ((error as Error).name !== 'TypeError') throw error;
    const said = complaints.split('\n').find((line) => BROKEN.test(line));
    throw new Error(
      `${pod} does not serve ${path} on port ${port}${said ? `: ${said.slice(said.search(BROKEN))}` : ''}`,
    );
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    await over;
  }
}

/** Reads a page and follows no redirect: a pod must not choose what this machine reads. */
async function pageAt(url: string, signal: AbortSignal): Promise<string> {
  const { ok, status, body } = await fetch(url, { signal, redirect: 'manual' });
  if (!ok) throw new Error(`its ${new URL(url).pathname} answers with ${status}`);
  const decoder = new TextDecoder();
  let page = '';
  for await (const part of body ?? []) {
    page += decoder.decode(part, { stream: true });
    if (page.length > PAGE_LIMIT)
      throw new Error(`its ${new URL(url).pathname} has more than ${PAGE_LIMIT} characters`);
  }
  return page;
}

/** The port on localhost that kubectl chose, or nothing if kubectl ends before it listens. */
async function localPort(stdout: Readable, signal: AbortSignal): Promise<number | undefined> {
  let port: number | undefined;
  for await (const line of createInterface({ input: stdout, signal })) {
    const [, number] = /^Forwarding from 127\.0\.0\.1:(\d+) /.exec(line) ?? [];
    if (number === undefined) continue;
    port = Number(number);
    break;
  }
  // kubectl ends only after all of its output was read.
  stdout.resume();
  return port;
}
