import { posix } from 'node:path';
import type { Component, SourceMount } from '../releases';
import type { StudioConfig } from './studio-config';

/** A file or folder of the nodes that a component mounts. */
export interface NodeMount extends SourceMount {
  /** Name of the volume. */
  readonly name: string;
  /** Absolute path on the node. */
  readonly path: string;
}

/** What a component of a studio mounts of its nodes: nothing, unless it reloads from sources. */
export function nodeMountsOf(
  { line, sourcePath }: Pick<StudioConfig, 'line' | 'sourcePath'>,
  component: Component,
): readonly NodeMount[] {
  if (sourcePath === undefined) return [];
  const { sources = [] } = line.hotReload?.[component] ?? {};
  return sources.map((mount) => ({
    ...mount,
    name: `source-${mount.source.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
    // As the API server keeps it: without a slash at the end.
    path: posix.join(sourcePath, mount.source),
  }));
}
