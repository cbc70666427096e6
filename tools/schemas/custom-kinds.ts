import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Schema } from '../../cli/validate/schema';
import type { SchemaStore } from '../../cli/validate/schemas';

/** The parts of a CustomResourceDefinition that have schemas. */
interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** The kinds that the files of a folder such as `imports/crds` define, with the fields that the charts use. */
export function customKinds(folder: string): SchemaStore['custom'] {
  const kinds = readdirSync(folder).flatMap((file) => {
    const partial = `${folder}/${file}`;
    return parseAllDocuments(readFileSync(partial, 'utf8')).flatMap((document) => {
      const { spec }: CustomResourceDefinition = document.toJS();
      return spec.versions.map(({ name, schema }) => {
        return [`${spec.group}/${name} ${spec.names.kind}`, { schema: schema.openAPIV3Schema, partial }];
      });
    });
  });
  return Object.fromEntries(kinds);
}
