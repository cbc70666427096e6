import type { Console } from './console';
import type { Kubectl, Target } from './kubectl';
import { Refusal } from './refusal';
import type { StudioManifests } from './studio-manifests';

/** The cluster, the studio, and the console of a command. */
export interface Connection {
  readonly kubectl: Kubectl;
  readonly target: Target;
  readonly console: Console;
  /** The studio as it is rendered. @default only its namespace is known */
  readonly manifests?: StudioManifests;
}

/**
 * Asks a question that is answered with yes or no.
 * @param signal ends the wait for an answer
 * @throws Refusal if it cannot ask on a terminal
 */
export async function confirmed(question: string, { terminal, err }: Console, signal: AbortSignal): Promise<boolean> {
  const person = terminal?.();
  if (!person)
    throw new Refusal('Cannot ask for confirmation: not a terminal. Pass --yes to continue without a question');
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    const answer = await Promise.race([person.ask(`${question} [y/N] `), aborted]);
    const isYes = /^y(es)?$/i.test(answer?.trim() ?? '');
    if (!isYes) err('Cancelled.');
    return isYes;
  } finally {
    person.close();
  }
}
