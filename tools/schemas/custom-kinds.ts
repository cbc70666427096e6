import { parseAllDocuments } from 'yaml';
import { type Fields, listOf } from '../../render/manifest';
import type { CustomKind } from './pack';

/** The kinds that files of `imports/crds/` define. They hold no more of a kind than the charts use. */
export function customKinds(files: readonly { readonly path: string; readonly text: string }[]): readonly CustomKind[] {
  return files.flatMap(({ path, text }) =>
    parseAllDocuments(text).flatMap((document) => {
      const { spec }: Fields = document.toJS();
      return listOf(spec.versions).map(({ name, schema }) => ({
        apiVersion: `${spec.group}/${name}`,
        kind: spec.names.kind,
        schema: schema.openAPIV3Schema,
        partial: path,
      }));
    }),
  );
}
