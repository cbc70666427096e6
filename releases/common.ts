import type { HotReload, LineVariable, ReleaseLine } from './release-line';

/** The images name no user but root; 10001 is free in all of them. The frontend's 101 is nginx's own. */
export const statefulUsers = { backend: 10001, ingestion: 10001 };

/** Backend: upstream's own limits for machines of 1, 2 and 4 GB. Ingestion: what those leave of the machine. */
export const statefulMemory = {
  small: { backend: { requestMi: 300, limitMi: 450 }, ingestion: { requestMi: 250, limitMi: 500 } },
  medium: { backend: { requestMi: 700, limitMi: 1200 }, ingestion: { requestMi: 400, limitMi: 700 } },
  large: { backend: { requestMi: 1200, limitMi: 2500 }, ingestion: { requestMi: 800, limitMi: 1400 } },
} satisfies ReleaseLine['memory'];

/** nginx starts a worker of about 2 MiB for each core of the node, whatever the pod's share of it is. */
const frontendMemory = { requestMi: 32, limitMi: 128 };

/** What the lines with a frontend of their own share. */
export const common = {
  images: {
    backend: 'mdrideout/junjo-ai-studio-backend',
    ingestion: 'mdrideout/junjo-ai-studio-ingestion',
    frontend: 'mdrideout/junjo-ai-studio-frontend',
  },
  dataPath: '/app/.dbdata',
  frontendConfigPath: '/usr/share/nginx/html/config.js',
  backendHasPython: true,
  // The LLM providers, and the list of public suffixes.
  callsOut: true,
  users: { ...statefulUsers, frontend: 101 },
  memory: {
    small: { ...statefulMemory.small, frontend: frontendMemory },
    medium: { ...statefulMemory.medium, frontend: frontendMemory },
    large: { ...statefulMemory.large, frontend: frontendMemory },
  },
} satisfies Partial<ReleaseLine>;

/** The API of every line so far that shows spans without a sign-in. */
export const openApi: ReleaseLine['api'] = {
  spansPath: '/api/v1/observability',
  signInTestPath: '/auth-test',
  signInPath: '/sign-in',
  firstUserPath: '/users/create-first-user',
  spansNeedSignIn: false,
  cookie: 'signed',
};

/** The only revision of Alembic from 0.70 to 0.82: backend/app/db/migrations/versions of upstream. */
export const usersUpTo082 = { alembic: 'c7cc17a2bbe9' };

/** Stores from 0.80 on; the columns are each line's own. */
const parquetStores = {
  description: 'SQLite, Arrow and Parquet files',
  spans: 'Parquet',
  spanPaths: ['spans/wal', 'spans/hot_snapshot.parquet', 'spans/parquet'],
  logPath: 'spans/wal',
  flushPath: '/api/admin/flush-wal',
  usersPath: 'sqlite/junjo.db',
  copiesWhileRunning: true,
} satisfies Partial<ReleaseLine['stores']>;

// Columns: ingestion/src/wal/schema.rs of upstream.

/** Spans in 14 columns. */
export const parquetStores14: ReleaseLine['stores'] = {
  ...parquetStores,
  since: '0.80.0',
  columns: { count: 14, last: 'resource_attributes' },
  // _build_two_tier_query of backend/app/features/otel_spans/datafusion_query.py.
  readsFurtherColumns: true,
  usersSchema: usersUpTo082,
};

/** Spans in the same and seven more. */
export const parquetStores21: ReleaseLine['stores'] = {
  ...parquetStores,
  since: '0.82.0',
  columns: { count: 21, last: 'resource_dropped_attributes_count' },
  telemetryContract: 2,
  usersSchema: usersUpTo082,
};

/** Ports up to 0.81.0. */
export const ports1323: ReleaseLine['ports'] = {
  frontend: {
    production: { container: 80, published: [5153] },
    // Compose publishes the hot-reload port 5152 onto the same Vite server.
    development: { container: 5151, published: [5151, 5152], hotReload: 5152 },
  },
  backend: { http: 1323, internalGrpc: 50053 },
  ingestion: { otlp: 50051, internalGrpc: 50052 },
};

/** Ports from 0.81.1 on. */
export const ports26154: ReleaseLine['ports'] = {
  frontend: {
    production: { container: 26153, published: [26153] },
    development: { container: 26151, published: [26151] },
  },
  backend: { http: 26154, internalGrpc: 50053 },
  ingestion: { otlp: 26155, internalGrpc: 50052 },
};

/**
 * The tools watch by polling: mounts of virtual machines and of the network carry no events of the file system. For uvicorn:
 * _default_force_polling of watchfiles/main.py in samuelcolvin/watchfiles.
 */
const watchfilesPolls = { WATCHFILES_FORCE_POLLING: 'true' };

// Mounts: the volumes of docker-compose.yml, later compose.yaml. Folders of the images: the targets `development` of
// backend/Dockerfile, ingestion/Dockerfile and frontend/Dockerfile.

/**
 * Python that uvicorn reloads. Its folder has the generated code for gRPC, which the sources have too. Compose mounts it writable;
 * Python runs as well where it cannot write its __pycache__.
 */
export const pythonReload: HotReload = {
  sources: [{ source: 'backend/app', mountPath: '/app/app', type: 'Directory', writable: false }],
  ownFolders: [],
  environment: watchfilesPolls,
};

/** The same up to 0.81.0, whose image would poll all of /app, packages and data included. */
export const pythonReload1323: HotReload = {
  ...pythonReload,
  args: ['uvicorn', 'app.main:app', '--host', '0.0.0.0', '--port', '1323', '--reload', '--reload-dir', '/app/app'],
};

/** Vite. Its own configuration polls (`server.watch.usePolling` of frontend/vite.config.ts in every line). */
export const viteReload: HotReload = {
  // Writable, because a checkout has no folder node_modules on which the container runtime could mount the other volume.
  sources: [{ source: 'frontend', mountPath: '/app', type: 'Directory', writable: true }],
  ownFolders: [{ path: '/app/node_modules', sizeLimitMi: 2048, fromImage: true }],
  memoryLimitMi: 1024,
};

/**
 * Rust that cargo-watch compiles and runs. The packages are in the image, so that /usr/local/cargo/registry, a volume of compose,
 * needs none here. `--poll`: README.md of watchexec/cargo-watch; else the arguments of upstream's image from 0.81.1 on.
 */
export const rustReload: HotReload = {
  sources: [
    { source: 'ingestion/src', mountPath: '/app/src', type: 'Directory', writable: false },
    { source: 'proto', mountPath: '/proto', type: 'Directory', writable: false },
    { source: 'ingestion/Cargo.toml', mountPath: '/app/Cargo.toml', type: 'File', writable: false },
    { source: 'ingestion/Cargo.lock', mountPath: '/app/Cargo.lock', type: 'File', writable: true },
    { source: 'ingestion/build.rs', mountPath: '/app/build.rs', type: 'File', writable: false },
  ],
  // What is compiled outlives a restart of the container.
  ownFolders: [{ path: '/app/target', sizeLimitMi: 10_240, fromImage: false }],
  args: [
    ...['cargo', 'watch', '--poll', '-i', '.dbdata', '-i', 'target'],
    ...['-w', 'src', '-w', '/proto', '-w', 'Cargo.toml', '-w', 'build.rs', '-x', 'run'],
  ],
  memoryLimitMi: 4096,
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

/** The same where both servers must be told their gRPC ports, from 0.81.1 on. */
export const parquetEnvironmentWithPorts: ReleaseLine['environment'] = {
  backend: { ...parquetEnvironment.backend, GRPC_PORT: '50053' },
  ingestion: { ...parquetEnvironment.ingestion, GRPC_PORT: '26155', INTERNAL_GRPC_PORT: '50052' },
  frontend: {},
};

/**
 * What all of ingestion in Rust does with spans: it writes a batch at the latest six seconds after it has acknowledged it
 * (ingestion/src/flusher/mod.rs), or when BATCH_SIZE spans wait; then an error of the write is the answer
 * (ingestion/src/server/trace_service.rs).
 */
export const batchedWrites = {
  stop: 'ignores SIGTERM',
  unwrittenSeconds: 6,
  failedWrite: { status: 'INTERNAL', variable: 'BATCH_SIZE' },
} satisfies Partial<ReleaseLine['ingestion']>;

/**
 * Ingestion from 0.83 on: it handles SIGTERM, drains its servers and writes what is pending to the write-ahead log
 * (ingestion/src/main.rs and flusher/mod.rs). Upstream sets no bound; a call takes at most the seconds of a check of its key.
 */
export const drainingIngestion = { stop: { drainSeconds: 60 } } satisfies Partial<ReleaseLine['ingestion']>;

/** Ingestion in Rust, up to the release that answers UNAVAILABLE. */
export const impatientIngestion = {
  ...batchedWrites,
  waitsForBackend: false,
  uncheckedKey: 'UNAUTHENTICATED',
  keyTrustedFor: 600,
} satisfies Partial<ReleaseLine['ingestion']>;

/** Who reads what they all share: the variables that from some release on only some read. */
export const onlyBackendChoosesLogFormat = { JUNJO_LOG_FORMAT: ['backend'] } satisfies ReleaseLine['fewerReaders'];

/** The same where the backend no longer parses a port either. */
export const noBackendPort = {
  ...onlyBackendChoosesLogFormat,
  JUNJO_BACKEND_PORT: [],
} satisfies ReleaseLine['fewerReaders'];

/** Nobody reads what is for LLM providers alone where there is no playground. */
export const noLlmKeys = {
  GEMINI_API_KEY: [],
  GOOGLE_API_KEY: [],
  OPENAI_API_KEY: [],
  ANTHROPIC_API_KEY: [],
  OPENAI_BASE_URL: [],
  OPENAI_API_BASE: [],
  ANTHROPIC_API_BASE: [],
  ANTHROPIC_BASE_URL: [],
  GEMINI_API_BASE: [],
  OPENAI_ORGANIZATION: [],
  OPENAI_ORG_ID: [],
  OPENAI_PROJECT_ID: [],
  SSL_VERIFY: [],
  SSL_CERT_FILE: [],
  SSL_CERT_DIR: [],
  SSL_CERTIFICATE: [],
  LITELLM_LOG: [],
  LITELLM_LOCAL_MODEL_COST_MAP: [],
  AIOHTTP_TRUST_ENV: [],
  DISABLE_AIOHTTP_TRANSPORT: [],
} satisfies ReleaseLine['fewerReaders'];

/** Folders that the backend writes where queries spill below /tmp. */
export const writableWithSpill: ReleaseLine['writable'] = {
  backend: [{ path: '/tmp', sizeLimitMi: 2048 }],
  ingestion: [{ path: '/tmp', sizeLimitMi: 64 }],
  frontend: nginxWritable,
};

/** Tuning of the Parquet stores. Bounds: backend/app/config/settings.py and ingestion/src/config.rs of upstream. */
export const parquetVariables: readonly LineVariable[] = [
  {
    name: 'BACKPRESSURE_MAX_MB',
    meaning:
      'MiB of memory above which ingestion refuses spans. Use about 60 % of its memory limit: it also needs memory for everything else',
    type: { kind: 'integer', min: 1 },
    readers: ['ingestion'],
    percentOfMemory: { component: 'ingestion', percent: 60 },
  },
  {
    name: 'FLUSH_MAX_MB',
    meaning: 'MiB of write-ahead log at which it is flushed to Parquet',
    type: { kind: 'integer', min: 1 },
    readers: ['ingestion'],
    default: '25',
  },
  {
    name: 'FLUSH_MAX_AGE_SECS',
    meaning: 'Seconds after which the write-ahead log is flushed, whatever its size',
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
    meaning: 'Milliseconds for which queries reuse a snapshot of the unflushed spans',
    type: { kind: 'integer', min: 0 },
    readers: ['ingestion'],
    default: '1000',
  },
  {
    name: 'RECENT_COLD_MAX_FILES',
    meaning: 'Recently flushed Parquet files that ingestion reports to the backend',
    type: { kind: 'integer', min: 0 },
    readers: ['ingestion'],
    default: '20',
  },
  {
    name: 'RECENT_COLD_MAX_AGE_SECS',
    meaning: 'Seconds for which a flushed file counts as recent',
    type: { kind: 'integer', min: 0 },
    readers: ['ingestion'],
    default: '120',
  },
  {
    name: 'INDEXER_POLL_INTERVAL',
    meaning: 'Seconds between two checks for new Parquet files',
    type: { kind: 'integer', min: 5, max: 3600 },
    readers: ['backend'],
    default: '30',
  },
  {
    name: 'INDEXER_BATCH_SIZE',
    meaning: 'Parquet files indexed per check',
    type: { kind: 'integer', min: 1, max: 100 },
    readers: ['backend'],
    default: '10',
  },
  {
    name: 'RUST_LOG',
    meaning: 'Log filter in the syntax of Rust. It overrides JUNJO_LOG_LEVEL',
    type: { kind: 'text' },
    readers: ['ingestion'],
    ofRuntime: true,
  },
];

/** Memory of glibc under its names in compose, from 0.81.0 on. They override the names that glibc reads. */
const allocatorVariables: readonly LineVariable[] = [
  {
    name: 'MALLOC_ARENA_MAX',
    nameInEnvFile: 'JUNJO_MALLOC_ARENA_MAX',
    meaning: 'Name of MALLOC_ARENA_MAX in compose. It overrides MALLOC_ARENA_MAX',
    type: { kind: 'integer', min: 1 },
    readers: ['backend'],
  },
  {
    name: 'MALLOC_TRIM_THRESHOLD_',
    nameInEnvFile: 'JUNJO_MALLOC_TRIM_THRESHOLD',
    meaning: 'Name of MALLOC_TRIM_THRESHOLD_ in compose. It overrides MALLOC_TRIM_THRESHOLD_',
    type: { kind: 'integer', min: 0 },
    readers: ['backend'],
  },
];

/**
 * Tuning of queries, from 0.81.0 on. By size: the profiles of upstream's own wizard (0.82). The pool may take at most the
 * share of the limit that upstream's smallest profile gives it, 192 of 450 MiB.
 */
export const queryVariables: readonly LineVariable[] = [
  {
    name: 'JUNJO_DF_TARGET_PARTITIONS',
    meaning: 'Threads per query',
    type: { kind: 'integer', min: 1, max: 32 },
    readers: ['backend'],
    default: '1',
    bySize: { small: '1', medium: '2', large: '4' },
  },
  {
    name: 'JUNJO_DF_BATCH_SIZE',
    meaning: 'Rows that a query holds at a time',
    type: { kind: 'integer', min: 512, max: 65536 },
    readers: ['backend'],
    default: '4096',
    bySize: { small: '4096', medium: '4096', large: '8192' },
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
    meaning: 'Let a query that exceeds its memory continue on disk',
    type: { kind: 'boolean' },
    readers: ['backend'],
    default: 'true',
  },
  {
    name: 'JUNJO_DF_SPILL_POOL_MB',
    meaning: 'MiB of memory that queries use before they spill to disk',
    type: { kind: 'integer', min: 32, max: 4096 },
    readers: ['backend'],
    default: '192',
    bySize: { small: '192', medium: '384', large: '768' },
    percentOfMemory: { component: 'backend', percent: 43 },
  },
  {
    name: 'JUNJO_DF_SPILL_PATH',
    meaning: 'Folder for spilled data',
    type: { kind: 'writablePath', component: 'backend' },
    readers: ['backend'],
    default: '/tmp/junjo-datafusion-spill',
  },
  {
    name: 'MALLOC_ARENA_MAX',
    meaning: 'Memory arenas of glibc. Few arenas keep memory use low',
    type: { kind: 'integer', min: 1 },
    readers: ['backend'],
    default: '2',
    writtenOut: true,
    ofRuntime: true,
  },
  {
    name: 'MALLOC_TRIM_THRESHOLD_',
    meaning: 'Bytes of free memory above which glibc returns memory to the system',
    type: { kind: 'integer', min: 0 },
    readers: ['backend'],
    default: '131072',
    writtenOut: true,
    ofRuntime: true,
  },
  ...allocatorVariables,
];
