import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { sleep } from './interruption';
import type { Kubectl } from './kubectl';

/** A Service, and its ports that are forwarded to the same ports of localhost. */
export interface ForwardTarget {
  readonly service: string;
  readonly ports: readonly number[];
}

/** How a forward is run; tests bring their own. */
export interface ForwardOptions {
  /** Knows the namespace of the Service. */
  readonly kubectl: Kubectl;
  /** Called for each message of kubectl, once. */
  readonly onMessage: (message: string) => void;
  /** First wait before a reconnect, in ms; it doubles up to ten times as long while nothing connects. @default 500 */
  readonly retryMs?: number;
}

// After some of these kubectl keeps running, with a forward that no longer works.
const BROKEN = /lost connection to pod|error forwarding port|error occurred forwarding/i;

/** Severity, time and process, with which kubectl begins some lines, so that no two of them are alike: https://github.com/kubernetes/klog */
const LOG_HEADER = /^[IWEF][0-9]{4} [0-9:.]+ +[0-9]+ /;

/** Keeps a kubectl port-forward alive: when its pod is replaced it connects to the next one. */
export class PortForward {
  private readonly ending = new AbortController();
  private child?: ChildProcess;
  private connected = false;
  /** What kubectl complained about since it last connected; it takes turns with several complaints. */
  private readonly said = new Set<string>();

  constructor(
    private readonly target: ForwardTarget,
    private readonly options: ForwardOptions,
  ) {}

  /** Connects, and reconnects until `stop`. Rejects when kubectl cannot be run at all. */
  async run(): Promise<void> {
    const { retryMs = 500 } = this.options;
    const { signal } = this.ending;
    for (let wait = retryMs; !signal.aborted; wait = Math.min(wait * 2, retryMs * 10)) {
      this.connected = false;
      await this.forwardUntilItBreaks();
      if (this.connected) wait = retryMs;
      // Rejects when it is aborted, which is what ends the loop.
      await sleep(wait, signal).catch(() => undefined);
    }
  }

  /** Ends kubectl; `run` resolves when it is gone. */
  stop(): void {
    this.ending.abort();
    this.child?.kill('SIGTERM');
  }

  private forwardUntilItBreaks(): Promise<void> {
    const { service, ports } = this.target;
    const pairs = ports.map((port) => `${port}:${port}`);
    const { kubectl, onMessage } = this.options;
    const child = kubectl.start(['port-forward', `service/${service}`, ...pairs], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error('kubectl was started without pipes');
    this.child = child;
    stdout.on('data', () => {
      this.connected = true;
      this.said.clear();
    });
    createInterface({ input: stderr }).on('line', (line) => {
      const message = line.replace(LOG_HEADER, '').trim();
      if (BROKEN.test(message)) child.kill('SIGTERM');
      else if (message && !this.said.has(message)) onMessage(`${service}: ${message}`);
      this.said.add(message);
    });
    return new Promise((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(kubectl.notRun(error)));
      child.once('close', () => resolve());
    });
  }
}

/** A page that a pod serves over HTTP. */
export interface PodPage {
  readonly pod: string;
  readonly port: number;
  /** For example `/metrics`. */
  readonly path: string;
}

/** Most characters of a page. */
const PAGE_LIMIT = 16 * 1024 * 1024;

/**
 * Reads a page of a pod. A forward goes through the kubelet of its node: no network policy and no Service is in the way, and the
 * pod needs no shell.
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
    // A program that kubectl started, as for credentials, may live on and hold them open: kubectl would not be over.
    for (const stream of [stdout, stderr]) stream.destroy();
  };
  signal.addEventListener('abort', stop);
  let complaints = '';
  stderr.on('data', (data) => {
    complaints += data;
  });
  const ended = kubectl.ended(child);
  // It may fail before anything waits for it.
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
    // The message of fetch does not show why the connection broke, or that the answer is not HTTP.
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

/** Reads a page, and follows no redirect: a program in a pod must not choose what this machine reads. */
async function pageAt(url: string, signal: AbortSignal): Promise<string> {
  const { ok, status, body } = await fetch(url, { signal, redirect: 'manual' });
  if (!ok) throw new Error(`its ${new URL(url).pathname} answers with ${status}`);
  const decoder = new TextDecoder();
  let page = '';
  for await (const part of body ?? []) {
    page += decoder.decode(part, { stream: true });
    if (page.length > PAGE_LIMIT)
      throw new Error(`its ${new URL(url).pathname} is larger than ${PAGE_LIMIT >> 20} MiB`);
  }
  return page;
}

/** The port on localhost that kubectl chose; nothing where it ends before it listens. */
async function localPort(stdout: Readable, signal: AbortSignal): Promise<number | undefined> {
  let port: number | undefined;
  for await (const line of createInterface({ input: stdout, signal })) {
    const [, number] = /^Forwarding from 127\.0\.0\.1:(\d+) /.exec(line) ?? [];
    if (number === undefined) continue;
    port = Number(number);
    break;
  }
  // kubectl ends only after the rest was read.
  stdout.resume();
  return port;
}
