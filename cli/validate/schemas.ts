import { brotliDecompressSync } from 'node:zlib';
import { withEnums } from './enums';
import type { Schema } from './schema';

/** Where the schema of a kind is. */
export interface KindEntry {
  readonly definition: string;
  /** The versions of Kubernetes that have it. */
  readonly versions: readonly string[];
  /** The file of `imports/crds/` that holds only what the charts use of the kind. @default the schema is whole */
  readonly partial?: string;
}

/** A schema that kinds and other schemas refer to. */
export interface Definition {
  readonly name: string;
  readonly versions: readonly string[];
  readonly schema: Schema;
}

/** All schemas of all versions. A schema that several versions share is there once. */
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
  private readonly definitions = new Map<string, Schema>();

  constructor({ versions, kinds, definitions }: SchemaStore) {
    this.versions = versions;
    this.kinds = kinds;
    for (const { name, versions: having, schema } of definitions) {
      for (const version of having) this.definitions.set(`${version} ${name}`, withEnums(name, schema));
    }
  }

  /** A kind as a version of Kubernetes has it. */
  kind(apiVersion: string, kind: string, version: string): KindEntry | undefined {
    const key = `${apiVersion} ${kind}`;
    return Object.hasOwn(this.kinds, key)
      ? this.kinds[key]?.find(({ versions }) => versions.includes(version))
      : undefined;
  }

  /** @throws when there is none: a reference into nothing */
  definition(name: string, version: string): Schema {
    const found = this.definitions.get(`${version} ${name}`);
    if (!found) throw new Error(`Kubernetes ${version} has no definition ${name}`);
    return found;
  }
}

/** The store in a text that `pack` wrote. */
export function unpack(packed: string): SchemaStore {
  return JSON.parse(brotliDecompressSync(Buffer.from(packed, 'base64')).toString('utf8'));
}
