import { common, nginxWritable, parquetEnvironment, parquetVariables } from './common';
import type { ReleaseLine } from './release-line';

/** The stores of 0.80 behind other ports, a token between backend and ingestion, and queries that spill to disk. */
export const release082: ReleaseLine = {
  ...common,
  name: '0.82',
  tags: ['0.82.1'],
  ports: {
    frontend: {
      production: { container: 26153, published: [26153] },
      development: { container: 26151, published: [26151] },
    },
    backend: { http: 26154, internalGrpc: 50053 },
    ingestion: { otlp: 26155, internalGrpc: 50052 },
  },
  environment: {
    backend: { ...parquetEnvironment.backend, GRPC_PORT: '50053' },
    ingestion: { ...parquetEnvironment.ingestion, GRPC_PORT: '26155', INTERNAL_GRPC_PORT: '50052' },
    frontend: {},
  },
  variables: [
    {
      name: 'JUNJO_INTERNAL_GRPC_TOKEN',
      meaning: 'Proves backend and ingestion to each other. Generate it: `openssl rand -base64 32`',
      type: 'secret',
      readers: ['backend', 'ingestion'],
    },
    ...parquetVariables,
    {
      name: 'JUNJO_DF_TARGET_PARTITIONS',
      meaning: 'Threads of a query',
      type: { kind: 'integer', min: 1, max: 32 },
      readers: ['backend'],
      default: '1',
    },
    {
      name: 'JUNJO_DF_BATCH_SIZE',
      meaning: 'Rows that a query holds at a time',
      type: { kind: 'integer', min: 512, max: 65536 },
      readers: ['backend'],
      default: '4096',
    },
    {
      name: 'JUNJO_DF_PARQUET_PRUNING',
      meaning: 'Skip Parquet files whose statistics rule out a match',
      type: { kind: 'boolean' },
      readers: ['backend'],
      default: 'true',
    },
    {
      name: 'JUNJO_DF_SPILL_ENABLED',
      meaning: 'Let a query that outgrows its memory go on on disk',
      type: { kind: 'boolean' },
      readers: ['backend'],
      default: 'true',
    },
    {
      name: 'JUNJO_DF_SPILL_POOL_MB',
      meaning: 'MiB of memory that queries use before they spill',
      type: { kind: 'integer', min: 32, max: 4096 },
      readers: ['backend'],
      default: '192',
    },
    {
      name: 'JUNJO_DF_SPILL_PATH',
      meaning: 'Folder for what is spilled',
      type: { kind: 'writablePath', service: 'backend' },
      readers: ['backend'],
      default: '/tmp/junjo-datafusion-spill',
    },
    {
      name: 'MALLOC_ARENA_MAX',
      meaning: 'Memory arenas of glibc; few of them keep memory use low',
      type: { kind: 'integer', min: 1 },
      readers: ['backend'],
      default: '2',
      writtenOut: true,
    },
    {
      name: 'MALLOC_ARENA_MAX',
      nameInEnvFile: 'JUNJO_MALLOC_ARENA_MAX',
      meaning: 'MALLOC_ARENA_MAX under its name in compose, and stronger than it',
      type: { kind: 'integer', min: 1 },
      readers: ['backend'],
    },
    {
      name: 'MALLOC_TRIM_THRESHOLD_',
      meaning: 'Bytes of free memory above which glibc gives them back',
      type: { kind: 'integer', min: 0 },
      readers: ['backend'],
      default: '131072',
      writtenOut: true,
    },
    {
      name: 'MALLOC_TRIM_THRESHOLD_',
      nameInEnvFile: 'JUNJO_MALLOC_TRIM_THRESHOLD',
      meaning: 'MALLOC_TRIM_THRESHOLD_ under its name in compose, and stronger than it',
      type: { kind: 'integer', min: 0 },
      readers: ['backend'],
    },
    {
      name: 'JUNJO_API_KEY_CACHE_TTL_SECONDS',
      meaning: 'Seconds for which ingestion trusts a key that it has checked; a revoked key works that long',
      type: { kind: 'integer', min: 0, max: 30 },
      readers: ['ingestion'],
      default: '10',
    },
    {
      name: 'JUNJO_API_KEY_CACHE_MAX_ENTRIES',
      meaning: 'Checked keys that ingestion remembers',
      type: { kind: 'integer', min: 1, max: 10000 },
      readers: ['ingestion'],
      default: '1024',
    },
    {
      name: 'JUNJO_API_KEY_VALIDATION_MAX_CONCURRENCY',
      meaning: 'Checks of keys at one time',
      type: { kind: 'integer', min: 1, max: 64 },
      readers: ['ingestion'],
      default: '8',
    },
    {
      name: 'JUNJO_API_KEY_VALIDATION_MAX_PENDING',
      meaning: 'Requests that wait for a check',
      type: { kind: 'integer', min: 1, max: 256 },
      readers: ['ingestion'],
      default: '32',
    },
    {
      name: 'JUNJO_API_KEY_VALIDATION_TIMEOUT_MS',
      meaning: 'Milliseconds that a check may take',
      type: { kind: 'integer', min: 100, max: 10000 },
      readers: ['ingestion'],
      default: '2000',
    },
  ],
  writable: {
    // Queries spill below /tmp.
    backend: [{ path: '/tmp', sizeLimitMi: 2048 }],
    ingestion: [{ path: '/tmp', sizeLimitMi: 64 }],
    frontend: nginxWritable,
  },
};
