import { brotliDecompressSync } from 'node:zlib';
import { withEnums } from './enums';
import type { Schema } from './schema';

/** The schemas of one version of Kubernetes. */
export interface KubernetesSchemas {
  /** The name of a kind's definition, by `apiVersion` and kind: `apps/v1 Deployment`. */
  readonly kinds: Readonly<Record<string, string>>;
  /** Schemas of kinds and of their fields, by name. */
  readonly definitions: Readonly<Record<string, Schema>>;
}

/** The schema of a kind, and whether it is complete. */
export interface KindSchema {
  readonly schema: Schema;
  /** The file in `imports/crds/` that defines only the fields that the charts use. @default the schema is complete */
  readonly partial?: string;
}

/** All schemas. */
export interface SchemaStore {
  /** By version of Kubernetes, oldest first. */
  readonly kubernetes: Readonly<Record<string, KubernetesSchemas>>;
  /** Custom resources by `apiVersion` and kind, for every version of Kubernetes. */
  readonly custom: Readonly<Record<string, KindSchema>>;
}

/** Finds schemas in a store. */
export class Schemas {
  /** Versions of Kubernetes, oldest first. */
  readonly versions: readonly string[];
  /** Every kind that a version of Kubernetes has, and every custom resource, sorted: `apps/v1 Deployment`. */
  readonly kinds: ReadonlySet<string>;

  constructor(private readonly store: SchemaStore) {
    const sources = [...Object.values(store.kubernetes).map(({ kinds }) => kinds), store.custom];
    this.versions = Object.keys(store.kubernetes);
    this.kinds = new Set(sources.flatMap(Object.keys).sort());
  }

  /** The schema of a kind in a version of Kubernetes; undefined if the version does not have the kind. */
  kind(apiVersion: string, kind: string, version: string): KindSchema | undefined {
    const key = `${apiVersion} ${kind}`;
    const name = this.store.kubernetes[version]?.kinds[key];
    return name === undefined ? this.store.custom[key] : { schema: this.definition(name, version) };
  }

  /** @throws if the version has no definition of that name */
  definition(name: string, version: string): Schema {
    const schema = this.store.kubernetes[version]?.definitions[name];
    if (!schema) throw new Error(`Kubernetes ${version} has no definition ${name}`);
    return withEnums(name, schema);
  }
}

/** The store that `pack` in tools/schemas/ compressed. */
export function unpack(packed: string): SchemaStore {
  return JSON.parse(brotliDecompressSync(Buffer.from(packed, 'base64')).toString('utf8'));
}
