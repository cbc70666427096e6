import { nearest } from '../../config/spelling';
import { isMap } from '../../config/text';
import { formatFault } from './formats';
import type { Schema } from './schema';

/** Keys and indices from the top of an object. */
export type Path = readonly (string | number)[];

/** What is wrong with one field. Its text never holds the value, which may be a secret. */
export interface Fault {
  readonly path: Path;
  readonly text: string;
}

/** What the API server would refuse in a value, or silently drop from it. */
export function check(value: unknown, schema: Schema, definition: (name: string) => Schema): readonly Fault[] {
  return checkAt([], value, schema);

  function checkAt(path: Path, value: unknown, schema: Schema): readonly Fault[] {
    if (schema.$ref !== undefined) return checkAt(path, value, definition(schema.$ref));
    if (value === null) {
      const free = schema.nullable || isFree(schema);
      return free ? [] : [{ path, text: 'is null, which means not set. Remove it' }];
    }
    const wrongType = typeFault(value, schema);
    if (wrongType !== undefined) return [{ path, text: wrongType }];
    // The API server sets default values before it validates.
    const filled = isMap(value) ? withDefaults(value, schema) : value;
    return [
      ...valueFaults(filled, schema).map((text) => ({ path, text })),
      ...alternativeFaults(path, filled, schema),
      ...(Array.isArray(filled) ? itemFaults(path, filled, schema) : []),
      ...(isMap(filled) ? fieldFaults(path, filled, schema) : []),
    ];
  }

  function alternativeFaults(path: Path, value: unknown, schema: Schema): readonly Fault[] {
    const fits = (alternative: Schema) => checkAt(path, value, alternative).length === 0;
    const faults: string[] = [];
    if (schema.anyOf && !schema.anyOf.some(fits)) faults.push(`must ${alternatives(schema.anyOf)}`);
    if (schema.oneOf && schema.oneOf.filter(fits).length !== 1) {
      faults.push(`must ${alternatives(schema.oneOf)}, but only one of them`);
    }
    if (schema.not && fits(schema.not)) faults.push(`must not ${alternatives([schema.not])}`);
    return faults.map((text) => ({ path, text }));
  }

  function itemFaults(path: Path, items: readonly unknown[], schema: Schema): readonly Fault[] {
    const { items: each, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
    return [
      ...(items.length < minItems ? [{ path, text: `must have at least ${minItems} items` }] : []),
      ...(items.length > maxItems ? [{ path, text: `must have at most ${maxItems} items` }] : []),
      ...(each ? items.flatMap((item, index) => checkAt([...path, index], item, each)) : []),
    ];
  }

  function fieldFaults(path: Path, fields: Readonly<Record<string, unknown>>, schema: Schema): readonly Fault[] {
    const { properties = {}, additionalProperties, required = [] } = schema;
    const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema;
    const names = Object.keys(fields);
    const missing = required.filter((name) => !Object.hasOwn(fields, name));
    return [
      ...missing.map((name) => ({ path: [...path, name], text: 'is missing' })),
      ...(names.length < minProperties ? [{ path, text: `must have at least ${minProperties} fields` }] : []),
      ...(names.length > maxProperties ? [{ path, text: `must have at most ${maxProperties} fields` }] : []),
      ...names.flatMap((name) => {
        const inner = [...path, name];
        if (Object.hasOwn(properties, name)) return checkAt(inner, fields[name], properties[name] ?? {});
        if (typeof additionalProperties === 'object') return checkAt(inner, fields[name], additionalProperties);
        const unknown = additionalProperties === false && !schema['x-kubernetes-preserve-unknown-fields'];
        return unknown ? [{ path: inner, text: `is not known${suggestion(name, Object.keys(properties))}` }] : [];
      }),
    ];
  }
}

/** `spec.containers[0].ports`, with brackets around keys that are not plain words. */
export function formatPath(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[\w$-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return steps.join('').replace(/^\./, '');
}

/** `. Did you mean replicas?` where a known name is similar. */
export function suggestion(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant ? `. Did you mean ${meant}?` : '';
}

const typeNames = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
} as const;

function typeFault(value: unknown, schema: Schema): string | undefined {
  const actual = typeOf(value);
  if (schema['x-kubernetes-int-or-string']) {
    const fits = actual === 'integer' || actual === 'string';
    return fits ? undefined : `must be a whole number or text, but is ${typeNames[actual]}`;
  }
  const { type } = schema;
  if (type === undefined || type === actual || (type === 'number' && actual === 'integer')) return undefined;
  const scalar = actual === 'boolean' || actual === 'integer' || actual === 'number';
  const fix = type === 'string' && scalar ? '. Put it in quotes' : '';
  return `must be ${typeNames[type]}, but is ${typeNames[actual]}${fix}`;
}

function typeOf(value: unknown): keyof typeof typeNames {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : 'object';
}

/** Faults of a single value that has the right type. */
function valueFaults(value: unknown, schema: Schema): readonly string[] {
  const faults: string[] = [];
  if (schema.enum && !schema.enum.includes(value))
    faults.push(`must be one of: ${schema.enum.filter((each) => each !== '').join(', ')}`);
  const format = schema.format === undefined ? undefined : formatFault(schema.format, value);
  if (format !== undefined) faults.push(`must be ${format}`);
  if (typeof value === 'number') {
    const { minimum = value, maximum = value } = schema;
    if (value < minimum) faults.push(`must be at least ${minimum}`);
    if (value > maximum) faults.push(`must be at most ${maximum}`);
  }
  if (typeof value === 'string') {
    const length = [...value].length;
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
    if (length < minLength)
      faults.push(minLength === 1 ? 'must not be empty' : `must have ${minLength} characters or more`);
    if (length > maxLength) faults.push(`must have ${maxLength} characters or fewer`);
    if (pattern !== undefined && !goPattern(pattern).test(value)) faults.push(`must match ${pattern}`);
  }
  return faults;
}

/** A pattern as Go reads it, where `(?i)` may stand within: https://pkg.go.dev/regexp/syntax */
export function goPattern(pattern: string): RegExp {
  return new RegExp(pattern.replace('(?i)', ''), pattern.includes('(?i)') ? 'iu' : 'u');
}

function withDefaults(fields: Readonly<Record<string, unknown>>, { properties = {} }: Schema) {
  const missing = Object.entries(properties).filter(
    ([name, { default: value }]) => value !== undefined && !Object.hasOwn(fields, name),
  );
  return missing.length === 0
    ? fields
    : { ...Object.fromEntries(missing.map(([name, { default: value }]) => [name, value])), ...fields };
}

/** What several schemas require, by the names of their fields if they have any. */
function alternatives(schemas: readonly Schema[]): string {
  const names = schemas.map(({ required }) => required?.join(' and '));
  return names.every((name) => name !== undefined) ? `have ${names.join(', or ')}` : 'match one of the allowed schemas';
}

/** Whether any value is allowed, including null. */
function isFree({ type, properties, anyOf, oneOf, format, ...rest }: Schema): boolean {
  const typed = type !== undefined || format !== undefined || rest['x-kubernetes-int-or-string'];
  return !typed && !properties && !anyOf && !oneOf;
}
