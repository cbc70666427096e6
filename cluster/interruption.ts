import { setTimeout as wait } from 'node:timers/promises';
import { unexpected } from '../config/problems';

/** Signals that end a command: Ctrl-C, a stopped job, a closed terminal. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

// Errors that nothing caught: in an event handler, or in a promise that nothing waits for.
const ERRORS = ['uncaughtException', 'unhandledRejection'] as const;

/** A signal ended the command. */
class Signaled extends Error {}

/**
 * Turns signals (Ctrl-C, a closed terminal, a stopped job) and uncaught errors of this program into an abort, so that the
 * command can clean up.
 */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly onError = (error: unknown) => this.controller.abort(error);
  private readonly onSignal = (signal: NodeJS.Signals) => {
    if (this.controller.signal.aborted) this.onRepeated();
    else this.controller.abort(new Signaled(`Interrupted (${signal})`));
  };

  /** @param onRepeated called for each further signal, which has no other effect */
  constructor(private readonly onRepeated: () => void) {
    for (const signal of SIGNALS) process.on(signal, this.onSignal);
    for (const event of ERRORS) process.on(event, this.onError);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The reason, as a sentence. */
  get reason(): string {
    const { reason } = this.controller.signal;
    return reason instanceof Signaled ? `${reason.message}.` : unexpected(reason);
  }

  /** From now on, signals end the process again. */
  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.onSignal);
    for (const event of ERRORS) process.off(event, this.onError);
  }
}

/** Waits so many ms, or rejects as soon as it is interrupted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
}
