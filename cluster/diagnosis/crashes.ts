import type { ClusterState } from './cluster-state';
import { type ContainerTrouble, ended } from './pods';

/** Containers that ended by themselves and are started again. */
export interface Crash extends ContainerTrouble {
  readonly exitCode: number;
  /** The last lines that it wrote, where they could be read. */
  readonly log: string;
}

/** Every container that crashes; which cause it has, its log tells. */
export function* crashes(state: ClusterState): Generator<Crash> {
  for (const trouble of ended(state)) {
    const { container, how, pod } = trouble;
    const restarting = container.restarts > 0 || container.waiting?.reason === 'CrashLoopBackOff' || !container.running;
    if (restarting && how.reason !== 'OOMKilled')
      yield { ...trouble, exitCode: how.exitCode, log: state.logOf(pod, container) ?? how.message };
  }
}

/** The line of a log that says why: the last one that is no part of a trace, without what may be a secret. */
export function lastWords(log: string): string {
  const lines = log.split('\n').filter((line) => /^\S/.test(line) && line.trim() !== '');
  const line = (lines[lines.length - 1] ?? '').slice(0, 300);
  // pydantic repeats the value that it refuses; keys and tokens are long runs of the letters of base64.
  return line
    .replace(/input_value=.*?(?=, input_type=|$)/g, 'input_value=…')
    .replace(/\b(?!\w*Error\b)(\w*(?:secret|key|token|password)\w*['"]?\s*[:=]\s*)('[^']*'|"[^"]*"|\S+)/gi, '$1…')
    .replace(/:\/\/[^\s/@]+@/g, '://…@')
    .replace(/[A-Za-z0-9+/_-]{32,}={0,2}/g, '…');
}
