import { release070 } from './0.70';
import type { ReleaseLine } from './release-line';

export * from './release-line';

/** Every release line that can be rendered, oldest first. */
export const releaseLines: readonly [ReleaseLine, ...ReleaseLine[]] = [release070];

/** The tag that a studio runs when its env file names none: the one that upstream's own deployment pins. */
export const defaultTag = '0.70.3';
