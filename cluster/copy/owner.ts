import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** A command that copies a studio. It is written on its pod, and on the Deployments that it stops. */
export interface Owner {
  readonly command: 'backup' | 'restore' | 'set-aside';
  readonly host: string;
  readonly pid: number;
  /** Distinguishes two commands of one process. */
  readonly token: string;
  /** When it began, in RFC 3339. */
  readonly since: string;
}

// The commands that run in this process.
const running = new Set<string>();

/** Names a command until `ended`. */
export function newOwner(command: Owner['command']): Owner {
  const owner = { command, host: hostname(), pid: process.pid, token: randomUUID(), since: new Date().toISOString() };
  running.add(owner.token);
  return owner;
}

/** Records that a command of this process has ended. */
export function ended({ token }: Owner): void {
  running.delete(token);
}

/** The owner that an annotation names. @returns nothing if another tool wrote the annotation */
export function ownerIn(annotation: string | undefined): Owner | undefined {
  try {
    const value = JSON.parse(annotation ?? 'null');
    const isOwner = typeof value?.host === 'string' && typeof value.pid === 'number' && typeof value.since === 'string';
    return isOwner ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a command still runs. @returns nothing if it is a command of another machine */
export function stillRuns({ host, pid, token }: Owner): boolean | undefined {
  if (host !== hostname()) return undefined;
  if (pid === process.pid) return running.has(token);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process of another user runs.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
