import type { LineVariable, ReleaseLine } from './release-line';

/** What upstream has not changed from one release line to the next so far. */
export const common: Pick<ReleaseLine, 'images' | 'dataPath' | 'frontendConfigPath' | 'users' | 'memory'> = {
  images: {
    backend: 'mdrideout/junjo-ai-studio-backend',
    ingestion: 'mdrideout/junjo-ai-studio-ingestion',
    frontend: 'mdrideout/junjo-ai-studio-frontend',
  },
  dataPath: '/app/.dbdata',
  frontendConfigPath: '/usr/share/nginx/html/config.js',
  // The images name no user but root; 101 is nginx's own, 10001 is free in all of them.
  users: { backend: 10001, ingestion: 10001, frontend: 101 },
  memory: {
    // Backend: upstream's own limits for machines of 1, 2 and 4 GB. Ingestion: what those leave of the machine. Frontend:
    // nginx starts a worker of about 2 MiB for each core of the node, whatever the pod's share of it is.
    small: {
      backend: { requestMi: 300, limitMi: 450 },
      ingestion: { requestMi: 250, limitMi: 500 },
      frontend: { requestMi: 32, limitMi: 128 },
    },
    medium: {
      backend: { requestMi: 700, limitMi: 1200 },
      ingestion: { requestMi: 400, limitMi: 700 },
      frontend: { requestMi: 32, limitMi: 128 },
    },
    large: {
      backend: { requestMi: 1200, limitMi: 2500 },
      ingestion: { requestMi: 800, limitMi: 1400 },
      frontend: { requestMi: 32, limitMi: 128 },
    },
  },
};

/** What nginx writes: its cache, and its pid below /run. */
export const nginxWritable: ReleaseLine['writable']['frontend'] = [
  { path: '/var/cache/nginx', sizeLimitMi: 64 },
  { path: '/run', sizeLimitMi: 1 },
];

/** Spans as Arrow and Parquet files: ingestion writes them, the backend reads the same files. */
export const parquetEnvironment: ReleaseLine['environment'] = {
  backend: {
    JUNJO_SQLITE_PATH: '/app/.dbdata/sqlite/junjo.db',
    JUNJO_METADATA_DB_PATH: '/app/.dbdata/sqlite/metadata.db',
    JUNJO_PARQUET_STORAGE_PATH: '/app/.dbdata/spans/parquet',
  },
  ingestion: {
    WAL_DIR: '/app/.dbdata/spans/wal',
    SNAPSHOT_PATH: '/app/.dbdata/spans/hot_snapshot.parquet',
    PARQUET_OUTPUT_DIR: '/app/.dbdata/spans/parquet',
  },
  frontend: {},
};

/** Tuning of the Parquet stores. Bounds: backend/app/config/settings.py and ingestion/src/config.rs of upstream. */
export const parquetVariables: readonly LineVariable[] = [
  {
    name: 'BACKPRESSURE_MAX_MB',
    meaning: 'MiB of memory above which ingestion refuses spans; about 60 % of its limit leaves room for the rest',
    type: { kind: 'integer', min: 1 },
    readers: ['ingestion'],
    percentOfMemory: { service: 'ingestion', percent: 60 },
  },
  {
    name: 'FLUSH_MAX_MB',
    meaning: 'MiB of write-ahead log that are flushed to Parquet',
    type: { kind: 'integer', min: 1 },
    readers: ['ingestion'],
    default: '25',
  },
  {
    name: 'FLUSH_MAX_AGE_SECS',
    meaning: 'Seconds after which the write-ahead log is flushed, however small it is',
    type: { kind: 'integer', min: 1 },
    readers: ['ingestion'],
    default: '3600',
  },
  {
    name: 'BATCH_SIZE',
    meaning: 'Spans per segment of the write-ahead log',
    type: { kind: 'integer', min: 1 },
    readers: ['ingestion'],
    default: '1000',
  },
  {
    name: 'PREPARE_HOT_SNAPSHOT_CACHE_TTL_MS',
    meaning: 'Milliseconds for which a snapshot of the unflushed spans serves further queries',
    type: { kind: 'integer', min: 0 },
    readers: ['ingestion'],
    default: '1000',
  },
  {
    name: 'RECENT_COLD_MAX_FILES',
    meaning: 'Freshly flushed Parquet files that ingestion tells the backend of',
    type: { kind: 'integer', min: 0 },
    readers: ['ingestion'],
    default: '20',
  },
  {
    name: 'RECENT_COLD_MAX_AGE_SECS',
    meaning: 'Seconds for which a flushed file counts as fresh',
    type: { kind: 'integer', min: 0 },
    readers: ['ingestion'],
    default: '120',
  },
  {
    name: 'INDEXER_POLL_INTERVAL',
    meaning: 'Seconds between two looks for new Parquet files',
    type: { kind: 'integer', min: 5, max: 3600 },
    readers: ['backend'],
    default: '30',
  },
  {
    name: 'INDEXER_BATCH_SIZE',
    meaning: 'Parquet files indexed per look',
    type: { kind: 'integer', min: 1, max: 100 },
    readers: ['backend'],
    default: '10',
  },
];
