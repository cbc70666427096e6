import { common, nginxWritable } from './common';
import type { ReleaseLine } from './release-line';

/** SQLite and DuckDB in the backend, BadgerDB in ingestion. */
export const release070: ReleaseLine = {
  ...common,
  name: '0.70',
  tags: ['0.70.3', '0.70.4'],
  ports: {
    frontend: {
      production: { container: 80, published: [5153] },
      // Compose publishes the hot-reload port 5152 onto the same Vite server.
      development: { container: 5151, published: [5151, 5152] },
    },
    backend: { http: 1323, internalGrpc: 50053 },
    ingestion: { otlp: 50051, internalGrpc: 50052 },
  },
  environment: {
    backend: {
      JUNJO_SQLITE_PATH: '/app/.dbdata/sqlite/junjo.db',
      JUNJO_DUCKDB_PATH: '/app/.dbdata/duckdb/traces.duckdb',
    },
    ingestion: {
      JUNJO_BADGERDB_PATH: '/app/.dbdata/badgerdb',
    },
    frontend: {},
  },
  variables: [
    {
      name: 'SPAN_POLL_INTERVAL',
      meaning: 'Seconds between two reads of spans from ingestion',
      type: { kind: 'integer', min: 1, max: 3600 },
      readers: ['backend'],
      default: '5',
    },
    {
      name: 'SPAN_BATCH_SIZE',
      meaning: 'Spans per read',
      type: { kind: 'integer', min: 1, max: 10000 },
      readers: ['backend'],
      default: '100',
    },
    {
      name: 'SPAN_STRICT_MODE',
      meaning: 'Refuse a whole batch when one span in it cannot be stored',
      type: { kind: 'boolean' },
      readers: ['backend'],
      default: 'false',
    },
  ],
  writable: {
    // HOME is in /tmp too: the public suffix list is cached there.
    backend: [{ path: '/tmp', sizeLimitMi: 512 }],
    ingestion: [{ path: '/tmp', sizeLimitMi: 64 }],
    frontend: nginxWritable,
  },
};
