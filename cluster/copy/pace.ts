import { inOneLine } from '../../config/text';
import type { Console } from '../console';
import type { Kubectl } from '../kubectl';

/** How patient commands are with a cluster; tests are less so. */
export interface Pace {
  /** Seconds that one request may take. */
  readonly requestSeconds: number;
  /** ms between two polls. */
  readonly pollMs: number;
  /** ms before the first of the repeated attempts to reach the cluster again; it doubles up to ten times as long. */
  readonly retryMs: number;
  /** Attempts to restart the studio before the user has to. */
  readonly startAttempts: number;
  /** Seconds for which any other request is repeated while the cluster cannot be reached. */
  readonly retrySeconds: number;
  /** Seconds beyond their grace period in which pods must be gone. */
  readonly stopSeconds: number;
  /** Seconds in which the pod that copies must start: its image is on the node, its volume is mounted there. */
  readonly podSeconds: number;
  /** Seconds without a byte after which a copy counts as cut off. */
  readonly stallSeconds: number;
  /** Seconds in which the studio must be ready after its start; its own startup probe gives it fifteen minutes. */
  readonly readySeconds: number;
}

export const usualPace: Pace = {
  requestSeconds: 30,
  pollMs: 1000,
  retryMs: 2000,
  startAttempts: 30,
  retrySeconds: 300,
  stopSeconds: 60,
  podSeconds: 300,
  stallSeconds: 120,
  readySeconds: 1200,
};

/** Repeats failed requests, and prints each error once. */
export function patient(kubectl: Kubectl, { retrySeconds, retryMs }: Pace, { err }: Console): Kubectl {
  const told = new Set<string>();
  const onTrouble = ({ message }: Error) => {
    if (!told.has(message)) err(`  ${inOneLine(message)}\n  Trying again for up to ${retrySeconds} s.`);
    told.add(message);
  };
  return kubectl.patient({ seconds: retrySeconds, retryMs, onTrouble });
}
