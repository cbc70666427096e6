import { loadAll, YAMLException } from 'js-yaml';

/** Levels of a YAML text. CustomResourceDefinitions, the deepest objects of Kubernetes, have less than a hundred. */
const MAX_DEPTH = 1000;

/** What is wrong with a text with more levels. */
export const TOO_DEEP = `has more than ${MAX_DEPTH} levels of nesting`;

/**
 * The 1-based line at which a YAML text gets too deep; nothing where it does not. Call it before the package `yaml` parses a
 * text: that package reports the lines of fields, but needs a GiB of memory for a MiB of brackets.
 */
export function lineTooDeep(text: string): number | undefined {
  try {
    loadAll(text, { maxDepth: MAX_DEPTH, maxAliases: 0 });
    return undefined;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return error.reason.includes('maxDepth') ? (error.mark?.line ?? 0) + 1 : undefined;
  }
}
