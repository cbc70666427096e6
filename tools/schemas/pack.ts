import { brotliCompressSync, constants } from 'node:zlib';
import { nestedSchemas } from '../../cli/validate/schema';
import type { KindEntry, SchemaStore } from '../../cli/validate/schemas';

/** A schema as it was published, descriptions and all. */
export type PublishedSchema = Readonly<Record<string, unknown>>;

/** The OpenAPI definitions of one version of Kubernetes. */
export interface PublishedVersion {
  /** For example `1.27`. */
  readonly version: string;
  readonly definitions: Readonly<Record<string, PublishedSchema>>;
}

/** A kind that is not Kubernetes' own. */
export interface CustomKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: PublishedSchema;
  /** The file of `imports/crds/`, where the schema is only the part that the charts use. @default it is whole */
  readonly partial?: string;
}

/** What `check` reads. The rest is prose, or rules in a language of its own (`x-kubernetes-validations`). */
export const keywords = [
  ...['$ref', 'additionalProperties', 'anyOf', 'default', 'enum', 'format', 'items', 'maxItems', 'maxLength'],
  ...['maxProperties', 'maximum', 'minItems', 'minLength', 'minProperties', 'minimum', 'not', 'nullable', 'oneOf'],
  ...['pattern', 'properties', 'required', 'type'],
  ...['x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields'],
];

/** Kubernetes' own definitions tell of defaults that only Go knows, such as an empty text for a field that is required. */
const BUILT_IN = keywords.filter((keyword) => keyword !== 'default');

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Definitions of single values, for which publishers write different things. */
const VALUES: Readonly<Record<string, PublishedSchema>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { 'x-kubernetes-int-or-string': true },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { format: 'quantity' },
};

/** A store as a text for `unpack`; the same store gives the same text. */
export function pack(store: SchemaStore): string {
  const text = Buffer.from(JSON.stringify(store));
  // The largest window: what versions have in common is far apart.
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
  return brotliCompressSync(text, { params }).toString('base64');
}

/** The kinds of Kubernetes that have metadata, and so can be applied, and what they refer to. Lists of them need no schema. */
export function kubernetesKinds(published: readonly PublishedVersion[]): SchemaStore {
  const found = published.map(({ version, definitions }) => {
    const stored = Object.entries(definitions).filter(([, definition]) => isStored(definition));
    const kinds = stored.flatMap(([name, definition]) => kindsOf(definition).map((kind) => [kind, name] as const));
    const names = reachable(
      kinds.map(([, name]) => name),
      definitions,
    );
    const schemas = names.map((name) => [name, closed(tidy(definitionOf(name, definitions), BUILT_IN))] as const);
    return { version, kinds, schemas };
  });
  const kinds: Record<string, KindEntry[]> = {};
  for (const { name, value, versions } of shared(found.map((each) => ({ ...each, values: each.kinds })))) {
    kinds[name] = [...(kinds[name] ?? []), { definition: value, versions }];
  }
  return {
    versions: published.map(({ version }) => version),
    kinds,
    definitions: shared(found.map((each) => ({ ...each, values: each.schemas }))).map(({ value, ...each }) => {
      return { ...each, schema: value };
    }),
  };
}

/** Named values of several versions: each value once, with the versions that have it. */
function shared<Value>(
  found: readonly { readonly version: string; readonly values: readonly (readonly [name: string, value: Value])[] }[],
) {
  const once = new Map<string, { readonly name: string; readonly value: Value; readonly versions: string[] }>();
  for (const { version, values } of found) {
    for (const [name, value] of values) {
      const key = JSON.stringify([name, value]);
      const entry = once.get(key) ?? { name, value, versions: [] };
      entry.versions.push(version);
      once.set(key, entry);
    }
  }
  return [...once].sort(byKey).map(([, entry]) => entry);
}

/**
 * The store with these kinds too, in place of those that came from `imports/crds/` before. A kind that it has whole stays.
 */
export function withCustomKinds(store: SchemaStore, custom: readonly CustomKind[]): SchemaStore {
  const { versions } = store;
  const entries = Object.entries(store.kinds);
  const whole = entries.filter(([, [entry]]) => entry?.partial === undefined);
  const gone = new Set(entries.filter((entry) => !whole.includes(entry)).map(([, [entry]]) => entry?.definition));
  const added = custom
    .filter(({ apiVersion, kind }) => !whole.some(([key]) => key === `${apiVersion} ${kind}`))
    .map(({ apiVersion, kind, schema, partial }) => {
      const definition = `${apiVersion}/${kind}`;
      const entry: KindEntry = { definition, versions, ...(partial !== undefined && { partial }) };
      return { key: `${apiVersion} ${kind}`, entry, schema: customSchema(schema) };
    });
  return {
    versions,
    kinds: Object.fromEntries([...whole, ...added.map(({ key, entry }) => [key, [entry]] as const)].sort(byKey)),
    definitions: [
      ...store.definitions.filter(({ name }) => !gone.has(name)),
      ...added.map(({ entry, schema }) => ({ name: entry.definition, versions, schema })),
    ],
  };
}

/** The metadata of a custom resource is that of every object, whatever its schema says of it. */
function customSchema(schema: PublishedSchema): PublishedSchema {
  const { properties, ...rest } = closed(tidy(schema, keywords));
  const header = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { $ref: OBJECT_META } };
  return { ...rest, additionalProperties: false, properties: { ...(properties as object), ...header } };
}

/** The names, and every name that their definitions lead to. */
function reachable(names: readonly string[], definitions: PublishedVersion['definitions']): readonly string[] {
  const found = new Set(names);
  // A Set hands out what is added to it on the way.
  for (const name of found) {
    for (const [, reference = ''] of JSON.stringify(definitionOf(name, definitions)).matchAll(REFERENCE)) {
      found.add(reference);
    }
  }
  return [...found];
}

/** Both to `definitions`, as Kubernetes publishes it, and as `tidy` shortens it. */
const REFERENCE = /"\$ref":"(?:#\/definitions\/)?([^"]+)"/g;

function definitionOf(name: string, definitions: PublishedVersion['definitions']): PublishedSchema {
  const definition = VALUES[name] ?? definitions[name];
  if (!definition) throw new Error(`There is no definition ${name}`);
  return definition;
}

function isStored({ properties }: PublishedSchema): boolean {
  return JSON.stringify((properties as { metadata?: unknown } | undefined)?.metadata ?? '').includes(
    `/${OBJECT_META}"`,
  );
}

/** `apps/v1 Deployment` of a definition of Kubernetes. */
function kindsOf(definition: PublishedSchema): readonly string[] {
  const kinds = (definition['x-kubernetes-group-version-kind'] ?? []) as readonly Readonly<Record<string, string>>[];
  return kinds.map(({ group, version, kind }) => `${group ? `${group}/` : ''}${version} ${kind}`);
}

/** A schema with these keywords alone, in one order. */
function tidy(schema: PublishedSchema, kept: readonly string[]): PublishedSchema {
  const nested = (value: unknown) => (isSchema(value) ? tidy(value, kept) : value);
  const entries = kept.flatMap((key): [string, unknown][] => {
    const value = schema[key];
    if (value === undefined) return [];
    if (key === '$ref') return [[key, String(value).replace('#/definitions/', '')]];
    if (nestedSchemas.one.includes(key)) return [[key, nested(value)]];
    if (nestedSchemas.list.includes(key)) return [[key, (value as readonly unknown[]).map(nested)]];
    if (!nestedSchemas.named.includes(key)) return [[key, value]];
    const fields = Object.entries(value as PublishedSchema).sort(byKey);
    return [[key, Object.fromEntries(fields.map(([name, field]) => [name, nested(field)]))]];
  });
  return Object.fromEntries(entries);
}

/**
 * A schema in which unknown fields are refused wherever there are known ones. Not within `anyOf` and its like, which only
 * add to what stands beside them.
 */
function closed(schema: PublishedSchema): PublishedSchema {
  const { properties, items, additionalProperties, ...rest } = schema;
  const nested = (value: unknown) => (isSchema(value) ? closed(value) : value);
  const fields = Object.entries((properties ?? {}) as PublishedSchema);
  return {
    ...rest,
    ...(properties !== undefined && {
      properties: Object.fromEntries(fields.map(([name, field]) => [name, nested(field)])),
    }),
    ...(items !== undefined && { items: nested(items) }),
    ...((additionalProperties !== undefined || properties !== undefined) && {
      additionalProperties: nested(additionalProperties ?? false),
    }),
  };
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function isSchema(value: unknown): value is PublishedSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
