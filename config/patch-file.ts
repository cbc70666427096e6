import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Problem } from './problems';
import { lineTooDeep, TOO_DEEP } from './yaml-depth';

/** A line of a file. */
export interface Place {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
}

/** The objects that a patch changes. Each text is a regular expression for the whole value, as in kustomize. */
export interface PatchTarget {
  readonly kind: string;
  /** @default every name */
  readonly name?: string;
  readonly group?: string;
  readonly version?: string;
}

/** One step of a JSON 6902 patch: https://www.rfc-editor.org/rfc/rfc6902 */
export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
  readonly place: Place;
}

/** A change to objects, in the form of kustomize's `patches`. */
export interface Patch {
  /** Of the target. */
  readonly place: Place;
  readonly target: PatchTarget;
  readonly change:
    | { readonly kind: 'operations'; readonly operations: readonly PatchOperation[] }
    | { readonly kind: 'merge'; readonly fields: Readonly<Record<string, unknown>>; readonly place: Place };
}

/** A rule that may be broken, and why. */
export interface Waiver {
  readonly place: Place;
  readonly rule: string;
  readonly reason: string;
}

/** What a patch file says. */
export interface PatchFile {
  readonly patches: readonly Patch[];
  readonly waivers: readonly Waiver[];
  readonly problems: readonly Problem[];
}

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];
const FORM = 'Use the kustomize format: patches: [{target: {kind: Deployment, name: …}, patch: …}]';

/** Reads a file of patches. A file with a problem changes nothing. */
export function readPatchFile(file: string, text: string): PatchFile {
  try {
    const root = parse(text, file, 0);
    const top = root.map(root.contents, `is not a map. ${FORM}`);
    onlyKeys(root, top, ['patches', 'waive']);
    return {
      patches: root.list(top.patches).map((entry) => patchOf(root, entry)),
      waivers: root.list(top.waive).map((entry) => waiverOf(root, entry)),
      problems: [],
    };
  } catch (error) {
    if (error instanceof Malformed) return { patches: [], waivers: [], problems: [error.problem] };
    throw error;
  }
}

/** Stops reading a file at its first error. */
class Malformed extends Error {
  constructor(readonly problem: Problem) {
    super(problem.text);
  }
}

type Entry = Readonly<Record<string, ParsedNode | null | undefined>>;

/** A YAML text, and where its nodes stand in the file. */
interface Yaml {
  readonly contents: ParsedNode | null;
  line(node: Node): number;
  place(node: Node): Place;
  fail(node: Node, text: string): never;
  /** Keys and nodes of a map. @throws Malformed */
  map(node: ParsedNode | null | undefined, otherwise: string): Entry & { readonly node: YAMLMap };
  /** Nodes of a list, or none where there is no list. @throws Malformed */
  list(node: ParsedNode | null | undefined): readonly ParsedNode[];
  value(node: ParsedNode): unknown;
}

/** @param before lines of the file above the text */
function parse(text: string, file: string, before: number): Yaml {
  const deep = lineTooDeep(text);
  if (deep !== undefined) throw new Malformed({ severity: 'error', file, line: before + deep, text: TOO_DEEP });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const line = (node: Node) => before + lines.linePos(node.range?.[0] ?? 0).line;
  const fail = (node: Node, problem: string): never => {
    throw new Malformed({ severity: 'error', file, line: line(node), text: problem });
  };
  const [error] = document.errors;
  if (error) {
    const [reason] = error.message.split(' at line ');
    const what = error.code === 'MULTIPLE_DOCS' ? `contains several documents. ${FORM}` : `is not YAML: ${reason}`;
    throw new Malformed({ severity: 'error', file, line: before + (error.linePos?.[0].line ?? 1), text: what });
  }
  visit(document, {
    Alias: (_, node) => fail(node, `*${node.source} is an alias. Write the value itself`),
    Scalar: (_, node) => {
      // kubectl and kustomize read YAML 1.1, where such a number is octal; here it would be decimal.
      const { source = '', value } = node;
      if (typeof value === 'number' && /^[-+]?0[0-9]/.test(source)) {
        fail(
          node,
          `${source} is octal for some programs and decimal for others. Write it without the zero, or in quotes`,
        );
      }
    },
  });
  return {
    contents: document.contents,
    line,
    fail,
    place: (node) => ({ file, line: line(node) }),
    value: (node) => node.toJS(document),
    map: (node, otherwise) => {
      if (!node || !isMap(node)) {
        if (node) return fail(node, otherwise);
        throw new Malformed({ severity: 'error', file, line: before + 1, text: otherwise });
      }
      const entries = node.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), value]);
      return { ...Object.fromEntries(entries), node };
    },
    list: (node) => {
      if (!node || (isScalar(node) && node.value === null)) return [];
      return isSeq(node) ? (node.items as ParsedNode[]) : fail(node, `is not a list. ${FORM}`);
    },
  };
}

function onlyKeys(yaml: Yaml, { node }: { readonly node: YAMLMap }, known: readonly string[]): void {
  for (const { key } of node.items) {
    const name = String(isScalar(key) ? key.value : key);
    if (!known.includes(name)) yaml.fail(key as Node, `${name} is not a known key. Use one of: ${known.join(', ')}`);
  }
}

function patchOf(yaml: Yaml, node: ParsedNode): Patch {
  const entry = yaml.map(node, `is not a patch. ${FORM}`);
  onlyKeys(yaml, entry, ['target', 'patch']);
  if (!entry.patch) return yaml.fail(node, 'has no patch. Write JSON 6902 operations, or the fields to merge');
  const change = changeOf(yaml, entry.patch);
  if (!entry.target) {
    const { kind, metadata } = change.kind === 'merge' ? change.fields : {};
    const name = (metadata as { name?: unknown } | undefined)?.name;
    if (typeof kind !== 'string' || typeof name !== 'string') return yaml.fail(node, `has no target. ${FORM}`);
    return { place: yaml.place(node), target: { kind, name: name.replaceAll('.', '\\.') }, change };
  }
  const target = yaml.map(entry.target, 'is not a target. Write it as {kind: Deployment, name: …}');
  onlyKeys(yaml, target, ['kind', 'name', 'group', 'version']);
  const texts = Object.entries(yaml.value(entry.target) as Record<string, unknown>);
  for (const [key, text] of texts) {
    if (typeof text !== 'string' || !isPattern(text))
      yaml.fail(entry.target, `${key} must be a name or a valid regular expression`);
  }
  const { kind, ...rest } = Object.fromEntries(texts) as Record<string, string>;
  if (!kind) return yaml.fail(entry.target, 'the target has no kind. Write it as {kind: Deployment, name: …}');
  return { place: yaml.place(entry.target), target: { kind, ...rest }, change };
}

function isPattern(text: string): boolean {
  try {
    return Boolean(new RegExp(text));
  } catch {
    return false;
  }
}

/** The patch itself, written as YAML or, as kustomize has it, as a text of YAML or JSON. */
function changeOf(yaml: Yaml, node: ParsedNode): Patch['change'] {
  if (isScalar(node) && typeof node.value === 'string') {
    // The text of a block starts on the line after its indicator.
    const block = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    const { file, line } = yaml.place(node);
    const inner = parse(node.value, file, block ? line : line - 1);
    if (!inner.contents) return yaml.fail(node, 'the patch is empty. Write operations, or the fields to merge');
    return changeOf(inner, inner.contents);
  }
  if (isSeq(node)) return { kind: 'operations', operations: yaml.list(node).map((item) => operationOf(yaml, item)) };
  const fields = yaml.map(node, 'must be a list of operations or a map of fields');
  return {
    kind: 'merge',
    fields: yaml.value(fields.node as ParsedNode) as Record<string, unknown>,
    place: yaml.place(node),
  };
}

function operationOf(yaml: Yaml, node: ParsedNode): PatchOperation {
  const entry = yaml.map(node, 'is not an operation. Write it as {op: replace, path: /spec/replicas, value: 2}');
  onlyKeys(yaml, entry, ['op', 'path', 'from', 'value']);
  const { op, path, from, value } = yaml.value(node) as Record<string, unknown>;
  if (!OPERATIONS.includes(String(op)))
    return yaml.fail(node, `${op} is not an operation. Use one of: ${OPERATIONS.join(', ')}`);
  if (!isPointer(path)) return yaml.fail(node, 'path must start with a slash: /spec/replicas');
  if ((op === 'move' || op === 'copy') && !isPointer(from))
    return yaml.fail(node, `${op} needs a field from that starts with a slash`);
  if (['add', 'replace', 'test'].includes(String(op)) && value === undefined)
    return yaml.fail(node, `${op} needs a value`);
  return {
    op: op as PatchOperation['op'],
    path: String(path),
    ...(from !== undefined && { from: String(from) }),
    ...(value !== undefined && { value }),
    place: yaml.place(node),
  };
}

/** A JSON pointer that does not name a field of JavaScript's own objects. */
function isPointer(path: unknown): boolean {
  const words = String(path).split('/');
  return (
    typeof path === 'string' &&
    /^\/./.test(path) &&
    !words.some((word) => word === '__proto__' || word === 'constructor')
  );
}

function waiverOf(yaml: Yaml, node: ParsedNode): Waiver {
  const entry = yaml.map(node, 'is not a waiver. Write it as {rule: probes, reason: …}');
  onlyKeys(yaml, entry, ['rule', 'reason']);
  const { rule, reason } = yaml.value(node) as Record<string, unknown>;
  if (typeof rule !== 'string' || rule === '')
    return yaml.fail(node, 'has no rule. Write it as {rule: probes, reason: …}');
  if (typeof reason !== 'string' || reason.trim() === '')
    return yaml.fail(node, `waives the rule ${rule} without a reason. Add the field reason`);
  return { place: yaml.place(node), rule, reason: reason.trim() };
}
