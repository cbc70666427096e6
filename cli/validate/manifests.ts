import type { Problem } from '../../config/problems';
import { isMap } from '../../config/text';
import type { PlacedManifest } from '../../render/manifest';
import { check, type Fault, formatPath, type Path, suggestion } from './check';
import { readDocuments } from './documents';
import { versionRanges } from './kubernetes-versions';
import type { KindSchema, Schemas } from './schemas';

/** A file of manifests. */
export interface ManifestFile {
  /** As the person named it. */
  readonly path: string;
  readonly text: string;
}

export interface ValidationOptions {
  /** Versions of Kubernetes to be valid on, all of them known to the schemas, oldest first. */
  readonly versions: readonly string[];
  /** Kinds that must not be there at all. @default none */
  readonly refuse?: readonly string[];
}

export interface Validation {
  /** How many objects there are, those of lists counted one by one. */
  readonly objects: number;
  readonly problems: readonly Problem[];
}

/** Every object of the files against the schema of its kind, in each version. An object that cannot be judged is a problem. */
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

/** The same for objects that are not written to a file yet. */
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
    problems.push({ severity: 'error', file, line: 1, text: 'holds no object. Remove the file, or name another one' });
  }
  return { objects: found.length, problems: problems.sort((a, b) => a.line - b.line) };
}

function textOf({ path, text }: Fault): string {
  const field = formatPath(path);
  return field === '' ? text : `${field}: ${text}`;
}

/** An object of a document, and where in it. */
interface Found {
  readonly value: unknown;
  readonly path: Path;
}

/** The object, or those of a list: `kubectl apply` takes `List` and lists of one kind apart. */
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
  if (!isMap(value)) return [{ path: [], text: 'is not an object: it has neither apiVersion nor kind' }];
  const { apiVersion, kind, metadata } = value;
  const header = (['apiVersion', 'kind'] as const).filter((key) => typeof value[key] !== 'string' || value[key] === '');
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || header.length > 0) {
    return header.map((key) => ({ path: [key], text: value[key] === undefined ? 'is missing' : 'must be text' }));
  }
  if (refuse.includes(kind)) return [{ path: ['kind'], text: `is ${kind}, which must not be here` }];
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

/** The API server takes a name from `generateName`, too; `kubectl apply` does not. */
const nameMissing: Fault = { path: ['metadata', 'name'], text: 'is missing' };

function notServed(kind: string): Fault {
  return { path: ['apiVersion'], text: `serves no ${kind}` };
}

function faultsOf(value: unknown, found: KindSchema, version: string, schemas: Schemas): readonly Fault[] {
  const faults = check(value, found.schema, (name) => schemas.definition(name, version));
  if (found.partial === undefined) return faults;
  const source = ` (${found.partial} has what the charts use of this kind, and no more)`;
  return faults.map((fault) => ({ ...fault, text: `${fault.text}${source}` }));
}

/** Faults that versions share, told once; those that not all of them have, with the versions. */
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
    // A name that other versions know is not misspelt.
    const fitting = advice.filter((sentence) => !sentence.startsWith('Did you mean'));
    return { ...fault, text: [where, ...fitting].join('. ') };
  });
}

function unknownKind(apiVersion: string, kind: string, schemas: Schemas): Fault {
  const known = [...schemas.kinds];
  const elsewhere = known.filter((key) => key.endsWith(` ${kind}`));
  const mend =
    elsewhere.length > 0
      ? `. It is in ${elsewhere.map((key) => key.split(' ')[0]).join(', ')}`
      : suggestion(
          kind,
          known.filter((key) => key.startsWith(`${apiVersion} `)).map((key) => key.slice(apiVersion.length + 1)),
        );
  const otherwise = '. Put its CustomResourceDefinition into imports/crds/, then npm run schemas';
  return { path: ['kind'], text: `is ${apiVersion} ${kind}, of which no schema is known${mend || otherwise}` };
}

function nameOf(value: unknown): string {
  if (!isMap(value) || typeof value.kind !== 'string') return '';
  const { metadata } = value;
  return isMap(metadata) && typeof metadata.name === 'string' ? `${value.kind} ${metadata.name}` : value.kind;
}
