import { setTimeout as wait } from 'node:timers/promises';
import { unexpected } from '../config/problems';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// What nobody has caught: an error in a handler of an event, or in a promise that nobody waits for.
const ERRORS = ['uncaughtException', 'unhandledRejection'] as const;

/** Somebody ended the command. */
class Signaled extends Error {}

/**
 * Ctrl-C, a closed terminal, a stopped job, or an error of this program in any callback: what runs is given up, and what must
 * be put in order still is.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly onError = (error: unknown) => this.controller.abort(error);
  private readonly onSignal = (signal: NodeJS.Signals) => {
    if (this.controller.signal.aborted) this.onRepeated();
    else this.controller.abort(new Signaled(`Interrupted (${signal})`));
  };

  /** @param onRepeated told of every further signal, which changes nothing */
  constructor(private readonly onRepeated: () => void) {
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
    for (const event of ERRORS) process.on(event, this.onError);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Why it came, as a sentence. */
  get reason(): string {
    const { reason } = this.controller.signal;
    return reason instanceof Signaled ? `${reason.message}.` : unexpected(reason);
  }

  /** Signals end the process again. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
    for (const event of ERRORS) process.off(event, this.onError);
  }
}

/** Waits so many ms, or rejects as soon as it is interrupted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
}
