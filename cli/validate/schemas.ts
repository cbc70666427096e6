import { brotliDecompressSync } from 'node:zlib';
import { withEnums } from './enums';
import type { Schema } from './schema';

/** The versions of Kubernetes that have something: the first and the last. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

/** Where the schema of a kind is. */
export interface KindEntry extends Span {
  readonly definition: string;
  /** The file of `imports/crds/` that holds only what the charts use of the kind. @default the schema is whole */
  readonly partial?: string;
}

/** A schema that kinds and other schemas refer to. */
export interface Definition extends Span {
  readonly name: string;
  /** As JSON, so that only those that are asked for need be parsed. */
  readonly schema: string;
}

/** All schemas of all versions; what several versions share is there once. */
export interface SchemaStore {
  /** Of Kubernetes, oldest first. */
  readonly versions: readonly string[];
  /** By `apiVersion` and kind: `apps/v1 Deployment`. */
  readonly kinds: Readonly<Record<string, readonly KindEntry[]>>;
  readonly definitions: readonly Definition[];
}

/** Finds schemas in a store. */
export class Schemas {
  readonly versions: readonly string[];
  readonly kinds: SchemaStore['kinds'];
  private readonly definitions: ReadonlyMap<string, readonly Definition[]>;
  private readonly parsed = new Map<Definition, Schema>();

  constructor({ versions, kinds, definitions }: SchemaStore) {
    this.versions = versions;
    this.kinds = kinds;
    const byName = new Map<string, Definition[]>();
    for (const each of definitions) byName.set(each.name, [...(byName.get(each.name) ?? []), each]);
    this.definitions = byName;
  }

  /** A kind as a version of Kubernetes has it. */
  kind(apiVersion: string, kind: string, version: string): KindEntry | undefined {
    const key = `${apiVersion} ${kind}`;
    return Object.hasOwn(this.kinds, key) ? this.kinds[key]?.find((entry) => this.has(entry, version)) : undefined;
  }

  /** @throws when there is none: a reference into nothing */
  definition(name: string, version: string): Schema {
    const found = this.definitions.get(name)?.find((entry) => this.has(entry, version));
    if (!found) throw new Error(`Kubernetes ${version} has no definition ${name}`);
    const schema = this.parsed.get(found) ?? withEnums(name, JSON.parse(found.schema));
    this.parsed.set(found, schema);
    return schema;
  }

  private has({ from, to }: Span, version: string): boolean {
    const at = this.versions.indexOf(version);
    return this.versions.indexOf(from) <= at && at <= this.versions.indexOf(to);
  }
}

/** The store in a text that `pack` wrote: an index, then a definition a line. */
export function unpack(packed: string): SchemaStore {
  const [index = '', ...lines] = brotliDecompressSync(Buffer.from(packed, 'base64')).toString('utf8').split('\n');
  const definitions = lines.map((line) => {
    const [name = '', from = '', to = ''] = line.split(' ', 3);
    return { name, from, to, schema: line.slice(`${name} ${from} ${to} `.length) };
  });
  return { ...JSON.parse(index), definitions };
}
