import type { Problem } from '../../config/problems';
import { isMap } from '../../config/text';
import type { PlacedManifest } from '../../render/manifest';
import { check, type Fault, formatPath, type Path, suggestion } from './check';
import { readDocuments } from './documents';
import { versionRanges } from './kubernetes-versions';
import type { KindSchema, Schemas } from './schemas';

/** A file of manifests. */
export interface ManifestFile {
  /** The path as the person wrote it. */
  readonly path: string;
  readonly text: string;
}

export interface ValidationOptions {
  /** Versions of Kubernetes to check for, oldest first. The schemas have all of them. */
  readonly versions: readonly string[];
  /** Kinds that are an error. @default none */
  readonly refuse?: readonly string[];
}

export interface Validation {
  /** Number of objects; each item of a list counts. */
  readonly objects: number;
  readonly problems: readonly Problem[];
}

/** Checks each object in the files against the schema of its kind, for each version. A kind without a schema is a problem. */
export function validateManifests(
  files: readonly ManifestFile[],
  schemas: Schemas,
  options: ValidationOptions,
): Validation {
  const validations = files.map((file) => validateFile(file, schemas, options));
  return {
    objects: validations.reduce((sum, { objects }) => sum + objects, 0),
    problems: validations.flatMap(({ problems }) => problems),
  };
}

/** The same for objects that are not in a file yet. */
export function validateObjects(
  placed: readonly PlacedManifest[],
  schemas: Schemas,
  options: ValidationOptions,
): Validation {
  const problems = placed.flatMap(({ file, manifest }) =>
    problemsOf(manifest, schemas, options).map((fault) => {
      return { severity: 'error' as const, file, object: nameOf(manifest), text: textOf(fault) };
    }),
  );
  return { objects: placed.length, problems };
}

function validateFile({ path: file, text }: ManifestFile, schemas: Schemas, options: ValidationOptions): Validation {
  const { documents, unreadable } = readDocuments(text);
  const found = documents.flatMap(({ value, lineOf }) => objectsIn(value).map((object) => ({ ...object, lineOf })));
  const problems: (Problem & { readonly line: number })[] = [
    ...unreadable.map(({ line, text }) => ({ severity: 'error' as const, file, line, text })),
    ...found.flatMap(({ value, path, lineOf }) =>
      problemsOf(value, schemas, options).map((fault) => {
        const line = lineOf([...path, ...fault.path]);
        return { severity: 'error' as const, file, line, object: nameOf(value), text: textOf(fault) };
      }),
    ),
  ];
  if (found.length === 0 && problems.length === 0) {
    problems.push({
      severity: 'error',
      file,
      line: 1,
      text: 'contains no object. Remove the file, or name another one',
    });
  }
  return { objects: found.length, problems: problems.sort((a, b) => a.line - b.line) };
}

function textOf({ path, text }: Fault): string {
  const field = formatPath(path);
  return field === '' ? text : `${field}: ${text}`;
}

/** An object in a document, and its place there. */
interface Found {
  readonly value: unknown;
  readonly path: Path;
}

/** The object, or the items of a list. `kubectl apply` splits `List` and lists of one kind, too. */
function objectsIn(value: unknown, path: Path = []): readonly Found[] {
  if (!isMap(value) || !Array.isArray(value.items) || !String(value.kind).endsWith('List')) return [{ value, path }];
  // Items of a list of one kind need not repeat it.
  const kind = String(value.kind).slice(0, -'List'.length);
  const header = kind === '' ? {} : { apiVersion: value.apiVersion, kind };
  return value.items.flatMap((item: unknown, index) =>
    objectsIn(isMap(item) ? { ...header, ...item } : item, [...path, 'items', index]),
  );
}

function problemsOf(value: unknown, schemas: Schemas, { versions, refuse = [] }: ValidationOptions): readonly Fault[] {
  if (!isMap(value)) return [{ path: [], text: 'is not a Kubernetes object: apiVersion and kind are missing' }];
  const { apiVersion, kind, metadata } = value;
  const header = (['apiVersion', 'kind'] as const).filter((key) => typeof value[key] !== 'string' || value[key] === '');
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || header.length > 0) {
    return header.map((key) => ({ path: [key], text: value[key] === undefined ? 'is missing' : 'must be text' }));
  }
  if (refuse.includes(kind)) return [{ path: ['kind'], text: `is ${kind}, which --refuse does not allow` }];
  const entries = versions.map((version) => ({ version, entry: schemas.kind(apiVersion, kind, version) }));
  if (!schemas.kinds.has(`${apiVersion} ${kind}`)) return [unknownKind(apiVersion, kind, schemas)];

  const named = isMap(metadata) && typeof metadata.name === 'string' && metadata.name !== '';
  const faults: (Fault & { readonly version: string })[] = entries.flatMap(({ version, entry }) => {
    const found = entry ? faultsOf(value, entry, version, schemas) : [notServed(kind)];
    return found.map((fault) => ({ ...fault, version }));
  });
  const unnamed = named || faults.some(({ path }) => formatPath(path) === 'metadata.name') ? [] : [nameMissing];
  return [...unnamed, ...joined(faults, versions)];
}

/** The API server accepts `generateName` instead; `kubectl apply` does not. */
const nameMissing: Fault = { path: ['metadata', 'name'], text: 'is missing' };

function notServed(kind: string): Fault {
  return { path: ['apiVersion'], text: `has no kind ${kind}` };
}

function faultsOf(value: unknown, found: KindSchema, version: string, schemas: Schemas): readonly Fault[] {
  const faults = check(value, found.schema, (name) => schemas.definition(name, version));
  if (found.partial === undefined) return faults;
  const source = ` (the schema in ${found.partial} has only the fields that the charts use)`;
  return faults.map((fault) => ({ ...fault, text: `${fault.text}${source}` }));
}

/** Each fault once. If only some versions have it, its text names them. */
function joined(
  faults: readonly (Fault & { readonly version: string })[],
  versions: readonly string[],
): readonly Fault[] {
  const shared = new Map<string, { readonly fault: Fault; readonly versions: Set<string> }>();
  for (const { version, path, text } of faults) {
    const key = JSON.stringify([path, text]);
    const known = shared.get(key) ?? { fault: { path, text }, versions: new Set() };
    known.versions.add(version);
    shared.set(key, known);
  }
  return [...shared.values()].map(({ fault, versions: some }) => {
    if (some.size === versions.length) return fault;
    const [what = '', ...advice] = fault.text.split('. ');
    const where = `${what} on Kubernetes ${versionRanges([...some], versions)}`;
    // The name is not misspelled, because other versions have it.
    const fitting = advice.filter((sentence) => !sentence.startsWith('Did you mean'));
    return { ...fault, text: [where, ...fitting].join('. ') };
  });
}

function unknownKind(apiVersion: string, kind: string, schemas: Schemas): Fault {
  const known = [...schemas.kinds];
  const elsewhere = known.filter((key) => key.endsWith(` ${kind}`));
  const fix =
    elsewhere.length > 0
      ? `. Use ${elsewhere.map((key) => key.split(' ')[0]).join(', ')}`
      : suggestion(
          kind,
          known.filter((key) => key.startsWith(`${apiVersion} `)).map((key) => key.slice(apiVersion.length + 1)),
        );
  const otherwise = '. Add its CustomResourceDefinition to imports/crds/, then run npm run schemas';
  return { path: ['kind'], text: `is ${apiVersion} ${kind}, for which there is no schema${fix || otherwise}` };
}

function nameOf(value: unknown): string {
  if (!isMap(value) || typeof value.kind !== 'string') return '';
  const { metadata } = value;
  return isMap(metadata) && typeof metadata.name === 'string' ? `${value.kind} ${metadata.name}` : value.kind;
}
