import { COPY_POD } from '../../config/names';
import { inOneLine } from '../../config/text';
import { fieldsOf } from '../../render/manifest';
import { sleep } from '../interruption';
import { type Kubectl, KubectlError, type KubectlFailure } from '../kubectl';
import { Refusal } from '../refusal';
import { healing } from './argo-cd';
import { reconciling } from './flux';
import { patient } from './pace';
import { duration } from './progress';
import type { Work } from './work';
import { areReady, isOf, type LiveStudio, podsOn, type Stopped, start, startArgs, stop } from './writers';

// Failures that tell that the server did nothing.
const NOT_DONE: readonly KubectlFailure[] = ['missing program', 'unauthorized', 'forbidden', 'not found'];

/** The time in which a studio is stopped: it always ends with a start. */
export class Downtime {
  private readonly stopped: Stopped[] = [];
  private from = 0;
  private readonly patient: Kubectl;

  constructor(
    private readonly studio: LiveStudio,
    private readonly work: Work,
  ) {
    this.patient = patient(work.kubectl, work.pace, work.console);
  }

  /** Stops what writes, and waits until nothing mounts the volume any more. */
  async begin(signal: AbortSignal): Promise<void> {
    const { writers, claim } = this.studio;
    const { owner, pace } = this.work;
    this.from = Date.now();
    for (const writer of writers) {
      // First, because a write whose answer is lost was done all the same.
      const { token } = owner;
      this.stopped.push({ name: writer.metadata.name, replicas: writer.spec?.replicas ?? 1, token });
      const mark = { ...owner, since: new Date(this.from).toISOString() };
      try {
        await stop(this.work.kubectl, writer, mark, signal);
      } catch (error) {
        if (!(error instanceof KubectlError)) throw error;
        if (NOT_DONE.includes(error.failure)) this.stopped.pop();
        if (error.failure !== 'unreachable') throw error;
        // It may have been done. Whatever the server says to a repetition, it is to be undone.
        await stop(this.patient, writer, mark, signal);
      }
    }
    const grace = Math.max(
      ...writers.map(({ spec }) => fieldsOf(spec?.template?.spec).terminationGracePeriodSeconds ?? 30),
    );
    const deadline = Date.now() + (grace + pace.stopSeconds) * 1000;
    for (;;) {
      const left = await podsOn(this.patient, claim.metadata.name, COPY_POD, signal);
      if (left.length === 0) return;
      if (Date.now() > deadline) {
        throw new Refusal(
          `${left[0]?.metadata.name} still mounts the volume, ${Math.round((Date.now() - this.from) / 1000)} s after the stop`,
        );
      }
      await sleep(this.work.pace.pollMs, signal);
    }
  }

  /** Makes sure that nobody wrote meanwhile: somebody, or something, may have started the studio. */
  async confirm(signal: AbortSignal): Promise<void> {
    const [other] = await podsOn(this.patient, this.studio.claim.metadata.name, COPY_POD, signal);
    if (!other) return;
    throw new Refusal(
      `${other.metadata.name} was started while the volume was copied, so that the copy may be torn. Does Argo CD, Flux, an autoscaler or a person start the studio?`,
    );
  }

  /**
   * Starts the studio again, whatever happened, and says how where it cannot.
   * @returns whether it could
   */
  async end(): Promise<boolean> {
    if (this.stopped.length === 0) return true;
    return startAgain(this.work, this.stopped);
  }

  /** Says after a failure whether the studio runs. @param started what `end` returned */
  tell(started: boolean): void {
    if (this.stopped.length === 0) this.work.console.err('The studio was not stopped.');
    else if (started) this.work.console.err('Backend and ingestion were started again.');
  }

  /** Waits until the studio is ready, and says for how long it was away. */
  async untilReady(signal: AbortSignal): Promise<void> {
    const names = this.stopped.map(({ name }) => name);
    const deadline = Date.now() + this.work.pace.readySeconds * 1000;
    while (Date.now() < deadline) {
      const ready = await areReady(this.work.kubectl, names, signal).catch((error) => {
        signal.throwIfAborted();
        this.work.console.err(inOneLine(`  ${(error as Error).message}`));
        return false;
      });
      if (ready) {
        this.work.console.err(`The studio was away for ${duration((Date.now() - this.from) / 1000)}.`);
        return;
      }
      await sleep(this.work.pace.pollMs, signal);
    }
    this.work.console.err(
      `The studio was started and is not ready yet. Look: ${this.work.kubectl.commandLine(['get', 'pods'])}`,
    );
  }
}

/** What a person says of the tools that apply a studio from Git. */
export interface GitOpsPaused {
  /** Argo CD is paused, even if this command cannot see it. @default false */
  readonly argoCdPaused?: boolean;
  /** Flux is suspended, even if this command cannot see it. @default false */
  readonly fluxSuspended?: boolean;
}

/** Refuses to stop a studio that would not stay stopped, or whose volume somebody else writes. */
export async function refuseUnlessStoppable(
  kubectl: Kubectl,
  { writers, backend, claim }: LiveStudio,
  { argoCdPaused = false, fluxSuspended = false }: GitOpsPaused,
  signal: AbortSignal,
): Promise<void> {
  const byArgoCd = argoCdPaused ? undefined : await healing(kubectl, backend);
  const byFlux = fluxSuspended ? undefined : await reconciling(kubectl, backend);
  const healer = byArgoCd ?? byFlux;
  if (healer) throw new Refusal(`${healer.text}. ${healer.advice}`);
  const pods = await podsOn(kubectl, claim.metadata.name, COPY_POD, signal);
  const stranger = pods.find((pod) => !writers.some((writer) => isOf(pod, writer)));
  if (!stranger) return;
  const { name } = stranger.metadata;
  throw new Refusal(
    `${name} mounts the volume too, and is no part of the studio. End it first: ${kubectl.commandLine(['delete', 'pod', name])}`,
  );
}

/** Starts Deployments again, and says how where it cannot. @returns whether it could */
export async function startAgain(
  { kubectl, pace, console: { err } }: Pick<Work, 'kubectl' | 'pace' | 'console'>,
  stopped: readonly Stopped[],
): Promise<boolean> {
  const told = new Set<string>();
  const left = await start(kubectl, stopped, pace, ({ message }) => {
    if (!told.has(message)) err(`  ${inOneLine(message)}\n  The studio is not started yet; trying again.`);
    told.add(message);
  });
  if (left.length === 0) return true;
  err('The studio is STOPPED and could not be started again. As soon as the cluster answers, run:');
  for (const each of left) err(`  ${kubectl.commandLine(startArgs(each))}`);
  return false;
}
