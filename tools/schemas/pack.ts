import { brotliCompressSync } from 'node:zlib';
import type { Schema } from '../../cli/validate/schema';
import type { KubernetesSchemas, SchemaStore } from '../../cli/validate/schemas';

/** A definition of Kubernetes as it is published. */
export interface PublishedDefinition extends Schema {
  readonly 'x-kubernetes-group-version-kind'?: readonly Readonly<Record<'group' | 'version' | 'kind', string>>[];
}

/** The keywords that `check` reads. The others are descriptions, and rules in a language of its own (`x-kubernetes-validations`). */
const KEYWORDS = [
  ...['$ref', 'additionalProperties', 'anyOf', 'default', 'enum', 'format', 'items', 'maxItems', 'maxLength'],
  ...['maxProperties', 'maximum', 'minItems', 'minLength', 'minProperties', 'minimum', 'not', 'nullable', 'oneOf'],
  ...['pattern', 'properties', 'required', 'type'],
  ...['x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields'],
];

/** Kubernetes publishes defaults of Go, such as an empty text for a required field, which the API server does not fill in. */
const KUBERNETES_KEYWORDS = KEYWORDS.filter((keyword) => keyword !== 'default');

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** Definitions of single values, which are published in different forms. */
const VALUES: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { 'x-kubernetes-int-or-string': true },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { format: 'quantity' },
};

/** A store as text for `unpack`. The same store gives the same text. */
export function pack(store: SchemaStore): string {
  return brotliCompressSync(JSON.stringify(store)).toString('base64');
}

/** The definitions of one version of Kubernetes, and its kinds that have metadata and so can be applied. */
export function kubernetesSchemas(published: Readonly<Record<string, PublishedDefinition>>): KubernetesSchemas {
  const kinds = Object.entries(published).flatMap(([name, definition]) => {
    if (!definition.properties?.metadata?.$ref?.endsWith(`/${OBJECT_META}`)) return [];
    const served = definition['x-kubernetes-group-version-kind'] ?? [];
    return served.map(({ group, version, kind }) => [`${group ? `${group}/` : ''}${version} ${kind}`, name]);
  });
  const definitions = mapped({ ...published, ...VALUES }, (schema) => reduced(schema, KUBERNETES_KEYWORDS));
  return { kinds: Object.fromEntries(kinds), definitions };
}

/**
 * The store with these custom resources. They replace those that came from `imports/crds/` before, but no complete schema.
 */
export function withCustomKinds({ kubernetes, custom }: SchemaStore, added: SchemaStore['custom']): SchemaStore {
  const complete = Object.entries(custom).filter(([, { partial }]) => partial === undefined);
  const kinds = mapped(added, ({ schema, partial }) => ({ schema: customSchema(schema), partial }));
  return { kubernetes, custom: { ...kinds, ...Object.fromEntries(complete) } };
}

/** The metadata of a custom resource is that of every object, whatever its schema says about it. */
function customSchema(published: Schema): Schema {
  const { properties, ...rest } = reduced(published, KEYWORDS);
  const header: Schema['properties'] = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { $ref: OBJECT_META },
  };
  return { ...rest, additionalProperties: false, properties: { ...properties, ...header } };
}

/**
 * A schema with these keywords only. It rejects unknown fields wherever it has known ones, except within `anyOf` and the
 * like, which only add to what is beside them.
 */
function reduced(schema: Schema, keywords: readonly string[], closed = true): Schema {
  const nested = (each: Schema) => reduced(each, keywords, closed);
  const open = (each: Schema) => reduced(each, keywords, false);
  const { $ref, properties, items, additionalProperties, anyOf, oneOf, not } = schema;
  return {
    ...(closed && properties && { additionalProperties: false }),
    ...Object.fromEntries(Object.entries(schema).filter(([keyword]) => keywords.includes(keyword))),
    ...($ref && { $ref: $ref.replace('#/definitions/', '') }),
    ...(properties && { properties: mapped(properties, nested) }),
    ...(items && { items: nested(items) }),
    ...(typeof additionalProperties === 'object' && { additionalProperties: nested(additionalProperties) }),
    ...(anyOf && { anyOf: anyOf.map(open) }),
    ...(oneOf && { oneOf: oneOf.map(open) }),
    ...(not && { not: open(not) }),
  };
}

function mapped<From, To>(
  values: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
