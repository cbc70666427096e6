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

// Failures after which the server has certainly changed nothing.
const NOT_DONE: readonly KubectlFailure[] = ['missing program', 'unauthorized', 'forbidden', 'not found'];

/** The time in which a studio is stopped. It always ends with a start. */
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

  /** Stops the writers, and waits until no pod mounts the volume. */
  async begin(signal: AbortSignal): Promise<void> {
    const { writers, claim } = this.studio;
    const { owner, pace } = this.work;
    this.from = Date.now();
    for (const writer of writers) {
      // Before the write, because the server may complete it even if its answer is lost.
      const { token } = owner;
      this.stopped.push({ name: writer.metadata.name, replicas: writer.spec?.replicas ?? 1, token });
      const mark = { ...owner, since: new Date(this.from).toISOString() };
      try {
        await stop(this.work.kubectl, writer, mark, signal);
      } catch (error) {
        if (!(error instanceof KubectlError)) throw error;
        if (NOT_DONE.includes(error.failure)) this.stopped.pop();
        if (error.failure !== 'unreachable') throw error;
        // The server may have done it, so it must be undone whatever the repetition answers.
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
          `The pod ${left[0]?.metadata.name} still mounts the volume, ${Math.round((Date.now() - this.from) / 1000)} s after the stop. Find out why it does not end:`,
          this.work.kubectl.commandLine(['describe', 'pod', left[0]?.metadata.name ?? '']),
        );
      }
      await sleep(this.work.pace.pollMs, signal);
    }
  }

  /** Makes sure that nothing wrote meanwhile, for example because the studio was started. */
  async confirm(signal: AbortSignal): Promise<void> {
    const [other] = await podsOn(this.patient, this.studio.claim.metadata.name, COPY_POD, signal);
    if (!other) return;
    throw new Refusal(
      `The pod ${other.metadata.name} was started while the volume was copied. The copy may be inconsistent, so it was deleted.`,
      'Find out what starts the studio: Argo CD, Flux, an autoscaler, or a person. Then run backup again',
    );
  }

  /**
   * Restarts the studio, whatever happened. If it fails, prints the commands.
   * @returns whether the studio was restarted
   */
  async end(): Promise<boolean> {
    if (this.stopped.length === 0) return true;
    return startAgain(this.work, this.stopped);
  }

  /** Prints after a failure whether the studio runs. @param started what `end` returned */
  tell(started: boolean): void {
    if (this.stopped.length === 0) this.work.console.err('The studio was not stopped.');
    else if (started) this.work.console.err('Backend and ingestion were restarted.');
  }

  /** Waits until the studio is ready, and prints for how long it was down. */
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
        this.work.console.err(`The studio was down for ${duration((Date.now() - this.from) / 1000)}.`);
        return;
      }
      await sleep(this.work.pace.pollMs, signal);
    }
    this.work.console.err(
      `The studio was restarted but is not ready yet. To see its pods: ${this.work.kubectl.commandLine(['get', 'pods'])}`,
    );
  }
}

/** What the user states about the tools that apply a studio from Git. */
export interface GitOpsPaused {
  /** Argo CD is paused, even if this command cannot see it. @default false */
  readonly argoCdPaused?: boolean;
  /** Flux is suspended, even if this command cannot see it. @default false */
  readonly fluxSuspended?: boolean;
}

/** Refuses to stop a studio that would not stay stopped, or whose volume another pod mounts. */
export async function refuseUnlessStoppable(
  kubectl: Kubectl,
  { writers, backend, claim }: LiveStudio,
  { argoCdPaused = false, fluxSuspended = false }: GitOpsPaused,
  signal: AbortSignal,
): Promise<void> {
  const byArgoCd = argoCdPaused ? undefined : await healing(kubectl, backend);
  const byFlux = fluxSuspended ? undefined : await reconciling(kubectl, backend);
  const healer = byArgoCd ?? byFlux;
  if (healer) throw new Refusal(`${healer.text}.`, healer.advice, ...(healer.command ? [healer.command] : []));
  const pods = await podsOn(kubectl, claim.metadata.name, COPY_POD, signal);
  const stranger = pods.find((pod) => !writers.some((writer) => isOf(pod, writer)));
  if (!stranger) return;
  const { name } = stranger.metadata;
  throw new Refusal(
    `The pod ${name} also mounts the volume, but is not part of the studio. Find out who runs it, then delete it:`,
    kubectl.commandLine(['delete', 'pod', name]),
  );
}

/** Restarts Deployments. If it fails, prints the commands. @returns whether all were restarted */
export async function startAgain(
  { kubectl, pace, console: { err } }: Pick<Work, 'kubectl' | 'pace' | 'console'>,
  stopped: readonly Stopped[],
): Promise<boolean> {
  const told = new Set<string>();
  const left = await start(kubectl, stopped, pace, ({ message }) => {
    if (!told.has(message)) err(`  ${inOneLine(message)}\n  The studio is not restarted yet. Trying again.`);
    told.add(message);
  });
  if (left.length === 0) return true;
  err('The studio is STOPPED and failed to restart. As soon as the cluster answers, run:');
  for (const each of left) err(`  ${kubectl.commandLine(startArgs(each))}`);
  return false;
}
