import { release070 } from './0.70';
import { release080 } from './0.80';
import { release081 } from './0.81';
import { release0810 } from './0.81.0';
import { release082 } from './0.82';
import { release083 } from './0.83';
import { release084 } from './0.84';
import { release085 } from './0.85';
import { release086 } from './0.86';
import type { ReleaseLine } from './release-line';

export * from './moves';
export * from './release-line';

/** Every release line that can be rendered, oldest first. */
export const releaseLines: readonly [ReleaseLine, ...ReleaseLine[]] = [
  release070,
  release080,
  release0810,
  release081,
  release082,
  release083,
  release084,
  release085,
  release086,
];

/**
 * The tag that a studio runs when its env file names none: the system with SQLite, DuckDB and BadgerDB on 1323 and 50051
 * that these manifests were first made for. Upstream's own deployment pins a newer one.
 */
export const defaultTag = '0.70.3';

/** The line of a tag, or of a line's own name; nothing for a release that is not known here. */
export function lineOf(tag: string | undefined): ReleaseLine | undefined {
  return releaseLines.find(({ name, tags }) => tag !== undefined && (tags.includes(tag) || name === tag));
}
