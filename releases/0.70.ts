import { common, nginxWritable, openApi, ports1323, pythonReload1323, usersUpTo082, viteReload } from './common';
import type { ReleaseLine } from './release-line';

/** SQLite and DuckDB in the backend, BadgerDB in ingestion. */
export const release070: ReleaseLine = {
  ...common,
  name: '0.70',
  tags: ['0.70.3', '0.70.4'],
  released: { '0.70.3': '2025-11-16', '0.70.4': '2025-11-28' },
  sdk: { '0.70.3': '0.61.1' },
  // The transaction of every span also writes one counter (incrementCounterInTxn in ingestion/storage/badger.go of
  // mdrideout/junjo-ai-studio). BadgerDB refuses one of two that overlap, and its span is acknowledged all the same.
  faults: { '0.70.4': 'loses acknowledged spans when several exports arrive at the same time' },
  ports: ports1323,
  hotReload: {
    backend: pythonReload1323,
    ingestion: {
      // Writable, because the container runtime makes the folders .dbdata and tmp there.
      sources: [{ source: 'ingestion', mountPath: '/app', type: 'Directory', writable: true }],
      // ingestion/.air.toml: air compiles to ./tmp and logs there.
      ownFolders: [{ path: '/app/tmp', sizeLimitMi: 1024, fromImage: false }],
      // The arguments of the image, and polling, which .air.toml leaves off: runner/flag.go and watcher.go of air-verse/air.
      args: ['air', '-c', '.air.toml', '--build.poll', 'true'],
      memoryLimitMi: 2048,
    },
    frontend: viteReload,
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
      meaning: 'Spans that the backend reads at once',
      type: { kind: 'integer', min: 1, max: 10000 },
      readers: ['backend'],
      default: '100',
    },
    {
      name: 'SPAN_STRICT_MODE',
      meaning: 'Has no effect: the backend reads it and never uses it',
      type: { kind: 'boolean' },
      readers: ['backend'],
      default: 'false',
    },
  ],
  ingestion: {
    health: 'grpc',
    waitsForBackend: true,
    uncheckedKey: 'INTERNAL',
    keyTrustedFor: 600,
    // gRPC streams drain first, then the store syncs and closes; a killed BadgerDB has to be repaired.
    stop: { drainSeconds: 120 },
    unwrittenSeconds: 0,
    // ingestion/server/otel_trace_service.go: an error of the store is logged, and the answer is a success.
    failedWrite: 'acknowledged',
  },
  api: openApi,
  stores: {
    description: 'SQLite, DuckDB, BadgerDB',
    spans: 'DuckDB',
    since: '0.70.3',
    spanPaths: ['duckdb/traces.duckdb', 'badgerdb'],
    usersPath: 'sqlite/junjo.db',
    usersSchema: usersUpTo082,
    usersTable: 'poller_state',
  },
  writable: {
    // HOME is in /tmp too: the public suffix list is cached there.
    backend: [{ path: '/tmp', sizeLimitMi: 512 }],
    ingestion: [{ path: '/tmp', sizeLimitMi: 64 }],
    frontend: nginxWritable,
  },
};
