import { parseAllDocuments } from 'yaml';
import type { CustomKind, PublishedSchema } from './pack';

/** The parts of a CustomResourceDefinition that tell of schemas. */
interface CustomResourceDefinition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: PublishedSchema };
    }[];
  };
}

/** The kinds that files of `imports/crds/` define. They hold no more of a kind than the charts use. */
export function customKinds(files: readonly { readonly path: string; readonly text: string }[]): readonly CustomKind[] {
  return files.flatMap(({ path, text }) =>
    parseAllDocuments(text).flatMap((document) => {
      const { spec }: CustomResourceDefinition = document.toJS();
      return spec.versions.map(({ name, schema }) => ({
        apiVersion: `${spec.group}/${name}`,
        kind: spec.names.kind,
        schema: schema.openAPIV3Schema,
        partial: path,
      }));
    }),
  );
}
