import type { Console } from '../console';
import type { Kubectl } from '../kubectl';
import type { Owner } from './owner';
import type { Pace } from './pace';

/** What a command that copies works with. */
export interface Work {
  readonly kubectl: Kubectl;
  readonly console: Console;
  readonly pace: Pace;
  readonly owner: Owner;
  readonly signal: AbortSignal;
}
