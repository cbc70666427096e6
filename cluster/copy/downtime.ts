import { hostname } from 'node:os';
import { fieldsOf, type Manifest } from '../../render/manifest';
import type { Console } from '../console';
import { sleep } from '../interruption';
import { type Kubectl, KubectlError, type KubectlFailure } from '../kubectl';
import { Refusal } from '../refusal';
import { healing } from './argo-cd';
import type { Pace } from './pace';
import { duration } from './progress';
import {
  areReady,
  findStudio,
  isOf,
  type LiveStudio,
  podsOn,
  type Stopped,
  start,
  startArgs,
  stop,
  stoppedMark,
} from './writers';

// A mark of another machine that is younger may belong to a command that is about to copy.
const YOUNG_MS = 10 * 60_000;

// Failures that tell that the server did nothing.
const NOT_DONE: readonly KubectlFailure[] = ['missing program', 'unauthorized', 'forbidden', 'not found'];

/** The time in which a studio is stopped: it always ends with a start. */
export class Downtime {
  private readonly stopped: Stopped[] = [];
  private from = 0;

  constructor(
    private readonly kubectl: Kubectl,
    private readonly studio: LiveStudio,
    private readonly pace: Pace,
    private readonly console: Console,
    /** Name of the pod that copies, which mounts the volume too. */
    private readonly ownPod: string,
  ) {}

  /** Stops what writes, and waits until nothing mounts the volume any more. */
  async begin(signal: AbortSignal): Promise<void> {
    const { writers, claim } = this.studio;
    this.from = Date.now();
    const mark = { since: new Date(this.from).toISOString(), host: hostname(), pid: process.pid };
    for (const writer of writers) {
      // First, because a write whose answer is lost was done all the same.
      this.stopped.push({ name: writer.metadata.name, replicas: writer.spec?.replicas ?? 1 });
      try {
        await stop(this.kubectl, writer, mark, signal);
      } catch (error) {
        if (error instanceof KubectlError && NOT_DONE.includes(error.failure)) this.stopped.pop();
        throw error;
      }
    }
    const grace = Math.max(
      ...writers.map(({ spec }) => fieldsOf(spec?.template?.spec).terminationGracePeriodSeconds ?? 30),
    );
    const deadline = Date.now() + (grace + this.pace.stopSeconds) * 1000;
    for (;;) {
      const left = await podsOn(this.kubectl, claim.metadata.name, this.ownPod, signal);
      if (left.length === 0) return;
      if (Date.now() > deadline) {
        throw new Refusal(
          `${left[0]?.metadata.name} still mounts the volume, ${Math.round((Date.now() - this.from) / 1000)} s after the stop`,
        );
      }
      await sleep(this.pace.pollMs, signal);
    }
  }

  /** Makes sure that nobody wrote meanwhile: somebody, or something, may have started the studio. */
  async confirm(signal: AbortSignal): Promise<void> {
    const [other] = await podsOn(this.kubectl, this.studio.claim.metadata.name, this.ownPod, signal);
    if (!other) return;
    throw new Refusal(
      `${other.metadata.name} was started while the volume was copied, so that the copy may be torn. Does Argo CD, an autoscaler or a person start the studio?`,
    );
  }

  /**
   * Starts the studio again, whatever happened, and says how where it cannot.
   * @returns whether it could
   */
  async end(): Promise<boolean> {
    if (this.stopped.length === 0) return true;
    return startAgain(this.kubectl, this.stopped, this.pace, this.console);
  }

  /** Waits until the studio is ready, and says for how long it was away. */
  async untilReady(signal: AbortSignal): Promise<void> {
    const names = this.stopped.map(({ name }) => name);
    const deadline = Date.now() + this.pace.readySeconds * 1000;
    while (Date.now() < deadline) {
      const ready = await areReady(this.kubectl, names, signal).catch((error) => {
        signal.throwIfAborted();
        this.console.err(`  ${(error as Error).message}`);
        return false;
      });
      if (ready) {
        this.console.err(`The studio was away for ${duration((Date.now() - this.from) / 1000)}.`);
        return;
      }
      await sleep(this.pace.pollMs, signal);
    }
    this.console.err(`The studio was started and is not ready yet. Look: ${this.kubectl.commandLine(['get', 'pods'])}`);
  }
}

/**
 * Finds the studio of a namespace; where a command died after it had stopped it, the start is finished first.
 * @param rendered its backend as the env file renders it, where it need not be applied yet
 */
export async function findStudioStarted(
  kubectl: Kubectl,
  pace: Pace,
  console: Console,
  rendered?: Manifest,
): Promise<LiveStudio> {
  const studio = await findStudio(kubectl, rendered);
  return (await finishStart(kubectl, studio.writers, pace, console)) ? findStudio(kubectl, rendered) : studio;
}

/** Starts what bears the mark of a command that is dead. @returns whether there was such a thing */
async function finishStart(kubectl: Kubectl, writers: readonly Manifest[], pace: Pace, console: Console) {
  const marked = writers.flatMap((writer) => {
    const mark = stoppedMark(writer);
    return mark ? [{ name: writer.metadata.name, mark }] : [];
  });
  const [first] = marked;
  if (!first) return false;
  const { since, host, pid } = first.mark;
  if (isAlive(first.mark)) {
    throw new Refusal(
      `A copy of this studio is under way: it was stopped ${since} by process ${pid} on ${host}. Wait until that has ended`,
    );
  }
  console.err(
    `The studio was stopped ${since} by a command on ${host} that did not live to start it again. Starting it.`,
  );
  const stopped = marked.map(({ name, mark }) => ({ name, replicas: mark.replicas }));
  if (!(await startAgain(kubectl, stopped, pace, console))) throw new Refusal('The studio could not be started again');
  return true;
}

/** Refuses to stop a studio that would not stay stopped, or whose volume somebody else writes. */
export async function refuseUnlessStoppable(
  kubectl: Kubectl,
  { writers, backend, claim }: LiveStudio,
  { ownPod, argoCdPaused = false }: { readonly ownPod: string; readonly argoCdPaused?: boolean },
  signal: AbortSignal,
): Promise<void> {
  const healer = argoCdPaused ? undefined : await healing(kubectl, backend);
  if (healer) throw new Refusal(`${healer.text}. ${healer.advice}`);
  const pods = await podsOn(kubectl, claim.metadata.name, ownPod, signal);
  const stranger = pods.find((pod) => !writers.some((writer) => isOf(pod, writer)));
  if (!stranger) return;
  const { name } = stranger.metadata;
  throw new Refusal(
    `${name} mounts the volume too, and is no part of the studio. End it first: ${kubectl.commandLine(['delete', 'pod', name])}`,
  );
}

async function startAgain(
  kubectl: Kubectl,
  stopped: readonly Stopped[],
  pace: Pace,
  { err }: Console,
): Promise<boolean> {
  const told = new Set<string>();
  const left = await start(kubectl, stopped, pace, ({ message }) => {
    if (!told.has(message)) err(`  ${message}\n  The studio is not started yet; trying again.`);
    told.add(message);
  });
  if (left.length === 0) return true;
  err('The studio is STOPPED and could not be started again. As soon as the cluster answers, run:');
  for (const each of left) err(`  ${kubectl.commandLine(startArgs(each))}`);
  return false;
}

function isAlive({
  host,
  pid,
  since,
}: {
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}): boolean {
  if (host !== hostname()) return Date.now() - Date.parse(since) < YOUNG_MS;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is somebody else's, and alive.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
