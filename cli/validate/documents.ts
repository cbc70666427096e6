import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import { lineTooDeep, TOO_DEEP } from '../../config/yaml-depth';
import type { Path } from './check';

/** One document of a YAML text. */
export interface YamlDocument {
  readonly value: unknown;
  /** The 1-based line of a field, or of the nearest parent that exists. */
  lineOf(path: Path): number;
}

/** Why a text cannot be read. */
export interface UnreadableLine {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
}

/**
 * The documents of a YAML or JSON text, empty ones left out, as kubectl reads them: YAML 1.1, where `yes` is true and 0644
 * is octal, but times are text and there are no numbers to the base of 60. https://pkg.go.dev/sigs.k8s.io/yaml
 */
export function readDocuments(text: string): {
  readonly documents: readonly YamlDocument[];
  readonly unreadable: readonly UnreadableLine[];
} {
  const deep = lineTooDeep(text);
  if (deep !== undefined) return { documents: [], unreadable: [{ line: deep, text: TOO_DEEP }] };
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.1',
    prettyErrors: false,
    customTags: (tags) => [...tags.filter((tag) => !isBeyondKubectl(tag)), 'intOct'],
  });
  const documents: YamlDocument[] = [];
  const unreadable: UnreadableLine[] = [];
  for (const document of parsed) {
    for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
      const [key] = text.slice(pos[0]).split(/[\s:]/, 1);
      const reason = code === 'DUPLICATE_KEY' ? `contains the key ${key} twice` : `is not YAML: ${message}`;
      unreadable.push({ line: lines.linePos(pos[0]).line, text: reason });
    }
    if (document.errors.length > 0) continue;
    try {
      const value: unknown = document.toJS();
      if (value !== null) documents.push({ value, lineOf: (path) => lines.linePos(offsetOf(document, path)).line });
    } catch (error) {
      const line = lines.linePos(document.contents?.range?.[0] ?? 0).line;
      unreadable.push({ line, text: `is not YAML: ${(error as Error).message}` });
    }
  }
  return { documents, unreadable };
}

/** Scalars that kubectl reads as text. */
function isBeyondKubectl(tag: string | { readonly tag: string; readonly format?: string }): boolean {
  return typeof tag !== 'string' && (tag.tag === 'tag:yaml.org,2002:timestamp' || tag.format === 'TIME');
}

/** Where a field begins: at its key, or at the item of a list. */
function offsetOf(document: Document.Parsed, path: Path): number {
  let at: Node | null = document.contents;
  let offset = at?.range?.[0] ?? 0;
  for (const step of path) {
    if (isAlias(at)) at = at.resolve(document) ?? null;
    const [begin, next]: readonly [unknown, unknown] = isMap(at)
      ? fieldOf(at.items, step)
      : isSeq(at)
        ? [at.items[Number(step)], at.items[Number(step)]]
        : [undefined, undefined];
    if (!isNode(begin)) return offset;
    offset = begin.range?.[0] ?? offset;
    at = isNode(next) ? next : null;
  }
  return offset;
}

/** The nodes of the key and the value of a field, if there is one. */
function fieldOf(
  pairs: readonly { readonly key: unknown; readonly value: unknown }[],
  name: string | number,
): readonly [unknown, unknown] {
  const pair = pairs.find(({ key }) => String(isScalar(key) ? key.value : key) === String(name));
  return [pair?.key, pair?.value];
}
