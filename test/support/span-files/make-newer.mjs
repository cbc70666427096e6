// Writes 22.* beside it, one span with the columns of ingestion/src/wal/schema.rs of upstream 0.86, and 23.* with one more.
// With arrow-rs, as upstream does:
//
//     npm install --no-save apache-arrow@21.2.0 parquet-wasm@0.7.2 && node make-newer.mjs

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Field, makeData, RecordBatch, Schema, Struct, Table, tableFromIPC, tableToIPC, Utf8, vectorFromArray } =
  require('apache-arrow');
const { Table: RustTable, writeParquet } = require('parquet-wasm');

const here = (name) => new URL(name, import.meta.url);
const older = tableFromIPC(readFileSync(here('21.ipc')));
for (const names of [['api_key_id'], ['api_key_id', 'not_known_']]) {
  const schema = new Schema([...older.schema.fields, ...names.map((name) => new Field(name, new Utf8(), false))]);
  const values = names.map(() => vectorFromArray(['x'], new Utf8()).data[0]);
  const children = [...older.schema.fields.map(({ name }) => older.getChild(name).data[0]), ...values];
  const data = makeData({ type: new Struct(schema.fields), length: 1, children });
  const stream = RustTable.fromIPCStream(
    tableToIPC(new Table([new RecordBatch(schema, data)]), 'stream'),
  ).intoIPCStream();
  writeFileSync(here(`${schema.fields.length}.ipc`), stream);
  writeFileSync(here(`${schema.fields.length}.parquet`), writeParquet(RustTable.fromIPCStream(stream)));
}
