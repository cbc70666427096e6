import { release070 } from './0.70';
import { release080 } from './0.80';
import { release082 } from './0.82';
import type { ReleaseLine } from './release-line';

export * from './release-line';

/** Every release line that can be rendered, oldest first. */
export const releaseLines: readonly [ReleaseLine, ...ReleaseLine[]] = [release070, release080, release082];

/** The tag that a studio runs when its env file names none: the one that upstream's own deployment pins. */
export const defaultTag = '0.70.3';
